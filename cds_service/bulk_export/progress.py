"""What whoever waits for an export is told meanwhile."""

from typing import Protocol


class ExportProgress(Protocol):
    """Nothing that is told names a patient, a token or an address with its query."""

    def say(self, line: str) -> None:
        """Tell one thing that happened."""
        ...

    def came(self, file: str, count: int) -> None:
        """So many bytes of a file are here."""
        ...


class Silent:
    """For whoever is not waiting."""

    def say(self, line: str) -> None:
        """Nothing."""

    def came(self, file: str, count: int) -> None:
        """Nothing."""
