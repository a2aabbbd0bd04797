"""The one door: a record and a moment go in, everything the trial protocol says about the patient comes out.

Pure. The topics (eligibility, titration, safety, response, monitoring, orders) do not know one another; they
meet here, and safety has the last word.
"""

from collections.abc import Callable, Mapping
from dataclasses import dataclass, replace
from functools import cached_property, partial
from pathlib import Path
from typing import Any

from cds_service.protocol import eligibility, monitoring, orders, response, safety, titration
from cds_service.protocol.answers.alerts import Alert, SafetyReport
from cds_service.protocol.answers.assessment import Assessment
from cds_service.protocol.answers.dosing import TitrationDecision, Trough
from cds_service.protocol.answers.eligibility import EligibilityDecision, EligibilityStatus
from cds_service.protocol.answers.follow_up import MonitoringItem, ResponseReadout
from cds_service.protocol.answers.kidney import RenalFinding
from cds_service.protocol.answers.outlook import Forecaster
from cds_service.protocol.answers.participation import Participation
from cds_service.protocol.blood.counts import CountLimits
from cds_service.protocol.criteria.limits import EligibilityLimits
from cds_service.protocol.dosing.dose_in_force import DoseInForce, DoseLimits, dose_in_force
from cds_service.protocol.dosing.drug_levels import LevelLimits, dangerous_level, titration_level
from cds_service.protocol.dosing.outlook_question import outlook
from cds_service.protocol.dosing.safety_veto import veto
from cds_service.protocol.failure.ciclosporin_course import FailureLimits, read_failure_limits
from cds_service.protocol.interactions import (
    ActiveInteraction,
    Interaction,
    InteractionLimits,
    active_interactions,
    read_interactions,
)
from cds_service.protocol.kidney.renal import RenalLimits, renal_state
from cds_service.protocol.moment import AsOf
from cds_service.protocol.monitoring import MonitoringLimits
from cds_service.protocol.orders import OrderLimits
from cds_service.protocol.parameters import (
    FOLDER,
    ProtocolTextFault,
    Rule,
    read_limits,
    read_rules,
    read_topic,
)
from cds_service.protocol.participation import participation
from cds_service.protocol.response import ResponseLimits, read_response_limits
from cds_service.protocol.restraint import Restraint
from cds_service.protocol.safety import SafetyLimits
from cds_service.protocol.titration import TitrationLimits
from fhir_mappings.vocabulary.facts import Gap
from fhir_mappings.vocabulary.medications import Drug, MedicationEvent
from fhir_mappings.vocabulary.record import ClinicalRecord
from fhir_mappings.vocabulary.studies import StudyState

_CANDIDATES = (EligibilityStatus.UNDETERMINED, EligibilityStatus.ELIGIBLE_PENDING)


@dataclass(frozen=True, slots=True)
class Protocol:
    """Every reviewed number and rule of the trial, with a site's own values of origin A in place.

    `forecaster`: how the site forecasts levels, where it has switched that on.
    """

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
    restraint: Restraint
    interacting: InteractionLimits
    interactions: Mapping[str, Interaction]
    rules: Mapping[str, Rule]
    forecaster: Forecaster | None = None


Reading = Callable[[Mapping[str, Any] | None, Path], Any]


def _limits(shape: type, topic: str) -> Reading:
    return partial(read_limits, shape, topic)


_FILES: dict[str, Reading] = {
    "eligibility": _limits(EligibilityLimits, "eligibility"),
    "counts": _limits(CountLimits, "counts"),
    "failure": read_failure_limits,
    "response": read_response_limits,
    "doses": _limits(DoseLimits, "doses"),
    "levels": _limits(LevelLimits, "levels"),
    "renal": _limits(RenalLimits, "renal"),
    "titration": _limits(TitrationLimits, "titration"),
    "safety": _limits(SafetyLimits, "safety"),
    "monitoring": _limits(MonitoringLimits, "monitoring"),
    "orders": _limits(OrderLimits, "orders"),
    "restraint": _limits(Restraint, "restraint"),
    "interacting": _limits(InteractionLimits, "interactions"),
    "interactions": lambda _, folder: read_interactions(folder),
    "rules": lambda _, folder: all_rules(folder),
}
"""How each member of the protocol is read."""


def load_protocol(overrides: Mapping[str, Any] | None = None, folder: Path = FOLDER) -> Protocol:
    """Read and check all reviewed files. Raises ProtocolTextFault with every fault of every file."""
    faults = unknown_overrides(overrides or {}, folder)
    read: dict[str, Any] = {}
    for name, reading in _FILES.items():
        try:
            read[name] = reading(overrides, folder)
        except ProtocolTextFault as error:
            faults += error.faults
    if faults:
        raise ProtocolTextFault(list(dict.fromkeys(faults)))
    return Protocol(**read)


def unknown_overrides(overrides: Mapping[str, Any], folder: Path) -> list[str]:
    """A fault for each site value of a limit that does not exist."""
    if not overrides:
        return []
    limits = {
        f"{path.stem}.{name}"
        for path in folder.glob("*.toml")
        for name in read_topic(path.stem, folder).get("limit", {})
    }
    return [f"thresholds: there is no limit {name!r}" for name in sorted(overrides.keys() - limits)]


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
    return _Case(record, as_of, protocol, drafts)


@dataclass(frozen=True)
class _Case:
    """An assessment whose members are worked out when they are first looked at.

    A dosing card does not pay for the twenty criteria. Everything here is pure, so it does not matter when.
    """

    record: ClinicalRecord
    as_of: AsOf
    protocol: Protocol
    drafts: tuple[MedicationEvent, ...]

    @property
    def patient(self) -> str:
        return self.record.patient

    @cached_property
    def participation(self) -> Participation:
        return participation(self.record, self.as_of)

    @cached_property
    def eligibility(self) -> EligibilityDecision:
        p = self.protocol
        return eligibility.judge(
            self.record, self.as_of, self.participation, p.eligibility, p.counts, p.failure, p.rules
        )

    @cached_property
    def renal(self) -> RenalFinding:
        return renal_state(
            self.record, self.participation, self.as_of, self.protocol.renal, self.protocol.rules
        )

    @cached_property
    def titration(self) -> tuple[TitrationDecision, ...]:
        """What titration proposes, as safety leaves it: the one place where they meet."""
        p = self.protocol
        proposals = titration.titrate(
            *self._bedside, self._levels, self.renal, self._interactions, p.titration, self._rules, p.levels
        )
        settled = (veto(proposal, self._report, self._rules) for proposal in proposals)
        return tuple(self._with_outlook(decision) for decision in settled)

    def _with_outlook(self, decision: TitrationDecision) -> TitrationDecision:
        """A forecast beside what stands already: it comes after safety and changes nothing."""
        p, renal = self.protocol, self.renal.standing
        if p.forecaster is None:
            return decision
        case = self.record, self.as_of, decision, self._doses, self._interactions
        return replace(decision, outlook=outlook(*case, renal, p.titration, p.forecaster))

    @property
    def safety(self) -> tuple[Alert, ...]:
        return self._report.alerts

    @cached_property
    def monitoring(self) -> tuple[MonitoringItem, ...]:
        return monitoring.schedule(
            *self._bedside,
            self._levels,
            self.titration,
            self.renal,
            self._interactions,
            self.protocol.monitoring,
            self._rules,
        )

    @cached_property
    def response(self) -> tuple[ResponseReadout, ...]:
        return response.readouts(
            self.record, self.as_of, self.participation, self.protocol.response, self._rules
        )

    @cached_property
    def orders(self) -> tuple[Alert, ...]:
        if not self.drafts:
            return ()
        p = self.protocol
        return orders.review_orders(
            self.drafts,
            *self._bedside,
            self.titration,
            self.renal,
            p.interactions,
            self._is_candidate(),
            p.orders,
            p.rules,
        )

    @property
    def gaps(self) -> tuple[Gap, ...]:
        return tuple(sorted({*self.record.gaps, *self.participation.gaps}))

    def _is_candidate(self) -> bool:
        outside = self.participation.status is not StudyState.ENROLLED
        return outside and self.eligibility.status in _CANDIDATES

    @property
    def _rules(self) -> Mapping[str, Rule]:
        return self.protocol.rules

    @property
    def _bedside(self) -> tuple[ClinicalRecord, AsOf, Participation, Mapping[Drug, DoseInForce]]:
        return self.record, self.as_of, self.participation, self._doses

    @cached_property
    def _doses(self) -> Mapping[Drug, DoseInForce]:
        limits = self.protocol.doses
        return {
            drug: dose_in_force(self.record, drug, self.participation, self.as_of, limits) for drug in Drug
        }

    @cached_property
    def _interactions(self) -> tuple[ActiveInteraction, ...]:
        p = self.protocol
        return active_interactions(self.record, self.as_of, p.interactions, p.interacting)

    @cached_property
    def _levels(self) -> Mapping[Drug, Trough]:
        """The level to titrate on, with the other drug's dose beside it: each changes the other's meaning."""
        doses, limits = self._doses, self.protocol.levels
        pairs = {Drug.SIROLIMUS: Drug.CICLOSPORIN, Drug.CICLOSPORIN: Drug.SIROLIMUS}
        return {
            drug: titration_level(
                self.record, doses[drug], doses[other], self._interactions, self.as_of, limits
            )
            for drug, other in pairs.items()
        }

    @cached_property
    def _report(self) -> SafetyReport:
        levels = self.protocol.levels
        dangerous = {drug: dangerous_level(self.record, drug, self.as_of, levels) for drug in Drug}
        return safety.review(
            *self._bedside,
            self._levels,
            dangerous,
            self.renal,
            self._interactions,
            self.protocol.safety,
            self._rules,
        )
