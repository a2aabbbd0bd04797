"""The options that name a cluster: all that is needed, or words about what is not."""

import argparse
import sys
from pathlib import Path

import pytest

from cds_service.cli.cluster_options import NoCluster, add_cluster_options, cluster_asked
from cds_service.screening.cluster import Certificates, Cluster

FILES = ["--tls-ca-file", "ca", "--tls-cert", "cert", "--tls-key", "key"]


def asked(*words):
    parser = argparse.ArgumentParser()
    add_cluster_options(parser)
    return cluster_asked(parser.parse_args(words))


def test_no_cluster_is_asked_for():
    assert asked() is None


def test_here_without_certificates():
    with asked("--scheduler", "tcp://127.0.0.1:8786") as engine:
        assert engine.cluster == Cluster("tcp://127.0.0.1:8786")


def test_elsewhere_with_three_files():
    with asked("--scheduler", "tls://s.example:8786", *FILES) as engine:
        own = Certificates(Path("ca"), Path("cert"), Path("key"))
        assert engine.cluster == Cluster("tls://s.example:8786", own)


@pytest.mark.parametrize("missing", [0, 2, 4])
def test_two_files_of_three(missing):
    some = FILES[:missing] + FILES[missing + 2 :]
    with pytest.raises(NoCluster, match="go together"):
        asked("--scheduler", "tls://s.example:8786", *some)


def test_files_without_a_scheduler():
    with pytest.raises(NoCluster, match="belong to --scheduler"):
        asked(*FILES)


def test_without_the_extra(monkeypatch):
    for name in ("cds_service.screening.on_dask", "cds_service.screening.cluster", "distributed"):
        monkeypatch.delitem(sys.modules, name, raising=False)
    monkeypatch.setitem(sys.modules, "distributed", None)
    with pytest.raises(NoCluster, match=r"pip install 'cds-service\[dask\]'"):
        asked("--scheduler", "tcp://127.0.0.1:8786")
