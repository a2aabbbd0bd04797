"""What safety, and the review of draft orders, may say."""

from enum import StrEnum

import msgspec

from cds_service.rules.answers.causes import Cause, Partner
from cds_service.rules.thresholds import Rule
from fhir_mappings.clinical_model.known_unknown import Evidence
from fhir_mappings.clinical_model.messages import Phrase


class Severity(StrEnum):
    """How loud an alert is; the same words as CDS Hooks indicators."""

    INFO = "info"
    WARNING = "warning"
    CRITICAL = "critical"

    @property
    def rank(self) -> int:
        """The place in a list that is told loudest first."""
        return _LOUDEST_FIRST.index(self)


_LOUDEST_FIRST = (Severity.CRITICAL, Severity.WARNING, Severity.INFO)


class Action(StrEnum):
    """What an alert asks for. Each has its words in the wording files under `action.<value>`."""

    HOLD = "HOLD"
    STOP_REVIEW = "STOP_REVIEW"
    REDUCE = "REDUCE"
    AVOID = "AVOID"
    MEASURE_LEVEL = "MEASURE_LEVEL"
    REPEAT_TEST = "REPEAT_TEST"
    TREAT = "TREAT"
    REVIEW = "REVIEW"
    CORRECT_ORDER = "CORRECT_ORDER"
    SEPARATE_DOSES = "SEPARATE_DOSES"
    INFORM_STUDY_TEAM = "INFORM_STUDY_TEAM"


class Alert(msgspec.Struct, frozen=True):
    """A safety finding, or (with `order`) a finding about a draft order.

    A CRITICAL alert with a `drug` and the action HOLD or STOP_REVIEW vetoes that drug's titration.
    `partner`: the other drug that the finding is about. `causes`: what may have brought it about; `seen`
    says them already.
    """

    rule: Rule
    severity: Severity
    action: Action
    seen: Phrase
    drug: str | None = None
    order: str | None = None
    evidence: tuple[Evidence, ...] = ()
    partner: Partner | None = None
    causes: tuple[Cause, ...] = ()


class SafetyReport(msgspec.Struct, frozen=True):
    """All safety findings, and what speaks against more of a drug.

    `doubtful`: a safety fact that cannot be read, conflicts or speaks against more, and every warning that
    asks for less: it is not raised. `unstarted`: those of them for which it is not started either. `harmed`:
    a toxicity of grade 2 or more stands in the chart; `toxic`: beside a high level of a study drug.
    """

    alerts: tuple[Alert, ...] = ()
    doubtful: tuple[tuple[str, Phrase], ...] = ()
    unstarted: tuple[tuple[str, Phrase], ...] = ()
    toxic: bool = False
    harmed: bool = False
