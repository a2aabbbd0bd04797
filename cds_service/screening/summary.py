"""What screening says of one patient: the row of `patients.parquet`, and what the study list is made of."""

from collections.abc import Mapping
from typing import Any

import msgspec

from cds_service.rules.answers.criteria_answers import EligibilityStatus


class CriterionSummary(msgspec.Struct, frozen=True):
    """One numbered criterion. `status` as in `assessment/1`; `evidence` are relative references."""

    id: str
    status: str
    evidence: tuple[str, ...] = ()


class OpenQuestion(msgspec.Struct, frozen=True):
    """A criterion that is still open, and its question in the site's language."""

    criterion: str
    question: str


class LastStay(msgspec.Struct, frozen=True):
    """The newest encounter of the chart: its first day (ISO 8601), and the treating department's name."""

    day: str
    department: str | None = None


class PatientSummary(msgspec.Struct, frozen=True):
    """One patient of a run. Somebody without any evidence of the disease has no criteria.

    `patient` is a relative reference; `questions` stand in the order to ask; `overdue` names tests
    of somebody in the trial; `problems` are the `dataQuality` problems of the assessment; `version` is its
    `inputHash`.
    """

    patient: str
    status: EligibilityStatus
    criteria: tuple[CriterionSummary, ...] = ()
    questions: tuple[OpenQuestion, ...] = ()
    participation: str = "none"
    arm: str | None = None
    overdue: tuple[str, ...] = ()
    problems: tuple[str, ...] = ()
    last_stay: LastStay | None = None
    version: str | None = None

    @property
    def excluded_by(self) -> tuple[str, ...]:
        """The criteria that speak against the patient: inclusion not met, exclusion present."""
        return tuple(c.id for c in self.criteria if c.status in ("not-met", "present"))

    @property
    def open_criteria(self) -> tuple[str, ...]:
        """The criteria that are not settled."""
        return tuple(c.id for c in self.criteria if c.status == "unknown")

    @property
    def is_on_the_list(self) -> bool:
        """Is this somebody for the study team: a candidate whom nothing excludes?"""
        return self.status in (EligibilityStatus.UNDETERMINED, EligibilityStatus.ELIGIBLE_PENDING)


def summary_of(assessment: Mapping[str, Any], last_stay: LastStay | None = None) -> PatientSummary:
    """The summary of an assessment (`assessment/1`)."""
    eligibility, participation = assessment["eligibility"], assessment["participation"]
    return PatientSummary(
        patient=assessment["patient"],
        status=EligibilityStatus(eligibility["status"]),
        criteria=tuple(map(_criterion, eligibility["criteria"])),
        questions=tuple(
            OpenQuestion(q["criterion"], q["question"]) for q in eligibility.get("openQuestions", ())
        ),
        participation=participation["status"],
        arm=participation["arm"],
        overdue=tuple(t["test"] for t in assessment["monitoring"] if t["status"] == "overdue"),
        problems=tuple(dict.fromkeys(gap["problem"] for gap in assessment["dataQuality"])),
        last_stay=last_stay,
        version=assessment.get("inputHash"),
    )


def _criterion(criterion: Mapping[str, Any]) -> CriterionSummary:
    evidence = tuple(dict.fromkeys(fact["reference"] for fact in criterion["evidence"]))
    return CriterionSummary(criterion["id"], criterion["status"], evidence)
