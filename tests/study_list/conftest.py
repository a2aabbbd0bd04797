"""A FHIR server on loopback that keeps the list, empty but for some patients."""

import pytest

from cds_service.demo.fhir_server import start_fhir_server
from cds_service.fhir_client.base_url_allow_list import read_base
from cds_service.fhir_client.bounded_http import bounded_session
from cds_service.study_list.list_server import ListServer
from cds_service.trials.nct06802055.registration import RECORD
from tests.study_list.people import chart


@pytest.fixture
def server():
    """The list's server; `a` to `f` are its patients."""
    running = start_fhir_server(tuple(map(chart, "abcdef")))
    yield ListServer(read_base(running.base_url), bounded_session(4), RECORD)
    running.stop()
