"""Charts of enrolled patients for the dosing journeys, and what an assessment says of a drug in one line."""

from typing import Any

from msgspec.structs import replace

from cds_service.chart.context_bundle import ContextResources
from cds_service.services.chart_file import assessment_of, read_chart
from fhir_mappings.clinical_model.known_unknown import Part
from tests.builders import NOW
from tests.scenarios.fhir_charts import (
    CICLOSPORIN_25MG,
    LOINC,
    SCHEMA,
    SIROLIMUS_1MG,
    Json,
    ago,
    as_bytes,
    atc,
    clinic_of,
    concept,
    count,
    dispense,
    dosage,
    enrolled,
    observation,
    order,
    with_patient,
)

Chart = tuple[Json, ...]
SIROLIMUS_ARM = enrolled("Sirolimus")
COMBINED_ARM = enrolled("Sirolimus + cyclosporin A")
VORICONAZOLE = atc("J02AC03", "voriconazole")
TROUGH_CODES = {"sirolimus": "72676-0", "ciclosporin": "48597-9"}
DRUGS = {"sirolimus": SIROLIMUS_1MG, "ciclosporin": CICLOSPORIN_25MG}
HOURS = {"sirolimus": 24, "ciclosporin": 12}


def at(days: float | int, clock: str = "08:00") -> str:
    """An instant in Beijing, so many days before TODAY."""
    return f"{ago(int(days))}T{clock}:00+08:00"


def lab(code: str, value: Any, unit: str | None, when: Any = 2, **more: Any) -> Json:
    """A final result; "<0.3" and ">30" carry their comparator."""
    sign = next((s for s in ("<=", ">=", "<", ">") if str(value).startswith(s)), None)
    text = str(value).removeprefix(sign or "")
    number: Any = float(text) if "." in text else int(text)
    return observation(code, number, unit, when, sign, **more)


def level(
    drug: str, value: Any, when: Any = 1, code: str | None = None, unit: str = "ng/mL", **more: Any
) -> Json:
    """A drug level; with a trough code unless another is given."""
    return lab(code or TROUGH_CODES[drug], value, unit, when, **more)


def called(name: str, value: Any, when: Any = 1) -> Json:
    """A sirolimus level in whole blood whose code has these words beside it."""
    return level("sirolimus", value, when) | {"code": concept((LOINC, "29247-4"), text=name)}


def creatinine(value: Any, when: Any = 2, high: Any = 110, **more: Any) -> Json:
    """Serum creatinine in umol/L with its reference range."""
    usual = [{"high": {"value": high, "unit": "umol/L"}}] if high else None
    return lab("14682-9", value, "umol/L", when, referenceRange=usual, **more)


def creatinines(*pairs: tuple[int, Any]) -> Chart:
    """Creatinines as (days ago, umol/L)."""
    return tuple(creatinine(value, days) for days, value in pairs)


BASELINE = creatinines((80, 60), (70, 60))
"""The median before the study is 60 umol/L."""


def kidneys(value: Any = 62) -> Chart:
    """A baseline of 60 umol/L, and a creatinine of two days ago."""
    return (*BASELINE, creatinine(value))


def labs(when: int = 3, alt: Any = 25, plt: Any = 60) -> Chart:
    """A full blood count and ALT."""
    found = count(95, plt, 1.2, when)
    return (*found, lab("1742-6", alt, "U/L", when)) if alt is not None else found


def line(mg: Any, hours: int | None = 24, unit: str = "mg", **more: Any) -> Json:
    """A dosage line."""
    return dosage(mg, unit, hours, **more)


def taking(drug: str, mg: Any, since: int = 30, days: int = 60, hours: int | None = None) -> Chart:
    """Ordered and handed over on one day."""
    told = line(mg, hours or HOURS[drug])
    return order(DRUGS[drug], since, told), dispense(DRUGS[drug], since, days, told)


def on_sirolimus(*more: Json, mg: Any = 2, sirolimus: Chart | None = None) -> Chart:
    """The sirolimus arm, a month on one dose (or what `sirolimus` says), blood count and ALT of three days ago."""
    taken = taking("sirolimus", mg) if sirolimus is None else sirolimus
    return (*SIROLIMUS_ARM, *labs(), *taken, *more)


def on_both(*more: Json, mg: Any = 75, ciclosporin: Chart | None = None) -> Chart:
    """The combined arm: sirolimus 2 mg in range, ciclosporin for a month; no creatinine yet."""
    taken = taking("ciclosporin", mg) if ciclosporin is None else ciclosporin
    return (*COMBINED_ARM, *labs(), *taking("sirolimus", 2), level("sirolimus", 7), *taken, *more)


def assessed_without(part: Part, *resources: Json) -> Json:
    """The assessment of the chart when one part of it could not be had."""
    chart = replace(read_chart(as_bytes(*with_patient(*resources))), unavailable=frozenset({part}))
    told = assessment_of(clinic_of(), chart, ContextResources(), NOW)
    SCHEMA.validate(told)
    return told


def decision(assessment: Json, drug: str = "sirolimus") -> Json:
    """The member of `titration` for a drug."""
    (found,) = [d for d in assessment["titration"] if d["drug"] == drug]
    return dict(found)


def said(assessment: Json, drug: str = "sirolimus") -> str:
    """ "INCREASE 3 VALID -": state, proposed mg, validity of the trough, reasons."""
    found = decision(assessment, drug)
    reasons = ",".join(found["reasons"]) or "-"
    return f"{found['state']} {dose(found['proposedDose'])} {found['trough']['validity']} {reasons}"


def dose(told: Json | None) -> str:
    """The amount of a dose, with the interval where it is not the trial record's."""
    return "-" if told is None else f"{told['amountMg']}"


def state(assessment: Json, drug: str = "sirolimus") -> str:
    """State and proposed mg."""
    return " ".join(said(assessment, drug).split()[:2])


def alerts(assessment: Json, member: str = "safety") -> list[str]:
    """Each finding as "RULE severity ACTION drug"."""
    return [f"{a['ruleId']} {a['severity']} {a['action']} {a['drug'] or '-'}" for a in assessment[member]]


def due(assessment: Json, test: str) -> tuple[str | None, str, str]:
    """Due date, status and rule of one test of the schedule."""
    (item,) = [m for m in assessment["monitoring"] if m["test"] == test]
    return item["due"], item["status"], item["ruleId"]
