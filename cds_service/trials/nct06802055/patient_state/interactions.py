"""Drugs that change the level of a study drug, or add to its harm: the reviewed table, and who takes them.

Sources: US sirolimus label section 7, ANSM thesaurus October 2020, and population models of Chinese
patients (Wuzhi, glycyrrhizin, silymarin); each row of `reviewed/interactions.toml` names its own.
"""

from collections.abc import Iterable, Mapping
from datetime import date
from enum import StrEnum
from pathlib import Path
from typing import Any, TypeVar

import msgspec

from cds_service.rules.as_of import AsOf
from cds_service.rules.drug_uses import InteractionLimits as InteractionLimits
from cds_service.rules.drug_uses import Use as Use
from cds_service.rules.drug_uses import uses_of
from cds_service.rules.stops import STOPPED
from cds_service.rules.thresholds import FOLDER, Origin, ProtocolTextFault, read_topic
from cds_service.trials.nct06802055.two_drugs import Drug
from fhir_mappings.clinical_model.known_unknown import Evidence
from fhir_mappings.clinical_model.medications import MedicationEvent, MedicationSource, MedicationStatus
from fhir_mappings.clinical_model.messages import Phrase
from fhir_mappings.clinical_model.record import ClinicalRecord

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


class DrugInteraction(msgspec.Struct, frozen=True):
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
        return self.with_sirolimus if drug == Drug.SIROLIMUS else self.with_ciclosporin

    @property
    def name(self) -> Phrase:
        """The drug in words."""
        return Phrase(f"interactions.name.{self.ingredient}")

    @property
    def changes_levels(self) -> bool:
        """True for inhibitors and inducers of CYP3A4 and P-glycoprotein."""
        return self.mechanism in MODULATORS


class ActiveInteraction(msgspec.Struct, frozen=True):
    """An interacting drug in use, or started or stopped not long ago.

    `started`, `stopped`: ends of the latest course, the latest day a partial date may mean, None when not
    told. `evidence`: the newest entry of that course; `orders`: those of its orders that are active now.
    `order_ended`: it counts as taken by what was handed over or said, while every order of it is ended.
    """

    interaction: DrugInteraction
    current: bool
    started: date | None
    stopped: date | None
    evidence: Evidence
    orders: tuple[Evidence, ...] = ()
    order_ended: bool = False


def read_interactions(folder: Path = FOLDER) -> Mapping[str, DrugInteraction]:
    """The table by canonical lower-case ingredient. Raises ProtocolTextFault with every fault found."""
    rows = read_topic("interactions", folder).get("interaction", {})
    faults: list[str] = [] if rows else ["interactions: has no [interaction.<drug>]"]
    table = {name: _row(name, row, faults) for name, row in rows.items()}
    if faults:
        raise ProtocolTextFault(sorted(faults))
    return table


def _row(name: str, row: Mapping[str, Any], faults: list[str]) -> DrugInteraction:
    def member(kind: type[E], key: str, default: E) -> E:
        try:
            return kind(row[key])
        except (KeyError, ValueError):
            faults.append(f"interactions: {name}: {key} must be one of {', '.join(kind)}")
            return default

    caution = InteractionClass.CAUTION
    found = DrugInteraction(
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


def _row_faults(row: DrugInteraction, keys: set[str]) -> list[str]:
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
    table: Mapping[str, DrugInteraction],
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
    table: Mapping[str, DrugInteraction],
    limits: InteractionLimits,
) -> Mapping[str, tuple[Use, ...]]:
    """Every use of an interacting drug on record, by ingredient, oldest first, by the rule above."""
    events = _by_ingredient(record, table)
    uses = {name: tuple(uses_of(events[name], as_of.day, limits)) for name in sorted(events)}
    return {name: some for name, some in uses.items() if some}


def _by_ingredient(
    record: ClinicalRecord, table: Mapping[str, DrugInteraction]
) -> dict[str, list[MedicationEvent]]:
    found: dict[str, list[MedicationEvent]] = {}
    for event in record.medications:
        for ingredient in event.ingredients & table.keys():
            found.setdefault(ingredient, []).append(event)
    return found


def _active(
    interaction: DrugInteraction, events: list[MedicationEvent], day: date, limits: InteractionLimits
) -> ActiveInteraction | None:
    uses = uses_of(events, day, limits)
    if not uses:
        return None
    course = _latest_course(uses, limits.same_course)
    current = any(use.last is None for use in course)
    stopped = None if current else max(use.last for use in course if use.last)
    if stopped and (day - stopped).days > limits.recent_change:
        return None
    starts = [use.first for use in course]
    started = None if None in starts else min(s for s in starts if s)
    newest, orders = _evidence(course[-1]), tuple(_evidence(use) for use in course if _runs(use))
    ended = current and not orders and _is_ended(events)
    return ActiveInteraction(interaction, current, started, stopped, newest, orders, ended)


def _evidence(use: Use) -> Evidence:
    return Evidence(use.event.reference, use.event.start.text if use.event.start else None)


def _is_ended(events: Iterable[MedicationEvent]) -> bool:
    ordered = (e for e in events if e.source is MedicationSource.ORDER and e.is_order_intent)
    return any(event.status in STOPPED for event in ordered)


def _runs(use: Use) -> bool:
    """Is it an order that somebody could stop?"""
    event = use.event
    ordered = event.source is MedicationSource.ORDER and event.is_order_intent
    return ordered and use.last is None and event.status is MedicationStatus.ACTIVE


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
