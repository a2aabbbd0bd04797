"""One event per step of an entry about a study drug whose dosage lines are dated apart (DECISIONS 54)."""

from collections.abc import Iterable, Iterator, Sequence
from decimal import Decimal

import msgspec
from msgspec.structs import replace

from fhir_mappings.clinical_model.calendar import When, on_day
from fhir_mappings.clinical_model.known_unknown import WhyUnknown
from fhir_mappings.clinical_model.medications import Dose, MedicationEvent, MedicationSource
from fhir_mappings.readers.dosage import Dosage, Instructions, read_instructions
from fhir_mappings.readers.drug_identification import DrugSeen
from fhir_mappings.readers.fhir_types import Quantity
from fhir_mappings.readers.phases import Phase, phases, shared_out
from fhir_mappings.readers.reading_context import ReadingContext
from fhir_mappings.value_sets.said_words import remember_words

_USUAL_LENGTH, _MOST = 1000, 1000  # characters of the dosage lines of one entry; how many of those are kept
_said: dict[object, Instructions] = {}  # what a prescription says is said again by each of its dispenses


def is_study_drug(drug: DrugSeen, chart: ReadingContext) -> bool:
    """A product of one drug that the trial gives, and of nothing else."""
    return len(drug.ingredients) == 1 and drug.ingredients <= chart.settings.trial.drugs


def instructions(lines: Sequence[Dosage], drug: DrugSeen, chart: ReadingContext) -> Instructions:
    """What the lines come to; milligrams of a combination are nobody's dose."""
    written = msgspec.json.encode(lines)
    key = (written, drug.strength, len(drug.ingredients) > 1, chart.day, chart.settings.zone)
    memory = _said if len(written) <= _USUAL_LENGTH else chart.instructions
    try:
        return memory[key]
    except KeyError:
        said = read_instructions(lines, drug.strength, chart.day, chart.settings.zone)
        if len(drug.ingredients) > 1 and isinstance(said.dose, Dose):
            said = replace(said, dose=WhyUnknown.UNREADABLE)
        return remember_words(memory, key, said, _MOST)


def in_steps(
    event: MedicationEvent,
    lines: Sequence[Dosage],
    supply: Decimal | Quantity | None,
    drug: DrugSeen,
    chart: ReadingContext,
) -> Iterable[MedicationEvent]:
    """The event as it is, or each step of it. `supply`: the days, or the amount, that it was for.

    A step of a supply or a statement that lies ahead is left out: nobody has taken it yet.
    """
    may_step = len(lines) > 1 and is_study_drug(drug, chart)
    steps = phases(lines, chart.settings.zone) if may_step else ()
    supplied = event.source is MedicationSource.DISPENSE
    if len(steps) < 2 or (supplied and event.start is None):
        return (event,)
    if event.source is MedicationSource.ORDER:
        return [_ordered(event, step, supply, drug, chart) for step in steps]
    if supplied and event.start:
        return _supplied(event, event.start, steps, supply, drug, chart)
    return [_cut(event, step, drug, chart) for step in steps if _overlap(event, step, chart)]


def _ordered(
    event: MedicationEvent,
    step: Phase,
    supply: Decimal | Quantity | None,
    drug: DrugSeen,
    chart: ReadingContext,
) -> MedicationEvent:
    """One step of an order; what is left of its supply, where the days of it are told."""
    cut, left = _cut(event, step, drug, chart), None
    if isinstance(supply, Decimal) and event.start and cut.start:
        left = max(supply - (cut.start.first - event.start.first).days, Decimal(0))
    return replace(cut, supply_days=left)


def _supplied(
    event: MedicationEvent,
    handed_over: When,
    steps: Sequence[Phase],
    supply: Decimal | Quantity | None,
    drug: DrugSeen,
    chart: ReadingContext,
) -> Iterator[MedicationEvent]:
    """The steps that the supply reaches; of an unknown supply only the step of the day it was handed over."""
    since = handed_over.last
    reached = list(shared_out(steps, since, supply, drug.strength, chart.settings.zone))
    for step, days in reached:
        cut = _cut(event, step, drug, chart)
        if not chart.is_ahead(cut.start):
            yield replace(cut, supply_days=days, end=None)
    if not reached:
        step = next((s for s in steps if s.last is None or since <= s.last), steps[-1])
        yield replace(_cut(event, step, drug, chart), start=handed_over, end=None)


def _overlap(event: MedicationEvent, step: Phase, chart: ReadingContext) -> bool:
    if step.first and (step.first > chart.day or (event.end and step.first > event.end.last)):
        return False
    return not (step.last and event.start and step.last < event.start.first)


def _cut(event: MedicationEvent, step: Phase, drug: DrugSeen, chart: ReadingContext) -> MedicationEvent:
    """The event between the days of one step, with what its lines say."""
    said = instructions(step.lines, drug, chart)
    begins_later = step.first and (event.start is None or event.start.last < step.first)
    ends_sooner = step.last and (event.end is None or step.last < event.end.last)
    return replace(
        event,
        start=on_day(step.first) if step.first and begins_later else event.start,
        end=on_day(step.last) if step.last and ends_sooner else event.end,
        dose=said.dose_fact(event.reference),
        as_needed=said.as_needed,
        single_dose=said.single_dose,
        as_written=said.as_written,
        times=said.times,
        contradicted=said.contradicted,
    )
