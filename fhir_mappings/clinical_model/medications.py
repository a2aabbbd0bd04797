"""The study drugs, doses, and every entry about a drug that a rule asks about."""

from collections.abc import Iterable
from datetime import date
from decimal import Decimal
from enum import StrEnum

import msgspec

from fhir_mappings.clinical_model.calendar import When
from fhir_mappings.clinical_model.concepts import Concept
from fhir_mappings.clinical_model.known_unknown import Fact

STRENGTH_UNKNOWN = "STRENGTH_UNKNOWN"
"""The gap of a study drug counted in tablets, capsules or millilitres whose strength nobody has told."""


class Dose(msgspec.Struct, frozen=True):
    """An amount of drug at an interval.

    `parts`: the doses of one day where they differ, highest first: 100 mg in the morning and 75 mg at night
    are Dose(175, 24, (100, 75)).
    """

    amount_mg: Decimal
    every_hours: Decimal
    parts: tuple[Decimal, ...] = ()

    @property
    def daily_mg(self) -> Decimal:
        """Milligrams in 24 hours."""
        return self.amount_mg * 24 / self.every_hours


def day_of_doses(amounts: Iterable[Decimal]) -> Dose:
    """All doses of one day, mg, as one regimen: at an interval when they are alike, else with their parts."""
    each = tuple(sorted(amounts, reverse=True))
    alike = len(set(each)) == 1 and not 24 % len(each)
    return (
        Dose(each[0], Decimal(24 // len(each))) if alike else Dose(sum(each, Decimal(0)), Decimal(24), each)
    )


def apart_in_a_day(times: frozenset[str], others: frozenset[str]) -> bool:
    """True when both say at which times of the day, in one way, and share none (morning, evening)."""
    clocks = {time[:1].isdigit() for time in times | others}
    return bool(times and others) and len(clocks) == 1 and not times & others


class MedicationSource(StrEnum):
    """How a medication entry is known; in falling order of proof that the drug was taken."""

    ADMINISTRATION = "administration"
    DISPENSE = "dispense"
    STATEMENT = "statement"
    ORDER = "order"


class MedicationStatus(StrEnum):
    """The FHIR statuses of the four medication resources, brought to one list."""

    ACTIVE = "active"
    COMPLETED = "completed"
    ON_HOLD = "on-hold"
    STOPPED = "stopped"
    CANCELLED = "cancelled"
    DRAFT = "draft"
    NOT_TAKEN = "not-taken"
    INTENDED = "intended"
    UNKNOWN = "unknown"


class MedicationEvent(msgspec.Struct, frozen=True):
    """One order, dispense, administration or statement of a drug that at least one rule asks about.

    `ingredients` are canonical lower-case names ("tacrolimus", "voriconazole"); a combination has several.
    `systemic` is False for eye drops, creams and coated devices, None when route and form are not told and
    the product does not tell it. `oral` is False for what is injected or otherwise not swallowed, True for
    what is, None when nothing tells it. `dose` is Unknown when it cannot be read to mg, whatever was written.
    One administration has no interval of its own: its `every_hours` is 24 and says nothing. `times`: when on
    each day it is taken ("MORN", "08:00"), where that is told. `start`/`end`: the period taken or
    covered (order: bounds start or authoredOn; bounds end or None); an entry whose lines are dated apart is
    one event per line. `supply_days`: days supplied with all repeats. `stop_reason`: why it was stopped.
    `reason`: why it is given, in words.
    `mg_per_piece`: what one tablet or capsule of an ordered product holds, where that is known.
    `replaces`, `part_of`: the orders that an order takes the place of, and those that it carries out.
    `contradicted`: the dose in figures of an entry whose words say another one; `dose` is then Unknown.
    """

    reference: str
    source: MedicationSource
    status: MedicationStatus
    concepts: frozenset[Concept]
    ingredients: frozenset[str]
    text: str
    systemic: bool | None
    start: When | None
    end: When | None
    dose: Fact[Dose]
    supply_days: Decimal | None = None
    stopped_for_harm: bool = False
    as_needed: bool = False
    single_dose: bool = False
    for_study: bool | None = None
    is_order_intent: bool = True
    as_written: str = ""
    by_text_only: bool = False
    oral: bool | None = None
    times: frozenset[str] = frozenset()
    stop_reason: str = ""
    mg_per_piece: Decimal | None = None
    contradicted: Dose | None = None
    replaces: frozenset[str] = frozenset()
    part_of: frozenset[str] = frozenset()
    reason: str = ""


def begun_on(event: MedicationEvent) -> date:
    """The first day on which it may have begun; an undated one counts as the oldest."""
    return event.start.first if event.start else date.min
