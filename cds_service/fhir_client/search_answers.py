"""Answers of a FHIR server as they come: page by page, in part, or as several that make one."""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from functools import reduce
from typing import TypeVar

import msgspec
from msgspec.structs import replace

from cds_service.fhir_client.fhir_get import NotFetched
from fhir_mappings.readers.bundle import Decoded
from fhir_mappings.readers.fhir_types import Resource

T = TypeVar("T")


class CameInPart(NotFetched):
    """An answer of which not everything could be had; `came` shows what it shows, and proves no absence."""

    def __init__(self, failure: NotFetched, came: Decoded) -> None:
        super().__init__(failure.why, failure.path, failure.retry_after, failure.said)
        self.came = came


class WantedAnswer(msgspec.Struct, frozen=True):
    """An answer that is wanted: a relative FHIR URL of ours, and its first page where that came already."""

    relative: str
    first: Decoded | None = None


@dataclass(slots=True)
class Coming:
    """What has come of one answer so far; another thread looks at it when the time is over."""

    came: Decoded | None = None
    pages: int = 0

    def add(self, page: Decoded) -> Decoded:
        """Add a page; all that came, with it."""
        came = page if self.came is None else _joined(self.came, page)
        self.came = came
        self.pages += 1
        return came


def search_begun(wanted: WantedAnswer) -> Coming:
    """What has come of an answer before anything is asked for."""
    return Coming(wanted.first, pages=1) if wanted.first else Coming()


def with_what_came(outcome: Decoded | NotFetched, came: Decoded | None) -> Decoded | NotFetched:
    """The outcome, and in a failure what came before it."""
    if isinstance(outcome, NotFetched) and came is not None:
        return CameInPart(outcome, came)
    return outcome


def together(outcomes: Sequence[Decoded | NotFetched]) -> Decoded | NotFetched:
    """One answer of the answers to several queries for one type. It is whole only if each of them is.

    A resource that several of them found stands in it once.
    """
    if len(outcomes) == 1:
        return outcomes[0]
    failures = [one for one in outcomes if isinstance(one, NotFetched)]
    came = [one.came if isinstance(one, CameInPart) else one for one in outcomes]
    found = [one for one in came if isinstance(one, Decoded)]
    whole = _once(reduce(_joined, found, Decoded()))
    return with_what_came(_gravest(failures), whole if found else None) if failures else whole


def _gravest(failures: Sequence[NotFetched]) -> NotFetched:
    """The first failure that waiting does not mend, else the one that asks for the longest wait."""
    return next(
        (one for one in failures if one.retry_after is None),
        max(failures, key=lambda one: one.retry_after or 0),
    )


def _joined(first: Decoded, second: Decoded) -> Decoded:
    return Decoded(
        resources=first.resources + second.resources,
        gaps=first.gaps + second.gaps,
        failed=first.failed or second.failed,
        next_link=second.next_link,
        total=second.total if second.total is not None else first.total,
        matches=first.matches + second.matches,
        ignored=first.ignored + second.ignored,
        sources=first.sources + second.sources,
    )


def _once(answer: Decoded) -> Decoded:
    """Without what came twice. Two that claim to be one version and differ both stay: either may be right."""
    named: dict[tuple[str, str, str], list[Resource]] = {}
    kept = []
    for resource in answer.resources:
        alike = named.setdefault(_version(resource), []) if resource.id else []
        if resource not in alike:
            alike.append(resource)
            kept.append(resource)
    return replace(answer, resources=tuple(kept), gaps=_different(answer.gaps), total=None, next_link=None)


def _version(resource: Resource) -> tuple[str, str, str]:
    version = resource.meta.version_id if resource.meta else None
    return type(resource).__name__, resource.id or "", version or ""


def _different(things: Iterable[T]) -> tuple[T, ...]:
    return tuple(dict.fromkeys(things))
