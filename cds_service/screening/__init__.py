"""Screening: everybody in a bulk export judged by the rules of the bedside."""
