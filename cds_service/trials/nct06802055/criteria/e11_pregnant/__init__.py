"""Exclusion criterion 11: pregnant."""
