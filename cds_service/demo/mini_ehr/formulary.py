"""The products of the order form: those of the demo's stories, and more that a pharmacy has."""

import tomllib
from pathlib import Path

import msgspec

from cds_service.demo.demo_patients.story import StoryProduct, read_products

FILE = Path(__file__).with_name("formulary.toml")


def read_formulary() -> dict[str, StoryProduct]:
    """All products by key, in the order of their names. Raises msgspec.ValidationError naming the fault."""
    more = msgspec.convert(tomllib.loads(FILE.read_text(encoding="utf-8")), dict[str, StoryProduct])
    every = {**read_products(), **more}
    return dict(sorted(every.items(), key=lambda item: item[1].text))
