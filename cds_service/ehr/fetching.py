"""Fetching for one call: several queries at once, every page of each, all under one deadline.

What came before something failed is kept, also when the time is over in the middle of an answer.
"""

from collections.abc import Callable, Hashable, Mapping
from dataclasses import dataclass, field
from functools import partial
from threading import Lock
from typing import TypeVar

import msgspec
import structlog

from cds_service.ehr.access import Access
from cds_service.ehr.bases import NotAnAddress
from cds_service.ehr.deadline import Deadline
from cds_service.ehr.fhir_server import FhirServer, NotFetched, WhyNotFetched
from cds_service.ehr.lines import Line, kind_asked, outcome_of
from cds_service.hooks.authorization import Interaction
from cds_service.hooks.envelope import resource_type
from cds_service.hooks.fhir_release import holds_another_release
from fhir_mappings.readers.bundle import Decoded, NotFhir, decode

_BYTE_ORDER_MARK = b"\xef\xbb\xbf"
K = TypeVar("K", bound=Hashable)
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


class CameInPart(NotFetched):
    """An answer of which not everything could be had; `came` shows what it shows, and proves no absence."""

    def __init__(self, why: WhyNotFetched, path: str, came: Decoded) -> None:
        super().__init__(why, path)
        self.came = came


@dataclass(slots=True)
class Coming:
    """What has come of one answer so far; another thread looks at it when the time is over."""

    came: Decoded | None = None

    def add(self, page: Decoded) -> None:
        """Add a page of it."""
        self.came = page if self.came is None else _joined(self.came, page)


Job = Callable[[Coming], Decoded]
"""Gets one answer, page by page. Raises NotFetched where not all of it can be had."""


@dataclass(frozen=True, slots=True)
class Fetcher:
    """One caller's access to one FHIR server until the deadline; at most `page_cap` pages of one answer."""

    server: FhirServer
    access: Access
    deadline: Deadline
    line: Line
    page_cap: int
    allowance: Allowance = field(default_factory=Allowance)

    def query(self, relative: str, coming: Coming | None = None) -> Decoded:
        """Everything that a relative FHIR URL of ours finds: a search with all pages, or one instance.

        Raises NotFetched; the pages that came before that stand in `coming`.
        """
        coming = coming or Coming()
        kind = kind_asked(relative)
        interaction = Interaction.SEARCH if "?" in relative else Interaction.READ
        base = self.access.base_for(kind, interaction)
        first = self._page(base.address(relative), kind, coming)
        return self.rest_of(first, kind, coming)

    def rest_of(self, first: Decoded, kind: str, coming: Coming | None = None) -> Decoded:
        """All pages of an answer whose first page is here. Raises NotFetched, as `query` does."""
        coming = coming or Coming()
        whole, pages = first, 1
        while whole.next_link is not None:
            if pages >= self.page_cap:
                raise NotFetched(WhyNotFetched.TOO_MANY_PAGES, kind)
            whole = _joined(whole, self._page(self._next(whole.next_link, kind), kind, coming))
            pages += 1
        if is_short(whole):
            raise NotFetched(WhyNotFetched.INCOMPLETE, kind)
        return whole

    def all(self, jobs: Mapping[K, Job]) -> dict[K, Decoded | NotFetched]:
        """The outcome of each job, run side by side; what is not there at the deadline has timed out.

        Where something came of an answer before it failed, the outcome is CameInPart.
        """
        coming = {key: Coming() for key in jobs}
        runs = {key: partial(job, coming[key]) for key, job in jobs.items()}
        if self.access.base is None:  # nothing will be waited for, so no thread is needed
            outcomes = {key: outcome_of(run) for key, run in runs.items()}
        else:
            outcomes = self.line.all(runs, self.deadline)
        _note_failures(outcomes)
        return {key: _with_what_came(outcome, coming[key].came) for key, outcome in outcomes.items()}

    def _next(self, link: str, kind: str) -> str:
        base = self.access.base_for(kind, Interaction.SEARCH)
        try:
            return base.link(link)
        except NotAnAddress:
            raise NotFetched(WhyNotFetched.OTHER_BASE, kind) from None

    def _page(self, url: str, kind: str, coming: Coming) -> Decoded:
        """One page, which is kept even where an error stands among its entries. Raises NotFetched."""
        body = self.server.fetch(url, kind, self.access.token, self.deadline)
        if not self.allowance.take(len(body)):
            raise NotFetched(WhyNotFetched.TOO_LARGE, kind)
        page = _read(body, kind)
        coming.add(page)
        if page.failed:
            raise NotFetched(WhyNotFetched.OUTCOME, kind)
        return page


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


def _with_what_came(outcome: Decoded | NotFetched, came: Decoded | None) -> Decoded | NotFetched:
    if isinstance(outcome, NotFetched) and came is not None:
        return CameInPart(outcome.why, outcome.path, came)
    return outcome


def is_short(answer: Decoded) -> bool:
    """Does the server itself count more matches than it sent, with no page to come?

    An entry that holds no resource was sent all the same, and has its gap.
    """
    sent = answer.matches + sum(gap.problem == "ENTRY_WITHOUT_RESOURCE" for gap in answer.gaps)
    return answer.next_link is None and answer.total is not None and sent < answer.total


def _joined(first: Decoded, second: Decoded) -> Decoded:
    return Decoded(
        resources=first.resources + second.resources,
        gaps=first.gaps + second.gaps,
        failed=first.failed or second.failed,
        next_link=second.next_link,
        total=second.total if second.total is not None else first.total,
        matches=first.matches + second.matches,
        ignored=first.ignored + second.ignored,
    )


def _note_failures(outcomes: Mapping[K, Decoded | NotFetched]) -> None:
    """One line for all that failed together; that a call brings no server is no failure."""
    failures = {
        kind_asked(str(key)): outcome.why.value
        for key, outcome in outcomes.items()
        if isinstance(outcome, NotFetched) and outcome.why is not WhyNotFetched.NO_SERVER
    }
    if failures:
        _log.warning("fetch_failed", failures=failures)
