"""From files to `benchmark_files` and `measurements`: one reader per format, the vocabulary, what has changed since."""
