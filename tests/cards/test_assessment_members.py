"""Every member of the assessment of the demo's patients, in English, beside a copy that was kept: none comes or goes unseen.

`assessment_members.tsv` says of each member the types that its values have, and the values themselves where these are few
words or numbers of our own. Other systems read this (`docs/reference/assessment.md`): after a change on purpose it is kept
anew by `python -m tests.cards.test_assessment_members`, and the difference goes into the change log.
"""

import re
from collections import defaultdict
from collections.abc import Iterator
from pathlib import Path
from typing import Any

from cds_service import __version__
from tests.scenarios.fhir_charts import assessed
from tests.scenarios.visits import PATIENTS

KEPT = Path(__file__).parent / "assessment_members.tsv"
_FEW, _SHORT = 14, 24
_OF_THE_CHART = re.compile(r"[ /:，]|\d\d")


def members() -> Iterator[tuple[str, str, str]]:
    """Each member by its path, the types of its values, and the values where they are few."""
    seen: defaultdict[str, list[Any]] = defaultdict(list)
    for patient in PATIENTS.values():
        for path, value in _walked(assessed(*patient.resources), ""):
            seen[path].append(value)
    for path, values in sorted(seen.items()):
        types = sorted({type(value).__name__ for value in values})
        yield path, " ".join(types), ", ".join(_few(values))


def _walked(value: Any, path: str) -> Iterator[tuple[str, Any]]:
    if isinstance(value, dict):
        yield path or ".", {}
        for key, inner in value.items():
            yield from _walked(inner, f"{path}.{key}")
    elif isinstance(value, list):
        yield path, []
        for inner in value:
            yield from _walked(inner, f"{path}[]")
    else:
        yield path, "-" if value == __version__ else value


def _few(values: list[Any]) -> list[str]:
    """Codes and answers of ours: no sentences, dates, numbers or references of the chart."""
    told = {str(value) for value in values if not isinstance(value, dict | list)}
    own = not any(len(one) > _SHORT or _OF_THE_CHART.search(one) for one in told)
    return sorted(told) if len(told) <= _FEW and own else []


def test_every_member_is_there_with_the_values_it_had() -> None:
    kept = [tuple(line.split("\t")) for line in KEPT.read_text("utf-8").splitlines()]
    assert [*members()] == kept
    assert len(kept) > 130


if __name__ == "__main__":
    KEPT.write_text("".join("\t".join(row) + "\n" for row in members()), "utf-8")
