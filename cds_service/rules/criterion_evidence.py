"""What a criterion saw: each fact in its own words, where it stands in the chart, and its day."""

from collections.abc import Iterable, Sequence
from datetime import date
from decimal import Decimal

import msgspec
from msgspec.structs import replace

from fhir_mappings.clinical_model.calendar import When
from fhir_mappings.clinical_model.clinical_events import AdverseEventSeen, Allergy, ProcedureDone
from fhir_mappings.clinical_model.diagnoses import Certainty, Course, Diagnosis
from fhir_mappings.clinical_model.known_unknown import Evidence
from fhir_mappings.clinical_model.medications import MedicationEvent, MedicationSource
from fhir_mappings.clinical_model.messages import Phrase, say
from fhir_mappings.clinical_model.results import Presence, Result
from fhir_mappings.clinical_model.studies import ConsentSeen, ConsentState, StudyEntry

SHOWN = 3
"""Facts named in one sentence; the evidence lists all of them."""

_SOURCES = {
    MedicationSource.ADMINISTRATION: say("eligibility.seen.administration"),
    MedicationSource.DISPENSE: say("eligibility.seen.dispense"),
    MedicationSource.STATEMENT: say("eligibility.seen.statement"),
    MedicationSource.ORDER: say("eligibility.seen.order"),
}
_PRESENCES = {
    Presence.POSITIVE: say("eligibility.seen.positive"),
    Presence.NEGATIVE: say("eligibility.seen.negative"),
}
_WRITTEN_UNITS = {
    "[IU]/L": "IU/L",
    "[iU]/L": "IU/L",
    "[IU]/mL": "IU/mL",
    "[iU]/mL": "IU/mL",
    "{copies}/mL": "copies/mL",
    "Cel": "°C",
}
"""UCUM as a clinician writes it."""
_CONSENTS = {
    ConsentState.GIVEN: say("eligibility.seen.consent_given"),
    ConsentState.REFUSED: say("eligibility.seen.consent_refused"),
    ConsentState.INACTIVE: say("eligibility.seen.consent_inactive"),
}


class Sighting(msgspec.Struct, frozen=True):
    """One fact as it is shown; `day` is its day, of a partial date the first, None when it has no date.

    `history`: `day` may be that on which something past was written down; `happened` is its own day.
    """

    words: Phrase
    evidence: Evidence
    day: date | None
    history: bool = False
    happened: date | None = None


def of_diagnosis(diagnosis: Diagnosis) -> Sighting:
    """A diagnosis with its codes, its day, and what keeps it from being definite."""
    name = _named(diagnosis.text, diagnosis.codes)
    words = _dated(name, diagnosis.onset or diagnosis.recorded)
    if diagnosis.certainty is Certainty.PROVISIONAL:
        words = say("eligibility.seen.provisional", fact=words)
    elif diagnosis.by_text_only:
        words = say("eligibility.seen.by_words_only", fact=words)
    days = [when.first for when in (diagnosis.recorded, diagnosis.onset) if when]
    evidence = _evidence(diagnosis.reference, diagnosis.onset or diagnosis.recorded, diagnosis.text)
    own = [when.first for when in (diagnosis.onset, diagnosis.abated) if when]
    is_past = diagnosis.course is Course.HISTORY
    return Sighting(words, evidence, max(days, default=None), is_past, max(own, default=None))


def of_result(result: Result, name: Phrase, unit: str | None = None) -> Sighting:
    """A result under the name of its test; the comparator stays before the number."""
    words = _dated(say("eligibility.seen.result", test=name, value=_value_said(result, unit)), result.when)
    unit_used = unit if result.number is not None else None
    evidence = _evidence(result.reference, result.when, value_of(result), unit_used)
    return Sighting(words, evidence, result.when.first if result.when else None)


def value_of(result: Result) -> Decimal | str:
    """The value as the rule used it: a number, a number with its comparator, or words."""
    if result.number is None:
        return result.presence.value if result.presence else result.as_written
    return f"{result.comparator.value}{result.number}" if result.comparator else result.number


def of_medication(event: MedicationEvent) -> Sighting:
    """A drug with how it is known: order, dispense, administration or statement."""
    name = say("eligibility.seen.medication", name=event.text, source=_SOURCES[event.source])
    return _plain(_dated(name, event.start), event.reference, event.start, event.text)


def of_procedure(procedure: ProcedureDone, name: Phrase) -> Sighting:
    """A procedure, by its own words where it has some."""
    words = say("eligibility.seen.text", text=procedure.text) if procedure.text else name
    return _plain(_dated(words, procedure.when), procedure.reference, procedure.when, procedure.text or None)


def of_allergy(allergy: Allergy) -> Sighting:
    """An allergy or intolerance to a drug."""
    substance = allergy.text or ", ".join(sorted(allergy.ingredients))
    words = _dated(say("eligibility.seen.allergy", text=substance), allergy.recorded)
    return _plain(words, allergy.reference, allergy.recorded, substance)


def of_adverse_event(event: AdverseEventSeen) -> Sighting:
    """An adverse event and the drugs held responsible for it."""
    name = say("eligibility.seen.adverse_event_alone", text=event.text)
    if event.suspects:
        suspects = ", ".join(sorted(event.suspects))
        name = say("eligibility.seen.adverse_event", text=event.text, suspects=suspects)
    words = _dated(name, event.when)
    return _plain(words, event.reference, event.when, event.text)


def of_study(study: StudyEntry) -> Sighting:
    """A patient's place in a study, with its status as written."""
    status = study.fhir_status or study.state.value
    words = say("eligibility.seen.study", reference=study.title or study.reference, status=status)
    moment = study.end or study.start
    if moment is None:
        words = say("eligibility.seen.undated", fact=words)
    elif study.end:
        words = say("eligibility.seen.until", fact=words, day=shown_day(study.end))
    else:
        words = say("eligibility.seen.since_without_end", fact=words, day=shown_day(moment))
    return _plain(words, study.reference, moment, status)


def of_consent(consent: ConsentSeen) -> Sighting:
    """A consent to this trial, with what it says."""
    return _plain(
        _dated(_CONSENTS[consent.state], consent.when), consent.reference, consent.when, consent.state.value
    )


def doubted(sighting: Sighting, words: Phrase) -> Sighting:
    """The same fact, with the reason why it does not decide."""
    return replace(sighting, words=words)


def facts(sightings: Sequence[Sighting]) -> Phrase:
    """The newest few in one sentence."""
    newest = sorted(sightings, key=lambda s: s.day or date.min, reverse=True)
    words = tuple(s.words for s in newest[:SHOWN])
    if len(newest) > SHOWN:
        return say("eligibility.seen.facts_and_more", facts=words, more=len(newest) - SHOWN)
    return say("eligibility.seen.facts", facts=words)


def evidence_of(sightings: Iterable[Sighting]) -> tuple[Evidence, ...]:
    """Where all of them stand."""
    return tuple(s.evidence for s in sightings)


def newest_day(sightings: Iterable[Sighting]) -> date | None:
    """The newest day on which one of them happened, None when none tells."""
    days = (s.happened if s.history else s.day for s in sightings)
    return max((day for day in days if day), default=None)


def shown_day(when: When) -> date | str:
    """The calendar day, or the partial date as it was written."""
    return when.first if when.is_one_day else when.text


def _value_said(result: Result, unit: str | None) -> Phrase:
    if result.presence is not None and result.number is None:
        if any(character.isdigit() for character in result.as_written):
            written = say("eligibility.seen.text", text=result.as_written)
            return say(
                "eligibility.seen.presence_as_written", presence=_PRESENCES[result.presence], written=written
            )
        return _PRESENCES[result.presence]
    if result.number is None or unit is None:
        return say("eligibility.seen.value", value=value_of(result))
    return say("eligibility.seen.value_unit", value=value_of(result), unit=_WRITTEN_UNITS.get(unit, unit))


def _named(text: str, codes: Sequence[str]) -> Phrase:
    shown = ", ".join(codes)
    if codes and text != shown:
        return say("eligibility.seen.coded", text=text, codes=shown)
    return say("eligibility.seen.text", text=text)


def _dated(words: Phrase, when: When | None) -> Phrase:
    if when is None:
        return say("eligibility.seen.undated", fact=words)
    return say("eligibility.seen.dated", fact=words, day=shown_day(when))


def _plain(words: Phrase, reference: str, when: When | None, value: str | None) -> Sighting:
    return Sighting(words, _evidence(reference, when, value), when.first if when else None)


def _evidence(
    reference: str, when: When | None, value: Decimal | str | None, unit: str | None = None
) -> Evidence:
    return Evidence(reference, when.text if when else None, value, unit)
