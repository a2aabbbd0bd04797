"""Exclusion criterion 3: pnh clone."""
