"""What the demo prints: patients, their stories and the cards, readable in a terminal or a log."""

from collections import Counter
from collections.abc import Iterable
from typing import Any

from rich.console import Console, Group, RenderableType
from rich.markdown import Markdown
from rich.panel import Panel
from rich.rule import Rule
from rich.table import Table
from rich.text import Text

from cds_service.demo.cds_client import Cards, CdsFailure
from cds_service.demo.demo_patients import DemoPatient
from cds_service.demo.loopback import NOTICE
from cds_service.demo.rounds import Consulted

PLAIN_WIDTH = 110
"""Columns where the output goes to a file and no terminal says how wide it is."""
_COLOURS = {"critical": "bold red", "warning": "yellow", "info": "cyan"}
FAILED = "failed"


def a_console() -> Console:
    """Standard output, in the width of the terminal."""
    out = Console()
    return out if out.is_terminal else Console(width=PLAIN_WIDTH)


def print_patient(out: Console, patient: DemoPatient, consulted: Iterable[Consulted]) -> Counter[str]:
    """Print one patient's round; returns how many cards of each indicator there were, and failed calls."""
    out.print(Rule(Text(f"{patient.name} · {patient.id} · synthetic", style="bold"), align="left"))
    out.print(Text(patient.story))
    out.print(Text(patient.story_zh))
    seen: Counter[str] = Counter()
    shown: set[str] = set()
    for one in consulted:
        seen += _print_answer(out, one, shown)
    out.print()
    return seen


def _print_answer(out: Console, one: Consulted, shown: set[str]) -> Counter[str]:
    """Print one answer; a card whose indicator and summary are in `shown` already is only named again."""
    where = f"{one.service.id} ({one.moment.words})"
    if isinstance(one.answer, CdsFailure):
        out.print(Text(f"{where}: NO ANSWER - {one.answer.reason}", style="bold white on red"))
        return Counter([FAILED])
    count = len(one.answer.cards)
    said = "no card" if count == 0 else "1 card" if count == 1 else f"{count} cards"
    out.print(Text(f"{where}: {said}, {one.answer.milliseconds:.0f} ms", style="dim"))
    for card in one.answer.cards:
        name = f"{str(card.get('indicator')).upper()}: {card.get('summary')}"
        out.print(Text(f"  again {name}") if name in shown else _panel(card))
        shown.add(name)
    return _indicators(one.answer)


def _indicators(answer: Cards) -> Counter[str]:
    return Counter(str(card.get("indicator")) for card in answer.cards)


def _panel(card: dict[str, Any]) -> Panel:
    colour = _COLOURS.get(card.get("indicator", ""), "white")
    parts: list[RenderableType] = [Text(card.get("summary", "(no summary)"), style="bold")]
    if card.get("detail"):
        parts.append(Markdown(card["detail"], hyperlinks=False))
    for suggestion in card.get("suggestions", []):
        mark = "(recommended) " if suggestion.get("isRecommended") else ""
        parts.append(Text(f"[ {suggestion.get('label')} ] {mark}{_actions(suggestion)}", style="green"))
    for link in card.get("links", []):
        parts.append(Text(f"-> {link.get('label')}: {link.get('url')}"))
    parts.append(Text(f"source: {card.get('source', {}).get('label', '?')}", style="dim"))
    return Panel(Group(*parts), title=Text(str(card.get("indicator")).upper()), border_style=colour)


def _actions(suggestion: dict[str, Any]) -> str:
    """What accepting it does to the chart, e.g. "create ServiceRequest x 3"."""
    acts = Counter(
        f"{act.get('type')} {act.get('resource', {}).get('resourceType', '')}".strip()
        for act in suggestion.get("actions", [])
    )
    said = ", ".join(act if count == 1 else f"{act} x {count}" for act, count in acts.items())
    return f"({said})" if said else ""


def print_overview(out: Console, rounds: list[tuple[DemoPatient, Counter[str]]]) -> None:
    """One line per patient: how many cards of which kind, and every call that went unanswered."""
    table = Table(title=f"Overview ({NOTICE})", title_justify="left")
    for heading in ("patient", "critical", "warning", "info", "unanswered"):
        table.add_column(heading)
    for patient, seen in rounds:
        counts = [str(seen[kind] or "-") for kind in ("critical", "warning", "info")]
        table.add_row(
            patient.name, *counts, Text(str(seen[FAILED] or "-"), style="red" if seen[FAILED] else "")
        )
    out.print(table)
