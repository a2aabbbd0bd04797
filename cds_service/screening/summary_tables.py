"""`patients.parquet` and `.csv`: one row for everybody; and the rows read back as summaries."""

from collections.abc import Iterable, Iterator, Sequence
from pathlib import Path
from typing import Any

import duckdb
import msgspec

from cds_service.rules.answers.criteria_answers import EligibilityStatus
from cds_service.screening.summary import CriterionSummary, LastStay, OpenQuestion, PatientSummary

PARQUET, CSV = "patients.parquet", "patients.csv"
_PARQUET = "FORMAT parquet"
_LIST = "VARCHAR[]"
_LONGEST_ROW = 4 << 20
"""Bytes of a row about a line or a patient; DuckDB's buffers are as large."""
_BEFORE = {"patient": "VARCHAR", "status": "VARCHAR"}
"""Then comes a column for each criterion of the trial, in its order."""
_AFTER = {
    "excluded_by": _LIST,
    "open_criteria": _LIST,
    "next_criterion": "VARCHAR",
    "next_question": "VARCHAR",
    "questions": "STRUCT(criterion VARCHAR, question VARCHAR)[]",
    "evidence": "STRUCT(criterion VARCHAR, reference VARCHAR)[]",
    "participation": "VARCHAR",
    "arm": "VARCHAR",
    "overdue": _LIST,
    "problems": _LIST,
    "last_stay_day": "VARCHAR",
    "department": "VARCHAR",
    "version": "VARCHAR",
}
_JOINED = {
    "questions": ("criterion", "question", " | "),
    "evidence": ("criterion", "reference", "; "),
}
_ONCE = "SELECT DISTINCT id FROM ({ids}) ORDER BY id"
_EVERYBODY = """
(FROM {rows}) UNION ALL BY NAME (
    SELECT 'Patient/' || id AS patient, 'not-a-candidate' AS status, 'none' AS participation
    FROM {once} WHERE 'Patient/' || id NOT IN (SELECT patient FROM {rows})
)"""
"""Those who were judged first, as they come: to sort wide rows takes memory. Then the others, by id."""
_FORMULA = ("=", "+", "-", "@", "\t", "\r")
"""How a text begins that a spreadsheet would carry out."""


def summary_row(summary: PatientSummary) -> dict[str, Any]:
    """The row of one patient."""
    stay, asked = summary.last_stay, summary.questions
    return {
        "patient": summary.patient,
        "status": summary.status.value,
        **{criterion.id: criterion.status for criterion in summary.criteria},
        "excluded_by": summary.excluded_by,
        "open_criteria": summary.open_criteria,
        "next_criterion": asked[0].criterion if asked else None,
        "next_question": asked[0].question if asked else None,
        "questions": asked,
        "evidence": [
            {"criterion": c.id, "reference": reference} for c in summary.criteria for reference in c.evidence
        ],
        "participation": summary.participation,
        "arm": summary.arm,
        "overdue": summary.overdue,
        "problems": summary.problems,
        "last_stay_day": stay.day if stay else None,
        "department": stay.department if stay else None,
        "version": summary.version,
    }


def write_tables(
    database: duckdb.DuckDBPyConnection, judged: Path, everybody: str, folder: Path, criteria: Sequence[str]
) -> int:
    """Write both files from rows as NDJSON in `judged`, and a query for the ids of everybody; how many rows.

    `criteria` are the trial's, by id. Raises OSError or duckdb.Error.
    """
    kinds = {**_BEFORE, **dict.fromkeys(criteria, "VARCHAR"), **_AFTER}
    columns = "{" + ", ".join(f"{name}: '{kind}'" for name, kind in kinds.items()) + "}"
    rows, once = judged.with_suffix(".parquet"), judged.with_name("everybody.parquet")
    pack_lines(database, judged, columns, rows)
    _copy(database, _ONCE.format(ids=everybody), once, _PARQUET)
    _copy(
        database,
        _EVERYBODY.format(rows=packed(rows), once=packed(once)),
        folder / PARQUET,
        f"{_PARQUET}, ROW_GROUP_SIZE 2048",  # the rows of candidates are wide, and wait in memory
    )
    flat = ", ".join(_flat(name, kind) for name, kind in kinds.items())
    whole = packed(folder / PARQUET)
    _copy(database, f"SELECT {flat} FROM {whole}", folder / CSV, "FORMAT csv, HEADER")  # noqa: S608
    return int(database.execute(f"SELECT count(*) FROM {whole}").fetchall()[0][0])  # noqa: S608


def pack_lines(database: duckdb.DuckDBPyConnection, lines: Path, columns: str, file: Path) -> None:
    """Write rows of NDJSON, in files that `lines` may name by a pattern, as Parquet.

    DuckDB reads JSON into memory that it needs to keep each row once or to sort: a million rows do not fit
    beside it. Raises duckdb.Error.
    """
    rows = (
        f"FROM read_json({sql_path(lines)}, format='newline_delimited', columns={columns}, "
        f"maximum_object_size={_LONGEST_ROW})"
    )
    _copy(database, rows, file, _PARQUET)


def packed(file: Path) -> str:
    """A table that was packed, as it stands in a question to DuckDB."""
    return f"read_parquet({sql_path(file)})"


def _copy(database: duckdb.DuckDBPyConnection, question: str, file: Path, how: str) -> None:
    """Write what a question finds into a file that is there whole or not at all."""
    begun = file.with_name(f"{file.name}.part")
    database.execute(f"COPY ({question}) TO {sql_path(begun)} ({how})")
    begun.replace(file)


def _flat(name: str, kind: str) -> str:
    """A column as spreadsheets take it: lists in one cell, and nothing that would be carried out."""
    if kind == _LIST:
        return f"array_to_string({name}, ' ') AS {name}"
    if name in _JOINED:
        first, second, between = _JOINED[name]
        one = f"lambda one: one.{first} || ' ' || one.{second}"
        return f"array_to_string(list_transform({name}, {one}), '{between}') AS {name}"
    if name == "department":
        begins = ", ".join(f"chr({ord(character)})" for character in _FORMULA)
        return f"CASE WHEN left({name}, 1) IN ({begins}) THEN chr(39) || {name} ELSE {name} END AS {name}"
    return name


def read_summaries(
    folder: Path, statuses: Iterable[EligibilityStatus] = EligibilityStatus
) -> Iterator[PatientSummary]:
    """The summaries of a run, by the folder of its output, in the order of patients.

    Raises OSError where there is no run.
    """
    file = folder / PARQUET
    file.stat()
    wanted = [status.value for status in statuses]
    with duckdb.connect() as database:
        question = "SELECT * FROM read_parquet($1) WHERE list_contains($2, status) ORDER BY patient"
        found = database.execute(question, [str(file), wanted])
        names = [column[0] for column in found.description or ()]
        while rows := found.fetchmany(1000):
            yield from (_summary(dict(zip(names, row, strict=True)), _criteria(names)) for row in rows)


def _criteria(columns: Sequence[str]) -> Sequence[str]:
    """The trial's criteria, by the columns of its run."""
    return columns[len(_BEFORE) : columns.index("excluded_by")]


def _summary(row: dict[str, Any], criteria: Sequence[str]) -> PatientSummary:
    evidence: dict[str, list[str]] = {}
    for one in row["evidence"] or ():
        evidence.setdefault(one["criterion"], []).append(one["reference"])
    return PatientSummary(
        patient=row["patient"],
        status=EligibilityStatus(row["status"]),
        criteria=tuple(
            CriterionSummary(name, row[name], tuple(evidence.get(name, ()))) for name in criteria if row[name]
        ),
        questions=tuple(OpenQuestion(q["criterion"], q["question"]) for q in row["questions"] or ()),
        participation=row["participation"],
        arm=row["arm"],
        overdue=tuple(row["overdue"] or ()),
        problems=tuple(row["problems"] or ()),
        last_stay=LastStay(row["last_stay_day"], row["department"]) if row["last_stay_day"] else None,
        version=row["version"],
    )


def rows_as_lines(rows: Sequence[dict[str, Any]]) -> bytes:
    """Rows as NDJSON."""
    return msgspec.json.Encoder().encode_lines(rows)


def sql_path(path: Path) -> str:
    """A path as it stands in a question to DuckDB."""
    return "'" + str(path).replace("'", "''") + "'"
