"""Inclusion criterion 7: consent."""
