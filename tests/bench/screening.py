"""`make bench-screen`: what screening costs beside the least that reading could cost, and beside DuckDB.

Floor: `orjson.loads` of every line, one process. DuckDB: a count by three conditions over the same files, two
threads. One in a thousand patients has aplastic anaemia. `unchecked`: one process without the look for damage
in lines that decide nothing, which no command offers. `next-day`: one process, a day later, when a hundredth of
the patients have a new result each in a file beside. Ratios are of one run, by the clock and by processor time,
which a busy machine disturbs less (that of a second process is not seen from outside).
"""

import argparse
import json
import os
import random
import resource
import shutil
import statistics
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable, Iterator, Sequence
from pathlib import Path
from uuid import UUID

import duckdb
import orjson

_LINES = 20
_ONE_IN = 1000
_CHANGED = 0.01
_CODES = ("I10", "E11.9", "J45.9", "D50.9", "K21.0", "M54.5", "N18.3", "E78.5")
_TESTS = (
    ("718-7", 40, 170, "g/L"),
    ("26464-8", 1, 12, "10*9/L"),
    ("777-3", 5, 400, "10*9/L"),
    ("14682-9", 40, 120, "umol/L"),
    ("1742-6", 10, 60, "U/L"),
)
"""LOINC code, lowest and highest value, UCUM unit: results that can be read, as most of a hospital's can."""


def lines_of(number: int, chance: random.Random) -> Iterator[tuple[str, str]]:
    """One lean chart: type and line."""
    name = str(UUID(int=chance.getrandbits(128), version=4))
    born = f"{1930 + number % 80}-05-06"
    yield (
        "Patient",
        f'{{"resourceType":"Patient","id":"{name}","identifier":[{{"system":"urn:mrn","value":"{number:08d}"}}],'
        f'"gender":"female","birthDate":"{born}"}}',
    )
    subject = f'"subject":{{"reference":"Patient/{name}"}}'
    codes = [chance.choice(_CODES) for _ in range(2)] + (["D61.3"] if number % _ONE_IN == 7 else [])
    for place, code in enumerate(codes):
        yield (
            "Condition",
            f'{{"resourceType":"Condition","id":"c{number}-{place}","clinicalStatus":{{"coding":[{{"code":"active"}}]}},'
            f'"code":{{"coding":[{{"system":"http://hl7.org/fhir/sid/icd-10","code":"{code}"}}]}},{subject},'
            f'"recordedDate":"2025-11-{1 + place:02d}"}}',
        )
    for place in range(_LINES - 3):
        code, low, high, unit = _TESTS[place % 5]
        yield (
            "Observation",
            f'{{"resourceType":"Observation","id":"o{number}-{place}","status":"final","category":[{{"coding":[{{"system":'
            '"http://terminology.hl7.org/CodeSystem/observation-category","code":"laboratory"}]}],"code":{"coding":['
            f'{{"system":"http://loinc.org","code":"{code}"}}]}},{subject},"effectiveDateTime":'
            f'"2026-02-{1 + place:02d}T08:00:00+08:00","valueQuantity":{{"value":{chance.randrange(low, high)},'
            f'"unit":"{unit}","system":"http://unitsofmeasure.org","code":"{unit}"}}}}',
        )


def write(folder: Path, patients: int) -> int:
    """The export; its bytes."""
    chance = random.Random(patients)
    folder.mkdir()
    files = {
        kind: (folder / f"{kind}.000.ndjson").open("w") for kind in ("Patient", "Condition", "Observation")
    }
    for number in range(patients):
        for kind, line in lines_of(number, chance):
            files[kind].write(line + "\n")
    for file in files.values():
        file.close()
    return sum(file.stat().st_size for file in folder.iterdir())


def write_changes(folder: Path, patients: int) -> None:
    """New results of one patient in a hundred, as many as make a hundredth of all lines."""
    folder.mkdir()
    names = (json.loads(line)["id"] for line in (folder.parent / "export" / "Patient.000.ndjson").open())
    with (folder / "Observation.000.ndjson").open("w") as file:
        for number, name in enumerate(names):
            if random.Random(number).random() < _CHANGED:
                for place, (kind, line) in enumerate(lines_of(number, random.Random(number))):
                    if kind == "Observation":
                        told = json.loads(line) | {"subject": {"reference": f"Patient/{name}"}}
                        told |= {
                            "id": f"new-{told['id']}",
                            "effectiveDateTime": f"2026-03-01T08:{place:02d}:00+08:00",
                        }
                        file.write(json.dumps(told, separators=(",", ":")) + "\n")


def reading(folder: Path) -> None:
    for file in folder.iterdir():
        with file.open("rb", buffering=0) as stream:
            while stream.read(1 << 19):
                pass


def floor(folder: Path) -> None:
    for file in folder.iterdir():
        with file.open("rb") as stream:
            for line in stream:
                orjson.loads(line)


def counted(folder: Path) -> None:
    """Adults with aplastic anaemia by code and a haemoglobin below 100 g/L."""
    with duckdb.connect() as database:
        database.execute("SET threads = 2")
        database.execute(
            f"""SELECT count(DISTINCT p.id) FROM
            read_json('{folder}/Patient*', columns={{id: 'VARCHAR', birthDate: 'DATE'}}) p
            JOIN (SELECT subject.reference AS who FROM read_json('{folder}/Condition*', columns={{
                subject: 'STRUCT(reference VARCHAR)', code: 'STRUCT(coding STRUCT(code VARCHAR)[])'}})
                WHERE code.coding[1].code LIKE 'D61%') c ON c.who = 'Patient/' || p.id
            JOIN (SELECT subject.reference AS who FROM read_json('{folder}/Observation*', columns={{
                subject: 'STRUCT(reference VARCHAR)', code: 'STRUCT(coding STRUCT(code VARCHAR)[])',
                valueQuantity: 'STRUCT(value DOUBLE)'}})
                WHERE code.coding[1].code = '718-7' AND valueQuantity.value < 100) o ON o.who = c.who
            WHERE p.birthDate < DATE '2008-03-02'"""
        ).fetchall()


_PROGRAMS = ("unchecked", "screen-1", "screen-2", "next-day")
_PROGRAM = ("-m", "cds_service")
_UNCHECKED = """
import re, sys
from cds_service.cli import main
from cds_service.screening import plain_scan, scan
def unchecked(block, first):
    kind = plain_scan.kind_of_first(block)
    lines = block.count(b'}\\n{"resourceType":"' + kind.encode() + b'"') + 1
    return plain_scan.PlainLines(kind, block, range(first, first + lines))
scan.one_after_another = unchecked
sys.exit(main(sys.argv[1:]))
"""


def screened(
    paths: Sequence[Path], out: Path, cores: int, *more: str, program: Sequence[str] = _PROGRAM
) -> None:
    command = [sys.executable, *program, "screen", *map(str, paths), "--out", str(out), "--cores", str(cores)]
    command += more or ["--as-of", "2026-03-02"]
    environment = {name: value for name, value in os.environ.items() if name != "PYTHONDONTWRITEBYTECODE"}
    subprocess.run(command, check=True, capture_output=True, env=environment)


def seconds(work: Callable[[], None]) -> float:
    began = time.perf_counter()
    work()
    return time.perf_counter() - began


def apart(name: str, *arguments: str) -> Callable[[], float]:
    """A measure in a process of its own, so that its peak of memory is its own: seconds, as it says."""
    command = [sys.executable, "-m", "tests.bench.screening", "--one", name, *arguments]
    return lambda: json.loads(subprocess.run(command, check=True, capture_output=True, text=True).stdout)


def one(name: str, folder: Path, out: Path) -> None:
    works: dict[str, Callable[[], None]] = {
        "reading": lambda: reading(folder),
        "floor": lambda: floor(folder),
        "duckdb": lambda: counted(folder),
        "screen-1": lambda: screened([folder], out, 1),
        "screen-2": lambda: screened([folder], out, 2),
        "unchecked": lambda: screened([folder], out, 1, program=("-c", _UNCHECKED)),
        "next-day": lambda: screened([folder, folder.parent / "changes"], out, 1, "--as-of", "2026-03-03"),
    }
    if name != "next-day":
        shutil.rmtree(out, ignore_errors=True)  # what a first night finds
    began = time.process_time()
    took = seconds(works[name])
    of = resource.RUSAGE_CHILDREN if name in _PROGRAMS else resource.RUSAGE_SELF
    used = resource.getrusage(of)
    cpu = used.ru_utime + used.ru_stime - (began if of == resource.RUSAGE_SELF else 0)
    print(json.dumps({"seconds": took, "cpu": cpu, "mb": used.ru_maxrss / 1024}))


NAMES = ("reading", "floor", "duckdb", "unchecked", "screen-1", "screen-2", "next-day")


def compare(patients: int, rounds: int) -> None:
    with tempfile.TemporaryDirectory() as place:
        folder, out = Path(place) / "export", Path(place) / "out"
        size = write(folder, patients) / 1e6
        write_changes(folder.parent / "changes", patients)
        found: dict[str, list[dict[str, float]]] = {}
        for _ in range(rounds):
            for name in NAMES:
                measure = apart(name, str(folder), str(out))
                found.setdefault(name, []).append(measure())  # type: ignore[arg-type]
        took = {name: statistics.median(one["seconds"] for one in all_) for name, all_ in found.items()}
        cpu = {name: statistics.median(one["cpu"] for one in all_) for name, all_ in found.items()}
        peak = {name: max(one["mb"] for one in all_) for name, all_ in found.items()}
        print(f"\n{patients:,} patients, {size:,.0f} MB, {os.cpu_count()} processors, median of {rounds}")
        print(
            f"{'':12}{'s':>9}{'patients/s':>13}{'MB/s':>9}{'x floor':>10}{'x DuckDB':>10}{'CPU s':>8}{'x floor':>9}{'peak MB':>9}"
        )
        for name, s in took.items():
            print(
                f"{name:12}{s:9.2f}{patients / s:13,.0f}{size / s:9,.0f}{took['floor'] / s:10.2f}"
                f"{took['duckdb'] / s:10.2f}{cpu[name]:8.2f}{cpu['floor'] / cpu[name]:9.2f}{peak[name]:9.0f}"
            )
        one, again, read = took["screen-1"], took["next-day"], took["reading"]
        print(f"two processes beside one: {one / took['screen-2']:.2f} x")
        print(f"reading the bytes: {100 * read / one:.0f} % of a whole run")
        print(
            f"the next day: {100 * again / one:.0f} % of a whole run, {100 * (again - read) / one:.0f} % without reading"
        )
        print(
            f"the look for damage: {100 * (cpu['screen-1'] / cpu['unchecked'] - 1):.0f} % of processor time more"
        )


def main() -> None:
    parser = argparse.ArgumentParser()
    parser.add_argument("--one", nargs=3, metavar=("NAME", "FOLDER", "OUT"))
    parser.add_argument("--patients", type=int, nargs="+", default=[10_000, 100_000])
    parser.add_argument("--rounds", type=int, default=3)
    asked = parser.parse_args()
    if asked.one:
        one(asked.one[0], Path(asked.one[1]), Path(asked.one[2]))
        return
    for patients in asked.patients:
        compare(patients, asked.rounds)


if __name__ == "__main__":
    main()
