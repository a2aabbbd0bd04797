"""Every suggestion of every demo patient, carried out at HAPI FHIR: it keeps versions, and checks what it is sent.

Each language once, each with another style of client: the server knows nothing of languages, and all four pairs are
carried out at the demo's own server (tests/round_trips).
"""

from collections.abc import Iterator

import pytest

from tests.foreign.hapi_server import hapi, missing
from tests.round_trips.carried_out import round_trips
from tests.round_trips.servers import Clients, clients
from tests.round_trips.test_demo_server import OFFERED_NOTHING
from tests.scenarios.visits import PATIENTS


@pytest.fixture(scope="module")
def everybody(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Clients]:
    """HAPI with nothing in it, and all clients of it; or a skip that says what to do."""
    if said := missing():
        pytest.skip(said)
    with hapi(tmp_path_factory.mktemp("hapi")) as base, clients(base) as found:
        yield found


@pytest.mark.parametrize(("language", "style"), [("en", "several"), ("zh", "one")])
@pytest.mark.parametrize("name", sorted(PATIENTS))
def test_a_suggestion_carried_out_leaves_the_chart_in_order(
    name: str, language: str, style: str, everybody: Clients
) -> None:
    trips = round_trips(everybody[language, style], name, style, f"{language}-{style}")
    assert (trips == 0) is (name in OFFERED_NOTHING)
