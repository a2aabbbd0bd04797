"""A laboratory's upper limit that no result can reach, or that every one passes, neither hides nor invents harm."""

import json

import pytest

from tests.fuzz.odd_json import NUMBERS, Raw
from tests.scenarios.fhir_charts import assessed, observation
from tests.scenarios.visits import PATIENTS

ALT = "1742-6"


def findings(alt, high):
    ranges = [] if high is None else [{"high": {"value": high, "unit": "U/L"}}]
    result = observation(ALT, alt, "U/L", when=1, referenceRange=ranges)
    result |= {"id": "alt", "subject": {"reference": "Patient/demo-08"}}
    told = assessed(*PATIENTS["demo-08"].resources, result)
    return sorted(json.dumps(alert, sort_keys=True) for alert in told["safety"] if "ALT" in json.dumps(alert))


@pytest.mark.parametrize("alt", [20, 400])
@pytest.mark.parametrize(
    "high", [0, -40, 0.049, 5e-324, 50_001, 1e300, *(n for n in NUMBERS if isinstance(n, int) and n > 50_000)]
)
def test_an_impossible_limit_is_as_none(alt, high):
    assert not isinstance(high, Raw)
    assert findings(alt, high) == findings(alt, None)


def test_a_possible_limit_counts():
    assert findings(400, 400) == []
    assert findings(400, 35) != [] != findings(400, None)
    assert findings(400, 35) != findings(400, None)
