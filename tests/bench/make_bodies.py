"""Writes the two bodies that `make bench` sends: 300 resources each, every prefetch key there.

`python -m tests.bench.make_bodies ../shared/data/synthea-615` takes the chart of an enrolled demo patient
and of one without aplastic anaemia, and pads both with one synthetic patient's resources. The bodies are
committed, so that the figures can be had without the sample data.
"""

import gzip
import json
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Any

from cds_service.demo.demo_patients import demo_patients
from tests.builders import TODAY
from tests.hook_calls import call_body, prefetch_of

BODIES = Path(__file__).with_name("bodies")
RESOURCES = 300
_KINDS = ("Condition", "MedicationRequest", "Observation")
_WANTED = {"titration": "demo-09", "not-aplastic": "demo-18"}
Json = dict[str, Any]


def main(folder: Path) -> int:
    """Write both bodies and say how large they are."""
    patients = {patient.id: patient for patient in demo_patients(TODAY)}
    padding = _longest_chart(folder)
    for name, patient_id in _WANTED.items():
        body = _body(patient_id, patients[patient_id].resources, padding)
        path = BODIES / f"{name}.json"
        path.write_text(json.dumps(body, ensure_ascii=False, separators=(",", ":")), encoding="utf-8")
        print(f"{path.name}: {path.stat().st_size / 1000:.0f} KB, {_size(body)} resources")
    return 0


def _longest_chart(folder: Path) -> list[Json]:
    """The resources of the sample patient with the most of them, conditions and orders first."""
    charts: dict[str, list[Json]] = {}
    for resource in _resources(folder):
        charts.setdefault(resource["subject"]["reference"], []).append(resource)
    return max(charts.values(), key=len)


def _resources(folder: Path) -> Iterator[Json]:
    for kind in _KINDS:
        with gzip.open(folder / f"{kind}.ndjson.gz", "rt", encoding="utf-8") as lines:
            yield from map(json.loads, lines)


def _body(patient_id: str, chart: tuple[Json, ...], padding: list[Json]) -> Json:
    own = list(chart)
    there = {f"{r['resourceType']}/{r['id']}" for r in own}
    for resource in padding:
        if len(own) == RESOURCES:
            break
        if f"{resource['resourceType']}/{resource['id']}" not in there:
            own.append(resource | {"subject": {"reference": f"Patient/{patient_id}"}})
    return call_body("aa-trial-titration", patient_id, prefetch_of(own))


def _size(body: Json) -> int:
    bundles = body["prefetch"].values()
    return sum(len(b["entry"]) if b["resourceType"] == "Bundle" else 1 for b in bundles)


if __name__ == "__main__":
    sys.exit(main(Path(sys.argv[1])))
