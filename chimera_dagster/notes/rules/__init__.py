"""One rule a file: what it states, when it does, and in which words."""
