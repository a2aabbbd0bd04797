"""How many of the product's functions one call goes through, and how often: `python -m tests.bench.hands`.

What a newcomer steps through, and what a breakpoint meets. Counted by name, the second of two calls, so that
nothing of the start is in it. The chart is the bench's, and once more with its older results left out.
"""

import json
import sys
from collections import Counter
from collections.abc import Callable
from pathlib import Path
from types import FrameType
from typing import Any

from tests.bench.instructions import BODIES, ROOT, environ

Json = dict[str, Any]
OWN = tuple(f"{ROOT / package}/" for package in ("cds_service", "fhir_mappings"))
_NOT_NAMED = frozenset({"<genexpr>", "<listcomp>", "<dictcomp>", "<setcomp>", "<lambda>"})
"""Parts of the function in which they stand."""
SMALL = 134
"""Resources of the chart that the house was measured with when it was rebuilt."""


def resources_in(body: Json) -> int:
    """How many resources a call brings."""
    return sum(len(one.get("entry", [one])) for one in body["prefetch"].values() if one)


def cut_to(body: Json, resources: int) -> Json:
    """The same call with so many resources: of the results, which are the most, the newest are kept."""
    results = body["prefetch"]["observations"]
    over = resources_in(body) - resources
    by_age = sorted(results["entry"], key=lambda e: e["resource"].get("effectiveDateTime", ""))
    kept = [entry for entry in results["entry"] if entry not in by_age[:over]]
    return body | {"prefetch": body["prefetch"] | {"observations": results | {"entry": kept}}}


def hands(content: bytes) -> Counter[tuple[str, str]]:
    """Calls by file and function of one titration call, answered once before."""
    from tests.bench.servers import bare

    app = bare()
    _answer(app, content)
    return counted(lambda: _answer(app, content))


def counted(work: Callable[[], None]) -> Counter[tuple[str, str]]:
    """The product's functions that `work` calls."""
    found: Counter[tuple[str, str]] = Counter()

    def seen(frame: FrameType, event: str, _: Any) -> None:
        code = frame.f_code
        if event == "call" and code.co_filename.startswith(OWN) and code.co_name not in _NOT_NAMED:
            found[code.co_filename, code.co_qualname] += 1

    sys.setprofile(seen)
    try:
        work()
    finally:
        sys.setprofile(None)
    return found


def _answer(app: Any, content: bytes) -> None:
    statuses: list[str] = []
    answer = app(environ("aa-trial-titration", content), lambda status, _headers, *_: statuses.append(status))
    b"".join(answer)
    assert statuses == ["200 OK"], statuses


def bodies() -> dict[str, bytes]:
    """The bench's titration call, whole and small."""
    whole = json.loads((BODIES / "titration.json").read_bytes())
    return {"whole": json.dumps(whole).encode(), "small": json.dumps(cut_to(whole, SMALL)).encode()}


def main() -> None:
    """Print both, and what is called most."""
    for name, content in bodies().items():
        found = hands(content)
        resources = resources_in(json.loads(content))
        print(f"{name}: {resources} resources, {len(found)} functions, {found.total()} calls")
    for (file, function), times in found.most_common(25):
        print(f"{times:6}  {Path(file).relative_to(ROOT)} {function}")


if __name__ == "__main__":
    main()
