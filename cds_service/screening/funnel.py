"""`funnel.json`: how many patients are where, and which criterion loses whom; its shape is documented.

See docs/how-to/read-the-funnel.md.
"""

from collections import Counter
from collections.abc import Iterable
from typing import Any

from cds_service.rules.answers.criteria_answers import EligibilityStatus
from cds_service.screening.summary import PatientSummary

FUNNEL = "funnel.json"


def funnel_of(
    summaries: Iterable[PatientSummary], as_of: str, unreadable: int, screened: int
) -> dict[str, Any]:
    """The counts, true ones. Of `screened` people, those without a summary have no sign of the disease."""
    status: Counter[str] = Counter({one.value: 0 for one in EligibilityStatus})
    undetermined, excluded, overdue = Counter[str](), Counter[str](), Counter[str]()
    for one in summaries:
        status[one.status.value] += 1
        excluded.update(one.excluded_by if one.status is EligibilityStatus.INELIGIBLE else ())
        overdue.update(one.overdue if one.status is EligibilityStatus.ALREADY_ENROLLED else ())
        if one.status is EligibilityStatus.UNDETERMINED:
            undetermined[one.questions[0].criterion if one.questions else PARTICIPATION] += 1
    status[EligibilityStatus.NOT_A_CANDIDATE.value] += screened - status.total()
    return {
        "schema": "funnel/1",
        "asOf": as_of,
        "screened": screened,
        "status": dict(status),
        "undeterminedBy": _largest_first(undetermined),
        "excludedBy": _largest_first(excluded),
        "overdue": _largest_first(overdue),
        "enrolled": status[EligibilityStatus.ALREADY_ENROLLED.value],
        "unreadable": unreadable,
    }


PARTICIPATION = "participation"
"""What keeps somebody undetermined who has no open question: whether they are in the trial already."""


def _largest_first(counts: Counter[str]) -> dict[str, int]:
    return dict(sorted(counts.items(), key=lambda item: (-item[1], item[0])))
