"""The page about a folder of results."""
