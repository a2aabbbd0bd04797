"""What an observation of a drug level says beyond its code: specimen, assay, and signs that it is no trough.

Words can only make a level less fit for titration, never more: "trough" proves nothing, "peak" does.
"""

import re
from typing import TypeVar

from fhir_mappings.clinical_model import results
from fhir_mappings.clinical_model.results import Assay, LevelDetails, SampleTiming
from fhir_mappings.readers.drug_identification import drug_words
from fhir_mappings.readers.effective_time import effective
from fhir_mappings.readers.fhir_types import CodeableConcept
from fhir_mappings.readers.observation_types import Observation, SpecimenResource
from fhir_mappings.readers.reading_context import ReadingContext
from fhir_mappings.readers.references import contained
from fhir_mappings.value_sets.analytes import joined
from fhir_mappings.value_sets.said_words import remembering_words

T = TypeVar("T")

# The first that matches; plasma is looked for before blood, because "EDTA blood, plasma" is plasma
_SPECIMENS = (
    (results.Specimen.SERUM_OR_PLASMA, re.compile(r"serum|plasma|血清|血浆|\b(?:119364003|119361006)\b")),
    (results.Specimen.DRIED_SPOT, re.compile(r"dried blood|blood spot|干血斑|干血片|\b440500007\b")),
    (results.Specimen.WHOLE_BLOOD, re.compile(r"whole blood|edta|全血|\b(?:258580003|119297000)\b")),
)
# The name of the test, where its specimen has no words: 血清西罗莫司 raises a doubt, "serum or blood" none
_NAMED = (
    (results.Specimen.UNSTATED, re.compile(r"\bblood\b|全血")),
    (results.Specimen.NAMED_SERUM, re.compile(r"\bserum\b|\bplasma\b|血清|血浆")),
)
_ASSAYS = (
    (Assay.POLYCLONAL, re.compile(r"polyclonal|多克隆")),
    (Assay.SPECIFIC, re.compile(r"lc[-/ ]?ms|mass spectrometry|hplc|质谱|高效液相|monoclonal|单克隆")),
)
_AFTER_A_DOSE = re.compile(r"\bpeak\b|\bc2\b|post[- ]?dose|after dose|峰|服药后|给药后")
# A trough is told by its hours after the dose, too: LOINC itself calls one "12 hr after dose". Hours of both
# drugs (`titration.md` 3); a documented dose still has the last word.
_HOUR = r"\s*-?\s*(?:h|hrs?|hours?|小时)"
_BETWEEN = r"(?:\s+|\s*-\s*)(?:last |the |morning |evening )*"
_BEFORE = rf"{_HOUR}\s*(?:after|post){_BETWEEN}dos(?:e|ing)"
_AT_12_HOURS, _AT_24_HOURS = (
    re.compile(rf"{at}{_BEFORE}|(?:服药|给药|用药)后\s*{at}{_HOUR}|(?:after |post[- ]?)dose,?\s*{at}{_HOUR}")
    for at in (r"(?<![\d.])1[0-4](?:\.\d+)?", r"(?<![\d.])2[0-8](?:\.\d+)?")
)
# In a note only what cannot mean anything else: "post-dose adjustment" is none, nor is 服药后复查
_FEW = r"(?<![\d.])[0-8](?:\.\d+)?"
_NOTED_AFTER = re.compile(
    rf"{_FEW}{_BEFORE}|{_FEW}{_HOUR}\s*(?:after|post){_BETWEEN}(?:intake|taking|medication)"
    rf"|(?:服药|给药|用药|服用)后\s*{_FEW}{_HOUR}|\bpeak (?:level|sample|concentration)\b|峰浓度|峰值"
)


def level_of(stated: LevelDetails, observation: Observation, chart: ReadingContext) -> LevelDetails:
    """What the code, the specimen, the method and the words of one observation state together.

    A specimen says by its own words when it was taken.
    """
    method = drug_words(observation.method) or None
    name = _all_words(observation.code)
    specimen, shown = _specimen(observation, chart), observation.specimen and observation.specimen.display
    words = f"{_all_words(specimen.type if specimen else None)} {(shown or '').casefold()}"
    called, told = _specimen_named(name), _specimen_told(words)
    seen = LevelDetails(
        _timing(name, observation, stated.timing),
        called if told is results.Specimen.UNSTATED else told,
        _assay_told((method or "").casefold()),
        method,
    )
    level = joined(stated, seen)
    taken = specimen.collection if specimen else None
    sampled = effective(taken.collected_date_time, taken.collected_period, chart) if taken else None
    return LevelDetails(level.timing, level.specimen, level.assay, method or stated.method, sampled)


def _timing(name: str, observation: Observation, coded: SampleTiming) -> SampleTiming:
    """By the words of the code and of the notes. Those for a trough's hours prove nothing, but that ten to
    fourteen hours are meant where the code says trough: none of a drug taken once a day."""
    is_after_a_dose, twelve_hours = _hours_told(name)
    if is_after_a_dose:
        return SampleTiming.POST_DOSE
    if any(_NOTED_AFTER.search((note.text or "").casefold()) for note in observation.note):
        return SampleTiming.NOTED_POST_DOSE
    is_meant = twelve_hours and coded is not SampleTiming.UNSTATED
    return SampleTiming.TWELVE_HOURS if is_meant else SampleTiming.UNSTATED


@remembering_words
def _hours_told(words: str) -> tuple[bool, bool]:
    """Do the words tell of a sample after a dose, and do they tell a trough of ten to fourteen hours?"""
    rest, twelve_hours = _AT_12_HOURS.subn(" ", words)
    return bool(_AFTER_A_DOSE.search(_AT_24_HOURS.sub(" ", rest))), bool(twelve_hours)


@remembering_words
def _specimen_told(words: str) -> results.Specimen:
    return _first(_SPECIMENS, words, results.Specimen.UNSTATED)


@remembering_words
def _specimen_named(words: str) -> results.Specimen:
    return _first(_NAMED, words, results.Specimen.UNSTATED)


@remembering_words
def _assay_told(words: str) -> Assay:
    return _first(_ASSAYS, words, Assay.UNSTATED)


def _specimen(observation: Observation, chart: ReadingContext) -> SpecimenResource | None:
    reference = observation.specimen
    if reference is None:
        return None
    if reference.reference and reference.reference.startswith("#"):
        found: object = contained(observation.contained, reference.reference, SpecimenResource)
    else:
        found = chart.bag.get(reference)
    return found if isinstance(found, SpecimenResource) else None


def _all_words(concept: CodeableConcept | None) -> str:
    """Text, displays and codes of a concept in lower case."""
    if concept is None:
        return ""
    said = [concept.text, *(c.display for c in concept.coding), *(c.code for c in concept.coding)]
    return " ".join(word for word in said if word).casefold()


def _first(table: tuple[tuple[T, re.Pattern[str]], ...], text: str, otherwise: T) -> T:
    return next((meaning for meaning, pattern in table if pattern.search(text)), otherwise)
