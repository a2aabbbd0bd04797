"""One small change of a file: where it stands, what was there, and what stands there instead."""

from dataclasses import dataclass
from pathlib import Path


@dataclass(frozen=True, slots=True)
class Mutant:
    """`start` and `end` are offsets in the file's text; `kind` says what was changed, in a word or two."""

    path: Path
    start: int
    end: int
    instead: str
    kind: str

    def of(self, text: str) -> str:
        """The file's text with the change."""
        return text[: self.start] + self.instead + text[self.end :]

    def told(self, text: str) -> str:
        """The change for a reader: file, line, what it was and what it is."""
        line = text.count("\n", 0, self.start) + 1
        was = text[self.start : self.end].strip().replace("\n", " ")[:70]
        return f"{self.path}:{line} {self.kind}: {was!r} -> {self.instead.strip()[:50]!r}"
