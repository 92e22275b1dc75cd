"""Which trial is next: the queue of a sweep, the proposals of a search; and trials that run concurrently."""
