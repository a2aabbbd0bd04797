"""What the rules may say: the shapes that every topic answers in, and nothing else.

These are the members of the contract's assessment, still in our own types and with `Phrase`s for words.
`cards.assessment_json` writes them out as `assessment/1`.
"""

from dataclasses import dataclass, field
from datetime import date
from decimal import Decimal
from enum import StrEnum
from typing import Protocol

from cds_service.protocol.parameters import Rule
from cds_service.protocol.verdict import Verdict
from fhir_mappings.vocabulary.facts import Arm, Comparator, Dose, Drug, Evidence, Gap, StudyState
from fhir_mappings.vocabulary.phrases import Phrase

# ---------------------------------------------------------------- eligibility


class Basis(StrEnum):
    """What a criterion was decided on."""

    DATA = "data"
    ATTESTATION = "attestation"
    MIXED = "mixed"
    NONE = "none"


@dataclass(frozen=True, slots=True)
class Finding:
    """What one criterion found. For an exclusion, `verdict` is about the excluding fact (MET = present).

    `missing` holds stable machine-readable names of what would settle it, e.g. "platelets", "attestation".
    """

    verdict: Verdict
    basis: Basis
    seen: Phrase
    evidence: tuple[Evidence, ...] = ()
    missing: tuple[str, ...] = ()
    question: Phrase | None = None
    parts: tuple[tuple[str, Verdict], ...] = ()


@dataclass(frozen=True, slots=True)
class Criterion:
    """A numbered criterion of the trial record (`I1`..`I8`, `E1`..`E12`) and what it found."""

    id: str
    rule: Rule
    finding: Finding

    @property
    def is_inclusion(self) -> bool:
        """True for I1..I8."""
        return self.id.startswith("I")

    @property
    def excludes(self) -> bool:
        """True when this criterion alone keeps the patient out."""
        barred = Verdict.NOT_MET if self.is_inclusion else Verdict.MET
        return self.finding.verdict is barred

    @property
    def settled(self) -> bool:
        """True when the criterion is not unknown."""
        return self.finding.verdict is not Verdict.UNKNOWN


class EligibilityStatus(StrEnum):
    """DECISIONS 16."""

    NOT_A_CANDIDATE = "not-a-candidate"
    INELIGIBLE = "ineligible"
    UNDETERMINED = "undetermined"
    ELIGIBLE_PENDING = "eligible-pending-investigator"
    ALREADY_ENROLLED = "already-enrolled"


@dataclass(frozen=True, slots=True)
class EligibilityDecision:
    """The twenty criteria in their order, the overall status, and the open ones in the order to ask."""

    status: EligibilityStatus
    criteria: tuple[Criterion, ...]
    open_questions: tuple[Criterion, ...]

    def criterion(self, number: str) -> Criterion:
        """The criterion with this number, e.g. "I3"."""
        return next(c for c in self.criteria if c.id == number)


@dataclass(frozen=True, slots=True)
class Participation:
    """Is the patient in this trial, in which arm, since when; `study_day` 1 is the first study dose."""

    status: StudyState
    arm: Arm | None = None
    start: date | None = None
    first_dose: date | None = None
    study_day: int | None = None
    evidence: tuple[Evidence, ...] = ()
    gaps: tuple[Gap, ...] = ()


# ---------------------------------------------------------------- dosing


class State(StrEnum):
    """What titration may propose."""

    INITIATE = "INITIATE"
    CONTINUE = "CONTINUE"
    INCREASE = "INCREASE"
    DECREASE = "DECREASE"
    HOLD = "HOLD"
    STOP_REVIEW = "STOP_REVIEW"
    RECHECK = "RECHECK"
    AT_CAP_BELOW_TARGET = "AT_CAP_BELOW_TARGET"
    CANNOT_ADVISE = "CANNOT_ADVISE"


class Validity(StrEnum):
    """Whether a drug level may be titrated on, decided before the number is looked at (DECISIONS 24)."""

    VALID = "VALID"
    ASSUMED_TROUGH = "ASSUMED_TROUGH"
    NOT_TROUGH = "NOT_TROUGH"
    NOT_STEADY_STATE = "NOT_STEADY_STATE"
    STALE = "STALE"
    IMPLAUSIBLE = "IMPLAUSIBLE"
    WRONG_SPECIMEN = "WRONG_SPECIMEN"
    WRONG_ASSAY = "WRONG_ASSAY"
    UNIT_UNUSABLE = "UNIT_UNUSABLE"
    BELOW_QUANTIFICATION = "BELOW_QUANTIFICATION"
    ABOVE_QUANTIFICATION = "ABOVE_QUANTIFICATION"
    CONFLICTING = "CONFLICTING"
    MISSING = "MISSING"


@dataclass(frozen=True, slots=True)
class Trough:
    """The level that titration looks at, ng/mL, and whether it may be used."""

    validity: Validity
    value: Decimal | None = None
    comparator: Comparator | None = None
    collected: str | None = None
    day: date | None = None
    reference: str | None = None
    method: str | None = None


@dataclass(frozen=True, slots=True)
class Band:
    """A target range in ng/mL, both ends inside."""

    low: Decimal
    high: Decimal


@dataclass(frozen=True, slots=True)
class Recheck:
    """Which test is wanted again, and when: a window of days, for a level fit for titration."""

    test: str
    not_before: date | None
    by: date | None


@dataclass(frozen=True, slots=True)
class TitrationDecision:
    """What to do with one study drug. `reasons` are stable codes, e.g. "DOSE_NOT_DOCUMENTED"."""

    drug: Drug
    state: State
    rule: Rule
    seen: Phrase
    current: Dose | None = None
    proposed: Dose | None = None
    trough: Trough = field(default_factory=lambda: Trough(Validity.MISSING))
    target: Band | None = None
    reasons: tuple[str, ...] = ()
    alternatives: tuple[Dose, ...] = ()
    recheck: Recheck | None = None


class RenalState(StrEnum):
    """The state machine of `titration.md` 5.1."""

    NORMAL = "NORMAL"
    WATCH = "WATCH"
    IMPAIRED = "IMPAIRED"
    AKI = "AKI"
    RECOVERED = "RECOVERED"
    STABILISED = "STABILISED"
    UNKNOWN = "UNKNOWN"


@dataclass(frozen=True, slots=True)
class RenalFinding:
    """Renal state with what it was read from: creatinine in umol/L, eGFR in mL/min/1.73 m2 (CKD-EPI 2021).

    `rising` is true when the last two creatinines both rose; `age_days` is the age of the last creatinine.
    `last` is the state that the last creatinine left when only new values can end it, however old it is.
    """

    state: RenalState
    rule: Rule
    seen: Phrase
    egfr: Decimal | None = None
    creatinine: Decimal | None = None
    baseline: Decimal | None = None
    age_days: int | None = None
    rising: bool = False
    evidence: tuple[Evidence, ...] = ()
    last: RenalState = RenalState.UNKNOWN

    @property
    def standing(self) -> RenalState:
        """The state that still binds: an impairment does not expire with an old creatinine."""
        return self.last if self.state is RenalState.UNKNOWN else self.state


# ---------------------------------------------------------------- alerts, schedule, response


class Severity(StrEnum):
    """How loud an alert is; the same words as CDS Hooks indicators."""

    INFO = "info"
    WARNING = "warning"
    CRITICAL = "critical"


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


@dataclass(frozen=True, slots=True)
class Alert:
    """A safety finding, or (with `order`) a finding about a draft order.

    A CRITICAL alert with a `drug` and the action HOLD or STOP_REVIEW vetoes that drug's titration.
    """

    rule: Rule
    severity: Severity
    action: Action
    seen: Phrase
    drug: Drug | None = None
    order: str | None = None
    evidence: tuple[Evidence, ...] = ()


@dataclass(frozen=True, slots=True)
class SafetyReport:
    """All safety findings, and the drugs for which a safety fact exists that cannot be read or conflicts."""

    alerts: tuple[Alert, ...] = ()
    doubtful: tuple[tuple[Drug, Phrase], ...] = ()


class DueStatus(StrEnum):
    """Where a scheduled test stands."""

    DONE = "done"
    DUE = "due"
    OVERDUE = "overdue"
    NOT_YET = "not-yet"


@dataclass(frozen=True, slots=True)
class MonitoringItem:
    """One test of the schedule: `test` is a stable name, e.g. "sirolimus-trough", "creatinine", "cbc"."""

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


@dataclass(frozen=True, slots=True)
class ResponseReadout:
    """The response at Week 13 or 25 by one named profile."""

    visit: Visit
    category: ResponseCategory
    profile: str
    rule: Rule
    seen: Phrase
    evidence: tuple[Evidence, ...] = ()


class Assessment(Protocol):
    """Everything the trial protocol says about one patient as of one moment."""

    @property
    def patient(self) -> str:
        """The patient as a relative reference."""

    @property
    def participation(self) -> Participation:
        """In the trial, in which arm, since when."""

    @property
    def eligibility(self) -> EligibilityDecision:
        """The twenty criteria."""

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
        """The read-outs of Weeks 13 and 25."""

    @property
    def gaps(self) -> tuple[Gap, ...]:
        """What could not be read or had."""
