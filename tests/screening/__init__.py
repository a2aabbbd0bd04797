"""Screening: everybody in an export is judged as at the bedside, whatever the export looks like."""
