"""One titration call goes through no more of the product's functions, and no more often, than was reached.

Wanted when the house was rebuilt: a third fewer functions than 779 and half of 10,994 calls, for 134 resources. What
is reached: see docs/decisions/0025-a-trial-is-a-folder.md. A number that can be lowered is lowered here.
"""

import json

import pytest

from tests.bench.hands import SMALL, bodies, cut_to, hands, resources_in

MOST = {"whole": (586, 6_131), "small": (587, 4_896)}
"""Functions and calls, by chart."""


def test_the_small_chart_is_of_the_size_that_the_house_was_measured_with() -> None:
    assert resources_in(json.loads(bodies()["small"])) == SMALL
    body = {"prefetch": {"observations": {"entry": [{"resource": {"effectiveDateTime": d}} for d in "213"]}}}
    kept = cut_to(body, 1)["prefetch"]["observations"]["entry"]
    assert [entry["resource"]["effectiveDateTime"] for entry in kept] == ["3"]


@pytest.mark.parametrize("chart", MOST)
def test_a_titration_call_takes_no_more_hands_than_were_reached(chart: str) -> None:
    found = hands(bodies()[chart])
    functions, calls = MOST[chart]
    assert ("assess" in {name for _, name in found}, len(found) > 400) == (True, True), "nothing was counted"
    assert len(found) <= functions
    assert found.total() <= calls
