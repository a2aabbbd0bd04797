"""Is a key one that nobody can guess? What chance has made passes; what was typed in a hurry does not."""

from itertools import pairwise

SHORTEST_KEY = 32
"""Characters; `openssl rand -hex 32` gives 64."""

_FEWEST = 8  # different characters: chance gives 32 hexadecimal digits fewer once in 20 million times
_WORDS = ("changeme", "example", "everybody", "insecure", "password", "pseudonym", "qwerty", "secret")
_SEPARATORS = str.maketrans("", "", "-_ .")


def weakness_of(key: str) -> str | None:
    """Why a key can be guessed; None when nothing speaks against it."""
    if len(set(key)) < _FEWEST:
        return f"has fewer than {_FEWEST} different characters"
    if _repeats_itself(key):
        return "repeats itself"
    if 4 * _steps(key) > 3 * len(key):
        return "is a row of neighbouring characters"
    if any(word in key.lower().translate(_SEPARATORS) for word in _WORDS):
        return "holds a word that everybody tries"
    return None


def _repeats_itself(key: str) -> bool:
    """Is all of it one piece again and again, the last perhaps cut off?"""
    return any(key[length:] == key[:-length] for length in range(1, len(key) // 2 + 1))


def _steps(key: str) -> int:
    """How often a character is followed by itself or its neighbour in the alphabet."""
    return sum(abs(ord(one) - ord(other)) <= 1 for one, other in pairwise(key))
