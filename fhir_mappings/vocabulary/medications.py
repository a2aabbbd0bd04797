"""The study drugs, doses, and every entry about a drug that a rule asks about."""

from dataclasses import dataclass
from decimal import Decimal
from enum import StrEnum

from fhir_mappings.vocabulary.calendar import When
from fhir_mappings.vocabulary.concepts import Concept
from fhir_mappings.vocabulary.facts import Fact

STRENGTH_UNKNOWN = "STRENGTH_UNKNOWN"
"""The gap of a study drug counted in tablets, capsules or millilitres whose strength nobody has told."""


class Drug(StrEnum):
    """The two study drugs."""

    SIROLIMUS = "sirolimus"
    CICLOSPORIN = "ciclosporin"


@dataclass(frozen=True, slots=True)
class Dose:
    """An amount of drug at an interval."""

    amount_mg: Decimal
    every_hours: Decimal

    @property
    def daily_mg(self) -> Decimal:
        """Milligrams in 24 hours."""
        return self.amount_mg * 24 / self.every_hours


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


@dataclass(frozen=True, slots=True)
class MedicationEvent:
    """One order, dispense, administration or statement of a drug that at least one rule asks about.

    `ingredients` are canonical lower-case names ("sirolimus", "voriconazole"); a combination has several.
    `systemic` is False for eye drops, creams and coated devices, None when route and form are not told and
    the product does not tell it. `dose` is Unknown when it cannot be read to mg, whatever was written;
    a dose split unevenly over the day has `Dose(total, 24)`. One administration has no interval of its own:
    its `every_hours` is 24 and says nothing. `start`/`end`: the period taken or covered (order: bounds start
    or authoredOn; bounds end or None). `supply_days`: days supplied with all repeats. `reason`: why it is
    given, in words.
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
    reason: str = ""
