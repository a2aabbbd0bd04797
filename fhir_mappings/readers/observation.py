"""Observation -> results: laboratory tests, scores, vital signs and qualitative findings.

Four places are looked at before a number is a number: status, modifiers, comparator and unit. A doubtful
value stays in the record, marked, and never counts as a number.
"""

from collections.abc import Iterable, Iterator

from msgspec.structs import replace

from fhir_mappings.clinical_model.calendar import When
from fhir_mappings.clinical_model.known_unknown import Gap
from fhir_mappings.clinical_model.pairs import Pair
from fhir_mappings.clinical_model.results import Reading, Result
from fhir_mappings.readers.drug_identification import drug_words, own_words
from fhir_mappings.readers.drug_level import level_of
from fhir_mappings.readers.effective_time import effective
from fhir_mappings.readers.fhir_types import CodeableConcept
from fhir_mappings.readers.lost_entries import lost_results
from fhir_mappings.readers.observation_types import Measured, Observation
from fhir_mappings.readers.plain_results import FINAL, plain_version
from fhir_mappings.readers.pressure_words import pressures_in_words
from fhir_mappings.readers.reading_context import ReadingContext
from fhir_mappings.readers.references import own_reference
from fhir_mappings.readers.same_moment_results import CORRECTED, Version, settle_duplicates
from fhir_mappings.readers.value import has_value, read_value
from fhir_mappings.value_sets import AnalyteCode, CodeLists

_STANDING = {"corrected": CORRECTED, "amended": CORRECTED, "final": FINAL, "preliminary": 0, "registered": 0}
_NO_RESULT = frozenset({"cancelled", "entered-in-error"})
"""Never done, or never true: nothing to report."""
_EARLY = frozenset({"preliminary", "registered"})
"""Not final. Registered means that there is no result yet; where there is one, it is an early one."""

_SHOWN = 120  # characters of a record's own words in a gap


def read_results(observations: Iterable[Observation], chart: ReadingContext) -> list[Result | Pair | Gap]:
    """All results that a rule may ask for, which of them differ at one moment, and what could not be read.

    What lies ahead is no result yet, and makes no pair.
    """
    gaps: list[Gap] = []
    versions: list[Version] = []
    for observation in observations:
        if (version := plain_version(observation, chart)) is not None:
            versions.append(version)
            continue
        _read(observation, observation, chart, versions, gaps)
        for component in (
            observation.component or (observation.value_string and pressures_in_words(observation)) or ()
        ):
            _read(component, observation, chart, versions, gaps)
    settled = [
        item
        for item in settle_duplicates(versions)
        if type(item) is not Pair or not any(chart.is_ahead(r.when) for r in item.results)
    ]
    return [*gaps, *settled]


def _read(
    measured: Measured,
    observation: Observation,
    chart: ReadingContext,
    versions: list[Version],
    gaps: list[Gap],
) -> None:
    """Add the result of one observation or component; nothing when no rule asks for it."""
    if observation.status in _NO_RESULT or (observation.status == "registered" and not has_value(measured)):
        return
    code = _measures(measured.code, chart.settings.codes)
    if code is None:
        if not _is_of_none(measured.code, chart.settings.codes):
            gaps += _not_told_what(measured, observation, chart)
    elif observation.status in _STANDING and not observation.is_modified:
        versions.append(_version(code, measured, observation, chart, gaps))
    else:
        versions.append(_not_to_be_used(_version(code, measured, observation, chart, gaps)))
        if observation.status not in _STANDING:
            status = (observation.status or "missing")[:_SHOWN]
            told = f"{code.analyte.value}: {status}"
            gaps.append(_gap("STATUS_NOT_RECOGNISED", measured, observation, chart, told))


def _not_told_what(measured: Measured, observation: Observation, chart: ReadingContext) -> Iterator[Gap]:
    """The gap of a value of which nobody can say what was measured: its codes contradict each other, or none
    is known and its words name a test that a rule asks for, or it has neither code nor words."""
    if observation.is_modified or not has_value(measured):
        return
    coded, codes = _coded(measured.code), chart.settings.codes
    if len(codes.analytes_by_code(coded)) > 1:
        yield _gap("CODES_DISAGREE", measured, observation, chart)
    elif measured.code is None or not (coded or measured.code.text):
        yield _gap("CODE_MISSING", measured, observation, chart)
    elif codes.analytes_by_words(coded, (measured.code.text,)):
        yield _gap("CODE_NOT_KNOWN", measured, observation, chart, drug_words(measured.code)[:_SHOWN])


def _gap(
    problem: str, measured: Measured, observation: Observation, chart: ReadingContext, detail: str = ""
) -> Gap:
    """A gap of one observation or component, with what is lost with it."""
    return Gap(problem, own_reference(observation), detail, lost_results(observation, (measured,), chart))


def _not_to_be_used(version: Version) -> Version:
    """A result of a status or with a modifier that we do not know: it is there, and says nothing."""
    nothing = replace(
        version.result,
        reading=Reading.UNREADABLE,
        number=None,
        comparator=None,
        presence=None,
        low=None,
        high=None,
    )
    return Version(nothing, _STANDING["preliminary"], version.updated)


def _measures(concept: CodeableConcept | None, codes: CodeLists) -> AnalyteCode | None:
    """What the codes of a value name; most have one."""
    if concept is not None and len(concept.coding) == 1 and (only := concept.coding[0]).code:
        return codes.analyte_of(only.system, only.code)
    return codes.analyte(_coded(concept))


def _is_of_none(concept: CodeableConcept | None, codes: CodeLists) -> bool:
    """Is it told by one code of LOINC or SNOMED CT, or of the site's map, that no rule asks for?"""
    if concept is None or len(concept.coding) != 1:
        return False
    only = concept.coding[0]
    return bool(only.code) and codes.is_told(only.system, only.code)


def _coded(concept: CodeableConcept | None) -> list[tuple[str | None, str | None, str | None]]:
    if concept is None:
        return []
    coded = [(c.system, c.code, c.display) for c in concept.coding]
    return coded if any(code for _, code, _ in coded) else [*coded, *own_words(concept)]


def _version(
    code: AnalyteCode, measured: Measured, observation: Observation, chart: ReadingContext, gaps: list[Gap]
) -> Version:
    value = read_value(code, measured, chart.settings.codes, chart.settings.zone)
    reference = own_reference(observation)
    when = _when(measured, observation, chart, gaps)
    if value.problem:
        gaps.append(_gap(value.problem, measured, observation, chart, value.detail[:_SHOWN]))
    issued = chart.when(observation.issued) if observation.issued else None
    stored = observation.meta.last_updated if observation.meta else None
    updated = chart.when(stored) if stored else None
    # a preliminary value may be shown; a preliminary nothing is still nothing
    is_early = observation.status in _EARLY and value.reading is Reading.USABLE
    result = Result(
        reference,
        code.analyte,
        when,
        Reading.PRELIMINARY if is_early else value.reading,
        value.number,
        value.comparator,
        value.presence,
        value.as_written,
        issued.instant if issued else None,
        value.low,
        value.high,
        level_of(code.level, observation, chart) if code.level else None,
    )
    return Version(result, _STANDING.get(observation.status or "", 0), updated.instant if updated else None)


def _when(
    measured: Measured, observation: Observation, chart: ReadingContext, gaps: list[Gap]
) -> When | None:
    """When it was sampled. `issued` is when it was told, and never stands in for it.

    A date that does not tell the day is kept and named: no rule that counts days can use the result.
    """
    written = observation.effective_date_time or observation.effective_instant
    when = _by_the_wall(effective(written, observation.effective_period, chart), observation, chart, gaps)
    if when is None:
        gaps.append(_gap("DATE_UNREADABLE" if written else "DATE_MISSING", measured, observation, chart))
    elif written and not when.is_one_day:
        gaps.append(_gap("DATE_IMPRECISE", measured, observation, chart, written))
    return when


def _by_the_wall(
    when: When | None, observation: Observation, chart: ReadingContext, gaps: list[Gap]
) -> When | None:
    """A result that lies ahead by no more than the site's offset, and is marked Z, has the wall's time."""
    if when is None or when.instant is None or not when.text.endswith("Z") or not chart.is_ahead(when):
        return when
    local = chart.when(when.text.removesuffix("Z"))
    if local is None or chart.is_ahead(local):
        return when
    gaps.append(Gap("LOCAL_TIME_MARKED_Z", own_reference(observation), when.text))
    return local
