"""What stands around results: names of files and folders, notes, headings and titles, and what they say of a record."""
