"""One patient as of one moment, with the reviewed numbers and the words: what the figures are drawn from."""

from dataclasses import dataclass
from zoneinfo import ZoneInfo

from cds_service.explain.telling import Teller
from cds_service.protocol.answers.assessment import Assessment
from cds_service.protocol.moment import AsOf
from cds_service.protocol.reviewed import Protocol
from fhir_mappings.vocabulary.record import ClinicalRecord


@dataclass(frozen=True, slots=True)
class Chart:
    """One patient as of one moment, with the reviewed numbers, to be drawn."""

    record: ClinicalRecord
    now: AsOf
    assessment: Assessment
    protocol: Protocol
    tell: Teller

    @property
    def zone(self) -> ZoneInfo:
        """The hospital's time zone."""
        return self.record.zone
