"""Exclusion criterion 5: sirolimus."""
