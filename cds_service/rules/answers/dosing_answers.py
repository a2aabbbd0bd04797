"""What titration may say about a study drug, and the level it looked at."""

from datetime import date
from decimal import Decimal
from enum import StrEnum

import msgspec

from cds_service.rules.answers.causes import Cause
from cds_service.rules.answers.forecast_answer import Outlook
from cds_service.rules.thresholds import Rule
from fhir_mappings.clinical_model.known_unknown import Evidence
from fhir_mappings.clinical_model.medications import Dose
from fhir_mappings.clinical_model.messages import Phrase
from fhir_mappings.clinical_model.results import Comparator


class State(StrEnum):
    """What titration may propose."""

    INITIATE = "INITIATE"
    CONTINUE = "CONTINUE"
    INCREASE = "INCREASE"
    DECREASE = "DECREASE"
    HOLD = "HOLD"
    STOP_REVIEW = "STOP_REVIEW"
    RECHECK = "RECHECK"
    AT_CAP_BELOW_TARGET = "AT_CAP_BELOW_TARGET"
    CANNOT_ADVISE = "CANNOT_ADVISE"


class Validity(StrEnum):
    """Whether a drug level may be titrated on, decided before the number is looked at (DECISIONS 24)."""

    VALID = "VALID"
    ASSUMED_TROUGH = "ASSUMED_TROUGH"
    NOT_TROUGH = "NOT_TROUGH"
    NOT_STEADY_STATE = "NOT_STEADY_STATE"
    STALE = "STALE"
    IMPLAUSIBLE = "IMPLAUSIBLE"
    WRONG_SPECIMEN = "WRONG_SPECIMEN"
    WRONG_ASSAY = "WRONG_ASSAY"
    UNIT_UNUSABLE = "UNIT_UNUSABLE"
    BELOW_QUANTIFICATION = "BELOW_QUANTIFICATION"
    ABOVE_QUANTIFICATION = "ABOVE_QUANTIFICATION"
    CONFLICTING = "CONFLICTING"
    MISSING = "MISSING"


class Trough(msgspec.Struct, frozen=True):
    """The level that titration looks at, ng/mL, and whether it may be used."""

    validity: Validity
    value: Decimal | None = None
    comparator: Comparator | None = None
    collected: str | None = None
    day: date | None = None
    reference: str | None = None
    method: str | None = None


class Band(msgspec.Struct, frozen=True):
    """A target range in ng/mL, both ends inside; `sentence` is the key of the words that say it."""

    low: Decimal
    high: Decimal
    sentence: str = "level.band"


class DoseBounds(msgspec.Struct, frozen=True):
    """The lowest and highest dose, mg, and the interval, h, that the trial record allows."""

    low_mg: Decimal
    high_mg: Decimal
    every_hours: Decimal

    @property
    def high_mg_per_day(self) -> Decimal:
        """The most in 24 hours."""
        return self.high_mg * 24 / self.every_hours

    def allow_amounts(self, dose: Dose) -> bool:
        """Is each dose of an uneven day within the bounds, and the day's amount within the day's?"""
        each = dose.parts or (dose.amount_mg,)
        inside = all(self.low_mg <= mg <= self.high_mg for mg in each)
        lowest, highest = self.low_mg * 24 / self.every_hours, self.high_mg * 24 / self.every_hours
        return inside and lowest <= dose.daily_mg <= highest

    def allow(self, dose: Dose) -> bool:
        """The same, at the interval of the trial record."""
        hours = dose.every_hours / max(len(dose.parts), 1)
        return hours == self.every_hours and self.allow_amounts(dose)

    def dose(self, amount_mg: Decimal) -> Dose:
        """The amount at the interval of the record."""
        return Dose(amount_mg, self.every_hours)

    def amount(self, dose: Dose) -> Decimal:
        """What a dose comes to per interval of the record, mg."""
        return dose.daily_mg * self.every_hours / 24


class Recheck(msgspec.Struct, frozen=True):
    """Which test is wanted again, and when: a window of days, for a level fit for titration."""

    test: str
    not_before: date | None
    by: date | None


class TitrationDecision(msgspec.Struct, frozen=True):
    """What to do with one study drug. `reasons` are stable codes, e.g. "DOSE_NOT_DOCUMENTED".

    `ends` are the active orders of the drug: a change replaces them, a hold suspends them.
    `outlook` stands beside it where a site forecasts; nothing in the decision depends on it. `held_at_most`:
    the highest dose that may be given while a hold is open. `previous`: the level before the one looked at.
    `causes`: what may have raised the level or harmed the kidneys; `seen` says them already. `on_hold`: its
    order is on hold by the record, `on_hold_since` from which day, where that is told. `allowed`: the bounds
    of the record in the patient's state; none where the kidneys forbid the drug or are not known.
    """

    drug: str
    state: State
    rule: Rule
    seen: Phrase
    current: Dose | None = None
    proposed: Dose | None = None
    trough: Trough = msgspec.field(default_factory=lambda: Trough(Validity.MISSING))
    target: Band | None = None
    reasons: tuple[str, ...] = ()
    alternatives: tuple[Dose, ...] = ()
    recheck: Recheck | None = None
    outlook: Outlook | None = None
    held_at_most: Dose | None = None
    ends: tuple[Evidence, ...] = ()
    previous: Trough | None = None
    causes: tuple[Cause, ...] = ()
    on_hold: bool = False
    on_hold_since: date | None = None
    allowed: DoseBounds | None = None
