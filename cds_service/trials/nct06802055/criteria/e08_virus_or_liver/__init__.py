"""Exclusion criterion 8: virus or liver."""
