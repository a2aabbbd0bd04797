"""One row as the page and the CSV show it: words for codes, and what to filter and sort by."""

import csv
import io
from collections.abc import Callable, Iterable
from datetime import date, datetime, timedelta
from typing import Any

from cds_service.cards.translations import Wording
from cds_service.research.candidates import SeenRow
from cds_service.study_list.subject_codes import News, SubjectStatus
from fhir_mappings.clinical_model.messages import Phrase

STATUSES = tuple(status.value for status in SubjectStatus)
NEWS_FOR = timedelta(days=7)
"""How long something counts as news on the page."""
_TONES = {"met": "good", "absent": "good", "not-met": "warning", "present": "warning"}
_NEWS_TONES = {News.NEW: "good", News.CHANGED: "info", News.LOST: "warning"}
_CELL, _GAP = 7, 1
"""The width of a criterion in the strip, and of the gap behind it: in the figure's units."""
_FORMULA = ("=", "+", "-", "@", "\t", "\r")
COLUMNS = (
    "patient", "recordNumber", "news", "newsDay", "status", "statusSetBy", "statusSetAt", "criterion",
    "open", "excludedBy", "nextQuestion", "assignedTo", "lastStay", "department", "asked", "notes",
)  # fmt: skip


def shown_candidates(
    seen: SeenRow, words: Wording, today: date, seal: Callable[[str], str]
) -> dict[str, Any]:
    """The values of a row in the template; `seal` makes a name for it that only this session can read."""
    row, judged = seen.row, seen.row.judgement
    news, at = judged.news
    is_news = bool(at) and _day(at) > today - NEWS_FOR
    return {
        "key": seal(row.patient),
        "version": row.version,
        "who": seen.who,
        "is_stale": seen.is_stale,
        "news": news.value if is_news or news is News.LOST else "",
        "news_tone": _NEWS_TONES[news],
        "news_day": at[:10],
        "status": row.status,
        "is_ours": row.status in STATUSES,
        "set_by": row.set_by,
        "owner": row.owner,
        "notes": row.notes,
        "asked": row.asked,
        "strip": _strip(judged.criteria),
        "strip_width": _CELL * len(judged.criteria) - _GAP,
        "open": judged.open_criteria,
        "excluded_by": judged.excluded_by,
        "eligibility": judged.status,
        "question": judged.questions[0] if judged.questions else None,
        "questions": judged.questions,
        "last_stay": judged.last_stay or "",
        "department": judged.department or "",
        "find": _found_by(seen, words),
    }


def _strip(criteria: Iterable[tuple[str, str]]) -> list[tuple[str, str, int]]:
    """The criteria as cells side by side, by tone: what an SVG path draws, and how many they are."""
    cells: dict[str, list[int]] = {}
    for place, (_, status) in enumerate(criteria):
        cells.setdefault(_TONES.get(status, "unknown"), []).append(place)
    return [
        (
            tone,
            "".join(f"M{_CELL * place} 0h{_CELL - _GAP}v12h-{_CELL - _GAP}z" for place in cells[tone]),
            len(cells[tone]),
        )
        for tone in ("good", "warning", "unknown")
        if tone in cells
    ]


def _day(moment: str) -> date:
    return datetime.fromisoformat(moment).date()


def _found_by(seen: SeenRow, words: Wording) -> str:
    """What a search looks through."""
    row = seen.row
    titles = (words.plain(Phrase(f"criterion.title.{number}")) for number in row.judgement.open_criteria)
    parts = (seen.who.name, seen.who.number, row.owner, row.judgement.department or "", *titles)
    return " ".join((*parts, *(note.text for note in row.notes))).casefold()


def candidates_csv(rows: Iterable[SeenRow]) -> str:
    """The list for a spreadsheet, which must not take anybody's words for a formula."""
    out = io.StringIO()
    writer = csv.writer(out, lineterminator="\n")
    writer.writerow(COLUMNS)
    writer.writerows([_plain(cell) for cell in _cells(seen)] for seen in rows)
    return out.getvalue()


def _cells(seen: SeenRow) -> Iterable[str]:
    row, judged = seen.row, seen.row.judgement
    news, at = judged.news
    by = row.set_by
    yield from (seen.who.name or row.patient, seen.who.number, news.value, at[:10], row.status)
    yield from (by.who, by.at, by.criterion) if by else ("", "", "")
    yield from (" ".join(judged.open_criteria), " ".join(judged.excluded_by))
    yield ": ".join(judged.questions[0]) if judged.questions else ""
    yield from (row.owner, judged.last_stay or "", judged.department or "", row.asked)
    yield " | ".join(f"{note.at[:10]} {note.who}: {note.text}" for note in row.notes)


def _plain(cell: str) -> str:
    """No formula, at its beginning or in a row of its own: `csv` puts no quotes around a carriage return."""
    one_line_end = cell.replace("\r\n", "\n").replace("\r", "\n")
    return f"'{one_line_end}" if cell.startswith(_FORMULA) else one_line_end
