"""A site's value of every limit reaches its rule: through a site file, shown by a chart that is answered otherwise.

`reach.json` names for each limit of origin A a value and a chart; `charts.json` holds the charts that are none of
the demo patients or the cases. Limits that no chart shows stand in `not_shown.toml` with the reason.
"""

import ast
import json
import tomllib
from collections.abc import Iterator
from dataclasses import replace
from datetime import datetime, timedelta
from functools import cache
from pathlib import Path
from typing import Any

import pytest

from cds_service.advice.draft_orders import ContextResources
from cds_service.advice.from_file import assessment_of, read_chart, read_draft_file
from cds_service.protocol.moment import as_of
from cds_service.protocol.parameters import ProtocolTextFault
from cds_service.protocol.reviewed import load_protocol
from cds_service.settings.site_file import read_site
from cds_service.wiring import overrides_of
from tests.builders import NOW
from tests.cases.test_cases import AS_OF as CASES_AS_OF
from tests.journeys.fhir_charts import as_bytes, clinic_of
from tests.journeys.visits import PATIENTS
from tests.rules.test_contradictions import FREE, TABLES

HERE = Path(__file__).parent
CASES = HERE.parent / "cases"
SOURCES = sorted((HERE.parents[1] / "cds_service").rglob("*.py"))
SHOWN: dict[str, dict[str, Any]] = json.loads((HERE / "reach.json").read_text("utf-8"))
NOT_SHOWN: dict[str, str] = tomllib.loads((HERE / "not_shown.toml").read_text("utf-8"))
CHARTS: dict[str, dict[str, Any]] = json.loads((HERE / "charts.json").read_text("utf-8"))


def test_every_limit_is_shown_or_says_why_not() -> None:
    assert sorted({*SHOWN, *NOT_SHOWN}) == FREE
    assert not SHOWN.keys() & NOT_SHOWN.keys()
    assert all(reason.strip() for reason in NOT_SHOWN.values())


@pytest.mark.parametrize("limit", sorted(SHOWN))
def test_a_site_s_value_reaches_its_rule(limit: str, tmp_path: Path) -> None:
    shown = SHOWN[limit]
    file = tmp_path / "site.toml"
    file.write_text(f"[thresholds]\n'{limit}' = {shown['value']}\n", "utf-8")
    overrides = overrides_of(read_site(file))
    assert list(overrides) == [limit]
    chart, days = shown["chart"], shown["days"]
    assert _told(chart, days, overrides) != _as_shipped(chart, days)


@pytest.mark.parametrize("limit", sorted(name for name, table in TABLES.items() if table["origin"] != "A"))
def test_a_site_cannot_set_what_is_no_assumption(limit: str) -> None:
    with pytest.raises(ProtocolTextFault, match=f"{limit}: a site may override only limits of origin A"):
        load_protocol({limit: TABLES[limit]["value"]})


def test_no_limit_is_read_when_a_module_is_loaded() -> None:
    """What is read at import is the same for every site."""
    reading = {"read_limits", "load_protocol", "read_interactions"}
    found = [
        f"{path.name}: {node.func.id}"
        for path in SOURCES
        for node in _done_at_import(ast.parse(path.read_text("utf-8")))
        if isinstance(node, ast.Call) and isinstance(node.func, ast.Name) and node.func.id in reading
    ]
    assert found == []


def _done_at_import(node: ast.AST) -> Iterator[ast.AST]:
    """Everything that is worked out when the module is loaded: no bodies of functions."""
    yield node
    for inside in ast.iter_child_nodes(node):
        if not isinstance(inside, ast.FunctionDef | ast.Lambda):
            yield from _done_at_import(inside)


def test_no_argument_has_limits_for_a_default() -> None:
    found = []
    for path in SOURCES:
        for node in ast.walk(ast.parse(path.read_text("utf-8"))):
            if isinstance(node, ast.FunctionDef):
                given = node.args.args[len(node.args.args) - len(node.args.defaults) :]
                found += [
                    f"{path.name}: {node.name}: {argument.arg}"
                    for argument in given
                    if argument.annotation is not None
                    and "protocol" in path.parts
                    and ast.unparse(argument.annotation).endswith("Limits")
                ]
    assert found == []


@pytest.mark.parametrize("limit", sorted(TABLES))
def test_every_limit_is_looked_at_somewhere(limit: str) -> None:
    name = limit.partition(".")[2]
    assert name in _attributes() or any(name.endswith(word) for word in _made_names())


@cache
def _attributes() -> frozenset[str]:
    """Every attribute that the program reads, and every name in its texts that an attribute is asked by."""
    found: set[str] = set()
    for path in SOURCES:
        for node in ast.walk(ast.parse(path.read_text("utf-8"))):
            if isinstance(node, ast.Attribute):
                found.add(node.attr)
            elif isinstance(node, ast.Constant) and isinstance(node.value, str):
                found.add(node.value)
    return frozenset(found)


def _made_names() -> tuple[str, ...]:
    """Ends of names that are put together by the drug or the test (f"{drug}_recheck")."""
    return ("_due", "_overdue", "_recheck", "_after_change")


@cache
def _as_shipped(chart: str, days: int) -> str:
    return _told(chart, days, {})


def _told(chart: str, days: int, overrides: dict[str, Any]) -> str:
    """The whole assessment of a chart so many days after its own day, but for the hash of its input."""
    clinic = replace(clinic_of(), protocol=load_protocol(overrides))
    text, drafts, moment = _chart(chart)
    read = read_chart(text)
    now = as_of(moment + timedelta(days=days), clinic.zone)
    given = read_draft_file(drafts, read.patient_id) if drafts else read.drafts or ContextResources()
    told = assessment_of(clinic, read, given, now)
    return json.dumps({k: v for k, v in told.items() if k != "inputHash"}, sort_keys=True)


def _chart(name: str) -> tuple[bytes, bytes, datetime]:
    if name in PATIENTS:
        return as_bytes(*PATIENTS[name].resources), b"", NOW.instant
    if name in CHARTS:
        kept = CHARTS[name]
        drafts = as_bytes(*kept["drafts"]) if kept["drafts"] else b""
        return json.dumps(kept["chart"]).encode(), drafts, datetime.fromisoformat(kept["asOf"])
    [file] = CASES.glob(f"*/{name}")
    return file.read_bytes(), b"", datetime.fromisoformat(CASES_AS_OF)
