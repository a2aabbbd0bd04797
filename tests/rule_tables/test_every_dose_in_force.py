"""Which dose is in force and what is advised, for each entry and each pair of entries of a pool, beside a kept copy.

`test_dose_in_force.py` says why; here no pair is left out. `every_dose_in_force.tsv` has a line for each: the entries,
the dose, the advice. After a change on purpose it is kept anew by
`python -m tests.rule_tables.test_every_dose_in_force`; the difference is what a clinician reviews.
"""

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import date
from decimal import Decimal
from itertools import combinations, product
from pathlib import Path
from typing import Any

import pytest
from msgspec.structs import replace

from cds_service.rules.answers.dosing_answers import TitrationDecision
from cds_service.trials.nct06802055.assess import assess, load_protocol
from cds_service.trials.nct06802055.patient_state.doses.current_dose import DoseInForce
from cds_service.trials.nct06802055.trial_arms import Arm
from cds_service.trials.nct06802055.two_drugs import Drug
from fhir_mappings.clinical_model.known_unknown import Evidence
from fhir_mappings.clinical_model.medications import Dose, MedicationSource, MedicationStatus
from fhir_mappings.clinical_model.results import Analyte
from tests.builders import NOW, TODAY, a_record, count, level, medication, result, when
from tests.dosing import HOURS, enrolled, in_force

KEPT = Path(__file__).parent / "every_dose_in_force.tsv"
PROTOCOL = load_protocol()
S = MedicationStatus
ORDER, DISPENSE = MedicationSource.ORDER, MedicationSource.DISPENSE
GIVEN, STATED = MedicationSource.ADMINISTRATION, MedicationSource.STATEMENT


@dataclass(frozen=True)
class Entry:
    """One fact about the drug, with its name here; days before TODAY."""

    name: str
    mg: int | None = 2
    start: int | None = 20
    source: MedicationSource = ORDER
    end: int | None = None
    status: MedicationStatus | None = None
    supply: int | None = None
    more: tuple[tuple[str, Any], ...] = ()

    def of(self, drug: str, number: int) -> Any:
        if self.name.startswith("level"):
            return replace(level(drug, self.mg or "<1", self.start or 0), reference=f"o{number}")
        more = dict(self.more) | ({"status": self.status} if self.status else {})
        if self.supply:
            more["supply_days"] = Decimal(self.supply)
        fact = medication(
            drug, self.mg, HOURS[Drug(drug)], self.start, self.source, **({"end": when(self.end)} | more)
        )
        return replace(fact, reference=f"m{number}")


POOL = (
    Entry("order 2 of 20"),
    Entry("order 2 of 5", start=5),
    Entry("order 3 of 5", 3, 5),
    Entry("order 3 of today", 3, 0),
    Entry("order 3 of 100", 3, 100),
    Entry("order 3 of 400", 3, 400),
    Entry("order 2 without a day", start=None),
    Entry("order unread of 5", None, 5),
    Entry("order 2 of 20 ended 5", end=5),
    Entry("order 2 of 20 on hold", status=S.ON_HOLD),
    Entry("order 2 of 20 stopped 3", end=3, status=S.STOPPED),
    Entry("order 2 of 20 completed", status=S.COMPLETED),
    Entry("draft 3 of today", 3, 0, status=S.DRAFT),
    Entry("order 2 of 20 to inject", more=(("oral", False),)),
    Entry("dispense 2 of 20 for 30", source=DISPENSE, supply=30),
    Entry("dispense 2 of 20 for 10", source=DISPENSE, supply=10),
    Entry("dispense 2 of 40 for 10", start=40, source=DISPENSE, supply=10),
    Entry("dispense 3 of 5 for 30", 3, 5, DISPENSE, supply=30),
    Entry("dispense unread of 5 for 30", None, 5, DISPENSE, supply=30),
    Entry("dispense 2 of 100 for 30", start=100, source=DISPENSE, supply=30),
    Entry("given 2 of 1", start=1, source=GIVEN),
    Entry("given 3 of 5", 3, 5, GIVEN),
    Entry("given 2 of 30", start=30, source=GIVEN),
    Entry("not given of 2", start=2, source=GIVEN, status=S.NOT_TAKEN),
    Entry("injected 3 of 2", 3, 2, GIVEN, more=(("oral", False),)),
    Entry("stated 2 of 20", source=STATED),
    Entry("stated 3 of 5", 3, 5, STATED),
    Entry("stated 2 of 20 to 3", source=STATED, end=3),
    Entry("stated 2 without a day", start=None, source=STATED),
    Entry("stated not taken of 3", start=3, source=STATED, status=S.NOT_TAKEN),
    Entry("stated on hold of 3", start=3, source=STATED, status=S.ON_HOLD),
    Entry("stated stopped of 20 to 3", source=STATED, end=3, status=S.STOPPED),
    Entry("level of 2", 6, 2),
    Entry("level of 30", 6, 30),
    Entry("level below of 2", None, 2),
    Entry("level 3 of 1", 3, 1),
    Entry("level 14 of 1", 14, 1),
    Entry("level 22 of 1", 22, 1),
)


def _said(value: Any) -> str:
    """In few words: a day by how long ago it is, a dose by its amount, an entry by its reference."""
    if isinstance(value, date):
        return str((TODAY - value).days) if not hasattr(value, "hour") else value.isoformat()[:10]
    if isinstance(value, Dose):
        return f"{value.amount_mg}mg"
    if isinstance(value, Evidence):
        return f"{value.reference} {value.value}"
    if isinstance(value, tuple):
        return "[" + ", ".join(map(_said, value)) + "]"
    fields = getattr(value, "__struct_fields__", None)
    if fields and "key" not in fields:
        return "/".join(
            _said(getattr(value, name)) for name in fields if getattr(value, name) not in (None, (), False)
        )
    return getattr(value, "key", None) or str(value)


_NOTHING = {"", "None", "False", "[]"}
_LEFT_OUT = {"drug", "given", "signs", "evidence", "status"}


def concluded(found: DoseInForce) -> str:
    """The status, and each member that says something."""
    told = (
        f"{name} {_said(value)}"
        for name in found.__struct_fields__
        if name not in _LEFT_OUT and _said(value := getattr(found, name)) not in _NOTHING
    )
    return "; ".join((found.status.value, *told))


BESIDE = (
    *count(95, 60, "1.2", 3),
    result(Analyte.ALT, 25, 3),
    result(Analyte.BILIRUBIN, 10, 3),
    result(Analyte.WEIGHT, 60, 3),
    result(Analyte.POTASSIUM, 4, 3),
    *(result(Analyte.CREATININE, 60, ago) for ago in (3, 70, 80)),
)
"""What dosing looks at, as it is where nothing is wrong."""
LOW = {Drug.SIROLIMUS: 3, Drug.CICLOSPORIN: 80}
"""Of yesterday, beside entries that hold no level themselves."""
_ADVICE = (
    "current",
    "proposed",
    "alternatives",
    "reasons",
    "recheck",
    "held_at_most",
    "ends",
    "on_hold_since",
    "previous",
)


def advised(decision: TitrationDecision) -> str:
    """The state and its rule, and what goes with them."""
    told = (f"{name} {said}" for name in _ADVICE if (said := _said(getattr(decision, name))) not in _NOTHING)
    return "; ".join((f"{decision.state} {decision.rule.id} {decision.seen.key}", *told))


def charts() -> Iterator[tuple[str, tuple[Any, ...], Drug]]:
    for one in POOL:
        for drug, arm in product(Drug, (Arm.SIROLIMUS, Arm.COMBINED)):
            yield f"{drug} {arm}: {one.name}", (enrolled(arm, 15), one.of(drug, 1)), drug
    for one, other in combinations(POOL, 2):
        drug = Drug.SIROLIMUS
        yield (
            f"{one.name} + {other.name}",
            (enrolled(Arm.SIROLIMUS, 60), one.of(drug, 1), other.of(drug, 2)),
            drug,
        )


def rows() -> dict[str, str]:
    found = {}
    for name, facts, drug in charts():
        record = a_record(*facts, *BESIDE)
        measured = record if "level" in name else a_record(*facts, *BESIDE, level(drug, LOW[drug], 1))
        advice = (advised(one) for one in assess(measured, NOW, PROTOCOL).titration if one.drug == drug)
        found[name] = "\t".join((concluded(in_force(record, drug)), *advice))
    return found


def test_every_dose_in_force_is_the_one_that_was_kept() -> None:
    kept = dict(line.split("\t", 1) for line in KEPT.read_text("utf-8").splitlines())
    assert rows() == kept


@pytest.mark.parametrize("status", ["known", "none", "conflicting", "not-documented"])
def test_each_status_comes_of_many_pairs(status: str) -> None:
    assert sum(line.split("\t")[1].startswith(status) for line in KEPT.read_text("utf-8").splitlines()) >= 5


if __name__ == "__main__":
    KEPT.write_text("".join(f"{name}\t{said}\n" for name, said in rows().items()), "utf-8")
