"""Inclusion criterion 4: ciclosporin failure."""
