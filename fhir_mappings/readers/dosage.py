"""Dosage instructions -> the dose in milligrams and its interval, or why it cannot be told.

Several instructions count together only when they say that they are taken at different times of the day or
week (morning 2 mg, evening 1 mg). Steps one after the other, or a fixed dose beside an as-needed one, are
CONFLICTING unless their own dates leave exactly one in force.
"""

from collections.abc import Iterable, Sequence
from datetime import date
from decimal import Decimal
from functools import lru_cache
from itertools import combinations
from math import lcm
from typing import Any
from zoneinfo import ZoneInfo

import msgspec

from fhir_mappings.clinical_model.known_unknown import Evidence, Fact, Known, Unknown, WhyUnknown
from fhir_mappings.clinical_model.medications import Dose, day_of_doses
from fhir_mappings.readers.administration_route import agreed, by_mouth, of_route, swallowed
from fhir_mappings.readers.amounts import (
    Strength,
    amount_as_written,
    amount_mg,
    divided,
    lacks_strength,
    plain_amount,
    unit_of,
)
from fhir_mappings.readers.dates import days_of, end_of, when_or_none
from fhir_mappings.readers.dose_instruction_text import contradicts
from fhir_mappings.readers.dose_limits import is_more_than_allowed
from fhir_mappings.readers.fhir_types import CodeableConcept, FhirType, Quantity, Range, Ratio
from fhir_mappings.readers.timing import DAY, Rhythm, Timing, is_single, read_rhythm


class DoseAndRate(FhirType):
    """An amount per dose, ordered or worked out from the order; rates are not read."""

    type: CodeableConcept | None = None
    dose_quantity: Quantity | None = None
    dose_range: Range | None = None


class Dosage(FhirType):
    """One line of dosage instructions."""

    modifier_extension: tuple[dict[str, Any], ...] = ()
    sequence: int | None = None
    text: str | None = None
    patient_instruction: str | None = None
    additional_instruction: tuple[CodeableConcept, ...] = ()
    timing: Timing | None = None
    as_needed_boolean: bool | None = None
    as_needed_codeable_concept: CodeableConcept | None = None
    route: CodeableConcept | None = None
    dose_and_rate: tuple[DoseAndRate, ...] = ()
    max_dose_per_period: Ratio | None = None
    max_dose_per_administration: Quantity | None = None

    @property
    def as_needed(self) -> bool:
        """Taken only when needed."""
        return bool(self.as_needed_boolean or self.as_needed_codeable_concept)


class _Step(msgspec.Struct, frozen=True):
    amount_mg: Decimal
    rhythm: Rhythm


class Instructions(msgspec.Struct, frozen=True):
    """What the dosage lines of one entry come to.

    `dose`: exact, or why it cannot be told. MISSING: nothing is said. UNREADABLE: something is, but not in
    milligrams and hours. CONFLICTING: the lines do not say one thing. `systemic` and `oral` are what the
    routes tell; `times` the times of each day, where every line has its own. `contradicted`: the dose in
    figures, where the words beside it say another one. `without_strength`: `counts_without_strength`.
    """

    dose: Dose | WhyUnknown
    systemic: bool | None
    oral: bool | None
    times: frozenset[str]
    as_written: str
    as_needed: bool
    single_dose: bool
    contradicted: Dose | None = None
    without_strength: bool = False

    def dose_fact(self, reference: str) -> Fact[Dose]:
        """The dose as a fact of the entry `reference`."""
        evidence = Evidence(reference, value=self.as_written or None)
        if isinstance(self.dose, WhyUnknown):
            return Unknown(self.dose, evidence)
        return Known(self.dose, evidence)


def read_instructions(lines: Sequence[Dosage], strength: Strength, day: date, zone: ZoneInfo) -> Instructions:
    """The lines as they stand on `day`."""
    dose = dose_of(lines, strength, day, zone)
    figures = dose_of(lines, strength, day, zone, words=False) if dose is WhyUnknown.UNREADABLE else None
    return Instructions(
        dose,
        agreed(of_route(line.route) for line in lines),
        swallowed(by_mouth(line.route) for line in lines),
        _times_of_day(lines),
        dosage_as_written(lines),
        any(line.as_needed for line in lines),
        is_single_dose(lines),
        figures if isinstance(figures, Dose) else None,
        counts_without_strength(lines, strength),
    )


def dose_of(
    lines: Sequence[Dosage], strength: Strength, day: date, zone: ZoneInfo, *, words: bool = True
) -> Dose | WhyUnknown:
    """The dose that the lines, as they stand on `day`, come to, or why that cannot be told.

    Without `words`, what they say beside their figures is not looked at.
    """
    said = [line for line in lines if line.dose_and_rate or line.timing or line.text]
    if not said:
        return WhyUnknown.MISSING
    current = _in_force(said, day, zone)
    if len(current) > 1 and not _side_by_side(current):
        return WhyUnknown.CONFLICTING
    alone = len(current) == 1
    known = tuple(step for line in current if (step := _step(line, strength, words, alone)) is not None)
    if len(known) < len(current):
        return WhyUnknown.UNREADABLE
    if any(not a.rhythm.never_together_with(b.rhythm) for a, b in combinations(known, 2)):
        return WhyUnknown.CONFLICTING
    return _together(known)


def _times_of_day(lines: Sequence[Dosage]) -> frozenset[str]:
    """The times of each day at which the lines are taken; none where one does not tell, or skips days."""
    rhythms = [read_rhythm(line.timing, line.text) for line in lines]
    daily = [r.times for r in rhythms if r and r.hours == DAY and not r.days and len(r.times) == r.count]
    return frozenset().union(*daily) if daily and len(daily) == len(lines) else frozenset()


def counts_without_strength(lines: Iterable[Dosage], strength: Strength) -> bool:
    """True when a line counts tablets, capsules or millilitres that nobody can turn into milligrams, and says
    the amount in no other way."""
    unread = (line for line in lines if _amount(line.dose_and_rate, strength) is None)
    return any(_lacks_strength(dose, strength) for line in unread for dose in line.dose_and_rate)


def dosage_as_written(instructions: Sequence[Dosage]) -> str:
    """The instructions in the words of the chart, for showing."""
    return "; ".join(t for t in (_words(i) for i in instructions) if t)


def is_single_dose(instructions: Sequence[Dosage]) -> bool:
    """True when one dose is ordered, and no more."""
    return len(instructions) == 1 and is_single(instructions[0].timing, instructions[0].text)


def _words(instruction: Dosage) -> str:
    if instruction.text:
        return instruction.text
    amounts = [d.dose_quantity for d in instruction.dose_and_rate if d.dose_quantity]
    code = instruction.timing.code if instruction.timing else None
    parts = [amount_as_written(amount) for amount in amounts]
    if code:
        parts.append(code.text or next((c.display or c.code or "" for c in code.coding), ""))
    return " ".join(p for p in parts if p)


def _in_force(instructions: list[Dosage], day: date, zone: ZoneInfo) -> list[Dosage]:
    """Those whose own dates hold the day; all of them when no dates, or no such day, are told."""
    if len(instructions) == 1:
        return instructions
    holding = [i for i in instructions if _holds(i, day, zone)]
    return holding or instructions


def _holds(instruction: Dosage, day: date, zone: ZoneInfo) -> bool:
    first, last = bounds_of(instruction, zone)
    return (first is None or first <= day) and (last is None or day <= last)


def bounds_of(instruction: Dosage, zone: ZoneInfo) -> tuple[date | None, date | None]:
    """First and last day of a line, where its own dates tell them."""
    repeat = instruction.timing.repeat if instruction.timing else None
    period = repeat.bounds_period if repeat else None
    if repeat is None or period is None:
        return None, None
    start, end = when_or_none(period.start, zone), end_of(when_or_none(period.end, zone))
    return (start.first if start else None), (end.last if end else None)


def _side_by_side(instructions: list[Dosage]) -> bool:
    """Concurrent lines: none as needed, none numbered or dated differently from another."""
    numbers = {i.sequence for i in instructions}
    bounds = {_duration(i) for i in instructions}
    return len(numbers) == 1 and len(bounds) == 1 and not any(i.as_needed for i in instructions)


def _duration(instruction: Dosage) -> tuple[str | None, str | None, Decimal | None]:
    repeat = instruction.timing.repeat if instruction.timing else None
    period = repeat.bounds_period if repeat else None
    length = days_of(repeat.bounds_duration) if repeat else None
    return (period.start if period else None, period.end if period else None, length)


def _step(instruction: Dosage, strength: Strength, words: bool, alone: bool) -> _Step | None:
    if instruction.modifier_extension:
        return None
    amount = _amount(instruction.dose_and_rate, strength)
    rhythm = read_rhythm(instruction.timing, instruction.text)
    if rhythm is None and is_single(instruction.timing, instruction.text):
        rhythm = Rhythm(1, DAY)
    if amount is None or rhythm is None or rhythm.hours % 1:
        return None
    step = _Step(amount, rhythm)
    return None if words and _contradicts_itself(instruction, step, strength, alone) else step


def _contradicts_itself(line: Dosage, step: _Step, strength: Strength, alone: bool) -> bool:
    """True where words or a limit beside the figures say another dose, or that it is not taken now.

    How often is asked only of a line that stands `alone`: each of two may carry the words of the whole day.
    """
    daily = step.amount_mg * step.rhythm.count * 24 / step.rhythm.hours
    each, rhythm = strength.mg_per_piece, step.rhythm if alone else None
    texts = _said_beside(line)
    if texts and contradicts(texts, step.amount_mg, daily, each, rhythm):
        return True
    most = (line.max_dose_per_period, line.max_dose_per_administration)
    return any(most) and is_more_than_allowed(step.amount_mg, daily, *most, strength)


def _said_beside(line: Dosage) -> list[str]:
    texts = [line.text, line.patient_instruction]
    for concept in line.additional_instruction:
        texts += (concept.text, *(one.display for one in concept.coding))
    return [text for text in texts if text]


def _amount(doses: tuple[DoseAndRate, ...], strength: Strength) -> Decimal | None:
    """The one amount of a line: the ordered one, else the one in mass, and no other that contradicts it.

    Systems send the calculated dose and the tablets to take beside the ordered one. What is no amount of drug
    (mg/kg, tablets of a strength that nobody has told) contradicts nothing; two amounts do.
    """
    told = [dose for dose in doses if dose.dose_quantity or dose.dose_range]
    if len(told) > 1:
        told = [dose for dose in told if _is_ordered(dose) or _is_amount(dose, strength)] or told
    found = {_one_amount(dose, strength) for dose in told}
    return found.pop() if len(found) == 1 else None


def _is_ordered(dose: DoseAndRate) -> bool:
    said = [dose.type.text, *(coding.code for coding in dose.type.coding)] if dose.type else []
    return any(word.strip().casefold() == "ordered" for word in said if word)


def _is_amount(dose: DoseAndRate, strength: Strength) -> bool:
    if dose.dose_quantity is not None and unit_of(dose.dose_quantity) is None:
        return False
    return not _lacks_strength(dose, strength)


def _lacks_strength(dose: DoseAndRate, strength: Strength) -> bool:
    ends = (dose.dose_range.low, dose.dose_range.high) if dose.dose_range else ()
    return any(lacks_strength(amount, strength) for amount in (dose.dose_quantity, *ends))


def _one_amount(dose: DoseAndRate, strength: Strength) -> Decimal | None:
    if dose.dose_quantity is not None:
        return amount_mg(dose.dose_quantity, strength)
    ends = dose.dose_range
    if ends is None or ends.low is None or ends.high is None:
        return None
    low, high = amount_mg(ends.low, strength), amount_mg(ends.high, strength)
    return low if low == high else None


@lru_cache(maxsize=1024)
def _together(steps: tuple[_Step, ...]) -> Dose:
    """One dose for all lines: at its interval when all doses are alike, else the total of a day or week."""
    hours = lcm(*(int(s.rhythm.hours) for s in steps))
    doses = [(s.amount_mg, s.rhythm.count * hours // int(s.rhythm.hours)) for s in steps]
    every = divided(Decimal(hours), Decimal(sum(count for _, count in doses)))
    if len({amount for amount, _ in doses}) == 1 and every is not None:
        return Dose(doses[0][0], every)
    cycle = lcm(hours, 24)
    if cycle == 24:
        return day_of_doses(amount for amount, count in doses for _ in range(count * 24 // hours))
    return Dose(plain_amount(sum((a * c for a, c in doses), Decimal(0)) * (cycle // hours)), Decimal(cycle))
