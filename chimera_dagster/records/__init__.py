"""What lies on disk and how it is read back: paths and atomic writes, documents, a trial's files, SQL over the tables."""
