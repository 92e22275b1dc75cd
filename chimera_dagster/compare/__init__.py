"""All trials of a sweep compared: ranks, effects, a recommendation, and what changed since a baseline.

Nothing here reads a file or calls a model: all is computed from `observed.Observed`, which steps/sweep_comparison.py
reads.
"""
