"""Inclusion criterion 5: no infection."""
