"""Which drug level titration looks at, and whether it may be used; and the level that is a danger by itself."""

from dataclasses import dataclass
from decimal import Decimal

from cds_service.protocol.decisions import Trough
from cds_service.protocol.dose_in_force import DoseInForce
from cds_service.protocol.interactions import ActiveInteraction
from cds_service.protocol.moment import AsOf
from fhir_mappings.vocabulary.facts import ClinicalRecord, Drug, Result


@dataclass(frozen=True, slots=True)
class LevelLimits:
    """What makes a drug level fit for titration. Levels in ng/mL, ages in days, timing in hours."""

    sirolimus_lloq: Decimal


def titration_level(
    record: ClinicalRecord,
    dose: DoseInForce,
    other: DoseInForce | None,
    interactions: tuple[ActiveInteraction, ...],
    as_of: AsOf,
    limits: LevelLimits,
) -> Trough:
    """The level to titrate on, with its validity (DECISIONS 24)."""
    raise NotImplementedError


def dangerous_level(record: ClinicalRecord, drug: Drug, as_of: AsOf, limits: LevelLimits) -> Result | None:
    """A level that asks for a hold whatever its timing (DECISIONS 26)."""
    raise NotImplementedError
