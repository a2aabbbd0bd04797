"""The ways in which a chart may be read where results of one moment differ (DECISIONS 48).

Each way believes one result of each moment and leaves out the others, so that no rule has to choose. Drug
levels are left as they are: their own rule says when two contradict each other, and which one speaks.
"""

from collections.abc import Iterable, Iterator, Sequence
from decimal import Decimal
from itertools import product
from math import prod

import msgspec
from msgspec.structs import replace

from cds_service.trials.nct06802055.two_drugs import Drug
from fhir_mappings.clinical_model.known_unknown import Gap
from fhir_mappings.clinical_model.pairs import Pair
from fhir_mappings.clinical_model.record import ClinicalRecord
from fhir_mappings.clinical_model.results import Analyte, Presence, Result

_LEVELS = frozenset(Analyte(drug.value) for drug in Drug)
_EVERY_WAY = 16
"""Up to so many ways, all are tried; four moments with two results each."""
_TURNS = 8
"""With more moments, "low before, high after" and the reverse are tried at the last so many of them."""

_Choice = tuple[int, ...]
"""For each pair the place of the option that is believed."""


class SameMomentLimits(msgspec.Struct, frozen=True):
    """`same_moment.toml`: up to which part of the lower one two results are one."""

    same_part: Decimal


class Ways(msgspec.Struct, frozen=True):
    """`each`: the chart with each result of a moment, for what must not miss a danger.

    `settled`: with one result where the other is near and coarser, for what is decided only if all agree.
    """

    each: tuple[ClinicalRecord, ...]
    settled: tuple[ClinicalRecord, ...]


def ways_of(record: ClinicalRecord, limits: SameMomentLimits) -> Ways:
    """The charts to judge; the chart itself where no two results differ. Their pairs are those to name."""
    if not record.pairs:
        return Ways((record,), (record,))
    named = tuple(pair for pair in record.pairs if not _are_near(pair, limits))
    split = [pair for pair in record.pairs if pair.analyte not in _LEVELS]
    some = [_options(pair) for pair in split]
    finer = [_options(_without_coarser(pair, limits)) for pair in split]
    everything = [set(pair.results) for pair in split]
    return Ways(
        tuple(_read(record, named, some, choice, everything) for choice in _choices(some)),
        tuple(_read(record, named, finer, choice, everything) for choice in _choices(finer)),
    )


def gap_of(pair: Pair) -> Gap:
    """The pair by name: what was measured, when, and the results as they stand."""
    written = " | ".join(dict.fromkeys(result.as_written for result in pair.results))
    detail = f"{pair.analyte.value}, {pair.when.text}: {written}"
    return Gap("RESULTS_DIFFER", pair.reference, detail)


def _options(pair: Pair) -> list[tuple[Result, ...]]:
    """From low to high, from negative to positive."""
    return sorted(pair.options, key=lambda option: max(map(_height, option)))


def _height(result: Result) -> tuple[bool, Decimal]:
    return result.presence is Presence.POSITIVE, Decimal(0) if result.number is None else result.number


def _read(
    record: ClinicalRecord,
    named: tuple[Pair, ...],
    options: Sequence[Sequence[tuple[Result, ...]]],
    choice: _Choice,
    everything: Sequence[set[Result]],
) -> ClinicalRecord:
    """The chart without the results that are not believed."""
    dropped: set[Result] = set()
    for some, place, all_of_them in zip(options, choice, everything, strict=True):
        dropped |= all_of_them - set(some[place])
    return replace(record, results=tuple(r for r in record.results if r not in dropped), pairs=named)


# ---------------------------------------------------------------- near


def _are_near(pair: Pair, limits: SameMomentLimits) -> bool:
    """True when any two of the options may pass for one result."""
    return all(_near(one, other, limits) for one in pair.options for other in pair.options)


def _without_coarser(pair: Pair, limits: SameMomentLimits) -> Pair:
    """The pair without the options that a finer one, near to them, stands for."""
    kept = [
        place
        for place, (option, step) in enumerate(zip(pair.options, pair.steps, strict=True))
        if not any(
            finer < step and _near(option, better, limits)
            for better, finer in zip(pair.options, pair.steps, strict=True)
        )
    ]
    return Pair(tuple(pair.options[i] for i in kept), tuple(pair.steps[i] for i in kept))


def _near(option: Iterable[Result], other: Sequence[Result], limits: SameMomentLimits) -> bool:
    return all(any(_within(one, two, limits) for two in other) for one in option)


def _within(one: Result, other: Result, limits: SameMomentLimits) -> bool:
    if one == other:
        return True
    if one.number is None or other.number is None:
        return False
    if one.comparator is not other.comparator or one.presence is not other.presence:
        return False
    return abs(one.number - other.number) <= limits.same_part * min(abs(one.number), abs(other.number))


# ---------------------------------------------------------------- which ways


def _choices(options: Sequence[Sequence[object]]) -> list[_Choice]:
    """Every way, where they are few; else ways that hold each two results of any two moments together.

    All low, all high, low before and high after each of the last moments, and the reverse; and for each
    binary digit of a moment's place those with it high and the others low, and the reverse.
    """
    sizes = [len(some) for some in options]
    if prod(sizes) <= _EVERY_WAY:
        return list(product(*(range(size) for size in sizes)))
    return list(dict.fromkeys(tuple(_mixed(sizes))))


def _mixed(sizes: Sequence[int]) -> Iterator[_Choice]:
    places = range(len(sizes))
    patterns = [[False for _ in places]]
    patterns += [[place >= turn for place in places] for turn in places[-_TURNS:]]
    patterns += [[bool(place >> digit & 1) for place in places] for digit in range(len(sizes).bit_length())]
    for pattern in patterns:
        for high in (True, False):
            yield tuple(
                size - 1 if is_high is high else 0 for size, is_high in zip(sizes, pattern, strict=True)
            )
