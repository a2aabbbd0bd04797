"""What a chart came to, kept for the other calls of the same visit: the same bytes are read once.

A clinician opens a patient, and the record system calls several services within seconds, each with the whole
chart. What is kept belongs to one client and one patient, in one worker's memory, for one minute at the most,
and is used only where the very same bytes come again (or, for what was fetched, the very same question).
"""

from collections import OrderedDict
from collections.abc import Callable, Sequence
from datetime import date, datetime
from threading import Lock, Timer

import msgspec

from cds_service.cds_hooks.request import HookRequest
from cds_service.cds_hooks.service import Caller
from fhir_mappings.readers.bundle import Decoded
from fhir_mappings.readers.read_record import RecordRead

_RECORDS = 8
"""Ways in which the parts of a chart are put together: what decides for each service, and the whole."""


Asker = tuple[str, ...]
"""Whose question to which FHIR server it was: base, user, and what the token is for."""


class VisitMemoryLimits(msgspec.Struct, frozen=True):
    """Seconds that a visit is remembered (0: never), seconds for what was fetched, bytes of all charts."""

    seconds: float = 60.0
    fetched_seconds: float = 5.0
    all_bytes: int = 8_000_000


class _Kept(msgspec.Struct, frozen=True):
    """One answer: when it came, how it was written (nothing where it was fetched), and its size in bytes.

    `given_for`: whoever had it already, of a fetched one.
    """

    when: float
    written: bytes
    decoded: Decoded
    size: int
    given_for: set[object] = msgspec.field(default_factory=set)


class RememberedChart:
    """What is remembered of one patient for one client. `began`: by the clock of the memory, in seconds."""

    def __init__(self, began: float, clock: Callable[[], float], limits: VisitMemoryLimits) -> None:
        self.began = began
        self.size = 0
        self._clock = clock
        self._limits = limits
        self._answers: dict[object, _Kept] = {}
        self._records: dict[frozenset[int], tuple[Sequence[Decoded], object, date, RecordRead]] = {}

    def sent(self, part: str, written: bytes) -> Decoded | None:
        """What these very bytes came to, when they were sent as this part before."""
        kept = self._answers.get(part)
        return kept.decoded if kept is not None and kept.written == written else None

    def keep_sent(self, part: str, written: bytes, decoded: Decoded) -> None:
        """In place of what this part was before."""
        self._keep(part, _Kept(self._clock(), written, decoded, len(written)))

    def fetched(self, asker: Asker | None, relative: str, purpose: object) -> Decoded | None:
        """What the FHIR server answered this asker to this question a moment ago.

        For one `purpose` once: the same service called again is somebody who looks again.
        """
        kept = self._answers.get((asker, relative)) if asker is not None else None
        is_fresh = kept is not None and self._clock() - kept.when < self._limits.fetched_seconds
        if kept is None or not is_fresh or purpose in kept.given_for:
            return None
        kept.given_for.add(purpose)
        return kept.decoded

    def keep_fetched(self, asker: Asker | None, relative: str, decoded: Decoded, purpose: object) -> None:
        """A whole answer, fetched for a purpose."""
        if asker is not None:
            size = sum(memoryview(source).nbytes for source in decoded.sources)
            self._keep((asker, relative), _Kept(self._clock(), b"", decoded, size, {purpose}))

    def forget_fetched(self) -> None:
        """The chart is about to change: an order is being signed."""
        for key in [key for key in self._answers if isinstance(key, tuple)]:
            self.size -= self._answers.pop(key).size

    def record(self, came: Sequence[Decoded], besides: object, now: datetime, day: date) -> RecordRead | None:
        """The record that was made of these answers, where it would be made alike at this moment.

        A record is the same whatever order its answers came in.
        """
        kept = self._records.get(frozenset(map(id, came)))
        if kept is None or kept[1] != besides or kept[2] != day:
            return None
        read = kept[3]
        is_alike = read.since <= now and (read.changes_at is None or now < read.changes_at)
        return read if is_alike else None

    def keep_record(self, came: Sequence[Decoded], besides: object, day: date, read: RecordRead) -> None:
        """Only of answers that are kept themselves: they stay with it, so that none can take their place."""
        if len(self._records) >= _RECORDS:
            self._records.clear()
        kept = {id(one.decoded) for one in self._answers.values()}
        if all(id(one) in kept for one in came if one.resources):
            self._records[frozenset(map(id, came))] = tuple(came), besides, day, read

    def _keep(self, key: object, kept: _Kept) -> None:
        """What takes another's place ends the records that were made of it; what is too large is not kept."""
        before = self._answers.pop(key, None)
        if before is not None:
            self.size -= before.size
            self._records.clear()
        if self.size + kept.size <= self._limits.all_bytes:
            self._answers[key] = kept
            self.size += kept.size


class VisitMemory:
    """The visits of one worker: few, small, short. Safe for its threads."""

    def __init__(self, limits: VisitMemoryLimits, clock: Callable[[], float]) -> None:
        self._limits = limits
        self._clock = clock
        self._visits: OrderedDict[tuple[str, ...], RememberedChart] = OrderedDict()
        self._lock = Lock()
        self._timer: Timer | None = None

    def visit(self, request: HookRequest, caller: Caller) -> RememberedChart:
        """The visit that this call is part of, or a new one."""
        key = (caller.issuer, caller.tenant or "", request.fhir_server or "", request.context.patient_id)
        with self._lock:
            if not self._limits.seconds:
                return RememberedChart(self._clock(), self._clock, self._limits)
            self._forget()
            visit = self._visits.get(key)
            if visit is None:
                visit = self._visits[key] = RememberedChart(self._clock(), self._clock, self._limits)
                self._wake()
            return visit

    def clear(self) -> None:
        """Forget everything."""
        with self._lock:
            self._visits.clear()

    def _forget(self) -> None:
        """What is too old, and the oldest while there is too much."""
        size = sum(visit.size for visit in self._visits.values())
        oldest = self._clock() - self._limits.seconds
        while self._visits:
            key, visit = next(iter(self._visits.items()))
            if visit.began > oldest and size <= self._limits.all_bytes:
                return
            size -= visit.size
            del self._visits[key]

    def _wake(self) -> None:
        """A worker that nobody calls any more forgets as well."""
        if self._timer is None:
            self._timer = Timer(self._limits.seconds, self._woken)
            self._timer.daemon = True
            self._timer.start()

    def _woken(self) -> None:
        with self._lock:
            self._timer = None
            self._forget()
            if self._visits:
                self._wake()


NEVER_REMEMBERED = VisitMemory(VisitMemoryLimits(seconds=0), lambda: 0.0)
"""For one call alone: the command line, a recorded call looked at again."""
