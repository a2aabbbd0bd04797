"""Inclusion criterion 6: not pregnant."""
