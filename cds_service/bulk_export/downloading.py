"""One file of an export: fetched, and after an interruption only the rest of it where the server lets us.

Bytes are kept as they came, gzip as gzip. A file gets its name when it is whole and holds what was announced.
"""

import re
from dataclasses import dataclass
from pathlib import Path
from typing import BinaryIO

import requests

from cds_service.bulk_export.content import check_content, is_gzip
from cds_service.bulk_export.export_manifest import WantedFile
from cds_service.bulk_export.failed import ExportFailed, WhyFailed
from cds_service.bulk_export.polling import Waiting, pause_after
from cds_service.bulk_export.remembered_job import FilePart, JobState, keep_state
from cds_service.bulk_export.transport import TRANSPORT_FAULTS, asks_to_wait, wait_asked, words_of
from cds_service.fhir_client.fhir_get import NotFetched, reason_in

_CHUNK = 256 * 1024
_MOST_ATTEMPTS = 6
_MOST_CONTENTS = 2
"""A file with the wrong content is fetched once more: a server under way may have sent it too early."""
_GONE = (404, 410)
_OF_THE_MOMENT = (408, 416, 425)
_RANGE = re.compile(r"bytes (\d+)-\d+/(?:\d+|\*)")
_ENDINGS = (".ndjson", ".ndjson.gz")
_NDJSON = {"Accept": "application/fhir+ndjson", "Accept-Encoding": "gzip"}


class _Again(Exception):
    """The file is not whole; `pause` in seconds where the server names one."""

    def __init__(self, why: str, *, pause: float | None = None) -> None:
        super().__init__(why)
        self.why = why
        self.pause = pause


@dataclass(frozen=True, slots=True)
class Downloads:
    """Into one folder, for one export; `with_token` as its manifest says."""

    waiting: Waiting
    folder: Path
    state: JobState
    with_token: bool

    def fetch(self, file: WantedFile) -> Path:
        """The file in the folder; one that is there already is not fetched again. Raises ExportFailed."""
        if here := self._here(file):
            return here
        address = self.waiting.transport.server.address(file.url, file.name)
        part = self.folder / f"{file.name}.part"
        part.parent.mkdir(parents=True, exist_ok=True)
        for again in range(_MOST_CONTENTS):
            self._whole(file, address, part)
            try:
                count = check_content(part, file.name, file.kind, file.count)
                break
            except ExportFailed as error:
                self._forget(file, part)
                if again + 1 == _MOST_CONTENTS:
                    raise
                self.waiting.progress.say(f"{error}; fetching it once more")
        if file.count is not None and count > file.count:
            self.waiting.progress.say(f"{file.name}: {count} resources, {file.count} were announced")
        return self._finish(file, part)

    def _here(self, file: WantedFile) -> Path | None:
        names = (self.folder / f"{file.name}{ending}" for ending in _ENDINGS)
        return next((name for name in names if name.is_file()), None)

    def _finish(self, file: WantedFile, part: Path) -> Path:
        whole = self.folder / f"{file.name}{_ENDINGS[is_gzip(part)]}"
        part.replace(whole)
        self.state.parts.pop(file.name, None)
        return whole

    def _whole(self, file: WantedFile, address: str, part: Path) -> None:
        """Until every byte is there. What brought more than was ever there begins the count anew."""
        attempts, most = 0, _size(part)
        while True:
            try:
                return self._once(file, address, part)
            except _Again as again:
                attempts = 0 if _size(part) > most else attempts + 1
                most = max(most, _size(part))
                if attempts >= _MOST_ATTEMPTS:
                    raise ExportFailed(WhyFailed.NO_ANSWER, f"{file.name}: {again.why}") from None
                self.waiting.progress.say(f"{file.name}: {again.why}; asking again")
                pause = pause_after(attempts) if again.pause is None else again.pause
                self.waiting.pause(pause, again.why)

    def _once(self, file: WantedFile, address: str, part: Path) -> None:
        """Raises _Again, ExportFailed."""
        deadline = self.waiting.deadline
        try:
            with self.waiting.transport.ask(
                "GET",
                address,
                deadline,
                _NDJSON | self._rest_of(file, part),
                with_token=self.with_token,
                seconds=deadline.remaining(),
            ) as answer:
                if answer.status_code == requests.codes.requested_range_not_satisfiable:
                    self._forget(file, part)
                _check_status(file, answer)
                with part.open("ab" if self._is_the_rest(file, part, answer) else "wb") as opened:
                    self._keep(file, answer, opened)
        except NotFetched as error:
            raise _Again(error.why.value) from None

    def _rest_of(self, file: WantedFile, part: Path) -> dict[str, str]:
        """The headers that ask for the rest, if it can be told that it is the rest of the same file."""
        known = self.state.parts.get(file.name)
        here = _size(part)
        return {"Range": f"bytes={here}-", "If-Range": known.validator} if known and here else {}

    def _is_the_rest(self, file: WantedFile, part: Path, answer: requests.Response) -> bool:
        """Does the answer go on where the part ends? One that begins anew is remembered by its validator."""
        encoding = answer.headers.get("Content-Encoding", "")
        if answer.status_code == requests.codes.partial_content:
            known, found = (
                self.state.parts.get(file.name),
                _RANGE.match(answer.headers.get("Content-Range", "")),
            )
            goes_on = found is not None and int(found[1]) == part.stat().st_size
            if not known or not goes_on or encoding != known.encoding:
                self._forget(file, part)
                raise _Again("sent another part than was asked for")
            return True
        self.state.parts.pop(file.name, None)
        if validator := _validator(answer):
            self.state.parts[file.name] = FilePart(validator, encoding)
        keep_state(self.folder, self.state)
        return False

    def _forget(self, file: WantedFile, part: Path) -> None:
        self.state.parts.pop(file.name, None)
        part.unlink(missing_ok=True)

    def _keep(self, file: WantedFile, answer: requests.Response, opened: BinaryIO) -> None:
        """Write what comes, as it comes. Raises _Again when it ends too early."""
        chunks = answer.raw.stream(_CHUNK, decode_content=False)
        while True:
            try:
                chunk = next(chunks, b"")
            except TRANSPORT_FAULTS as error:
                why = reason_in(error, self.waiting.deadline).value
                raise _Again(f"broke off ({why})") from None
            if not chunk:
                return
            opened.write(chunk)
            self.waiting.progress.came(file.name, opened.tell())


def _size(part: Path) -> int:
    return part.stat().st_size if part.is_file() else 0


def _check_status(file: WantedFile, answer: requests.Response) -> None:
    status = answer.status_code
    if status in (requests.codes.ok, requests.codes.partial_content):
        return
    if status in _GONE:
        raise ExportFailed(WhyFailed.EXPIRED, f"{file.name}: status {status}")
    if 300 <= status < 400:
        raise ExportFailed(WhyFailed.REDIRECT, f"{file.name}: status {status}")
    if status < 500 and not asks_to_wait(answer) and status not in _OF_THE_MOMENT:
        raise ExportFailed(WhyFailed.REFUSED, f"{file.name}: {words_of(answer)}")
    raise _Again(f"status {status}", pause=wait_asked(answer, 0.0) or None)


def _validator(answer: requests.Response) -> str | None:
    """What proves that a later answer is of the same bytes (RFC 9110, section 13.1.5)."""
    tag = answer.headers.get("ETag", "")
    return tag if tag.startswith('"') else answer.headers.get("Last-Modified") or None
