"""Connections to PostgreSQL that give up on a server which says nothing.

The server's own timeouts do not hold where the network is gone, nor for a commit that waits for a standby.
"""

from functools import cache
from typing import Any

BEYOND_THE_SERVERS_OWN = 2
"""Seconds after the server's timeout, so that where it can speak its own word comes first."""


class Impatient:
    """How connections are opened: each answer of the server is waited for so long. Listens to do_connect."""

    def __init__(self, server_seconds: int) -> None:
        self._kind = _impatient_connection(server_seconds + BEYOND_THE_SERVERS_OWN)

    def open(self, _: Any, __: Any, given: list[Any], named: dict[str, Any]) -> Any:
        """A connection of the driver. Raises psycopg.OperationalError."""
        return self._kind.connect(*given, **named)


@cache
def _impatient_connection(seconds: int) -> Any:
    from psycopg import Connection, OperationalError
    from psycopg.pq import TransactionStatus

    class ImpatientConnection(Connection[Any]):
        """Closed once the server has not answered in time: what it did then, nobody knows."""

        def wait(self, *asked: Any, **how: Any) -> Any:
            try:
                return super().wait(*asked, **{"timeout": seconds, **how})
            except OperationalError as error:
                if self.closed or self.pgconn.transaction_status != TransactionStatus.ACTIVE:
                    raise
                self.close()
                raise OperationalError(f"the server did not answer within {seconds} s") from error

    return ImpatientConnection
