"""Inclusion criterion 1: adult."""
