"""Laws of references: ours may be written in any way; one to another server never lets more pass without a word."""

import json
from collections.abc import Callable, Iterator
from functools import cache
from typing import Any

import pytest

from cds_service.chart.context_bundle import ContextResources
from cds_service.rules.as_of import as_of
from cds_service.services.chart_file import assessment_of, read_chart
from tests.builders import NOW
from tests.scenarios.fhir_charts import clinic_of
from tests.scenarios.visits import PATIENTS

Json = dict[str, Any]
Chart = tuple[Json, ...]
Spell = Callable[[str, Json], str]
OWN, OTHER = "https://ehr.example/fhir", "https://other.hospital/fhir"
PERMISSIVE = ("INCREASE", "INITIATE", "CONTINUE")

OWN_SPELLINGS: dict[str, Callable[[str], str]] = {
    "absolute": lambda name: f"{OWN}/{name}",
    "versioned": lambda name: f"{OWN}/{name}/_history/7",
    "oddly": lambda name: f"HTTP://EHR.example:80/fhir/{name}/",
}


def rewritten(value: Any, spell: Spell, path: str = "") -> Any:
    """The same JSON with each literal reference to a resource spelled anew; `path` are the members above it."""
    if isinstance(value, list):
        return [rewritten(one, spell, path) for one in value]
    if not isinstance(value, dict):
        return value
    changed = {name: rewritten(part, spell, f"{path}.{name}") for name, part in value.items()}
    written = value.get("reference")
    if isinstance(written, str) and not written.startswith(("#", "urn:")):
        changed["reference"] = spell(path, value)
    return changed


def judged(chart: Chart, with_addresses: bool) -> Json:
    """The assessment of a file whose entries bear addresses of our own server, or none."""
    entries = [
        {"resource": r} | ({"fullUrl": f"{OWN}/{r['resourceType']}/{r['id']}"} if with_addresses else {})
        for r in chart
    ]
    content = json.dumps({"resourceType": "Bundle", "type": "collection", "entry": entries}).encode()
    installation = clinic_of()
    return assessment_of(
        installation, read_chart(content), ContextResources(), as_of(NOW.instant, installation.zone)
    )


@cache
def told(patient: str) -> Json:
    return judged(PATIENTS[patient].resources, with_addresses=False)


@pytest.mark.parametrize("spelling", OWN_SPELLINGS)
@pytest.mark.parametrize("patient", sorted(PATIENTS))
def test_our_own_references_say_the_same_in_every_spelling(patient: str, spelling: str) -> None:
    spell = OWN_SPELLINGS[spelling]
    chart = tuple(rewritten(r, lambda _, to: spell(to["reference"])) for r in PATIENTS[patient].resources)
    assert judged(chart, with_addresses=True) == told(patient)
    assert judged(chart, with_addresses=False) == told(patient)  # then its subjects alone tell the server
    assert judged(PATIENTS[patient].resources, with_addresses=True) == told(patient)


@pytest.mark.parametrize("patient", sorted(PATIENTS))
def test_only_some_of_our_references_in_another_spelling_say_the_same(patient: str) -> None:
    chart = tuple(
        rewritten(r, lambda _, to: f"{OWN}/{to['reference']}") if n % 2 else r
        for n, r in enumerate(PATIENTS[patient].resources)
    )
    assert judged(chart, with_addresses=True) == told(patient)


def elements(patient: str) -> Iterator[tuple[str, str, bool]]:
    """Every resource type of the chart with every element in it that refers to something, and whether a number
    or words beside the reference tell what it means all the same."""
    found: dict[tuple[str, str], bool] = {}

    def note(path: str, to: Json) -> str:
        key = (resource["resourceType"], path)
        found[key] = found.get(key, True) and ("identifier" in to or "display" in to)
        return ""

    for resource in PATIENTS[patient].resources:
        rewritten(resource, note)
    yield from ((*key, named) for key, named in sorted(found.items()))


CASES = [(patient, *element) for patient in sorted(PATIENTS) for element in elements(patient)]
NOT_READ = {".author", ".performer", ".recorder", ".requester"}
"""Who wrote it: of an author the kind of person counts, which stands in the address."""


@pytest.mark.parametrize("other_id", ["", "9"], ids=["the same id", "another id"])
@pytest.mark.parametrize(("patient", "kind", "path", "is_named"), CASES)
def test_what_points_to_another_server_never_lets_more_pass_and_is_said(
    patient: str, kind: str, path: str, is_named: bool, other_id: str
) -> None:
    def elsewhere(where: str, to: Json) -> str:
        return f"{OTHER}/{to['reference']}{other_id}" if where == path else str(to["reference"])

    chart = tuple(
        rewritten(r, elsewhere) if r["resourceType"] == kind else r for r in PATIENTS[patient].resources
    )
    before, after = told(patient), judged(chart, with_addresses=True)
    word = said(after) - said(before)
    assert word or is_named or path in NOT_READ or kind == "Encounter"
    assert permitted(after) <= permitted(before)
    assert is_let_in(after) <= is_let_in(before)
    assert word or cleared(after) <= cleared(before)


def is_let_in(assessment: Json) -> bool:
    return assessment["eligibility"]["status"] == "eligible-pending-investigator"


def permitted(assessment: Json) -> set[tuple[str, Any]]:
    """The doses that would be given on, raised or started."""
    return {(t["drug"], str(t["proposedDose"])) for t in assessment["titration"] if t["state"] in PERMISSIVE}


def cleared(assessment: Json) -> set[str]:
    """The criteria that let the patient in."""
    return {c["id"] for c in assessment["eligibility"]["criteria"] if c["status"] in ("met", "absent")}


def said(assessment: Json) -> set[tuple[str, str]]:
    return {(gap["problem"], gap["reference"] or "") for gap in assessment["dataQuality"]}
