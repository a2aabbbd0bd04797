"""`make same-answers`: every recorded case answered again, and each difference shown; `RECORD=1` records anew.

`python -m tests.same_answers --only told/orders` looks at the cases whose name holds the words; `--show CASE` prints
a case and its answers.
"""

import argparse
import json
import sys
import time
from pathlib import Path

from tests.same_answers import differences, doors, reach, recording
from tests.same_answers.recording import Case, Found


def main() -> int:
    """The command; exit code 1 for differences, or for cases that raise."""
    parser = argparse.ArgumentParser(prog="python -m tests.same_answers", description=__doc__)
    parser.add_argument("--record", action="store_true", help="keep what is answered now")
    parser.add_argument("--only", default="", help="cases whose kind/name holds these words")
    parser.add_argument("--processes", type=int, default=0)
    parser.add_argument("--most", type=int, default=5, help="differences that are shown whole")
    parser.add_argument("--show", metavar="KIND/NAME", help="print the answers of one case")
    parser.add_argument(
        "--reach", action="store_true", help="print which statuses, rules, reasons no case meets"
    )
    parser.add_argument("--print", action="store_true", help=argparse.SUPPRESS)
    asked = parser.parse_args()
    if asked.print:
        return _print(sys.stdin.read().splitlines())
    if asked.show:
        return _show(asked.show)
    if asked.reach:
        return _reach(asked.only, asked.processes)
    return _record(asked.processes) if asked.record else _compare(asked.only, asked.processes, asked.most)


def _print(lines: list[str]) -> int:
    """The answers of the cases on standard input, a line each; those that are unknown here have none."""
    if Path.cwd() not in doors.PRODUCT.parents and Path.cwd() != doors.PRODUCT:
        raise SystemExit(f"the product is imported from {doors.PRODUCT}, not from {Path.cwd()}")
    known = set(recording.all_cases())
    for kind, name in map(json.loads, lines):
        answers = recording.answers_of((kind, name)) if (kind, name) in known else {}
        print(json.dumps({"case": [kind, name], "answers": answers}))
    return 0


def _show(text: str) -> int:
    kind, _, name = text.partition("/")
    for part, answer in recording.answers_of((kind, name)).items():
        print(f"== {part}\n{answer}")
    return 0


def _reach(only: str, processes: int) -> int:
    met = _answered(recording.all_cases(only), processes).reached
    print("\n".join(sorted(reach.known() - met.keys())))
    return 0


def _record(processes: int) -> int:
    found = _answered(recording.all_cases(), processes)
    kept = recording.kept()
    cases = differences.differing(kept, found.hashes, {*kept, *found.hashes})
    print(f"{len(cases)} answers differ from the recorded ones:")
    print("\n".join(differences.counted(kept, found, cases)))
    if found.raised:
        return _say_raised(found)
    recording.write(found)
    return 0


def _compare(only: str, processes: int, most: int) -> int:
    cases = recording.all_cases(only)
    found = _answered(cases, processes)
    kept = recording.kept()
    asked = {*cases, *(case for case in kept if only in "/".join(case))}
    other = differences.differing(kept, found.hashes, asked)
    if not other:
        return 0
    print(f"{len(other)} answers differ:")
    print("\n".join(differences.counted(kept, found, other)))
    print("\n".join(f"   {'/'.join(case)}" for case in other[:60]))
    _say_differences(other[:most], found)
    return 1


def _say_differences(cases: list[Case], found: Found) -> None:
    commit = differences.recorded_by()
    if commit is None:
        print("The recorded answers are not committed here: only the new ones can be shown.")
    else:
        print(f"Recorded by {commit[:12]}; its answers are worked out again.")
    old = differences.old_answers(cases, commit) if commit else {}
    for case in cases:
        print("\n".join(differences.shown(case, old.get(case, {}), found.raised)))


def _answered(cases: list[Case], processes: int) -> Found:
    begun = time.perf_counter()
    found = recording.answered(cases, processes)
    print(f"{len(cases)} cases in {time.perf_counter() - begun:.0f} s", file=sys.stderr)
    return found


def _say_raised(found: Found) -> int:
    for case, trace in list(found.raised.items())[:5]:
        print(f"== {'/'.join(case)}\n{trace}")
    print(f"{len(found.raised)} cases raise: nothing is recorded.")
    return 1


if __name__ == "__main__":
    raise SystemExit(main())
