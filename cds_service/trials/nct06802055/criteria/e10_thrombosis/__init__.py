"""Exclusion criterion 10: thrombosis."""
