"""What the criteria may say."""

from enum import StrEnum

import msgspec

from cds_service.rules.thresholds import Rule
from cds_service.rules.verdict import Verdict
from fhir_mappings.clinical_model.known_unknown import Evidence
from fhir_mappings.clinical_model.messages import Phrase


class Basis(StrEnum):
    """What a criterion was decided on."""

    DATA = "data"
    ATTESTATION = "attestation"
    MIXED = "mixed"
    NONE = "none"


class Finding(msgspec.Struct, frozen=True):
    """What one criterion found. For an exclusion, `verdict` is about the excluding fact (MET = present).

    `missing` holds stable machine-readable names of what would settle it, e.g. "platelets", "attestation".
    `against`: something stands in the chart that speaks against the patient, settled by an answer or not.
    """

    verdict: Verdict
    basis: Basis
    seen: Phrase
    evidence: tuple[Evidence, ...] = ()
    missing: tuple[str, ...] = ()
    question: Phrase | None = None
    parts: tuple[tuple[str, Verdict], ...] = ()
    against: bool = False


class Criterion(msgspec.Struct, frozen=True):
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
    def to_resolve(self) -> bool:
        """True when something speaks against the patient, or may: an entry that could not be read."""
        finding = self.finding
        return finding.against or self.excludes or "UNREAD" in finding.missing

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


class EligibilityDecision(msgspec.Struct, frozen=True):
    """The twenty criteria in their order, the overall status, and the open ones in the order to ask.

    `also_open` are the reasons beside the criteria: a study that could not be identified.
    """

    status: EligibilityStatus
    criteria: tuple[Criterion, ...]
    open_questions: tuple[Criterion, ...]
    also_open: tuple[Phrase, ...] = ()

    @property
    def to_resolve(self) -> tuple[Criterion, ...]:
        """What speaks against the patient: the open ones first, then what an answer settled."""
        asked = [c for c in self.open_questions if c.to_resolve]
        ids = {c.id for c in asked}
        return (*asked, *(c for c in self.criteria if c.to_resolve and c.id not in ids))

    def criterion(self, number: str) -> Criterion:
        """The criterion with this number, e.g. "I3"."""
        return next(c for c in self.criteria if c.id == number)
