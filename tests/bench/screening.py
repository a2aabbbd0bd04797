"""`make bench-screen`: what screening costs beside the least that reading could cost, and beside DuckDB.

Floor: `orjson.loads` of every line, one process. DuckDB: a count by three conditions over the same files. One
in a thousand patients has aplastic anaemia. Every figure is a ratio taken in one run; the median of three.
"""

import argparse
import json
import os
import random
import resource
import statistics
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable, Iterator
from pathlib import Path

import duckdb
import orjson

_LINES = 20
_ONE_IN = 1000
_CODES = ("I10", "E11.9", "J45.9", "D50.9", "K21.0", "M54.5", "N18.3", "E78.5")
_TESTS = ("718-7", "26464-8", "777-3", "2160-0", "1742-6")


def lines_of(number: int, chance: random.Random) -> Iterator[tuple[str, str]]:
    """One lean chart: type and line."""
    name = f"{number:08x}-7c4e-4b6e-9d0a-{chance.getrandbits(48):012x}"
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
        yield (
            "Observation",
            f'{{"resourceType":"Observation","id":"o{number}-{place}","status":"final","category":[{{"coding":[{{"system":'
            '"http://terminology.hl7.org/CodeSystem/observation-category","code":"laboratory"}]}],"code":{"coding":['
            f'{{"system":"http://loinc.org","code":"{_TESTS[place % 5]}"}}]}},{subject},"effectiveDateTime":'
            f'"2026-02-{1 + place:02d}T08:00:00+08:00","valueQuantity":{{"value":{chance.randrange(40, 170)},"unit":"g/L",'
            '"system":"http://unitsofmeasure.org","code":"g/L"}}',
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


def screened(folder: Path, out: Path, cores: int) -> None:
    command = [sys.executable, "-m", "cds_service", "screen", str(folder), "--out", str(out)]
    command += ["--as-of", "2026-03-02", "--cores", str(cores)]
    subprocess.run(command, check=True, capture_output=True)


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
        "screen-1": lambda: screened(folder, out, 1),
        "screen-2": lambda: screened(folder, out, 2),
    }
    took = seconds(works[name])
    of = resource.RUSAGE_CHILDREN if name.startswith("screen") else resource.RUSAGE_SELF
    print(json.dumps({"seconds": took, "mb": resource.getrusage(of).ru_maxrss / 1024}))


def compare(patients: int, rounds: int) -> None:
    with tempfile.TemporaryDirectory() as place:
        folder, out = Path(place) / "export", Path(place) / "out"
        size = write(folder, patients) / 1e6
        found: dict[str, list[dict[str, float]]] = {}
        for _ in range(rounds):
            for name in ("reading", "floor", "duckdb", "screen-1", "screen-2"):
                measure = apart(name, str(folder), str(out))
                found.setdefault(name, []).append(measure())  # type: ignore[arg-type]
        took = {name: statistics.median(one["seconds"] for one in all_) for name, all_ in found.items()}
        peak = {name: max(one["mb"] for one in all_) for name, all_ in found.items()}
        print(f"\n{patients:,} patients, {size:,.0f} MB, {os.cpu_count()} processors, median of {rounds}")
        print(f"{'':12}{'s':>9}{'patients/s':>13}{'MB/s':>9}{'x floor':>10}{'x DuckDB':>10}{'peak MB':>10}")
        for name, s in took.items():
            print(
                f"{name:12}{s:9.2f}{patients / s:13,.0f}{size / s:9,.0f}{took['floor'] / s:10.2f}"
                f"{took['duckdb'] / s:10.2f}{peak[name]:10.0f}"
            )
        print(f"two processes beside one: {took['screen-1'] / took['screen-2']:.2f}")


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
