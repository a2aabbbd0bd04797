"""The dose of a study drug that the patient really takes, since when, or why that cannot be told (DECISIONS 22)."""

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import date, datetime, timedelta
from enum import StrEnum

from cds_service.protocol.decisions import Participation
from cds_service.protocol.dose_signs import Sign, Signs, signs_of
from cds_service.protocol.moment import AsOf
from fhir_mappings.vocabulary.facts import (
    MEDICATION_PARTS,
    Arm,
    ClinicalRecord,
    Dose,
    Drug,
    Evidence,
    Known,
    MedicationEvent,
    MedicationSource,
    MedicationStatus,
    Part,
)


@dataclass(frozen=True, slots=True)
class DoseLimits:
    """Days for which a sign of a dose holds."""

    supply_grace_days: int
    level_keeps_dose_days: int
    order_is_current_days: int


class DoseStatus(StrEnum):
    """KNOWN: taken now. NONE: never taken in this study, and nothing says otherwise."""

    KNOWN = "known"
    NONE = "none"
    CONFLICTING = "conflicting"
    NOT_DOCUMENTED = "not-documented"


@dataclass(frozen=True, slots=True)
class DoseStep:
    """A dose, and the earliest sign that it was taken; a new start after an interruption is a new step."""

    day: date
    dose: Dose


@dataclass(frozen=True, slots=True)
class DoseInForce:
    """What is known of one study drug's dose.

    `since`: the earliest sign that this dose was taken. `last_given`: the last documented intake.
    `duplicate_orders`: current orders of the same daily amount, when there is more than one.
    `steps`: all doses taken, oldest first. `given`: documented intakes. `missed`: doses recorded as not given.
    `taken_until`: when the last sign is used up, None while it goes on or when there is none.
    `held`: the newest order is on hold. `pre_study`: only ciclosporin from before the study is on record.
    `pending`: a newer order of another dose without any sign that it was started.
    `incomplete`: part of the medication record could not be read. `claims`: the doses that conflict.
    """

    drug: Drug
    status: DoseStatus
    dose: Dose | None = None
    since: date | None = None
    last_given: datetime | None = None
    last_sign: date | None = None
    duplicate_orders: tuple[Evidence, ...] = ()
    evidence: tuple[Evidence, ...] = ()
    steps: tuple[DoseStep, ...] = ()
    given: tuple[datetime, ...] = ()
    missed: tuple[date, ...] = ()
    taken_until: date | None = None
    held: bool = False
    pre_study: bool = False
    pending: Dose | None = None
    incomplete: bool = False
    claims: tuple[Dose, ...] = ()

    @property
    def taken(self) -> bool:
        """True when a dose is in force."""
        return self.status is DoseStatus.KNOWN


def dose_in_force(
    record: ClinicalRecord, drug: Drug, participation: Participation, as_of: AsOf, limits: DoseLimits
) -> DoseInForce:
    """Reconcile administrations, dispenses, statements, orders and levels of one drug."""
    raise NotImplementedError
