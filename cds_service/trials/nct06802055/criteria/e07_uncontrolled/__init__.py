"""Exclusion criterion 7: uncontrolled."""
