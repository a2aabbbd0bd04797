"""The criterion that docs/how-to/add-a-criterion.md adds, file by file, for tests that add it."""

import re
from pathlib import Path

HOW_TO = Path(__file__).parents[1] / "docs/how-to/add-a-criterion.md"
ADDED = "e13_high_creatinine"


def pieces_of_criterion() -> dict[str, str]:
    """Every file that the how-to shows, by the name it gives it."""
    return dict(re.findall(r"^`([\w.-]+)`:\n\n```\w+\n(.*?)```$", HOW_TO.read_text("utf-8"), re.M | re.S))


def add_criterion(criteria: Path) -> Path:
    """Makes its folder among those of a copy of the product."""
    folder = criteria / ADDED
    folder.mkdir()
    for name, text in pieces_of_criterion().items():
        (folder / name).write_text(text, "utf-8")
    return folder
