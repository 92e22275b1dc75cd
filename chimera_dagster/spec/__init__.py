"""What is asked for: sweep.yaml, trials and the keys of their partitions, goals, and the space of a search."""
