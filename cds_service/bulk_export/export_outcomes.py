"""What the server itself says went wrong in an export: its files of OperationOutcomes, told in few lines."""

from collections import Counter
from collections.abc import Iterable
from dataclasses import dataclass
from pathlib import Path

import msgspec

from cds_service.bulk_export.content import lines_in, open_ndjson
from cds_service.cds_hooks.strict_json import NOT_JSON
from cds_service.fhir_client.outcome_text import impersonal, words_for_people
from fhir_mappings.readers.resource_types import OutcomeIssue

_MOST_TOLD = 20


class _Outcome(msgspec.Struct):
    issue: tuple[OutcomeIssue, ...] = ()


@dataclass(frozen=True, slots=True)
class ToldOutcome:
    """`problems`: because of them the export may lack something; `remarks`: what is said to be light."""

    remarks: tuple[str, ...] = ()
    problems: tuple[str, ...] = ()


def read_outcomes(files: Iterable[Path]) -> ToldOutcome:
    """The words of all issues without what may tell who is meant, each with how often it was said."""
    grave: Counter[str] = Counter()
    light: Counter[str] = Counter()
    for file in files:
        with open_ndjson(file) as opened:
            for line in lines_in(opened):
                said = impersonal(words_for_people(line), "") or "an issue without words"
                (grave if _is_grave(line) else light)[said] += 1
    return ToldOutcome(_told(light), _told(grave))


def _is_grave(line: bytes) -> bool:
    """What cannot be read, or does not say how grave it is, is taken for grave: as in a search."""
    try:
        issues = msgspec.json.decode(line, type=_Outcome).issue
    except NOT_JSON:
        return True
    return not issues or not all(issue.is_remark for issue in issues)


def _told(counted: Counter[str]) -> tuple[str, ...]:
    lines = [f"the server says {times} x: {said}" for said, times in counted.most_common(_MOST_TOLD)]
    if more := len(counted) - len(lines):
        lines.append(f"the server says {more} other things in the export's error files")
    return tuple(lines)
