"""Clocks that differ: by how many seconds the client's is ahead of ours, and whether its tokens are believed.

Tokens live for 300 s; 60 s of leeway are given (cds_hooks/client_jwt.py). Five seconds are left for the test itself.
"""

from dataclasses import dataclass


@dataclass(frozen=True)
class Clock:
    """`ahead` in seconds; `reason` is the word in our log, "" where the call is answered."""

    name: str
    ahead: float
    reason: str


CLOCKS = (
    Clock("is 55 s ahead of ours", 55, ""),
    Clock("is 65 s ahead of ours", 65, "issued-in-the-future"),
    Clock("is so far behind that the token ended 55 s ago", -355, ""),
    Clock("is so far behind that the token ended 65 s ago", -365, "expired"),
)
