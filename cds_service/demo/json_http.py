"""JSON over HTTP as a client speaks it, each exchange kept whole so that a person can look at it."""

import time
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

import requests

Json = dict[str, Any]
TIMEOUT_SECONDS = 20


class Unanswered(Exception):
    """A server gave no usable answer. `reason` says what happened, in words for a person."""

    def __init__(self, reason: str) -> None:
        super().__init__(reason)
        self.reason = reason


@dataclass(frozen=True, slots=True)
class JsonExchange:
    """One request and what came back. `status` is 0 when nothing did, and `text` then says why."""

    method: str
    url: str
    sent: Json | None
    status: int
    text: str
    milliseconds: float
    content: Json | None = None

    def answer(self) -> Json:
        """The JSON object that came with a success. Raises Unanswered."""
        if self.status == 0:
            raise Unanswered(f"{self.method} {self.url}: {self.text}")
        if self.status not in (requests.codes.ok, requests.codes.created):
            raise Unanswered(f"HTTP {self.status}: {_said(self)}")
        if self.content is None:
            raise Unanswered("the answer is not a JSON object" if _is_json(self.text) else NOT_JSON)
        return self.content


NOT_JSON = "the answer is not JSON"


class JsonHttp:
    """One pool of connections; follows no redirect and reads no proxy settings.

    `ca_bundle` is a file of certificate authorities to believe in place of the usual ones.
    """

    def __init__(self, ca_bundle: str | None = None) -> None:
        self._session = requests.Session()
        self._session.trust_env = False
        self._session.verify = ca_bundle or True

    def close(self) -> None:
        """Give the connections back."""
        self._session.close()

    def send(
        self, method: str, url: str, body: Json | None = None, headers: Mapping[str, str] | None = None
    ) -> JsonExchange:
        """Make one request; a server that cannot be reached is an exchange with status 0."""
        began = time.perf_counter()
        try:
            reply = self._session.request(
                method, url, json=body, headers=headers, timeout=TIMEOUT_SECONDS, allow_redirects=False
            )
        except OSError as error:  # the library's own errors, and a file of authorities that is gone
            return JsonExchange(method, url, body, 0, type(error).__name__, _since(began))
        reply.encoding = "utf-8"
        return JsonExchange(method, url, body, reply.status_code, reply.text, _since(began), _object(reply))

    def get(self, url: str) -> Json:
        """The JSON object at `url`. Raises Unanswered."""
        return self.send("GET", url).answer()


def _since(began: float) -> float:
    return (time.perf_counter() - began) * 1000


def _object(reply: requests.Response) -> Json | None:
    try:
        content = reply.json()
    except ValueError:
        return None
    return content if isinstance(content, dict) else None


def _is_json(text: str) -> bool:
    return text.lstrip()[:1] in ("[", '"')


def _said(exchange: JsonExchange) -> str:
    """What an OperationOutcome says, or the beginning of whatever came instead."""
    try:
        issues = (exchange.content or {})["issue"]
        words = [issue.get("diagnostics") or issue["details"]["text"] for issue in issues]
    except (KeyError, TypeError, AttributeError):
        return exchange.text[:200]
    return "; ".join(words)
