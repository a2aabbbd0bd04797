"""Screening: everybody in a bulk export judged by the rules of the bedside."""

from pathlib import Path

OWN = Path(__file__).parent
"""Where the report's words and template lie."""
