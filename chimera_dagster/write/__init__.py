"""Prompts, the schemas of the answers, how answers are parsed and judged, and the score of a text."""
