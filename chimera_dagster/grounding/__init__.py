"""Grounding: what a document says becomes typed claims, each executed on a folder (docs/grounding.md)."""
