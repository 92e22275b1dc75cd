"""What code can say about measurements: statistics, facts and findings."""
