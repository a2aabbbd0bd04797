"""An ordinary CDS Hooks client, as a hospital's record system has one: plain HTTP and the published standard.

It knows nothing of how the service works: it reads discovery, fills the prefetch templates from a FHIR
server, posts the hook and takes whatever comes back. A failed call is a `Failure`, never an empty list of
cards.
"""

import re
import time
import uuid
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Any
from urllib.parse import urljoin, urlsplit

import requests

Json = dict[str, Any]
TIMEOUT_SECONDS = 20
MOST_PAGES = 50
_TOKEN = re.compile(r"\{\{\s*context\.(\w+)\s*\}\}")


@dataclass(frozen=True, slots=True)
class Service:
    """One entry of discovery."""

    id: str
    hook: str
    title: str
    prefetch: Mapping[str, str]


@dataclass(frozen=True, slots=True)
class Cards:
    """An answer: the cards as they came, loudest first, and how long it took."""

    cards: tuple[Json, ...]
    milliseconds: float


@dataclass(frozen=True, slots=True)
class Failure:
    """No answer that could be used, and what is known about why."""

    reason: str


Answer = Cards | Failure
_LOUDNESS = {"critical": 0, "warning": 1, "info": 2}


class Unanswered(Exception):
    """A server gave no usable answer. `reason` says what happened, in words for a person."""

    def __init__(self, reason: str) -> None:
        super().__init__(reason)
        self.reason = reason


class CdsClient:
    """One client with one pool of connections; `cds_base` and `fhir_base` have no trailing slash."""

    def __init__(self, cds_base: str, fhir_base: str) -> None:
        self.cds_base = cds_base
        self.fhir_base = fhir_base
        self._session = requests.Session()
        self._session.trust_env = False

    def close(self) -> None:
        """Give the connections back."""
        self._session.close()

    def discover(self) -> tuple[Service, ...]:
        """The services on offer. Raises Unanswered."""
        found = self._json("GET", f"{self.cds_base}/cds-services").get("services", [])
        return tuple(
            Service(s["id"], s["hook"], s.get("title", s["id"]), s.get("prefetch", {})) for s in found
        )

    def resources(self, query: str) -> list[Json]:
        """All resources that a search finds, every page of it. Raises Unanswered."""
        return [entry["resource"] for entry in self._entries(f"{self.fhir_base}/{query}")]

    def call(self, service: Service, context: Mapping[str, Any]) -> Answer:
        """Invoke one service with everything it asked to have along."""
        body = {
            "hook": service.hook,
            "hookInstance": str(uuid.uuid4()),
            "fhirServer": self.fhir_base,
            "context": context,
            "prefetch": self.prefetch(service, context),
        }
        began = time.perf_counter()
        try:
            answer = self._json("POST", f"{self.cds_base}/cds-services/{service.id}", body)
        except Unanswered as unanswered:
            return Failure(unanswered.reason)
        cards = answer.get("cards")
        if not isinstance(cards, list):
            return Failure("the answer holds no list of cards")
        ordered = sorted(cards, key=lambda card: _LOUDNESS.get(card.get("indicator"), len(_LOUDNESS)))
        return Cards(tuple(ordered), (time.perf_counter() - began) * 1000)

    def prefetch(self, service: Service, context: Mapping[str, Any]) -> Json:
        """The templates, filled and fetched; one that cannot be had is left out, as the standard allows."""
        filled = {key: _fill(template, context) for key, template in service.prefetch.items()}
        fetched: Json = {}
        for key, query in filled.items():
            if query is not None:
                try:
                    fetched[key] = self._search(query) if "?" in query else self._read(query)
                except Unanswered:
                    continue
        return fetched

    def _read(self, query: str) -> Json:
        return self._json("GET", f"{self.fhir_base}/{query}")

    def _search(self, query: str) -> Json:
        entries = list(self._entries(f"{self.fhir_base}/{query}"))
        return {"resourceType": "Bundle", "type": "searchset", "total": len(entries), "entry": entries}

    def _entries(self, url: str) -> Iterator[Json]:
        next_page: str | None = url
        for _ in range(MOST_PAGES):
            if next_page is None:
                return
            page = self._json("GET", next_page)
            yield from page.get("entry", [])
            next_page = self._next(page, next_page)
        raise Unanswered(f"{url}: more than {MOST_PAGES} pages")

    def _next(self, page: Json, current: str) -> str | None:
        """The address of the next page, on the same server as this one."""
        links = [link["url"] for link in page.get("link", []) if link.get("relation") == "next"]
        if not links:
            return None
        url: str = urljoin(current, links[0])
        if urlsplit(url)[:2] != urlsplit(self.fhir_base)[:2]:
            raise Unanswered("the next page is said to be on another server")
        return url

    def _json(self, method: str, url: str, body: Json | None = None) -> Json:
        try:
            reply = self._session.request(
                method, url, json=body, timeout=TIMEOUT_SECONDS, allow_redirects=False
            )
        except requests.RequestException as error:
            raise Unanswered(f"{method} {url}: {type(error).__name__}") from error
        if reply.status_code != requests.codes.ok:
            raise Unanswered(f"HTTP {reply.status_code}: {_said(reply)}")
        try:
            answer = reply.json()
        except ValueError as error:
            raise Unanswered("the answer is not JSON") from error
        if not isinstance(answer, dict):
            raise Unanswered("the answer is not a JSON object")
        return answer


def _fill(template: str, context: Mapping[str, Any]) -> str | None:
    """The template with its tokens replaced; None when the context lacks one of them."""
    if any(token not in context for token in _TOKEN.findall(template)):
        return None
    return _TOKEN.sub(lambda token: str(context[token[1]]), template)


def _said(reply: requests.Response) -> str:
    """What an OperationOutcome says, or the beginning of whatever came instead."""
    try:
        outcome = reply.json()
        issues = [issue.get("diagnostics") or issue["details"]["text"] for issue in outcome["issue"]]
    except (ValueError, KeyError, TypeError, AttributeError):
        return reply.text[:200]
    return "; ".join(issues)
