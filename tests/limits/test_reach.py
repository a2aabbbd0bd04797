"""A site's value of every limit reaches its rule: a chart on both sides of the limit's edge, through a site file.

`edges.json` names for each limit of origin A two values next to one another: with the first the chart is answered as
it is with the value shipped, with the second it is answered otherwise. The chart is one of `edge_charts.py`, unless
a demo patient, a case or one of `charts.json` is named. Limits of what is held back are shown by it.
"""

import ast
import json
import re
from collections.abc import Iterator, Mapping
from datetime import datetime, timedelta
from functools import cache
from pathlib import Path
from typing import Any

import pytest
from msgspec.structs import replace

from cds_service.audit.suppression import AdviceHistory, Shown, quiet, quiet_asked_for
from cds_service.chart.context_bundle import ContextResources
from cds_service.rules.as_of import as_of
from cds_service.rules.thresholds import ProtocolTextFault
from cds_service.services.chart_file import assessment_of, read_chart, read_draft_file
from cds_service.settings.site_file import read_site
from cds_service.settings.site_limits import overrides_of
from cds_service.trials.nct06802055.read_reviewed import load_protocol
from tests.audit.rows import NOW as STORE_NOW
from tests.audit.rows import a_card, overridden
from tests.builders import NOW
from tests.cases.test_cases import AS_OF as CASES_AS_OF
from tests.limits import edge_charts
from tests.rule_tables.test_contradictions import FREE, SHIPPED, TABLES
from tests.scenarios.fhir_charts import as_bytes, clinic_of, with_patient
from tests.scenarios.visits import PATIENTS

HERE = Path(__file__).parent
CASES = HERE.parent / "cases"
SOURCES = sorted((HERE.parents[1] / "cds_service").rglob("*.py"))
EDGES: dict[str, dict[str, Any]] = json.loads((HERE / "edges.json").read_text("utf-8"))
RESTRAINED = {
    "restraint.acknowledged_days": (14, 13),
    "restraint.quiet_states": (["UNKNOWN"], ["CANNOT_ADVISE"]),
    "restraint.trial_card_days": (6, 5),
}
"""An assessment knows no cards held back: these reach what is settled about a card."""
_NUMBER = re.compile(r"\d+(?:\.\d+)?")
CHARTS: dict[str, dict[str, Any]] = json.loads((HERE / "charts.json").read_text("utf-8"))


def test_every_limit_is_shown() -> None:
    assert sorted({*EDGES, *RESTRAINED}) == FREE


@pytest.mark.parametrize("limit", sorted(RESTRAINED))
def test_a_site_s_value_reaches_what_is_held_back(limit: str, tmp_path: Path) -> None:
    near, turned = (_held_back(_by_site_file(tmp_path, {limit: value})) for value in RESTRAINED[limit])
    assert near == _held_back({})
    assert turned != near


def _held_back(overrides: Mapping[str, Any]) -> tuple[Any, ...]:
    """What a reaction to a card that cannot advise silences, and whether a trial card of five days ago still is."""
    restraint = load_protocol(overrides).restraint
    shown = AdviceHistory([], [Shown("other", a_card().facts, STORE_NOW - timedelta(days=5, hours=1))])
    again = quiet(a_card(), shown, STORE_NOW, restraint)
    return quiet_asked_for("UNKNOWN", "info", [], overridden(), restraint), bool(again)


@pytest.mark.parametrize("limit", sorted(EDGES))
def test_a_site_s_value_reaches_its_rule(limit: str, tmp_path: Path) -> None:
    row = EDGES[limit]
    beside = row.get("beside", {})
    near, turned = (
        _told(limit, row, _by_site_file(tmp_path, beside | {limit: row[side]})) if side in row else None
        for side in ("as_shipped", "turned")
    )
    shipped = _told(limit, row, _by_site_file(tmp_path, beside))
    assert turned != shipped
    assert near in (None, shipped)


def _by_site_file(folder: Path, values: Mapping[str, Any]) -> dict[str, Any]:
    file = folder / "site.toml"
    lines = "".join(f"'{limit}' = {value}\n" for limit, value in values.items())
    file.write_text(f"[thresholds]\n{lines}", "utf-8")
    overrides = overrides_of(read_site(file))
    assert overrides.keys() == values.keys()
    return overrides


@pytest.mark.parametrize("limit", sorted(name for name, table in TABLES.items() if table["origin"] != "A"))
def test_a_site_cannot_set_what_is_no_assumption(limit: str) -> None:
    with pytest.raises(ProtocolTextFault, match=f"{limit}: a site may override only limits of origin A"):
        load_protocol({limit: SHIPPED[limit]})


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
                    and "trials" in path.parts
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


def _told(limit: str, row: Mapping[str, Any], overrides: Mapping[str, Any]) -> Any:
    """The whole assessment of the row's chart, but for the hash of its input and the numbers in its sentences.

    A sentence that names the limit is no proof that the limit reaches a rule.
    """
    installation = replace(clinic_of(), protocol=load_protocol(overrides))
    text, drafts, moment = _chart(row["chart"]) if "chart" in row else _edge_chart(limit)
    read = read_chart(text)
    now = as_of(moment + timedelta(days=row.get("days", 0)), installation.zone)
    given = read_draft_file(drafts, read.patient_id) if drafts else read.drafts or ContextResources()
    return _without_numbers_in_prose(assessment_of(installation, read, given, now))


def _without_numbers_in_prose(told: Any) -> Any:
    match told:
        case dict():
            return {k: _without_numbers_in_prose(v) for k, v in told.items() if k != "inputHash"}
        case list():
            return [_without_numbers_in_prose(v) for v in told]
        case str() if " " in told:
            return _NUMBER.sub("#", told)
        case _:
            return told


def _edge_chart(limit: str) -> tuple[bytes, bytes, datetime]:
    chart, drafts = edge_charts.CHARTS[limit], edge_charts.DRAFTS.get(limit, ())
    return as_bytes(*with_patient(*chart)), as_bytes(*drafts) if drafts else b"", NOW.instant


def _chart(name: str) -> tuple[bytes, bytes, datetime]:
    if name in PATIENTS:
        return as_bytes(*PATIENTS[name].resources), b"", NOW.instant
    if name in CHARTS:
        kept = CHARTS[name]
        drafts = as_bytes(*kept["drafts"]) if kept["drafts"] else b""
        return json.dumps(kept["chart"]).encode(), drafts, datetime.fromisoformat(kept["asOf"])
    [file] = CASES.glob(f"*/{name}")
    return file.read_bytes(), b"", datetime.fromisoformat(CASES_AS_OF)
