"""What can be wrong with the database."""


class StoreUnusable(ValueError):
    """The database named by CDS_DATABASE_URL cannot be used; told at the start, never with the URL."""

    def __init__(self, problem: str) -> None:
        super().__init__(f"CDS_DATABASE_URL: {problem}")
        self.problem = problem


class UnknownRevision(StoreUnusable):
    """The tables were made by another, probably newer version of this program."""

    def __init__(self, revision: str) -> None:
        super().__init__(f"its tables have revision {revision!r}, which this version does not know")
        self.revision = revision


class OtherKey(StoreUnusable):
    """The pseudonyms in the database were made with another key: nobody would be recognised."""

    def __init__(self) -> None:
        super().__init__("its pseudonyms were made with another CDS_PSEUDONYM_KEY")


class StoreUnavailable(Exception):
    """The database could not do it now: locked, full, or gone. Nothing was recorded. `error` is its class.

    `why` is what the database's driver says where there was no connection, for those who operate it.
    """

    def __init__(self, error: str, why: str = "") -> None:
        super().__init__(f"the database is not available ({why or error})")
        self.error = error
