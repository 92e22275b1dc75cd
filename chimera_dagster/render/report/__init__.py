"""The page of one trial, `report.html` and `report.md`."""
