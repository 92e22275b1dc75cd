"""All trials of a sweep beside each other: ranks, effects, a recommendation, and what changed since a baseline.

Nothing here reads a file or asks a model: all is computed from `observed.Observed`, which `comparison.py` reads.
"""
