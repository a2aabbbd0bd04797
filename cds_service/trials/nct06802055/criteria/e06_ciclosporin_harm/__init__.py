"""Exclusion criterion 6: ciclosporin harm."""
