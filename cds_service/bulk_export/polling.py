"""Kick-off and polling: the server is asked as seldom as it wishes, until the manifest is there."""

from dataclasses import dataclass
from itertools import count

import requests

from cds_service.bulk_export.failed import ExportFailed, WhyFailed
from cds_service.bulk_export.kick_off import KICK_OFF
from cds_service.bulk_export.progress import ExportProgress
from cds_service.bulk_export.transport import TRANSPORT_FAULTS, Transport, asks_to_wait, wait_asked, words_of
from cds_service.fhir_client.deadline import Deadline
from cds_service.fhir_client.fhir_get import NotFetched, reason_in

_LONGEST_PAUSE = 60.0
_MOST_FAILURES = 8
"""In a row: a gateway that is started anew takes a minute."""
_MOST_BYTES = 50_000_000
_GONE = (404, 410)
_STATUS = {"Accept": "application/json"}
_SHOWN = 100


@dataclass(frozen=True, slots=True)
class Waiting:
    """One export on its way, at most until the deadline."""

    transport: Transport
    deadline: Deadline
    progress: ExportProgress

    def kick_off(self, address: str) -> str:
        """Start an export; the address to ask for its status. Raises ExportFailed.

        Asked again only where the server says so, or could not be reached: an export costs it much.
        """
        for attempt in count():
            try:
                with self.transport.ask("GET", address, self.deadline, KICK_OFF) as answer:
                    if answer.status_code == requests.codes.accepted:
                        return self._where(answer)
                    if not asks_to_wait(answer):
                        raise ExportFailed(WhyFailed.REFUSED, words_of(answer))
                    self.pause(wait_asked(answer, pause_after(attempt)), "it asks to be asked later")
            except NotFetched as error:
                self.failed(error, attempt)
        raise AssertionError

    def manifest(self, status: str) -> bytes:
        """What is under the status address once the export is finished. Raises ExportFailed."""
        failures = 0
        for attempt in count():
            try:
                with self.transport.ask("GET", status, self.deadline, _STATUS) as answer:
                    if answer.status_code == requests.codes.ok:
                        return self._body(answer)
                    failures = self._not_yet(answer, attempt, failures)
            except NotFetched as error:
                self.failed(error, failures)
                failures += 1
        raise AssertionError

    def pause(self, seconds: float, why: str) -> None:
        """Wait, if there is time. Raises ExportFailed."""
        if seconds >= self.deadline.remaining():
            raise ExportFailed(WhyFailed.TIME_OVER, f"{why}, for another {seconds:.0f} s")
        self.transport.sleep(seconds)

    def failed(self, error: NotFetched, failures: int) -> None:
        """Wait after one failure more than `failures`, unless it was one too many. Raises ExportFailed."""
        if failures + 1 >= _MOST_FAILURES:
            raise ExportFailed(WhyFailed.NO_ANSWER, error.why.value) from None
        self.progress.say(f"no answer ({error.why.value}); asking again")
        self.pause(pause_after(failures), error.why.value)

    def _where(self, answer: requests.Response) -> str:
        if not (place := answer.headers.get("Content-Location")):
            raise ExportFailed(WhyFailed.REFUSED, "accepted, but without an address for its status")
        return self.transport.server.address(place, "the status address")

    def _not_yet(self, answer: requests.Response, attempt: int, failures: int) -> int:
        """Wait as the server asks; how many failures there were in a row. Raises ExportFailed."""
        if answer.status_code == requests.codes.accepted or asks_to_wait(answer):
            told = "".join(c for c in answer.headers.get("X-Progress", "") if c.isprintable())[:_SHOWN]
            self.progress.say(f"the server is at work{f': {told}' if told else ''}")
            self.pause(wait_asked(answer, pause_after(attempt)), "the server is still at work")
            return 0
        if answer.status_code in _GONE:
            raise ExportFailed(WhyFailed.EXPIRED, f"status {answer.status_code}")
        if answer.status_code < 500 or failures + 1 >= _MOST_FAILURES:
            raise ExportFailed(WhyFailed.BROKEN_OFF, words_of(answer))
        return self._broken(answer, failures)

    def _broken(self, answer: requests.Response, failures: int) -> int:
        """A 5xx with words is the end of the export; one without may be a gateway's. Raises ExportFailed."""
        said = words_of(answer)
        if "," in said:
            raise ExportFailed(WhyFailed.BROKEN_OFF, said)
        self.progress.say(f"{said}; asking again")
        self.pause(pause_after(failures), said)
        return failures + 1

    def _body(self, answer: requests.Response) -> bytes:
        body = bytearray()
        try:
            for chunk in answer.iter_content(64 * 1024):
                body += chunk
                if len(body) > _MOST_BYTES:
                    raise ExportFailed(WhyFailed.MANIFEST, f"it is larger than {_MOST_BYTES} bytes")
        except TRANSPORT_FAULTS as error:
            raise NotFetched(reason_in(error, self.deadline), "manifest") from None
        return bytes(body)


def pause_after(attempts: int) -> float:
    """Seconds before the next question where the server says nothing: 1, 2, 4 ... 60."""
    return float(min(2.0 ** min(attempts, 10), _LONGEST_PAUSE))
