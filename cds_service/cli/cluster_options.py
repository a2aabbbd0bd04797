"""The options by which a command is told of a cluster of dask.distributed, and the engine that they mean."""

import argparse
from contextlib import AbstractContextManager, nullcontext
from pathlib import Path
from typing import TYPE_CHECKING

from cds_service.settings.extras import not_installed

if TYPE_CHECKING:
    from cds_service.screening.on_dask import OnDask


class NoCluster(ValueError):
    """The options do not name a cluster that can be used. The message is for the person who wrote them."""


def add_cluster_options(command: argparse.ArgumentParser) -> None:
    """In a group of their own."""
    group = command.add_argument_group("several machines")
    group.add_argument(
        "--scheduler", metavar="ADDRESS", help="of dask.distributed: tls://host:port, or tcp://127.0.0.1:port"
    )
    group.add_argument("--tls-ca-file", metavar="FILE", help="the authority of that cluster alone, in PEM")
    group.add_argument("--tls-cert", metavar="FILE", help="our certificate by it")
    group.add_argument("--tls-key", metavar="FILE", help="its key")


def cluster_asked(asked: argparse.Namespace) -> "AbstractContextManager[OnDask] | None":
    """The engine of the cluster that was asked for, if any was. Raises NoCluster."""
    files = (asked.tls_ca_file, asked.tls_cert, asked.tls_key)
    if asked.scheduler is None:
        if any(files):
            raise NoCluster("--tls-ca-file, --tls-cert and --tls-key belong to --scheduler")
        return None
    if any(files) and not all(files):
        raise NoCluster("--tls-ca-file, --tls-cert and --tls-key go together")
    if absent := not_installed("dask"):
        raise NoCluster(f"--scheduler {absent[0]}")
    from cds_service.screening.cluster import Certificates, Cluster
    from cds_service.screening.on_dask import OnDask

    certificates = Certificates(*map(Path, files)) if all(files) else None
    return nullcontext(OnDask(Cluster(asked.scheduler, certificates)))
