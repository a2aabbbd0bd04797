"""SMART launches of the demo's record system: a word in a URL that stands for who looks at whom."""

import secrets
from dataclasses import dataclass, field

_MOST = 1000
"""Launches kept that nobody took; the oldest go first."""


@dataclass(frozen=True, slots=True)
class Launch:
    """What one launch means. `patient` is an id, `user` a reference such as `Practitioner/1`.

    `app_context` is the `appContext` of the card's link, handed on as it is.
    """

    patient: str
    user: str
    app_context: str | None = None


@dataclass(frozen=True, slots=True)
class Launches:
    """The table of launches, in memory. Each can be taken once."""

    _open: dict[str, Launch] = field(default_factory=dict)

    def mint(self, patient: str, user: str, app_context: str | None = None) -> str:
        """A new launch word for the URL of an app."""
        word = secrets.token_urlsafe(24)
        while len(self._open) >= _MOST:
            self._open.pop(next(iter(self._open)), None)
        self._open[word] = Launch(patient, user, app_context)
        return word

    def take(self, word: str) -> Launch | None:
        """What the word means, the first time; None for one that was taken or never minted."""
        return self._open.pop(word, None)
