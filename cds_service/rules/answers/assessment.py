"""Everything together, as cards and programs see it."""

from typing import Protocol

from cds_service.rules.answers.alerts import Alert, Severity
from cds_service.rules.answers.criteria_answers import EligibilityDecision
from cds_service.rules.answers.dosing_answers import TitrationDecision
from cds_service.rules.answers.follow_up import MonitoringItem, ResponseReadout
from cds_service.rules.answers.renal_answers import RenalFinding
from cds_service.rules.answers.trial_part import Participation
from cds_service.rules.trial_record import TrialRecord
from fhir_mappings.clinical_model.known_unknown import Gap


class Assessment(Protocol):
    """Everything the trial protocol says about one patient as of one moment."""

    @property
    def trial(self) -> TrialRecord:
        """The trial that speaks."""

    @property
    def patient(self) -> str:
        """The patient as a relative reference."""

    @property
    def participation(self) -> Participation:
        """In the trial, in which arm, since when."""

    @property
    def eligibility(self) -> EligibilityDecision:
        """The criteria of the trial record."""

    @property
    def titration(self) -> tuple[TitrationDecision, ...]:
        """A decision per study drug of the arm, as safety left it."""

    @property
    def renal(self) -> RenalFinding:
        """The renal state."""

    @property
    def safety(self) -> tuple[Alert, ...]:
        """Safety findings, critical first."""

    @property
    def orders(self) -> tuple[Alert, ...]:
        """Findings about the draft orders."""

    @property
    def monitoring(self) -> tuple[MonitoringItem, ...]:
        """The schedule of tests."""

    @property
    def response(self) -> tuple[ResponseReadout, ...]:
        """The read-outs of response."""

    @property
    def gaps(self) -> tuple[Gap, ...]:
        """What could not be read or had."""


def critical_findings(assessment: Assessment) -> tuple[Alert, ...]:
    """The safety findings that stop a drug or call for somebody at once."""
    return tuple(one for one in assessment.safety if one.severity is Severity.CRITICAL)
