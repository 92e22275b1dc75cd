"""The page over all trials, `index.html` and `index.md`."""
