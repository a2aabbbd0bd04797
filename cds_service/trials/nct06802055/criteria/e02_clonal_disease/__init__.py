"""Exclusion criterion 2: clonal disease."""
