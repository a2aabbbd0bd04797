"""`report.html`: what may be shared of a run. Counts are rounded, small ones not told, nobody is named."""

import json
from collections import Counter
from collections.abc import Iterable, Mapping
from functools import partial
from pathlib import Path
from typing import Any, NamedTuple

from jinja2 import Environment, PackageLoader, StrictUndefined, Template
from markupsafe import Markup

from cds_service.cards.translations import Wording, with_words_of
from cds_service.pages import STATIC
from cds_service.pages.small_cells import FEWEST_SHOWN, Cell, shown_count
from cds_service.rules.answers.criteria_answers import EligibilityStatus
from cds_service.screening import OWN
from cds_service.screening.changes_since_last_run import RunChange, RunChanges
from cds_service.screening.funnel import PARTICIPATION
from cds_service.screening.summary import PatientSummary

REPORT = "report.html"
Json = dict[str, Any]


class ReportRow(NamedTuple):
    """A criterion by its name, and how many patients."""

    name: str
    patients: Cell


def one_answer_away(summaries: Iterable[PatientSummary]) -> dict[str, int]:
    """Of the patients with exactly one question open, how many wait for which criterion."""
    waiting = (
        one.questions[0].criterion for one in summaries if one.is_on_the_list and len(one.questions) == 1
    )
    return dict(Counter(waiting).most_common())


def report_page(funnel: Json, one_away: Mapping[str, int], changes: RunChanges | None, words: Wording) -> str:
    """The page, which needs nothing beside it."""
    told = with_words_of(OWN / "words", {words.language: words})[words.language].sentences
    name = partial(_rows, told)
    steps = _funnel(funnel)
    excluded_by = name(funnel["excludedBy"])
    titles = [(told[f"screening.{step}"], value or 0) for step, value in steps if step != "screened"]
    return _template().render(
        t=lambda key, **values: told[f"screening.{key}"].format(**values),
        language=words.language,
        fewest=FEWEST_SHOWN,
        as_of=funnel["asOf"],
        unreadable=funnel["unreadable"],
        funnel=steps,
        changes=_changes(changes),
        since=changes.since if changes else "",
        one_away=name(one_away),
        excluded_by=excluded_by,
        undetermined_by=name(funnel["undeterminedBy"]),
        data=_inlined_json(
            {"funnel": titles[1:], "excluded": [(r.name, r.patients or 0) for r in excluded_by]}
        ),
        style=_inlined(STATIC / "style.css"),
        library=_inlined(STATIC / "echarts" / "echarts.min.js"),
    )


def _funnel(funnel: Json) -> list[tuple[str, Cell]]:
    status = funnel["status"]
    without = status[EligibilityStatus.NOT_A_CANDIDATE.value]
    return [
        ("screened", shown_count(funnel["screened"])),
        ("candidates", shown_count(funnel["screened"] - without)),
        *((f"status.{one.value}", shown_count(status[one.value])) for one in reversed(EligibilityStatus)),
    ]


def _rows(told: Mapping[str, str], counts: Mapping[str, int]) -> list[ReportRow]:
    titles = {PARTICIPATION: told["screening.participation"]}
    return [
        ReportRow(titles.get(name) or f"{name} {told[f'criterion.title.{name}']}", shown_count(count))
        for name, count in counts.items()
    ]


def _changes(changes: RunChanges | None) -> list[tuple[str, Cell]]:
    if changes is None:
        return []
    counted = Counter(one.change for one in changes.patients)
    return [(change.value, shown_count(counted[change])) for change in RunChange]


def _template() -> Template:
    loader = PackageLoader("cds_service.screening")
    environment = Environment(loader=loader, autoescape=True, undefined=StrictUndefined, trim_blocks=True)
    return environment.get_template(REPORT)


def _inlined_json(value: Json) -> Markup:
    written = json.dumps(value, ensure_ascii=False).replace("<", "\\u003c")
    return Markup(written)  # noqa: S704 - our own words and numbers; "<" cannot end it


def _inlined(path: Path) -> Markup:
    """A file of ours, as it is shipped."""
    return Markup(path.read_text("utf-8").replace("</script", "<\\/script"))  # noqa: S704
