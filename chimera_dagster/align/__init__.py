"""Aligns the sentences that a model wrote with the notes that it was given."""
