"""What each asset does, without Dagster: a function that an asset's body calls, and what these functions share."""
