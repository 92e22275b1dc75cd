"""Measurement: what a call took, what a trial is worth, and on which machine."""
