"""Readers of the files that well-known tools write, one small file a format.

To add one, write its file here and append it to the tuple of its kind below. A document, table or text that no format
recognises, or that its format's reader rejects with `NotThisFormatError`, is read by the general reader of its kind.
"""

from chimera_dagster.ingest.formats.format import DocumentFormat, TableFormat, TextFormat

DOCUMENTS: tuple[DocumentFormat, ...] = ()  # JSON objects
TABLES: tuple[TableFormat, ...] = ()  # CSV files, tables of Markdown pages
TEXTS: tuple[TextFormat, ...] = ()  # console output in text files and in fenced blocks of Markdown pages
