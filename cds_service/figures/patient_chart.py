"""One patient as of one moment, with the reviewed numbers and the words: what the figures are drawn from."""

from typing import Any
from zoneinfo import ZoneInfo

import msgspec

from cds_service.figures.statements import Teller
from cds_service.rules.answers.assessment import Assessment
from cds_service.rules.as_of import AsOf
from fhir_mappings.clinical_model.record import ClinicalRecord


class PatientChart(msgspec.Struct, frozen=True):
    """One patient as of one moment, to be drawn. `protocol` are the trial's numbers: only it looks inside."""

    record: ClinicalRecord
    now: AsOf
    assessment: Assessment
    protocol: Any
    tell: Teller

    @property
    def zone(self) -> ZoneInfo:
        """The hospital's time zone."""
        return self.record.zone
