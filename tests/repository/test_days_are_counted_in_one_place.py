"""Nobody adds days to a date of a chart but `fhir_mappings/clinical_model/calendar.py`, which stops at the calendar's ends."""

import ast
from pathlib import Path

import pytest

from tests.repository.measure import ROOT

CALENDAR = "fhir_mappings/clinical_model/calendar.py"
PLACES = (
    "fhir_mappings",
    "cds_service/trials/nct06802055",
    "cds_service/cards",
    "cds_service/figures",
    "cds_service/services",
    "cds_service/chart",
)
PANELS = (
    "finding_statements",
    "page_content",
    "resource_view",
    "worklist",
)
COUNTS = {"timedelta", "relativedelta"}


def sources() -> list[Path]:
    """Every file that handles the dates of charts."""
    found = [path for place in PLACES for path in (ROOT / place).rglob("*.py")]
    found += [ROOT / "cds_service/explain" / f"{name}.py" for name in PANELS]
    return [path for path in found if path != ROOT / CALENDAR]


def counted_in(text: str) -> list[str]:
    """What a source imports, or calls by a module's name, to count days."""
    names = []
    for node in ast.walk(ast.parse(text)):
        if isinstance(node, ast.ImportFrom):
            names += [alias.name for alias in node.names]
        elif isinstance(node, ast.Attribute):
            names.append(node.attr)
    return sorted(COUNTS.intersection(names))


def test_days_are_counted_in_one_place() -> None:
    assert len(sources()) > 100
    assert {str(path): found for path in sources() if (found := counted_in(path.read_text("utf-8")))} == {}


@pytest.mark.parametrize(
    "text",
    [
        "from datetime import date, timedelta",
        "import datetime\nday + datetime.timedelta(days=1)",
        "import datetime as d\nd.timedelta",
        "from dateutil.relativedelta import relativedelta",
    ],
)
def test_a_file_that_counts_by_itself_would_be_noticed(text: str) -> None:
    assert counted_in(text)
