"""Tables that are not one record a row under one header, whether in a CSV file or on a Markdown page.

The functions see a header and rows of its length, and know of no file: those who call them say where a record is.
"""
