"""Inclusion criterion 8: ecog."""
