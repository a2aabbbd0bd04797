"""Names of products as they are compared: Latin terms as whole words, Chinese ones wherever they stand."""

import re
import unicodedata

_SEPARATORS = re.compile(r"[^a-z0-9\u4e00-\u9fff]+")


def folded_name(text: str) -> str:
    """A name in lower case and plain width, its words parted by blanks, a blank at either end."""
    plain = unicodedata.normalize("NFKC", text).casefold()
    return f" {_SEPARATORS.sub(' ', plain).strip()} "


def folded_term(term: str) -> str:
    """A term to be looked for in a folded name."""
    folded = folded_name(term)
    return folded if term.isascii() else folded.strip()
