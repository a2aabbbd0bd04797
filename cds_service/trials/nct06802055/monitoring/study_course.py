"""What has happened to one patient that a test may have to follow."""

from collections.abc import Iterator, Sequence
from datetime import date

import msgspec

from cds_service.rules.answers.alerts import Alert
from cds_service.rules.answers.dosing_answers import TitrationDecision
from cds_service.trials.nct06802055.monitoring.plan import Calendar, Candidate, MonitoringLimits, after
from cds_service.trials.nct06802055.patient_state.doses.titration_limits import TitrationLimits
from cds_service.trials.nct06802055.patient_state.enrolled_case import EnrolledCase
from fhir_mappings.clinical_model.messages import Phrase
from fhir_mappings.clinical_model.results import Analyte

EVENT = 1
"""The rank of what has happened: after a haemoglobin that changes a level, before visits and routine."""


class StudyCourse(msgspec.Struct, frozen=True):
    """What has happened to the patient that a test may have to follow."""

    calendar: Calendar
    case: EnrolledCase
    titration: tuple[TitrationDecision, ...]
    limits: MonitoringLimits
    dosing: TitrationLimits
    alerts: tuple[Alert, ...] = ()

    def follow_up(
        self,
        analyte: Analyte,
        event: date,
        window: Sequence[int],
        rule: str,
        seen: Phrase,
        *,
        instead: bool,
        asked: bool = False,
    ) -> Iterator[Candidate]:
        """The test from `window[0]` to `window[1]` days after the event, unless it was measured since."""
        due = after(event, window[0])
        if not any(r.when and r.when.last >= due for r in self.calendar.measured.get(analyte, ())):
            late = after(event, window[1])
            yield Candidate(due, late, self.case.rules[rule], seen, EVENT, instead=instead, asked=asked)
