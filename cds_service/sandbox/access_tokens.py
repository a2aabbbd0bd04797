"""Access tokens of the demo's record system: who may do what at its FHIR server."""

import secrets
import time
from dataclasses import dataclass, field

from cds_service.hooks.authorization import FhirAuthorization, Interaction


@dataclass(frozen=True, slots=True)
class AccessToken:
    """What a token allows until `end` on the monotonic clock."""

    authorization: FhirAuthorization
    end: float

    def covers(self, resource_type: str, interaction: Interaction) -> bool:
        """May its holder do this?"""
        return self.authorization.covers(resource_type, interaction)


@dataclass(frozen=True, slots=True)
class AccessTokens:
    """Every token in force, in memory."""

    _tokens: dict[str, AccessToken] = field(default_factory=dict)

    def issue(self, patient: str | None, user: str, scope: str, seconds: int = 3600) -> str:
        """A new token for a `fhirAuthorization` or a mini app."""
        word = secrets.token_urlsafe(32)
        self.keep(word, patient, user, scope, seconds)
        return word

    def keep(self, word: str, patient: str | None, user: str, scope: str, seconds: int) -> None:
        """Keep a token that somebody else has made."""
        authorization = FhirAuthorization(word, "Bearer", seconds, scope, user, patient)
        self._tokens[word] = AccessToken(authorization, time.monotonic() + seconds)

    def find(self, word: str) -> AccessToken | None:
        """The token, if it is in force."""
        found = self._tokens.get(word)
        return found if found and time.monotonic() < found.end else None
