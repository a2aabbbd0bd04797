"""Charts in our own words, built in a line: `a_record(count(hb=98), taking("sirolimus", 2))`.

Everything is relative to one fixed day, TODAY, so that no test depends on the calendar.
"""

import itertools
from datetime import date, datetime, timedelta
from decimal import Decimal
from typing import Any
from zoneinfo import ZoneInfo

from msgspec.structs import replace

from cds_service.rules.as_of import AsOf, as_of
from cds_service.trials.nct06802055.registration import RECORD
from cds_service.trials.nct06802055.trial import TRIAL
from fhir_mappings.clinical_model.calendar import When, on_day, read_when
from fhir_mappings.clinical_model.clinical_events import AdverseEventSeen, Allergy, ProcedureDone
from fhir_mappings.clinical_model.concepts import Concept
from fhir_mappings.clinical_model.diagnoses import Certainty, Course, Diagnosis
from fhir_mappings.clinical_model.known_unknown import Gap, Known, Part, Sex, Unknown, WhyUnknown
from fhir_mappings.clinical_model.medications import Dose, MedicationEvent, MedicationSource, MedicationStatus
from fhir_mappings.clinical_model.record import ClinicalRecord
from fhir_mappings.clinical_model.results import (
    Analyte,
    Comparator,
    LevelDetails,
    Presence,
    Reading,
    Result,
    SampleTiming,
)
from fhir_mappings.clinical_model.studies import Attestation, CompletenessAssertion, ConsentSeen, StudyEntry
from fhir_mappings.readers.reader_settings import TrialIdentity

ZONE = ZoneInfo("Asia/Shanghai")
TODAY = date(2026, 3, 2)
NOW: AsOf = as_of(datetime(2026, 3, 2, 9, 0, tzinfo=ZONE), ZONE)
OUR_NAMES = frozenset(RECORD.identifiers)
"""By which a chart means the trial."""
OUR_TRIAL = TrialIdentity(
    OUR_NAMES, arms=TRIAL.arm_texts, drugs=frozenset(drug.ingredient for drug in TRIAL.drugs)
)
_serial = itertools.count(1)

_FIELDS: dict[type, str] = {
    Diagnosis: "diagnoses",
    Result: "results",
    MedicationEvent: "medications",
    Allergy: "allergies",
    AdverseEventSeen: "adverse_events",
    ProcedureDone: "procedures",
    StudyEntry: "studies",
    ConsentSeen: "consents",
    Attestation: "attestations",
    CompletenessAssertion: "completeness",
    Gap: "gaps",
}


def days_ago(days: int) -> date:
    """The day `days` before TODAY."""
    return TODAY - timedelta(days=days)


def when(moment: "str | date | int | When | None") -> When | None:
    """A `When` from ISO text, a date, or a number of days before TODAY."""
    if isinstance(moment, int):
        return on_day(days_ago(moment))
    if isinstance(moment, str):
        return read_when(moment, ZONE)
    return on_day(moment) if isinstance(moment, date) else moment


def a_record(*facts: Any, **fields: Any) -> ClinicalRecord:
    """A chart holding the facts (builders below return them, singly or as tuples); 43-year-old woman."""
    lists: dict[str, list[Any]] = {}
    for fact in facts:
        for one in fact if isinstance(fact, tuple) else (fact,):
            lists.setdefault(_FIELDS[type(one)], []).append(one)
    base = ClinicalRecord(
        patient="Patient/p1",
        zone=ZONE,
        birth_date=Known(on_day(date(1982, 5, 17))),
        sex=Known(Sex.FEMALE),
    )
    filled: dict[str, Any] = {name: tuple(sorted(items, key=_order)) for name, items in lists.items()}
    return replace(base, **(filled | fields))


def nobody(**fields: Any) -> ClinicalRecord:
    """A chart that says nothing at all."""
    return replace(ClinicalRecord(patient="Patient/p1", zone=ZONE), **fields)


def _order(fact: Any) -> tuple[date, str]:
    moment = getattr(fact, "when", None) or getattr(fact, "start", None) or getattr(fact, "recorded", None)
    return (moment.last if moment else date.min, getattr(fact, "reference", ""))


def result(analyte: Analyte, value: "str | int | None", ago: "int | str | date" = 1, **more: Any) -> Result:
    """A result in canonical units; "<0.3" and ">30" carry their comparator, "positive" its finding."""
    fields: dict[str, Any] = {"as_written": str(value)}
    text = str(value)
    if value is None:
        fields["reading"] = Reading.NO_VALUE
    elif text in set(Presence):
        fields["presence"] = Presence(text)
    else:
        sign = next((c for c in (">=", "<=", "<", ">") if text.startswith(c)), None)
        fields["comparator"] = Comparator(sign) if sign else None
        fields["number"] = Decimal(text.removeprefix(sign or ""))
    return Result(f"Observation/o{next(_serial)}", analyte, when(ago), **(fields | more))


def count(
    hb: "str | int | None" = None,
    plt: "str | int | None" = None,
    anc: "str | int | None" = None,
    ago: "int | str | date" = 1,
    retic: "str | int | None" = None,
) -> tuple[Result, ...]:
    """One blood count: haemoglobin g/L, platelets, neutrophils and reticulocytes 10*9/L."""
    lines = {
        Analyte.HAEMOGLOBIN: hb,
        Analyte.PLATELETS: plt,
        Analyte.NEUTROPHILS: anc,
        Analyte.RETICULOCYTES: retic,
    }
    return tuple(result(a, v, ago) for a, v in lines.items() if v is not None)


def level(drug: str, value: "str | int", ago: "int | str | date" = 1, **more: Any) -> Result:
    """A whole-blood drug level, ng/mL, with a trough code unless `level=` says otherwise."""
    details = more.pop("level", LevelDetails(timing=SampleTiming.TROUGH))
    return result(Analyte(drug), value, ago, level=details, **more)


def diagnosis(*concepts: Concept, ago: "int | str | date" = 100, **more: Any) -> Diagnosis:
    """A confirmed, active diagnosis recorded `ago`."""
    fields: dict[str, Any] = {
        "text": concepts[0].value,
        "certainty": Certainty.CONFIRMED,
        "course": Course.ACTIVE,
        "recorded": when(ago),
    }
    return Diagnosis(f"Condition/c{next(_serial)}", frozenset(concepts), **(fields | more))


def medication(
    ingredient: str,
    mg: "str | int | None" = None,
    every: int = 24,
    start: "int | str | date | None" = 30,
    source: MedicationSource = MedicationSource.ORDER,
    **more: Any,
) -> MedicationEvent:
    """An order (or dispense, ...) of one ingredient; active, oral, `mg` every `every` hours."""
    known = {"sirolimus": Concept.SIROLIMUS, "ciclosporin": Concept.CICLOSPORIN}
    fields: dict[str, Any] = {
        "status": MedicationStatus.ACTIVE
        if source in (MedicationSource.ORDER, MedicationSource.STATEMENT)
        else MedicationStatus.COMPLETED,
        "concepts": frozenset({known.get(ingredient, Concept.INTERACTING)}),
        "ingredients": frozenset({ingredient}),
        "text": ingredient,
        "systemic": True,
        "start": when(start),
        "end": None,
        "dose": Unknown(WhyUnknown.MISSING) if mg is None else Known(Dose(Decimal(mg), Decimal(every))),
    }
    kind = {
        MedicationSource.ORDER: "MedicationRequest",
        MedicationSource.DISPENSE: "MedicationDispense",
        MedicationSource.ADMINISTRATION: "MedicationAdministration",
        MedicationSource.STATEMENT: "MedicationStatement",
    }[source]
    return MedicationEvent(f"{kind}/m{next(_serial)}", source, **(fields | more))


def dispense(
    ingredient: str, mg: "str | int", every: int = 24, ago: int = 30, days: int = 30
) -> MedicationEvent:
    """A dispense handed over `ago` days before TODAY, for `days` days."""
    return medication(ingredient, mg, every, ago, MedicationSource.DISPENSE, supply_days=Decimal(days))


def given(ingredient: str, mg: "str | int", moment: str, every: int = 24) -> MedicationEvent:
    """One administered dose at an instant such as "2026-03-01T08:00:00+08:00"."""
    return medication(
        ingredient, mg, every, moment, MedicationSource.ADMINISTRATION, single_dose=False, end=when(moment)
    )


def transfused(concept: Concept, ago: "int | str | date") -> ProcedureDone:
    """A transfusion of red cells or platelets."""
    return ProcedureDone(f"Procedure/t{next(_serial)}", frozenset({concept}), when(ago))


def attested(ago: "int | str | date" = 1, *, counted: bool = True, **answers: "bool | int") -> Attestation:
    """The attestation form; write I4.1 as `I4_1=True`."""
    items = tuple(sorted((name.replace("_", "."), value) for name, value in answers.items()))
    return Attestation(f"QuestionnaireResponse/q{next(_serial)}", when(ago), counted, items)


def unreadable(*parts: Part) -> dict[str, frozenset[Part]]:
    """Keyword for `a_record`: the parts that could not be had."""
    return {"unavailable": frozenset(parts)}
