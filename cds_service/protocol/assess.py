"""The one door: a record and a moment go in, everything the trial protocol says about the patient comes out.

Pure. The topics (eligibility, titration, safety, response, monitoring, orders) do not know one another; they
meet here, and safety has the last word.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from cds_service.protocol import eligibility, monitoring, orders, response, safety, titration
from cds_service.protocol.ciclosporin_course import FailureLimits, read_failure_limits
from cds_service.protocol.counts import CountLimits
from cds_service.protocol.criteria.limits import EligibilityLimits
from cds_service.protocol.decisions import (
    Assessment,
    EligibilityDecision,
    EligibilityStatus,
    Participation,
    RenalFinding,
    Trough,
)
from cds_service.protocol.dose_in_force import DoseInForce, DoseLimits, dose_in_force
from cds_service.protocol.drug_levels import LevelLimits, dangerous_level, titration_level
from cds_service.protocol.interactions import (
    ActiveInteraction,
    Interaction,
    active_interactions,
    read_interactions,
)
from cds_service.protocol.moment import AsOf
from cds_service.protocol.monitoring import MonitoringLimits
from cds_service.protocol.orders import OrderLimits
from cds_service.protocol.parameters import FOLDER, Rule, read_limits, read_rules
from cds_service.protocol.participation import participation
from cds_service.protocol.renal import RenalLimits, renal_state
from cds_service.protocol.response import ResponseLimits, read_response_limits
from cds_service.protocol.safety import SafetyLimits
from cds_service.protocol.safety_veto import veto
from cds_service.protocol.titration import TitrationLimits
from fhir_mappings.vocabulary.facts import ClinicalRecord, Drug, MedicationEvent, Result

_CANDIDATES = (EligibilityStatus.UNDETERMINED, EligibilityStatus.ELIGIBLE_PENDING)


@dataclass(frozen=True, slots=True)
class Protocol:
    """Every reviewed number and rule of the trial, with a site's own values of origin A in place."""

    eligibility: EligibilityLimits
    counts: CountLimits
    failure: FailureLimits
    response: ResponseLimits
    doses: DoseLimits
    levels: LevelLimits
    renal: RenalLimits
    titration: TitrationLimits
    safety: SafetyLimits
    monitoring: MonitoringLimits
    orders: OrderLimits
    interactions: Mapping[str, Interaction]
    rules: Mapping[str, Rule]


@dataclass(frozen=True, slots=True)
class Bedside:
    """What several topics look at, worked out once: participation, doses, levels, kidneys, interactions."""

    participation: Participation
    doses: Mapping[Drug, DoseInForce]
    levels: Mapping[Drug, Trough]
    dangerous: Mapping[Drug, Result | None]
    renal: RenalFinding
    interactions: tuple[ActiveInteraction, ...]


def load_protocol(overrides: Mapping[str, Any] | None = None, folder: Path = FOLDER) -> Protocol:
    """Read and check all reviewed files. Raises ProtocolTextFault with every fault of the file at fault."""
    return Protocol(
        eligibility=read_limits(EligibilityLimits, "eligibility", overrides, folder),
        counts=read_limits(CountLimits, "counts", overrides, folder),
        failure=read_failure_limits(overrides, folder),
        response=read_response_limits(overrides, folder),
        doses=read_limits(DoseLimits, "doses", overrides, folder),
        levels=read_limits(LevelLimits, "levels", overrides, folder),
        renal=read_limits(RenalLimits, "renal", overrides, folder),
        titration=read_limits(TitrationLimits, "titration", overrides, folder),
        safety=read_limits(SafetyLimits, "safety", overrides, folder),
        monitoring=read_limits(MonitoringLimits, "monitoring", overrides, folder),
        orders=read_limits(OrderLimits, "orders", overrides, folder),
        interactions=read_interactions(folder),
        rules=all_rules(folder),
    )


def all_rules(folder: Path = FOLDER) -> dict[str, Rule]:
    """Every rule of every reviewed file, by its id."""
    return {
        name: rule
        for path in sorted(folder.glob("*.toml"))
        for name, rule in read_rules(path.stem, folder).items()
    }


def assess(
    record: ClinicalRecord, as_of: AsOf, protocol: Protocol, drafts: tuple[MedicationEvent, ...] = ()
) -> Assessment:
    """The assessment of one patient as of one moment, with findings about the draft orders, if any."""
    bedside = examine(record, as_of, protocol)
    judged = eligibility.judge(
        record,
        as_of,
        bedside.participation,
        protocol.eligibility,
        protocol.counts,
        protocol.failure,
        protocol.rules,
    )
    return _advised(record, as_of, protocol, bedside, judged, drafts)


def examine(record: ClinicalRecord, as_of: AsOf, protocol: Protocol) -> Bedside:
    """Work out, once, what several topics look at."""
    enrolled = participation(record, as_of)
    interacting = active_interactions(record, as_of, protocol.interactions)
    doses = {drug: dose_in_force(record, drug, enrolled, as_of, protocol.doses) for drug in Drug}
    levels = {
        drug: titration_level(record, doses[drug], doses[_other(drug)], interacting, as_of, protocol.levels)
        for drug in Drug
    }
    return Bedside(
        participation=enrolled,
        doses=doses,
        levels=levels,
        dangerous={drug: dangerous_level(record, drug, as_of, protocol.levels) for drug in Drug},
        renal=renal_state(record, enrolled, as_of, protocol.renal, protocol.rules),
        interactions=interacting,
    )


def _other(drug: Drug) -> Drug:
    return Drug.CICLOSPORIN if drug is Drug.SIROLIMUS else Drug.SIROLIMUS


def _advised(
    record: ClinicalRecord,
    as_of: AsOf,
    protocol: Protocol,
    bedside: Bedside,
    judged: EligibilityDecision,
    drafts: tuple[MedicationEvent, ...],
) -> Assessment:
    """Titration as safety leaves it, then what follows from it."""
    enrolled, rules = bedside.participation, protocol.rules
    common = (enrolled, bedside.doses)
    report = safety.review(
        record,
        as_of,
        *common,
        bedside.levels,
        bedside.dangerous,
        bedside.renal,
        bedside.interactions,
        protocol.safety,
        rules,
    )
    proposals = titration.titrate(
        record, as_of, *common, bedside.levels, bedside.renal, bedside.interactions, protocol.titration, rules
    )
    dosing = tuple(veto(proposal, report, rules) for proposal in proposals)
    schedule = monitoring.schedule(
        record,
        as_of,
        *common,
        bedside.levels,
        dosing,
        bedside.renal,
        bedside.interactions,
        protocol.monitoring,
        rules,
    )
    order_findings = orders.review_orders(
        drafts,
        record,
        as_of,
        *common,
        dosing,
        bedside.renal,
        protocol.interactions,
        judged.status in _CANDIDATES,
        protocol.orders,
        rules,
    )
    return Assessment(
        patient=record.patient,
        participation=enrolled,
        eligibility=judged,
        titration=dosing,
        renal=bedside.renal,
        safety=report.alerts,
        orders=order_findings,
        monitoring=schedule,
        response=response.readouts(record, as_of, enrolled, protocol.response, rules),
        gaps=tuple(sorted({*record.gaps, *enrolled.gaps})),
    )
