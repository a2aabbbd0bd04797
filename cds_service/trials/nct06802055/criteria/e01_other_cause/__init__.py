"""Exclusion criterion 1: other cause."""
