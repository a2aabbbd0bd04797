"""Sandimmune for Neoral, or the reverse: a warning of its own, whatever the dose (DECISIONS 65)."""

from typing import Any

import pytest

from fhir_mappings.clinical_model.concepts import Concept
from fhir_mappings.clinical_model.medications import MedicationEvent, MedicationSource, MedicationStatus
from tests.builders import a_record, medication
from tests.rule_tables.enrolled import drafted, judged

MADE = {
    "modified": frozenset({Concept.CICLOSPORIN, Concept.CICLOSPORIN_MODIFIED}),
    "unmodified": frozenset({Concept.CICLOSPORIN, Concept.CICLOSPORIN_UNMODIFIED}),
    "unknown": frozenset({Concept.CICLOSPORIN}),
}


def warned(draft: MedicationEvent, *taken: MedicationEvent) -> bool:
    return any(alert.rule.id == "ORD-FORMULATION" for alert in judged(a_record(*taken), draft))


def of(made: str, **more: Any) -> MedicationEvent:
    return medication("ciclosporin", 75, 12, concepts=MADE[made], **more)


@pytest.mark.parametrize("taken", MADE)
@pytest.mark.parametrize("draft", MADE)
def test_only_the_other_formulation_warns(draft: str, taken: str) -> None:
    told = warned(drafted("ciclosporin", 75, 12, concepts=MADE[draft]), of(taken))
    assert told is ({draft, taken} == {"modified", "unmodified"})


def test_the_newest_entry_that_says_it_decides() -> None:
    draft = drafted("ciclosporin", 75, 12, concepts=MADE["unmodified"])
    assert warned(draft, of("unmodified", start=60), of("modified", start=20))
    assert not warned(draft, of("modified", start=60), of("unmodified", start=20))
    assert warned(draft, of("modified", start=60), of("unknown", start=20))


@pytest.mark.parametrize(
    "change",
    [
        {"status": MedicationStatus.CANCELLED},
        {"status": MedicationStatus.NOT_TAKEN, "source": MedicationSource.STATEMENT},
        {"start": "2026-03-09"},
        {"systemic": False},
    ],
)
def test_what_was_never_taken_decides_nothing(change: dict[str, Any]) -> None:
    draft = drafted("ciclosporin", 75, 12, concepts=MADE["unmodified"])
    assert not warned(draft, of("modified", **change))


_NEVER = {
    MedicationStatus.CANCELLED,
    MedicationStatus.DRAFT,
    MedicationStatus.NOT_TAKEN,
    MedicationStatus.INTENDED,
}


@pytest.mark.parametrize("status", MedicationStatus)
def test_each_status_says_whether_it_was_ever_taken(status: MedicationStatus) -> None:
    draft = drafted("ciclosporin", 75, 12, concepts=MADE["unmodified"])
    said = of("modified", status=status, source=MedicationSource.STATEMENT)
    assert warned(draft, said) is (status not in _NEVER)


def test_eye_drops_are_no_other_formulation() -> None:
    drops = drafted("ciclosporin", 75, 12, concepts=MADE["unmodified"], systemic=False)
    assert not warned(drops, of("modified"))
