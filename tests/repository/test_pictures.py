"""Every picture that a page of ours shows is there, small, and shown somewhere."""

import re
from pathlib import Path

ROOT = Path(__file__).parents[2]
PICTURES = sorted((ROOT / "docs" / "pictures").glob("*.png"))
SHOWN = re.compile(r"!\[[^\]]+\]\(([^)]+\.png)\)")
MOST_BYTES = 250_000


def _shown() -> set[Path]:
    pages = [ROOT / "README.md", *(ROOT / "docs").rglob("*.md")]
    return {
        (page.parent / picture).resolve()
        for page in pages
        for picture in SHOWN.findall(page.read_text(encoding="utf-8"))
    }


def test_every_picture_is_shown_and_every_picture_shown_is_there() -> None:
    assert _shown() == {picture.resolve() for picture in PICTURES}
    assert len(PICTURES) >= 6


def test_pictures_are_small() -> None:
    assert {p.name: p.stat().st_size for p in PICTURES if p.stat().st_size > MOST_BYTES} == {}
