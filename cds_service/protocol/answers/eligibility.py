"""What the criteria may say."""

from dataclasses import dataclass
from enum import StrEnum

from cds_service.protocol.parameters import Rule
from cds_service.protocol.verdict import Verdict
from fhir_mappings.vocabulary.facts import Evidence
from fhir_mappings.vocabulary.phrases import Phrase


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
