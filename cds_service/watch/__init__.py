"""The watch: results of enrolled patients as they arrive, and the study team told of what is critical."""

from pathlib import Path

OWN = Path(__file__).parent
