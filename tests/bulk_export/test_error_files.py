"""The error files of an export: outcomes of one issue and of several, what is grave, how often, and how much is told."""

import gzip
import json

import pytest

from cds_service.bulk_export.export_outcomes import read_outcomes
from tests.bulk_export.scripted import ndjson


def outcome(*lines):
    issues = [
        ({"severity": severity} if severity else {}) | {"code": "processing", "diagnostics": words}
        for severity, words in lines
    ]
    return {"resourceType": "OperationOutcome", "issue": issues}


def told(tmp_path, *parts):
    files = []
    for number, body in enumerate(parts):
        (file := tmp_path / f"{number}.ndjson").write_bytes(body)
        files.append(file)
    return read_outcomes(files)


@pytest.mark.parametrize(
    ("severities", "is_grave"),
    [
        (("fatal",), True),
        (("error",), True),
        (("warning",), False),
        (("information",), False),
        (("success",), False),
        (("information", "error"), True),
        (("fatal", "warning"), True),
        (("warning", "warning", "fatal"), True),
        (("warning", "information"), False),
        ((None,), True),
        (("warning", None), True),
        (("Error",), True),
        (("grave",), True),
    ],
)
def test_one_grave_issue_of_several_makes_the_outcome_a_problem(tmp_path, severities, is_grave):
    words = [f"word {'abc'[n]}" for n in range(len(severities))]
    found = told(tmp_path, ndjson(outcome(*zip(severities, words, strict=True))))
    line = (f"the server says 1 x: {'; '.join(words)}",)
    assert (found.problems, found.remarks) == ((line, ()) if is_grave else ((), line))


@pytest.mark.parametrize("line", [b"{", b"[]", b"\xff", b'{"issue": 5}'])
def test_what_cannot_be_read_is_a_problem(tmp_path, line):
    assert told(tmp_path, line + b"\n").problems == ("the server says 1 x: an issue without words",)


def test_an_outcome_without_an_issue_is_a_problem(tmp_path):
    assert told(tmp_path, ndjson(outcome())).problems == ("the server says 1 x: an issue without words",)


def test_the_same_words_are_counted_over_all_files_plain_and_gzip(tmp_path):
    lost = outcome(("error", "lost 1"), ("warning", "slow"))
    again = outcome(("error", "lost 2"), ("warning", "slow"))
    found = told(tmp_path, ndjson(lost, lost), gzip.compress(ndjson(again)), b"\n")
    assert found.problems == ("the server says 3 x: lost … slow",)
    assert found.remarks == ()


@pytest.mark.parametrize("many", [20, 21, 22])
def test_twenty_are_told_and_the_others_counted(tmp_path, many):
    letters = "abcdefghijklmnopqrstuvwxyz"
    body = b"".join(json.dumps(outcome(("error", letters[n]))).encode() + b"\n" for n in range(many))
    found = told(tmp_path, json.dumps(outcome(("error", letters[many - 1]))).encode() + b"\n", body)
    lines = [f"the server says 1 x: {letters[n]}" for n in range(many - 1)]
    lines = [f"the server says 2 x: {letters[many - 1]}", *lines][:20]
    if more := many - 20:
        lines.append(f"the server says {more} other things in the export's error files")
    assert found.problems == tuple(lines)
