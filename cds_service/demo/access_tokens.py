"""Access tokens of the demo's record system: what an app that was launched may do at its FHIR server."""

import re
import time
from dataclasses import dataclass, field

_SCOPE = re.compile(r"(?:patient|user|system)/(?P<type>\*|[A-Za-z]+)\.(?P<may>c?r?u?d?s?)")


@dataclass(frozen=True, slots=True)
class AccessToken:
    """A token in force until `end` on the monotonic clock; its scopes are those of SMART v2."""

    scope: str
    end: float

    def allows(self, letter: str, resource_type: str) -> bool:
        """May its holder do this ("c" create, "r" read ...) with resources of the type?"""
        scopes = filter(None, map(_SCOPE.fullmatch, self.scope.split()))
        return any(found["type"] in ("*", resource_type) and letter in found["may"] for found in scopes)


@dataclass(frozen=True, slots=True)
class AccessTokens:
    """Every token in force, in memory."""

    _tokens: dict[str, AccessToken] = field(default_factory=dict)

    def keep(self, word: str, scope: str, seconds: int) -> None:
        """Keep a token that was issued just now."""
        self._tokens[word] = AccessToken(scope, time.monotonic() + seconds)

    def find(self, word: str) -> AccessToken | None:
        """The token, if it is in force."""
        found = self._tokens.get(word)
        return found if found and time.monotonic() < found.end else None

    def narrow(self, scope: str) -> None:
        """Take from every token what is not in this scope: an administrator has changed his mind."""
        for word, token in self._tokens.items():
            self._tokens[word] = AccessToken(scope, token.end)

    def words(self) -> tuple[str, ...]:
        """The tokens themselves."""
        return tuple(self._tokens)
