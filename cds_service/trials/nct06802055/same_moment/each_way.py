"""One assessment from those of every way in which the chart may be read (DECISIONS 48).

A danger counts if any way shows it; a criterion or a response stands only if all ways agree.
"""

from collections.abc import Callable
from functools import cached_property
from typing import Protocol

import msgspec

from cds_service.rules.answers.alerts import Alert
from cds_service.rules.answers.assessment import Assessment
from cds_service.rules.answers.criteria_answers import Criterion, EligibilityDecision
from cds_service.rules.answers.dosing_answers import TitrationDecision
from cds_service.rules.answers.follow_up import MonitoringItem, ResponseReadout
from cds_service.rules.answers.renal_answers import RenalFinding
from cds_service.rules.answers.trial_part import Participation
from cds_service.rules.trial_record import TrialRecord
from cds_service.trials.nct06802055.registration import RECORD
from cds_service.trials.nct06802055.same_moment.agreement import agreed_criteria, agreed_response
from cds_service.trials.nct06802055.same_moment.caution import all_alerts, gravest, most_careful, soonest
from fhir_mappings.clinical_model.known_unknown import Gap


class Way(Assessment, Protocol):
    """The assessment of one way, which can also be asked what follows from decisions made over all ways."""

    @property
    def decisions(self) -> tuple[TitrationDecision, ...]:
        """The titration without its forecasts."""

    def with_outlooks(self, decisions: tuple[TitrationDecision, ...]) -> tuple[TitrationDecision, ...]:
        """The decisions, each with its forecast where the site forecasts."""

    def monitoring_after(
        self, titration: tuple[TitrationDecision, ...], renal: RenalFinding
    ) -> tuple[MonitoringItem, ...]:
        """The schedule beside these decisions."""

    def orders_after(
        self, titration: tuple[TitrationDecision, ...], renal: RenalFinding
    ) -> tuple[Alert, ...]:
        """The findings about the drafts beside these decisions."""


class EachWay(msgspec.Struct, frozen=True, dict=True):
    """`each`: the ways for what must not miss a danger; `settled`: those for what needs agreement.

    `concluded` makes the overall answer of the criteria. Members are worked out when first looked at.
    """

    each: tuple[Way, ...]
    settled: tuple[Way, ...]
    concluded: Callable[[tuple[Criterion, ...]], EligibilityDecision]

    @property
    def trial(self) -> TrialRecord:
        """The trial that speaks."""
        return RECORD

    @property
    def patient(self) -> str:
        """The patient, who is the same in all ways."""
        return self.each[0].patient

    @property
    def participation(self) -> Participation:
        """In the trial or not: no result says that."""
        return self.each[0].participation

    @cached_property
    def eligibility(self) -> EligibilityDecision:
        """Each criterion as all ways agree on it."""
        return self.concluded(agreed_criteria([way.eligibility for way in self.settled]))

    @cached_property
    def titration(self) -> tuple[TitrationDecision, ...]:
        """The most careful decision of each drug."""
        careful = most_careful([way.decisions for way in self.each])
        return self.each[0].with_outlooks(careful)

    @cached_property
    def renal(self) -> RenalFinding:
        """The gravest state."""
        return gravest([way.renal for way in self.each])

    @cached_property
    def safety(self) -> tuple[Alert, ...]:
        """The findings of all ways."""
        return all_alerts(way.safety for way in self.each)

    @cached_property
    def orders(self) -> tuple[Alert, ...]:
        """The findings about the drafts of all ways."""
        return all_alerts(way.orders_after(self.titration, self.renal) for way in self.each)

    @cached_property
    def monitoring(self) -> tuple[MonitoringItem, ...]:
        """The most urgent line of each test."""
        return soonest([way.monitoring_after(self.titration, self.renal) for way in self.each])

    @cached_property
    def response(self) -> tuple[ResponseReadout, ...]:
        """Each visit's category as all ways agree on it."""
        return agreed_response([way.response for way in self.settled])

    @property
    def gaps(self) -> tuple[Gap, ...]:
        """What could not be read or had, and the results that differ."""
        return self.each[0].gaps
