"""Prompts, how answers to them are parsed and judged, and the score of a text."""
