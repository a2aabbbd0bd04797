"""The chart store is closed under nobody who is reading it."""

import threading

from cds_service.demo.fhir_store import ChartStore

SOON = 0.2
PATIENCE = 5.0


def test_closing_waits_for_whoever_is_reading() -> None:
    store = ChartStore("http://127.0.0.1/fhir")
    closing = threading.Thread(target=store.close)
    with store.store.lock:
        closing.start()
        closing.join(SOON)
        assert closing.is_alive()
        assert store.search("Patient", []).ok
    closing.join(PATIENCE)
    assert not closing.is_alive()
