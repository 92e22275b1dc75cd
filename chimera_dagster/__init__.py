"""chimera_dagster: a folder of LLM benchmark results becomes technical reports, one per configuration.

Numbers by code, words by the model: no figure reaches a reader unless it can be followed to a file and a row.
"""
