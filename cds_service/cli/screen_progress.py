"""How far a screening is: a bar on a terminal, with patients a second and time left; nothing elsewhere."""

import sys
from collections.abc import Callable, Iterator
from contextlib import contextmanager

from rich.console import Console
from rich.progress import (
    BarColumn,
    DownloadColumn,
    Progress,
    TextColumn,
    TimeElapsedColumn,
    TimeRemainingColumn,
)

_FIRST, _JUDGED = "1", "judge"


@contextmanager
def progress(total: int) -> Iterator[Callable[[str, int, int], None]]:
    """Hears of each piece done. `total`: bytes of the export, of which the second pass reads each once."""
    columns = (
        TextColumn("{task.description}"),
        BarColumn(),
        DownloadColumn(),
        TextColumn("{task.fields[people]} patients, {task.fields[speed]}/s"),
        TimeElapsedColumn(),
        TimeRemainingColumn(),
    )
    console = Console(file=sys.stderr)
    with Progress(*columns, console=console, transient=True, disable=not console.is_terminal) as bar:
        task = bar.add_task("who", total=total, people=0, speed=0)
        people = 0

        def tell(name: str, size: int, patients: int) -> None:
            nonlocal people
            people += patients if name != _JUDGED else 0
            seconds = bar.tasks[task].elapsed or 1
            said = {_FIRST: "who", _JUDGED: "judging"}.get(name, "reading")
            bar.update(
                task,
                advance=size if name != _FIRST else 0,
                description=said,
                people=people,
                speed=int(people / seconds),
            )

        yield tell
