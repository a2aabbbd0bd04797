"""The one door: a record and a moment go in, everything the trial protocol says about the patient comes out.

Pure. The topics (eligibility, titration, safety, response, monitoring, orders) do not know one another; they
meet here, and safety has the last word.
"""

from collections.abc import Mapping
from functools import cached_property

import msgspec
from msgspec.structs import replace

from cds_service.rules.answers.alerts import Alert, SafetyReport
from cds_service.rules.answers.assessment import Assessment
from cds_service.rules.answers.criteria_answers import Criterion, EligibilityDecision, EligibilityStatus
from cds_service.rules.answers.dosing_answers import TitrationDecision, Trough
from cds_service.rules.answers.follow_up import MonitoringItem, ResponseReadout
from cds_service.rules.answers.renal_answers import RenalFinding
from cds_service.rules.answers.trial_part import Participation
from cds_service.rules.as_of import AsOf
from cds_service.rules.trial_record import TrialRecord
from cds_service.trials.nct06802055.criteria import eligibility
from cds_service.trials.nct06802055.dosing import titration
from cds_service.trials.nct06802055.dosing.forecast_request import outlook
from cds_service.trials.nct06802055.dosing.level_after_partner import with_level_after_partner
from cds_service.trials.nct06802055.dosing.safety_veto import veto
from cds_service.trials.nct06802055.likely_causes import Before, decision_with_causes, report_with_causes
from cds_service.trials.nct06802055.monitoring import schedule as monitoring
from cds_service.trials.nct06802055.orders import draft_orders as orders
from cds_service.trials.nct06802055.patient_state.doses.current_dose import DoseInForce, dose_in_force
from cds_service.trials.nct06802055.patient_state.doses.reduced_dose import reduced_since
from cds_service.trials.nct06802055.patient_state.early_results import as_if_final, preliminary_results
from cds_service.trials.nct06802055.patient_state.enrolled_case import EnrolledCase
from cds_service.trials.nct06802055.patient_state.interactions import ActiveInteraction, active_interactions
from cds_service.trials.nct06802055.patient_state.kidney.renal import renal_state
from cds_service.trials.nct06802055.patient_state.levels.drug_levels import dangerous_level, titration_level
from cds_service.trials.nct06802055.patient_state.participation import participation
from cds_service.trials.nct06802055.read_reviewed import Protocol, all_rules, load_protocol, unknown_overrides
from cds_service.trials.nct06802055.registration import RECORD
from cds_service.trials.nct06802055.response import readouts as response
from cds_service.trials.nct06802055.safety import safety_report as safety
from cds_service.trials.nct06802055.safety.preliminary import told_early
from cds_service.trials.nct06802055.same_moment.each_way import EachWay
from cds_service.trials.nct06802055.same_moment.readings import gap_of, ways_of
from cds_service.trials.nct06802055.two_drugs import Drug
from fhir_mappings.clinical_model.known_unknown import Gap
from fhir_mappings.clinical_model.medications import MedicationEvent
from fhir_mappings.clinical_model.record import ClinicalRecord
from fhir_mappings.clinical_model.studies import StudyState

__all__ = ["Protocol", "all_rules", "assess", "load_protocol", "unknown_overrides"]

_CANDIDATES = (EligibilityStatus.UNDETERMINED, EligibilityStatus.ELIGIBLE_PENDING)


def assess(
    record: ClinicalRecord, as_of: AsOf, protocol: Protocol, drafts: tuple[MedicationEvent, ...] = ()
) -> Assessment:
    """The assessment of one patient as of one moment, with findings about the draft orders, if any.

    Where results of one moment differ, the chart is judged with each of them (DECISIONS 48).
    """
    ways = ways_of(record, protocol.same_moment)
    each = tuple(_Case(chart, as_of, protocol, drafts) for chart in ways.each)
    if len(each) == len(ways.settled) == 1:
        return each[0]
    settled = tuple(_Case(chart, as_of, protocol, drafts) for chart in ways.settled)
    return EachWay(each, settled, each[0].concluded)


class _Case(msgspec.Struct, frozen=True, dict=True):
    """An assessment whose members are worked out when they are first looked at.

    A dosing card does not pay for the twenty criteria. Everything here is pure, so it does not matter when.
    """

    record: ClinicalRecord
    as_of: AsOf
    protocol: Protocol
    drafts: tuple[MedicationEvent, ...]

    @property
    def trial(self) -> TrialRecord:
        return RECORD

    @property
    def patient(self) -> str:
        return self.record.patient

    @cached_property
    def participation(self) -> Participation:
        return participation(self.record, self.as_of)

    @cached_property
    def eligibility(self) -> EligibilityDecision:
        p = self.protocol
        return eligibility.judge_criteria(
            self.record, self.as_of, self.participation, p.eligibility, p.counts, p.failure, p.rules
        )

    def concluded(self, criteria: tuple[Criterion, ...]) -> EligibilityDecision:
        """What criteria that were judged elsewhere say together about this patient."""
        return eligibility.concluded(self.record, self.participation, criteria, self.protocol.eligibility)

    @cached_property
    def renal(self) -> RenalFinding:
        p = self.protocol
        reduced = reduced_since(self._doses[Drug.CICLOSPORIN], p.titration.impaired_daily_mg)
        return renal_state(self.record, self.participation, self.as_of, p.renal, p.rules, reduced)

    @cached_property
    def titration(self) -> tuple[TitrationDecision, ...]:
        return self.with_outlooks(self.decisions)

    @cached_property
    def decisions(self) -> tuple[TitrationDecision, ...]:
        """What titration proposes, as safety leaves it: the one place where they meet."""
        p = self.protocol
        proposals = titration.titrate(
            self._enrolled,
            p.titration,
            p.levels,
            toxic=self._report.toxic,
            harmed=self._report.harmed,
        )
        vetoed = (veto(proposal, self._report, p.rules) for proposal in proposals)
        window, day = p.monitoring.after_critical_partner, self.as_of.day
        dated = (with_level_after_partner(one, self._interactions, window, day) for one in vetoed)
        return tuple(decision_with_causes(decision, self.safety, self._before) for decision in dated)

    @cached_property
    def _before(self) -> Before:
        p = self.protocol
        return Before(
            self.record, self.as_of, self._doses, self._interactions, p.levels, p.titration, p.interacting
        )

    def with_outlooks(self, decisions: tuple[TitrationDecision, ...]) -> tuple[TitrationDecision, ...]:
        """The decisions, each with its forecast where the site forecasts.

        It stands beside what stands already: it comes after safety and changes nothing.
        """
        limits, forecaster = self.protocol.titration, self.protocol.forecaster
        if forecaster is None:
            return decisions
        return tuple(
            replace(one, outlook=outlook(self._enrolled, one, limits, forecaster)) for one in decisions
        )

    @property
    def safety(self) -> tuple[Alert, ...]:
        return self._report.alerts

    @cached_property
    def monitoring(self) -> tuple[MonitoringItem, ...]:
        return self.monitoring_after(self.titration, self.renal)

    def monitoring_after(
        self, titration: tuple[TitrationDecision, ...], renal: RenalFinding
    ) -> tuple[MonitoringItem, ...]:
        """The schedule beside these decisions."""
        return monitoring.schedule(
            replace(self._enrolled, renal=renal),
            titration,
            self.protocol.monitoring,
            self.protocol.titration,
            self.safety,
        )

    @cached_property
    def response(self) -> tuple[ResponseReadout, ...]:
        return response.readouts(
            self.record, self.as_of, self.participation, self.protocol.response, self.protocol.rules
        )

    @cached_property
    def orders(self) -> tuple[Alert, ...]:
        return self.orders_after(self.titration, self.renal)

    def orders_after(
        self, titration: tuple[TitrationDecision, ...], renal: RenalFinding
    ) -> tuple[Alert, ...]:
        """The findings about the drafts beside these decisions."""
        if not self.drafts:
            return ()
        p = self.protocol
        return orders.review_orders(
            replace(self._enrolled, renal=renal),
            self.drafts,
            titration,
            p.interactions,
            p.interacting,
            p.orders,
            candidate=self._is_candidate(),
        )

    @property
    def gaps(self) -> tuple[Gap, ...]:
        named = (gap_of(pair) for pair in self.record.pairs)
        return tuple(sorted({*self.record.gaps, *self.participation.gaps, *named}))

    def _is_candidate(self) -> bool:
        outside = self.participation.status is not StudyState.ENROLLED
        return outside and self.eligibility.status in _CANDIDATES

    @cached_property
    def _enrolled(self) -> EnrolledCase:
        """What the topics of an enrolled patient look at: each of them is given this one value."""
        return EnrolledCase(
            self.record,
            self.as_of,
            self.participation,
            self._doses,
            self._levels,
            self.renal,
            self._interactions,
            self.protocol.rules,
        )

    @cached_property
    def _doses(self) -> Mapping[Drug, DoseInForce]:
        """While drafts are looked at, none of them makes the advice that it is to be judged by."""
        limits = self.protocol.doses
        found = {
            drug: dose_in_force(self.record, drug, self.participation, self.as_of, limits) for drug in Drug
        }
        if not self.drafts:
            return found
        return {drug: replace(dose, drafted=None, drafted_since=None) for drug, dose in found.items()}

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
        """What safety says, with what it would say if the preliminary results were final."""
        early = preliminary_results(self.record)
        if not early:
            return self._of_final_results
        confirmed = replace(self, record=as_if_final(self.record))
        return told_early(self._of_final_results, confirmed._of_final_results, early, self.protocol.rules)

    @cached_property
    def _of_final_results(self) -> SafetyReport:
        levels = self.protocol.levels
        dangerous = {
            drug: dangerous_level(self.record, drug, self._doses[drug].given, self.as_of, levels)
            for drug in Drug
        }
        report = safety.safety_review(
            self._enrolled, dangerous, self.protocol.interacting, self.protocol.safety
        )
        return report_with_causes(report, self._before)
