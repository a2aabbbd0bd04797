"""A scheduler and workers of dask.distributed, each a process of its own, on this computer."""

import json
import os
import subprocess
import sys
import time
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass
from pathlib import Path

from cds_service.screening.cluster import Certificates, Cluster
from tests.certificates import HERE, an_authority

ROOT = Path(__file__).parents[2]
SECONDS = 90


@dataclass
class Processes:
    scheduler: str
    process: "subprocess.Popen[bytes]"
    workers: "list[subprocess.Popen[bytes]]"
    logs: Path
    certificates: Certificates | None

    @property
    def cluster(self) -> Cluster:
        return Cluster(self.scheduler, self.certificates, float(SECONDS))

    @property
    def log(self) -> str:
        return "".join(one.read_text("utf-8", "replace") for one in sorted(self.logs.glob("*.log")))


@contextmanager
def cluster(folder: Path, workers: int = 2, certificates: Certificates | None = None) -> Iterator[Processes]:
    """They end with the context, however it ends."""
    options = ["--host", HERE, "--no-dashboard"]
    if certificates:
        options += ["--protocol", "tls", *tls_options(certificates)]
    with ExitStack() as up:
        address = folder / "scheduler.json"
        said = ["--scheduler-file", str(address)]
        scheduler = up.enter_context(_process(folder, "scheduler", [*options, *said, "--port", "0"]))
        _wait_for(address, scheduler, folder)
        more = ["--nthreads", "1", "--no-nanny", "--local-directory", str(folder / "spill"), *said]
        started = [up.enter_context(_process(folder, "worker", [*options, *more], n)) for n in range(workers)]
        where = json.loads(address.read_text())["address"]
        yield Processes(where, scheduler, started, folder, certificates)


def tls_options(certificates: Certificates) -> list[str]:
    return [
        f"--tls-ca-file={certificates.authority}",
        f"--tls-cert={certificates.certificate}",
        f"--tls-key={certificates.key}",
    ]


def certificates_in(folder: Path, authority_name: str = "cluster") -> Certificates:
    """An authority of a cluster alone, and a certificate by it."""
    folder.mkdir()
    authority = an_authority(authority_name)
    holder = authority.issue()
    for name, content in (("ca", authority.pem), ("cert", holder.pem), ("key", holder.secret_pem)):
        (folder / name).write_bytes(content)
    return Certificates(folder / "ca", folder / "cert", folder / "key")


@contextmanager
def _process(
    folder: Path, kind: str, options: list[str], number: int = 0
) -> Iterator["subprocess.Popen[bytes]"]:
    with (folder / f"{kind}{number}.log").open("wb") as log:
        process = subprocess.Popen(
            [sys.executable, "-m", "dask", kind, *options],
            stdout=log,
            stderr=subprocess.STDOUT,
            cwd=ROOT,
            env={**os.environ, "PYTHONPATH": str(ROOT)},
        )
    try:
        yield process
    finally:
        process.kill()
        process.wait()


def _wait_for(file: Path, process: "subprocess.Popen[bytes]", folder: Path) -> None:
    end = time.monotonic() + SECONDS
    while not (file.is_file() and file.read_text().rstrip().endswith("}")):
        assert process.poll() is None, (folder / "scheduler0.log").read_text()
        assert time.monotonic() < end
        time.sleep(0.05)
