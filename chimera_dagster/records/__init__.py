"""What lies on disk and how it is read back: paths, atomic writes, documents, a trial's files, SQL over tables."""
