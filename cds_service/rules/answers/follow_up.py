"""The schedule of tests, and the read-outs of Weeks 13 and 25."""

from datetime import date
from enum import StrEnum

import msgspec

from cds_service.rules.thresholds import Rule
from fhir_mappings.clinical_model.known_unknown import Evidence
from fhir_mappings.clinical_model.messages import Phrase


class DueStatus(StrEnum):
    """Where a scheduled test stands."""

    DONE = "done"
    DUE = "due"
    OVERDUE = "overdue"
    NOT_YET = "not-yet"


class MonitoringItem(msgspec.Struct, frozen=True):
    """One test of the schedule: `test` is a stable name, e.g. "creatinine", "cbc"."""

    test: str
    due: date | None
    status: DueStatus
    rule: Rule
    seen: Phrase


class Visit(StrEnum):
    """The two read-outs of the trial record."""

    W13 = "W13"
    W25 = "W25"


class ResponseCategory(StrEnum):
    """Haematological response at a visit."""

    CR = "CR"
    PR = "PR"
    NR = "NR"
    NOT_EVALUABLE = "not-evaluable"
    NOT_YET = "not-yet"


class ResponseReadout(msgspec.Struct, frozen=True):
    """The response at Week 13 or 25 by one named profile."""

    visit: Visit
    category: ResponseCategory
    profile: str
    rule: Rule
    seen: Phrase
    evidence: tuple[Evidence, ...] = ()
