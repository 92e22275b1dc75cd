"""Files that others may have put in place: opened only if they are files."""
