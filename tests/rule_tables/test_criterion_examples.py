"""The examples in each criterion's folder: the chart, from its FHIR to the answer, is judged as they say."""

import json
from collections.abc import Iterator
from typing import Any

import pytest

from cds_service.rules.criterion_folders import criterion_folders, criterion_number
from cds_service.rules.thresholds import FOLDER
from cds_service.trials.nct06802055.criteria.whole_folders import EXAMPLES
from tests.scenarios.fhir_charts import assessed, status


def _examples() -> Iterator[Any]:
    for folder in criterion_folders(FOLDER):
        told = json.loads((folder / EXAMPLES).read_text("utf-8"))
        for one in told["examples"]:
            yield pytest.param(criterion_number(folder), told["on"], one, id=f"{folder.name}: {one['says']}")


@pytest.mark.parametrize(("number", "on", "example"), list(_examples()))
def test_the_chart_is_judged_as_the_example_says(number: str, on: str, example: dict[str, Any]) -> None:
    told = assessed(*example["chart"], as_of=on)
    assert status(told, number) == example["answer"]
