"""Inclusion criterion 2: acquired aa."""
