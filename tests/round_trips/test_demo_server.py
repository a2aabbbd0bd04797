"""Every suggestion of every demo patient, carried out over HTTP at the demo's own FHIR server, in both languages
and by both styles of client."""

from collections.abc import Iterator

import pytest

from cds_service.cards.translations import LANGUAGES
from cds_service.demo.fhir_server import start_fhir_server
from tests.round_trips.carried_out import STYLES, round_trips
from tests.round_trips.servers import Clients, clients
from tests.scenarios.visits import PATIENTS

OFFERED_NOTHING = {"demo-05", "demo-06", "demo-07", "demo-18"}


@pytest.fixture(scope="module")
def everybody() -> Iterator[Clients]:
    """One FHIR server, and all clients of it."""
    server = start_fhir_server(())
    with clients(server.base_url) as found:
        yield found
    server.stop()


@pytest.mark.parametrize("style", STYLES)
@pytest.mark.parametrize("language", LANGUAGES)
@pytest.mark.parametrize("name", sorted(PATIENTS))
def test_a_suggestion_carried_out_leaves_the_chart_in_order(
    name: str, language: str, style: str, everybody: Clients
) -> None:
    trips = round_trips(everybody[language, style], name, style, f"{language}-{style}")
    assert (trips == 0) is (name in OFFERED_NOTHING)
