"""What to do with each study drug: the door of the titration topic."""

from collections.abc import Mapping

from cds_service.protocol.decisions import Participation, RenalFinding, TitrationDecision, Trough
from cds_service.protocol.dose_in_force import DoseInForce
from cds_service.protocol.interactions import ActiveInteraction
from cds_service.protocol.moment import AsOf
from cds_service.protocol.parameters import Rule
from cds_service.protocol.titration_limits import TitrationLimits as TitrationLimits
from fhir_mappings.vocabulary.facts import ClinicalRecord, Drug


def titrate(
    record: ClinicalRecord,
    as_of: AsOf,
    participation: Participation,
    doses: Mapping[Drug, DoseInForce],
    levels: Mapping[Drug, Trough],
    renal: RenalFinding,
    interactions: tuple[ActiveInteraction, ...],
    limits: TitrationLimits,
    rules: Mapping[str, Rule],
) -> tuple[TitrationDecision, ...]:
    """One decision per study drug of the arm; none for a patient who is not enrolled."""
    raise NotImplementedError
