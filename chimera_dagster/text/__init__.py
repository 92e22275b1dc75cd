"""Text of others, made harmless: as data for terminals, CSV, JSON and pages, and without secrets."""
