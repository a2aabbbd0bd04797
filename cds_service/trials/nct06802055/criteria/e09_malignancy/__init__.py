"""Exclusion criterion 9: malignancy."""
