"""Laws of the whole road, from FHIR to what is advised: how a chart is written changes nothing that is said of it."""

import copy
import json
from decimal import Decimal
from functools import cache
from typing import Any

from hypothesis import given, settings
from hypothesis import strategies as st

from fhir_mappings.clinical_model.quantity import UNITS, Unit, to_canonical
from fhir_mappings.clinical_model.results import Analyte
from fhir_mappings.value_sets import load_code_lists
from tests.scenarios.fhir_charts import assessed
from tests.scenarios.visits import PATIENTS

Json = dict[str, Any]
CODES = load_code_lists()
DIGITS = 12
"""What a laboratory may print, and what a JSON number holds exactly in every program."""

charts = st.sampled_from(sorted(PATIENTS))


@cache
def told(patient_id: str) -> str:
    return said(assessed(*PATIENTS[patient_id].resources))


def said(assessment: Json) -> str:
    """All of an assessment but the hash of its input; the record's order of evidence is part of it."""
    return json.dumps(
        {name: part for name, part in assessment.items() if name != "inputHash"}, sort_keys=True
    )


def decided(assessment: Json) -> Json:
    """Statuses, states and doses, without words and numbers as seen."""
    return {
        "eligibility": [
            (c["id"], c["status"], c.get("parts")) for c in assessment["eligibility"]["criteria"]
        ],
        "overall": assessment["eligibility"]["status"],
        "titration": [
            (t["state"], t["currentDose"], t["proposedDose"], t["trough"]["validity"], t["reasons"])
            for t in assessment["titration"]
        ],
        "renal": assessment["renal"]["state"],
        "safety": [(a["ruleId"], a["severity"], a["action"], a["drug"]) for a in assessment["safety"]],
        "monitoring": [(m["test"], m["due"], m["status"]) for m in assessment["monitoring"]],
        "response": [(r["visit"], r["category"]) for r in assessment["response"]],
        "dataQuality": assessment["dataQuality"],
    }


@settings(deadline=None, max_examples=25)
@given(charts, st.randoms(use_true_random=False))
def test_the_order_of_entries_changes_no_word_of_the_assessment(patient_id: str, chance: Any) -> None:
    shuffled = list(PATIENTS[patient_id].resources)
    chance.shuffle(shuffled)
    assert said(assessed(*shuffled)) == told(patient_id)


def analyte_of(observation: Json) -> tuple[Analyte, bool | None] | None:
    code = observation["code"]["coding"][0]
    found = CODES.analyte([(code["system"], code["code"], None)])
    return (found.analyte, found.molar) if found else None


def rewritten(observation: Json, chance: Any) -> Json:
    """The same result in another accepted spelling in which its amount, and its limits, can be written exactly."""
    known = analyte_of(observation)
    quantity = observation.get("valueQuantity")
    if known is None or quantity is None:
        return observation
    analyte, molar = known
    ends = [
        quantity,
        *(r[end] for r in observation.get("referenceRange", ()) for end in ("low", "high") if end in r),
    ]
    amounts = [to_canonical(analyte, Decimal(str(q["value"])), q["unit"]) for q in ends]
    spellings = [
        (name, numbers)
        for name, unit in UNITS[analyte].items()
        if (molar is None or unit.molar in (molar, None)) and (numbers := exactly(amounts, unit))
    ]
    name, numbers = chance.choice(spellings)
    changed = copy.deepcopy(observation)
    ends = [
        changed["valueQuantity"],
        *(r[end] for r in changed.get("referenceRange", ()) for end in ("low", "high") if end in r),
    ]
    for end, number in zip(ends, numbers, strict=True):
        kept = {part: value for part, value in end.items() if part == "comparator"}
        end.clear()
        end.update(kept | {"value": float(number), "unit": name})
    return changed


def exactly(amounts: list[Decimal], unit: Unit) -> list[Decimal]:
    """The amounts in this unit; nothing where one of them has no short exact number in it."""
    numbers = [(amount * unit.per / unit.times + unit.offset).normalize() for amount in amounts]
    short = all(len(number.as_tuple().digits) <= DIGITS for number in numbers)
    return numbers if short and [unit.convert(number) for number in numbers] == amounts else []


@settings(deadline=None, max_examples=40)
@given(charts, st.randoms(use_true_random=False))
def test_the_same_amounts_in_any_accepted_units_give_the_same_statuses_states_and_doses(
    patient_id: str, chance: Any
) -> None:
    chart = [
        rewritten(r, chance) if r["resourceType"] == "Observation" else r
        for r in PATIENTS[patient_id].resources
    ]
    assert decided(assessed(*chart)) == decided(json.loads(told(patient_id)))


def test_these_laws_do_rewrite_most_of_the_results() -> None:
    class Last:
        choice = staticmethod(lambda options: options[-1])

    results = [r for p in PATIENTS.values() for r in p.resources if r["resourceType"] == "Observation"]
    changed = [r for r in results if rewritten(r, Last()) != r]
    assert len(changed) > len(results) / 2
    assert len({analyte_of(r) for r in changed}) >= 15
