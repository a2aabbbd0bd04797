"""EHRs that call through nginx until each call is answered, and remember every try that was not."""

import http.client
import itertools
import json
import socket
import ssl
import threading
import time
from collections import Counter
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, field, replace
from datetime import datetime

from cds_service.demo.demo_patients import demo_patients
from tests.hook_calls import INSTANCE, call_body
from tests.load.clients import Answer
from tests.load.hospital import ZONE, Call, Ehr, calls
from tests.scenarios.visits import CHART_SERVICES
from tests.stack.nginx import NAME
from tests.standard.calls import authorization

FETCHED = 6
"""One call of so many brings no prefetch: its chart comes from the FHIR server."""
AGAIN = frozenset({429, 502, 503, 504})
_PAUSE, _BREATH = 0.1, 0.05
_PATIENCE = 120.0
_LOST = 0


@dataclass(frozen=True)
class Try:
    """One try that was not the last: status, or 0 and why there is none; seconds since the traffic began."""

    call: int
    instance: str
    at: float
    status: int
    why: str = ""


def stream(clients: list[Ehr], fhir_base: str) -> Iterator[Call]:
    """Calls without an end: those of a load run, and now and then one whose chart has to be fetched."""
    patients = itertools.cycle(demo_patients(datetime.now(ZONE).date()))
    for call in calls(clients, 1_000_000):
        yield _fetched(call, next(patients).id, fhir_base) if call.number % FETCHED == 0 else call


def _fetched(call: Call, patient: str, base: str) -> Call:
    service = CHART_SERVICES[call.number // FETCHED % len(CHART_SERVICES)]
    body = call_body(service, patient, None)
    body |= {"fhirServer": base, "fhirAuthorization": authorization()}
    text = json.dumps(body).replace(INSTANCE, call.instance)
    return replace(call, service=service, body=text.encode())


@dataclass
class Traffic:
    """Calls by so many EHR threads at once, from `with` to its end; then each has its answer.

    `again` are statuses that are no answer yet: the call is made again. `skew` is by how much the clocks
    of the EHRs are ahead of the true time, in seconds.
    """

    port: int
    context: ssl.SSLContext
    wanted: Iterator[Call]
    threads: int = 4
    again: frozenset[int] = AGAIN
    skew: float = 0.0
    answers: list[Answer] = field(default_factory=list)
    tries: list[Try] = field(default_factory=list)

    def __post_init__(self) -> None:
        self._lock, self._over = threading.Lock(), threading.Event()
        self._pool = ThreadPoolExecutor(self.threads)
        self._began = time.monotonic()

    def __enter__(self) -> "Traffic":
        self._running = [self._pool.submit(self._flow) for _ in range(self.threads)]
        return self

    def __exit__(self, *_: object) -> None:
        self._over.set()
        for one in self._running:
            one.result()
        self._pool.shutdown()

    def pass_by(self, count: int) -> None:
        """Until so many more have been answered."""
        until, wanted = time.monotonic() + _PATIENCE, len(self.answers) + count
        while len(self.answers) < wanted:
            assert time.monotonic() < until, f"{len(self.answers)} answers; {self.failed()}"
            assert not any(one.done() for one in self._running), "a client gave up"
            time.sleep(0.01)

    def failed(self) -> dict[str, int]:
        """The tries that came to nothing, by what came instead."""
        return dict(Counter(f"{one.status or 'lost'} {one.why}".strip() for one in self.tries))

    def _flow(self) -> None:
        while not self._over.is_set():
            with self._lock:
                call = next(self.wanted)
            self._insist(call)
            time.sleep(_BREATH)

    def _insist(self, call: Call) -> None:
        until, lost = time.monotonic() + _PATIENCE, 0
        while time.monotonic() < until:
            began = time.monotonic()
            status, body, why = self.post(call)
            if status and status not in self.again:
                cards = tuple(card["uuid"] for card in json.loads(body)["cards"]) if status == 200 else ()
                self.answers.append(Answer(call, status, cards, time.monotonic() - began, lost))
                return
            lost += status == _LOST
            self.tries.append(Try(call.number, call.instance, round(began - self._began, 2), status, why))
            time.sleep(_PAUSE)
        raise TimeoutError(f"call {call.number} was not answered; {self.failed()}")

    def post(self, call: Call) -> tuple[int, bytes, str]:
        """One try: status and body, or 0 and what went wrong on the way."""
        try:
            return (*self._posted(call), "")
        except (OSError, http.client.HTTPException) as error:
            return _LOST, b"", type(error).__name__

    def _posted(self, call: Call) -> tuple[int, bytes]:
        plain = socket.create_connection(("127.0.0.1", self.port), timeout=40)
        connection = http.client.HTTPConnection(NAME)
        connection.sock = self.context.wrap_socket(plain, server_hostname=NAME)
        try:
            token = call.ehr.token(call.service, self.skew)
            headers = {"Content-Type": "application/json", "Authorization": token}
            connection.request("POST", f"/cds-services/{call.service}", call.body, headers)
            answer = connection.getresponse()
            return answer.status, answer.read()
        finally:
            connection.close()
