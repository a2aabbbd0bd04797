"""A cluster of dask.distributed: where its scheduler is, and that nobody but its own can have a part in it.

Whoever reaches a scheduler can have anything done by its workers. So off this computer there is only TLS with
certificates of all sides, and one address without it is enough to use none of it.
"""

from collections.abc import Iterable
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING
from urllib.parse import urlsplit

if TYPE_CHECKING:
    from distributed import Client
    from distributed.security import Security

_LOOPBACK = ("127.0.0.1", "::1", "localhost")


class ClusterFailed(Exception):
    """The work could not be done on the cluster. The message names addresses, and nothing of a patient's."""


@dataclass(frozen=True, slots=True)
class Certificates:
    """Files in PEM: the authority of this cluster alone, and our own certificate with its key."""

    authority: Path
    certificate: Path
    key: Path


@dataclass(frozen=True, slots=True)
class Cluster:
    """`scheduler` is `tls://host:port`, or `tcp://127.0.0.1:port`. `seconds`: how long for a first answer."""

    scheduler: str
    certificates: Certificates | None = None
    seconds: float = 30.0

    def open(self) -> "Client":
        """A client of it, checked. Raises ClusterFailed."""
        if not _is_closed(self.scheduler, self.certificates):
            raise ClusterFailed(
                f"{self.scheduler}: off this computer a scheduler must be tls://, with certificates"
            )
        client = self._connected()
        try:
            self._check(client)
        except BaseException:
            client.close()
            raise
        return client

    def _connected(self) -> "Client":
        from distributed import Client  # an extra, and slow to import: most runs need no cluster

        try:
            return Client(
                self.scheduler, timeout=self.seconds, security=self._security(), set_as_default=False
            )
        except (OSError, TimeoutError, ValueError, RuntimeError) as error:
            raise ClusterFailed(f"{self.scheduler}: {type(error).__name__}: {error}") from None

    def _security(self) -> "Security | None":
        if self.certificates is None:
            return None
        from distributed.security import Security

        return Security(
            require_encryption=True,
            tls_ca_file=str(self.certificates.authority),
            tls_client_cert=str(self.certificates.certificate),
            tls_client_key=str(self.certificates.key),
        )

    def _check(self, client: "Client") -> None:
        """The scheduler and all workers by their own addresses, and that there is a worker at all."""
        try:
            client.wait_for_workers(1, timeout=self.seconds)
        except TimeoutError:
            raise ClusterFailed(f"{self.scheduler} has no worker") from None
        except OSError as error:
            raise ClusterFailed(f"{self.scheduler} is gone ({type(error).__name__})") from None
        said = client.scheduler_info(n_workers=-1)
        check_closed((said["address"], *said["workers"]))


def check_closed(addresses: Iterable[str]) -> None:
    """Raises ClusterFailed where one listens to others without TLS."""
    if open_ones := sorted({one for one in addresses if not _is_closed(one, ...)}):
        raise ClusterFailed(f"open to others without TLS: {', '.join(open_ones)}")


def _is_closed(address: str, certificates: object) -> bool:
    try:
        parts = urlsplit(address)
    except ValueError:
        return False
    is_here = parts.hostname in _LOOPBACK
    return (parts.scheme == "tls" and certificates is not None) or (parts.scheme == "tcp" and is_here)
