"""Drugs that change the level of a study drug, or add to its harm: the reviewed table, and who takes them.

Sources: US sirolimus label section 7, ANSM thesaurus October 2020, and population models of Chinese
patients (Wuzhi, glycyrrhizin, silymarin); each row of `nct06802055/interactions.toml` names its own.
"""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from datetime import date
from enum import StrEnum
from pathlib import Path
from typing import Any, TypeVar

from cds_service.protocol.moment import AsOf
from cds_service.protocol.parameters import FOLDER, Origin, ProtocolTextFault, read_topic
from fhir_mappings.vocabulary.calendar import When, days_after
from fhir_mappings.vocabulary.facts import Evidence
from fhir_mappings.vocabulary.medications import Drug, MedicationEvent, MedicationSource, MedicationStatus
from fhir_mappings.vocabulary.record import ClinicalRecord

E = TypeVar("E", bound=StrEnum)


class Mechanism(StrEnum):
    """How a drug interacts. Inhibitors and inducers are those of CYP3A4 and P-glycoprotein."""

    STRONG_INHIBITOR = "strong-inhibitor"
    MODERATE_INHIBITOR = "moderate-inhibitor"
    STRONG_INDUCER = "strong-inducer"
    MODERATE_INDUCER = "moderate-inducer"
    NEPHROTOXIC = "nephrotoxic"
    STATIN = "statin"
    HYPERKALAEMIA = "hyperkalaemia"
    ANGIOEDEMA = "angioedema"
    OTHER = "other"


MODULATORS = frozenset(
    {
        Mechanism.STRONG_INHIBITOR,
        Mechanism.MODERATE_INHIBITOR,
        Mechanism.STRONG_INDUCER,
        Mechanism.MODERATE_INDUCER,
    }
)
"""The mechanisms that change the level of a study drug."""


class InteractionClass(StrEnum):
    """How far two drugs may be given together, as the label or thesaurus says."""

    CONTRAINDICATED = "contraindicated"
    AVOID = "avoid"
    CAUTION = "caution"


@dataclass(frozen=True, slots=True)
class Interaction:
    """One row of the table.

    `critical_with` is the study drug for which the pair is on the closed list of DECISIONS 33.
    """

    ingredient: str
    mechanism: Mechanism
    with_sirolimus: InteractionClass | None
    with_ciclosporin: InteractionClass | None
    origin: Origin
    source: str
    critical_with: Drug | None = None

    def class_with(self, drug: Drug) -> InteractionClass | None:
        """The class with one study drug."""
        return self.with_sirolimus if drug is Drug.SIROLIMUS else self.with_ciclosporin

    @property
    def changes_levels(self) -> bool:
        """True for inhibitors and inducers of CYP3A4 and P-glycoprotein."""
        return self.mechanism in MODULATORS


@dataclass(frozen=True, slots=True)
class ActiveInteraction:
    """An interacting drug in use, or started or stopped not long ago.

    `started`, `stopped`: ends of the latest course, the latest day a partial date may mean, None when not
    told. `evidence`: the newest entry of that course.
    """

    interaction: Interaction
    current: bool
    started: date | None
    stopped: date | None
    evidence: Evidence


@dataclass(frozen=True, slots=True)
class InteractionLimits:
    """Days that decide whether an entry means that the drug is taken."""

    order_is_current: int
    recent_change: int
    assumed_supply: int
    administration_counts: int
    same_course: int


@dataclass(frozen=True, slots=True)
class Use:
    """One entry read as a time of use; `last` is None while it goes on."""

    first: date | None
    last: date | None
    event: MedicationEvent


_NEVER_TAKEN = frozenset(MedicationStatus(s) for s in ("cancelled", "draft", "not-taken", "intended"))
_GOING_ON = frozenset({MedicationStatus.ACTIVE, MedicationStatus.UNKNOWN})


def read_interactions(folder: Path = FOLDER) -> Mapping[str, Interaction]:
    """The table by canonical lower-case ingredient. Raises ProtocolTextFault with every fault found."""
    faults: list[str] = []
    table = {
        name: _row(name, row, faults)
        for name, row in read_topic("interactions", folder)["interaction"].items()
    }
    if faults:
        raise ProtocolTextFault(sorted(faults))
    return table


def _row(name: str, row: Mapping[str, Any], faults: list[str]) -> Interaction:
    def member(kind: type[E], key: str, default: E) -> E:
        try:
            return kind(row[key])
        except (KeyError, ValueError):
            faults.append(f"interactions: {name}: {key} must be one of {', '.join(kind)}")
            return default

    caution = InteractionClass.CAUTION
    found = Interaction(
        ingredient=name,
        mechanism=member(Mechanism, "mechanism", Mechanism.OTHER),
        with_sirolimus=member(InteractionClass, "with_sirolimus", caution)
        if "with_sirolimus" in row
        else None,
        with_ciclosporin=member(InteractionClass, "with_ciclosporin", caution)
        if "with_ciclosporin" in row
        else None,
        origin=member(Origin, "origin", Origin.ASSUMPTION),
        source=row.get("source", ""),
        critical_with=member(Drug, "critical_with", Drug.SIROLIMUS) if "critical_with" in row else None,
    )
    faults += _row_faults(found, set(row))
    return found


def _row_faults(row: Interaction, keys: set[str]) -> list[str]:
    known = {"mechanism", "with_sirolimus", "with_ciclosporin", "critical_with", "origin", "source"}
    faults = [f"interactions: {row.ingredient}: {key} is not known" for key in keys - known]
    if row.ingredient != row.ingredient.lower():
        faults.append(f"interactions: {row.ingredient}: names are lower-case")
    if not row.source:
        faults.append(f"interactions: {row.ingredient}: has no source")
    if row.with_sirolimus is None and row.with_ciclosporin is None:
        faults.append(f"interactions: {row.ingredient}: interacts with neither study drug")
    if row.critical_with and row.class_with(row.critical_with) is not InteractionClass.CONTRAINDICATED:
        faults.append(f"interactions: {row.ingredient}: critical, but not contraindicated")
    return faults


def active_interactions(
    record: ClinicalRecord,
    as_of: AsOf,
    table: Mapping[str, Interaction],
    limits: InteractionLimits,
) -> tuple[ActiveInteraction, ...]:
    """Interacting drugs in systemic use, and those started or stopped within `recent_change` days.

    A statement or an order going on counts as use, an order only for `order_is_current` days after its start,
    or while a dispense, administration or statement of that drug lies within that time; a dispense while its
    supply lasts; an administration for `administration_counts` days. Drafts, cancelled, intended and
    not-taken entries, eye drops and creams never count. By ingredient.
    """
    found = (
        _active(table[name], events, as_of.day, limits)
        for name, events in sorted(_by_ingredient(record, table).items())
    )
    return tuple(active for active in found if active)


def interacting_uses(
    record: ClinicalRecord,
    as_of: AsOf,
    table: Mapping[str, Interaction],
    limits: InteractionLimits,
) -> Mapping[str, tuple[Use, ...]]:
    """Every use of an interacting drug on record, by ingredient, oldest first, by the rule above."""
    events = _by_ingredient(record, table)
    return {name: tuple(_uses(events[name], as_of.day, limits)) for name in sorted(events)}


def _by_ingredient(
    record: ClinicalRecord, table: Mapping[str, Interaction]
) -> dict[str, list[MedicationEvent]]:
    found: dict[str, list[MedicationEvent]] = {}
    for event in record.medications:
        if event.systemic is not False and event.status not in _NEVER_TAKEN:
            for ingredient in event.ingredients & table.keys():
                found.setdefault(ingredient, []).append(event)
    return found


def is_in_use(events: Iterable[MedicationEvent], day: date, limits: InteractionLimits) -> bool:
    """Does any of these entries of one ingredient say that it is taken now, by the rule above?"""
    taken = [e for e in events if e.systemic is not False and e.status not in _NEVER_TAKEN]
    signed = any(e.source is not MedicationSource.ORDER and _recent(e, day, limits) for e in taken)
    uses = (_use(e, day, limits, signed=signed) for e in taken)
    return any(use is not None and use.last is None for use in uses)


def _active(
    interaction: Interaction, events: list[MedicationEvent], day: date, limits: InteractionLimits
) -> ActiveInteraction | None:
    uses = _uses(events, day, limits)
    if not uses:
        return None
    course = _latest_course(uses, limits.same_course)
    current = any(use.last is None for use in course)
    stopped = None if current else max(use.last for use in course if use.last)
    if stopped and (day - stopped).days > limits.recent_change:
        return None
    starts = [use.first for use in course]
    started = None if None in starts else min(s for s in starts if s)
    newest = course[-1].event
    told = newest.start.text if newest.start else None
    return ActiveInteraction(interaction, current, started, stopped, Evidence(newest.reference, told))


def _uses(events: list[MedicationEvent], day: date, limits: InteractionLimits) -> list[Use]:
    signed = any(e.source is not MedicationSource.ORDER and _recent(e, day, limits) for e in events)
    return [use for e in events if (use := _use(e, day, limits, signed=signed))]


def _recent(event: MedicationEvent, day: date, limits: InteractionLimits) -> bool:
    return event.start is not None and _days_since(event.start, day) <= limits.order_is_current


def _days_since(when: When | None, day: date) -> int:
    return (day - min(when.last, day)).days if when else 0


def _use(event: MedicationEvent, day: date, limits: InteractionLimits, *, signed: bool) -> Use | None:
    """The time of use that one entry tells of; None for one that lies ahead or is too old to tell."""
    if event.start and event.start.first > day:
        return None
    first = min(event.start.last, day) if event.start else None
    if _goes_on(event, day, limits):
        order = event.source is MedicationSource.ORDER
        stale = order and _days_since(event.start, day) > limits.order_is_current
        return None if stale and not signed else Use(first, None, event)
    last = event.end.last if event.end else _last_day(event, first or day, limits)
    return Use(first, min(last, day), event)


def _goes_on(event: MedicationEvent, day: date, limits: InteractionLimits) -> bool:
    if event.source is MedicationSource.ADMINISTRATION:
        return _days_since(event.end or event.start, day) <= limits.administration_counts
    if event.end and event.end.last < day:
        return False
    if event.single_dose:
        return _days_since(event.start, day) == 0
    if event.source is MedicationSource.DISPENSE:
        return day <= _last_day(event, event.start.last if event.start else day, limits)
    return event.status in _GOING_ON


def _last_day(event: MedicationEvent, first: date, limits: InteractionLimits) -> date:
    """The last day of an entry that states no end."""
    if event.single_dose or event.source is MedicationSource.ADMINISTRATION:
        return first
    days = int(event.supply_days) if event.supply_days else limits.assumed_supply
    return days_after(first, max(days - 1, 0))


def _latest_course(uses: Iterable[Use], gap: int) -> list[Use]:
    """The uses that run into one another up to the latest; an undated one joins whatever there is."""
    course: list[Use] = []
    end: date | None = date.min
    for use in sorted(uses, key=lambda u: u.first or date.min):
        if course and end and use.first and (use.first - end).days > gap:
            course = []
            end = date.min
        course.append(use)
        end = None if end is None or use.last is None else max(end, use.last)
    return course
