"""Inclusion criterion 3: cytopenia."""
