"""Exclusion criterion 4: transplantation."""
