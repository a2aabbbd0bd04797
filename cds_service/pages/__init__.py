"""What all our pages share: the style sheet, the base template, and the chart library (Apache ECharts)."""

from pathlib import Path

STATIC = Path(__file__).parent / "static"
"""Files sent as they are; nothing on a page comes from anywhere else."""

TEMPLATES = Path(__file__).parent / "templates"
"""`base.html`, which every page extends."""
