"""What is said of each draft, and of each interacting drug in use, beside a copy that was kept.

Every drug of the interaction table, drafted and in use; the study drugs by dose, way, state of the advice and of the
kidneys. `every_draft.tsv` has a line for each of which anything is said. After a change on purpose it is kept anew by
`python -m tests.rule_tables.test_every_draft`; the difference is what a clinician reviews.
"""

from collections.abc import Iterator
from decimal import Decimal
from itertools import product
from pathlib import Path
from typing import Any

import pytest
from msgspec.structs import replace

from cds_service.cards.translations import read_wording
from cds_service.rules.answers.alerts import Alert
from cds_service.rules.answers.dosing_answers import State
from cds_service.rules.answers.renal_answers import RenalState
from cds_service.trials.nct06802055.patient_state.doses.current_dose import DoseStatus
from cds_service.trials.nct06802055.trial_arms import Arm
from cds_service.trials.nct06802055.two_drugs import Drug
from fhir_mappings.clinical_model.concepts import Concept
from fhir_mappings.clinical_model.medications import Dose, MedicationStatus
from fhir_mappings.clinical_model.messages import say
from fhir_mappings.clinical_model.results import Analyte
from fhir_mappings.clinical_model.studies import StudyState
from tests.builders import a_record, medication, result
from tests.rule_tables.enrolled import (
    BOTH,
    SIROLIMUS_ONLY,
    TABLE,
    decision,
    dose,
    drafted,
    judged,
    kidney,
    patient,
    reviewed,
)

KEPT = Path(__file__).parent / "every_draft.tsv"
WORDS = read_wording()["en"]
S, C = Drug.SIROLIMUS, Drug.CICLOSPORIN
USUAL = {S: 2, C: 75}
HOURS = {S: 24, C: 12}
SEEN = say("eligibility.seen.text", text="seen")
Row = tuple[str, tuple[Alert, ...]]


def partners() -> Iterator[Row]:
    """Every drug that acts on one of the two: drafted, and in use while a study drug is, or is drafted."""
    for name in sorted(TABLE):
        for arm, state in (
            (Arm.SIROLIMUS, RenalState.NORMAL),
            (Arm.COMBINED, RenalState.NORMAL),
            (Arm.COMBINED, RenalState.AKI),
        ):
            renal = kidney(state, evidence=())
            yield (
                f"{name} drafted, {arm}, {state}",
                judged(a_record(), drafted(name, 10), arm=arm, renal=renal),
            )
        for start, more in (
            (5, {}),
            (400, {}),
            (5, {"systemic": False}),
            (5, {"status": MedicationStatus.STOPPED}),
        ):
            record = a_record(medication(name, 10, start=start, **more))
            yield f"{name} in use since {start} {more}", reviewed(record).alerts
        yield (
            f"both drafted beside {name}",
            judged(a_record(medication(name, 10, start=5)), drafted(S.value, 2), drafted(C.value, 75, 12)),
        )


def study_drugs() -> Iterator[Row]:
    """By amount, way and words; by the state of the advice and of the kidneys."""
    for drug, state in product(Drug, State):
        low, mid, high = ("1", "2", "3") if drug == S else ("50", "75", "100")
        for drafted_mg, proposed in product((low, mid, high, "7" if drug == S else "400"), (None, high)):
            advice = decision(drug, state, proposed, current=Dose(Decimal(mid), _hours(drug)))
            yield (
                f"{drug} {drafted_mg}, {state}, proposed {proposed}",
                judged(
                    a_record(),
                    drafted(drug.value, drafted_mg, HOURS[drug]),
                    titration=(replace(advice, seen=SEEN),),
                ),
            )
        unknown = replace(decision(drug, state), seen=SEEN)
        yield (
            f"{drug} {mid}, {state}, no dose known",
            judged(a_record(), drafted(drug.value, mid, HOURS[drug]), titration=(unknown,)),
        )
        held = replace(decision(drug, state, mid), seen=SEEN, held_at_most=Dose(Decimal(low), _hours(drug)))
        yield (
            f"{drug} {mid}, {state}, no more than {low} while held",
            judged(a_record(), drafted(drug.value, mid, HOURS[drug]), titration=(held,)),
        )
    for drug, renal, arm in product(Drug, RenalState, (Arm.SIROLIMUS, Arm.COMBINED, None)):
        facts = drafted(drug.value, USUAL[drug], HOURS[drug])
        yield f"{drug}, kidneys {renal}, {arm}", judged(a_record(), facts, arm=arm, renal=kidney(renal))
    for drug in Drug:
        plain = drafted(drug.value, USUAL[drug], HOURS[drug], as_written="as written")
        ways: dict[str, Any] = {
            "unread": drafted(drug.value, as_written="one tablet"),
            "as needed": replace(plain, as_needed=True),
            "injected": replace(plain, oral=False),
            "injected, unread": drafted(drug.value, oral=False, as_written="slowly"),
            "local": replace(plain, systemic=False),
            "contradicted": replace(
                drafted(drug.value, as_written="twice"), contradicted=Dose(Decimal(900), _hours(drug))
            ),
            "in pieces of 4": replace(plain, mg_per_piece=Decimal(4)),
            "in pieces of 0.5": replace(plain, mg_per_piece=Decimal("0.5")),
            "in other hours": drafted(drug.value, USUAL[drug], 8),
        }
        for way, one in ways.items():
            yield (
                f"{drug} {way}",
                judged(a_record(), one, titration=(replace(decision(drug, State.CONTINUE), seen=SEEN),)),
            )
        other = C if drug == S else S
        for status in DoseStatus:
            doses = {drug: dose(drug, USUAL[drug]), other: dose(other, None, status=status)}
            yield f"{drug} beside {other} {status}", judged(a_record(), plain, doses=doses)
        for state in StudyState:
            yield (
                f"{drug}, {state}",
                judged(a_record(), plain, participation=patient(status=state), doses=SIROLIMUS_ONLY),
            )
        standing = medication(drug.value, USUAL[drug], HOURS[drug], 10)
        yield f"{drug} ordered already", judged(a_record(standing), plain, doses=BOTH)
        yield (
            f"{drug} drafted twice",
            judged(a_record(), plain, drafted(drug.value, USUAL[drug], HOURS[drug])),
        )


def bleeding() -> Iterator[Row]:
    """With few platelets, new and old, sure and not."""
    for concept, platelets in product(
        (Concept.NSAID, Concept.ANTIPLATELET, Concept.ANTICOAGULANT, Concept.ANTI_INFECTIVE),
        ("9", "49", "50", "51", "<60", ">40"),
    ):
        for systemic in (True, False):
            one = drafted("x", 10, concepts=frozenset({concept}), systemic=systemic)
            yield (
                f"{concept}, systemic {systemic}, platelets {platelets}",
                judged(a_record(result(Analyte.PLATELETS, platelets, 3)), one),
            )


def _hours(drug: Drug) -> Decimal:
    return Decimal(HOURS[drug])


def _alert(one: Alert) -> str:
    """In codes and words, with what it rests on and what may have brought it about."""
    told = f"{one.rule.id} {one.severity} {one.action} {one.drug or '-'} {len(one.evidence)} facts"
    partner = f" partner {WORDS.plain(one.partner.name)} {len(one.partner.orders)}" if one.partner else ""
    return f"{told}{partner}: {WORDS.plain(one.seen)}"


def rows() -> Iterator[tuple[str, str]]:
    for grid in (partners, study_drugs, bleeding):
        yield from ((name, "; ".join(map(_alert, alerts))) for name, alerts in grid() if alerts)


def test_what_is_said_of_every_draft_is_what_was_kept() -> None:
    kept = [tuple(line.split("\t")) for line in KEPT.read_text("utf-8").splitlines()]
    assert [*rows()] == kept


@pytest.mark.parametrize(
    "rule",
    [
        "ORD-OVERDOSE",
        "ORD-ROUTE",
        "ORD-HOLD",
        "ORD-RESTART",
        "DDI-CRITICAL",
        "ORD-PLT",
        "DUPLICATE_ORDER",
        "ORD-PIECES",
    ],
)
def test_each_rule_of_drafts_speaks_of_some(rule: str) -> None:
    assert f"{rule} " in KEPT.read_text("utf-8")


if __name__ == "__main__":
    KEPT.write_text("".join("\t".join(row) + "\n" for row in rows()), "utf-8")
