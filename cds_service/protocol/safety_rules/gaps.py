"""Safety facts that exist and cannot be read, and parts of the chart that could not be had."""

from collections.abc import Iterator

from cds_service.protocol.safety_rules.situation import Doubt, Found, Situation, day_of
from fhir_mappings.vocabulary.facts import MEDICATION_PARTS, Known, Part, Sex
from fhir_mappings.vocabulary.medications import Drug
from fhir_mappings.vocabulary.phrases import say
from fhir_mappings.vocabulary.results import Analyte, Reading, Result

_SIROLIMUS = (Drug.SIROLIMUS,)
_CICLOSPORIN = (Drug.CICLOSPORIN,)
_BOTH = tuple(Drug)
WATCHED = {
    Analyte.SIROLIMUS: _SIROLIMUS,
    Analyte.CICLOSPORIN: _CICLOSPORIN,
    Analyte.CREATININE: _CICLOSPORIN,
    Analyte.POTASSIUM: _CICLOSPORIN,
    Analyte.PLATELETS: _SIROLIMUS,
    Analyte.NEUTROPHILS: _SIROLIMUS,
    Analyte.ALT: _SIROLIMUS,
    Analyte.BILIRUBIN: _BOTH,
    Analyte.TRIGLYCERIDES: _SIROLIMUS,
    Analyte.URINE_PROTEIN_CREATININE: _SIROLIMUS,
    Analyte.BLOOD_CULTURE: _BOTH,
    Analyte.HCG: _BOTH,
    Analyte.HCG_QUALITATIVE: _BOTH,
    Analyte.PREGNANCY_STATUS: _BOTH,
}
"""Which drugs may not be raised while the newest result of an analyte cannot be read."""

_NAME = {
    Analyte.SIROLIMUS: say("safety.name.sirolimus"),
    Analyte.CICLOSPORIN: say("safety.name.ciclosporin"),
    Analyte.CREATININE: say("safety.name.creatinine"),
    Analyte.POTASSIUM: say("safety.name.potassium"),
    Analyte.PLATELETS: say("safety.name.platelets"),
    Analyte.NEUTROPHILS: say("safety.name.neutrophils"),
    Analyte.ALT: say("safety.name.alt"),
    Analyte.BILIRUBIN: say("safety.name.bilirubin"),
    Analyte.TRIGLYCERIDES: say("safety.name.triglycerides"),
    Analyte.URINE_PROTEIN_CREATININE: say("safety.name.protein"),
    Analyte.BLOOD_CULTURE: say("safety.name.culture"),
    Analyte.HCG: say("safety.name.pregnancy"),
    Analyte.HCG_QUALITATIVE: say("safety.name.pregnancy"),
    Analyte.PREGNANCY_STATUS: say("safety.name.pregnancy"),
}

_OF_WOMEN = frozenset({Analyte.HCG, Analyte.HCG_QUALITATIVE, Analyte.PREGNANCY_STATUS})
_UNREAD = frozenset({Reading.UNREADABLE, Reading.UNIT_UNUSABLE, Reading.CONFLICTING, Reading.PRELIMINARY})
SAFETY_PARTS = (
    Part.CONDITIONS,
    Part.OBSERVATIONS,
    Part.ALLERGIES,
    Part.ADVERSE_EVENTS,
    *MEDICATION_PARTS,
)
"""The parts of a chart that may hold a critical finding."""

_REFUSED = frozenset({"MODIFIER_UNKNOWN", "ENTRY_UNREADABLE"})
_MAY_BE_HARM = ("Condition/", "AllergyIntolerance/", "AdverseEvent/")


def unreadable_facts(chart: Situation) -> Iterator[Found]:
    """A newest result that is not readable, preliminary or contradicted; a part that could not be had.

    A result without a value (a test not done) is no doubt.
    """
    male = isinstance(chart.record.sex, Known) and chart.record.sex.value is Sex.MALE
    for analyte, drugs in WATCHED.items():
        result = _unread(chart, analyte)
        if result and not (male and analyte in _OF_WOMEN):
            seen = say("safety.unread", written=result.as_written, day=day_of(result), name=_NAME[analyte])
            yield from (Doubt(drug, seen) for drug in drugs if drug in chart.drugs)
    missing = [part.value for part in SAFETY_PARTS if chart.record.lacks(part)]
    if missing:
        seen = say("safety.unavailable", parts=", ".join(missing))
        yield from (Doubt(drug, seen) for drug in chart.drugs)
    refused = [g for g in chart.record.gaps if g.problem in _REFUSED and g.reference.startswith(_MAY_BE_HARM)]
    if refused:
        seen = say("safety.refused", entries=", ".join(g.reference for g in refused))
        yield from (Doubt(drug, seen) for drug in chart.drugs)


def _unread(chart: Situation, analyte: Analyte) -> Result | None:
    """The newest result if it cannot be read, is recent, and no readable one is of a later day."""
    held = [r for r in chart.results.get(analyte, ()) if r.reading is not Reading.NO_VALUE]
    if not held or (chart.day - day_of(held[-1])).days > chart.limits.recent_days:
        return None
    same_day = [r for r in held if day_of(r) == day_of(held[-1]) and r.reading in _UNREAD]
    if held[-1].reading in _UNREAD:
        return held[-1]
    # A readable result of the same day settles it only where it was taken later, not merely listed later.
    timed = all(r.when and r.when.instant for r in (*same_day, held[-1]))
    return same_day[-1] if same_day and not timed else None
