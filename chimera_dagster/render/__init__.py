"""Turns the documents of a trial into pages; computes nothing of its own."""
