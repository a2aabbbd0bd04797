"""Exclusion criterion 12: other trial."""
