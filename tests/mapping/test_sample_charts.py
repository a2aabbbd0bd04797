"""All results of the sample data: nothing falls over, and what is read is plausible."""

import gzip
from collections import Counter, defaultdict
from pathlib import Path

import pytest

from fhir_mappings.clinical_model.known_unknown import Gap
from fhir_mappings.clinical_model.results import Analyte, Reading, Result
from fhir_mappings.readers.bundle import decode_ndjson
from fhir_mappings.readers.observation import read_results
from fhir_mappings.readers.observation_types import Observation
from fhir_mappings.readers.reading_context import ReadingContext
from fhir_mappings.readers.references import Bag
from tests.builders import NOW
from tests.mapping.charts import SETTINGS

SAMPLES = Path(__file__).parents[2].parent / "shared" / "data"


@pytest.mark.shared
@pytest.mark.parametrize(("folder", "least"), [("synthea-615", 35_000), ("clinosim-176", 8_000)])
def test_every_observation_of_the_sample_data_is_read(folder: str, least: int) -> None:
    path = SAMPLES / folder / "Observation.ndjson.gz"
    if not path.exists():
        pytest.skip(f"no sample data at {path}")
    decoded = decode_ndjson(gzip.decompress(path.read_bytes()))
    by_patient: dict[str, list[Observation]] = defaultdict(list)
    for resource in decoded.resources:
        if isinstance(resource, Observation) and resource.subject and resource.subject.reference:
            by_patient[resource.subject.reference].append(resource)
    assert not decoded.gaps
    read = [item for many in by_patient.values() for item in read_results(many, _chart())]
    results = [item for item in read if isinstance(item, Result)]
    assert len(results) > least
    usable = [result for result in results if result.reading is Reading.USABLE]
    assert len(usable) > 0.95 * len(results)
    told = {"UNIT_UNUSABLE", "VALUE_IMPLAUSIBLE", "ANSWER_NOT_LISTED"}
    assert {gap.problem for gap in read if isinstance(gap, Gap)} <= told
    assert _one_a_moment(usable)
    haemoglobin = sorted(
        r.number for r in usable if r.analyte is Analyte.HAEMOGLOBIN and r.number is not None
    )
    assert 90 < haemoglobin[len(haemoglobin) // 2] < 170  # g/L, though it came in g/dL


def _chart() -> ReadingContext:
    return ReadingContext(Bag(()), SETTINGS, NOW.instant)


def _one_a_moment(results: list[Result]) -> bool:
    """Within one chart; the two patients of one moment are told apart by their references."""
    counted = Counter((r.reference, r.analyte) for r in results)
    return max(counted.values()) == 1
