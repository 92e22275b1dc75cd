"""Dagster around the steps: assets, partitions, jobs, sensors and the executor.

Only this folder and `definitions` import dagster, and only `internals` imports its private names.
"""
