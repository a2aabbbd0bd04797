"""Fetching for one call: several queries at once, every page of each, all under one deadline.

What came before something failed is kept, also when the time is over in the middle of an answer.
"""

import time
from collections.abc import Callable, Hashable, Mapping
from functools import partial
from threading import Lock
from typing import Generic, NamedTuple, TypeVar

import msgspec
import structlog

from cds_service.cds_hooks.authorization import FhirInteraction
from cds_service.cds_hooks.fhir_release import holds_another_release
from cds_service.cds_hooks.strict_json import resource_type
from cds_service.fhir_client.answer_totals import is_short
from cds_service.fhir_client.base_url_allow_list import FhirBase, NotAnAddress
from cds_service.fhir_client.capability_statements import Statements
from cds_service.fhir_client.compute_turns import TooManyWait, waiting_outside
from cds_service.fhir_client.deadline import Deadline
from cds_service.fhir_client.fhir_access import Access
from cds_service.fhir_client.fhir_get import FhirServer, NotFetched, WhyNotFetched
from cds_service.fhir_client.search_answers import (
    Coming,
    WantedAnswer,
    search_begun,
    together,
    with_what_came,
)
from cds_service.fhir_client.server_limits import ServerLine, kind_asked, outcome_of
from cds_service.fhir_client.server_settings import AS_USUAL, ServerWays
from fhir_mappings.readers.bundle import Decoded, NotFhir, decode

_BYTE_ORDER_MARK = b"\xef\xbb\xbf"
K = TypeVar("K", bound=Hashable)
_NO_FAILURES = (WhyNotFetched.NO_SERVER, WhyNotFetched.NOT_KEPT)
_log = structlog.get_logger()


class Allowance:
    """Bytes that all answers to one call may have together. Safe to use from several threads."""

    def __init__(self, total: int = 60_000_000) -> None:
        self._left = total
        self._lock = Lock()

    def take(self, count: int) -> bool:
        """Take so many; False when there were not so many left."""
        with self._lock:
            self._left -= count
            return self._left >= 0


class _Piece(NamedTuple, Generic[K]):
    """One of the queries that together answer what is wanted under `key`."""

    key: K
    number: int

    def __str__(self) -> str:
        return str(self.key)


class Fetcher(msgspec.Struct, frozen=True):
    """One caller's access to one FHIR server until the deadline; at most `page_cap` pages of one answer."""

    server: FhirServer
    access: Access
    deadline: Deadline
    line: ServerLine
    page_cap: int
    allowance: Allowance = msgspec.field(default_factory=Allowance)
    ways: ServerWays = AS_USUAL
    statements: Statements | None = None

    def query(self, relative: str, coming: Coming | None = None) -> Decoded:
        """Everything that a relative FHIR URL of ours finds: a search with all pages, or one instance.

        What came of it before is not asked for again. Raises NotFetched; what came until then is in `coming`.
        """
        coming = coming or Coming()
        kind = kind_asked(relative)
        base = self._base_for(kind, FhirInteraction.SEARCH if "?" in relative else FhirInteraction.READ)
        whole = coming.came or self._page(base.address(relative), kind, coming)
        while whole.next_link is not None:
            if coming.pages >= self.page_cap:
                raise NotFetched(WhyNotFetched.TOO_MANY_PAGES, kind)
            whole = self._page(self._next(whole.next_link, kind), kind, coming)
        if is_short(whole):
            raise NotFetched(WhyNotFetched.INCOMPLETE, kind)
        return whole

    def all(self, wanted: Mapping[K, WantedAnswer]) -> dict[K, Decoded | NotFetched]:
        """The outcome of each, fetched side by side; what is not there at the deadline has timed out.

        A server that asks to be left alone for a while that the deadline allows is asked once more. Where
        something came of an answer before it failed, the outcome is CameInPart.
        """
        pieces = {
            _Piece(key, n): one
            for key, all_of_it in wanted.items()
            for n, one in enumerate(self._pieces(all_of_it))
        }
        outcomes = self._all_pieces(pieces)
        _note_failures(outcomes)
        return {key: together([one for piece, one in outcomes.items() if piece.key == key]) for key in wanted}

    def keeps_none(self, kind: str) -> bool:
        """Does the server say in its CapabilityStatement, as far as it is known, that it has no such type?"""
        base = self.access.base
        types = self.statements.types_of(base) if self.statements and base else None
        return types is not None and kind not in types

    def _pieces(self, wanted: WantedAnswer) -> list[WantedAnswer]:
        """A client's own first page goes on as it began."""
        return (
            [wanted]
            if wanted.first
            else [WantedAnswer(query) for query in self.ways.queries(wanted.relative)]
        )

    def _all_pieces(self, wanted: Mapping[K, WantedAnswer]) -> dict[K, Decoded | NotFetched]:
        coming = {key: search_begun(one) for key, one in wanted.items()}
        jobs = {key: partial(self.query, one.relative, coming[key]) for key, one in wanted.items()}
        outcomes = self._run(jobs)
        if again := self._after_a_pause(outcomes):
            outcomes |= self._run({key: jobs[key] for key in again})
        return {key: with_what_came(outcome, coming[key].came) for key, outcome in outcomes.items()}

    def _run(self, jobs: Mapping[K, Callable[[], Decoded]]) -> dict[K, Decoded | NotFetched]:
        if self.access.base is None:  # nothing will be waited for, so no thread is needed
            return {key: outcome_of(job) for key, job in jobs.items()}
        return self.line.all(jobs, self.deadline)

    def _after_a_pause(self, outcomes: Mapping[K, Decoded | NotFetched]) -> list[K]:
        """What may be asked for once more, now that the time is over for which the server asked.

        Nobody's place in the line and none of its threads is held meanwhile.
        """
        asked = {key: one.retry_after for key, one in outcomes.items() if isinstance(one, NotFetched)}
        left = self.deadline.remaining()
        pauses = {key: pause for key, pause in asked.items() if pause is not None and pause < left}
        if not pauses or self.access.base is None:
            return []
        try:
            with waiting_outside(self.access.base.url):
                time.sleep(max(pauses.values()))
        except TooManyWait:
            return []
        _log.info("fetch_asked_again", seconds=max(pauses.values()), count=len(pauses))
        return list(pauses)

    def _base_for(self, kind: str, interaction: FhirInteraction) -> FhirBase:
        """The base to ask; what it has is found out meanwhile. Raises NotFetched if nothing may be asked."""
        if kind in self.ways.not_kept:
            raise NotFetched(WhyNotFetched.NOT_KEPT, kind)
        base = self.access.base_for(kind, interaction)
        if self.statements:
            self.statements.renew(base)
        return base

    def _next(self, link: str, kind: str) -> str:
        base = self.access.base_for(kind, FhirInteraction.SEARCH)
        try:
            return base.link(link, self.ways.other_names)
        except NotAnAddress:
            raise NotFetched(WhyNotFetched.OTHER_BASE, kind) from None

    def _page(self, url: str, kind: str, coming: Coming) -> Decoded:
        """All that came, with one page more; an error among its entries costs no other. Raises NotFetched."""
        body = self.server.fetch(url, kind, self.access.token, self.deadline)
        if not self.allowance.take(len(body)):
            raise NotFetched(WhyNotFetched.TOO_LARGE, kind)
        whole = coming.add(_read(body, kind))
        if whole.failed:
            raise NotFetched(WhyNotFetched.OUTCOME, kind)
        return whole


def _read(body: bytes, kind: str) -> Decoded:
    """An answer to a question for resources of type `kind`. Raises NotFetched for what is none."""
    try:
        page = decode(body)
    except NotFhir:
        raise NotFetched(WhyNotFetched.NOT_FHIR, kind) from None
    if resource_type(msgspec.Raw(body.removeprefix(_BYTE_ORDER_MARK))) not in ("Bundle", kind):
        raise NotFetched(WhyNotFetched.OUTCOME if page.failed else WhyNotFetched.OTHER_TYPE, kind)
    if holds_another_release(body):
        raise NotFetched(WhyNotFetched.OTHER_RELEASE, kind)
    return page


def _note_failures(outcomes: Mapping[K, Decoded | NotFetched]) -> None:
    """One line for all that failed together; what nobody could be asked for is no failure."""
    failures = {
        kind_asked(str(key)): outcome.why.value
        for key, outcome in outcomes.items()
        if isinstance(outcome, NotFetched) and outcome.why not in _NO_FAILURES
    }
    if failures:
        _log.warning("fetch_failed", failures=failures)
