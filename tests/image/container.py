"""`cds-service` in its image, under podman: read-only, not root, on the host's network."""

import os
import shutil
import subprocess
import uuid
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path

from tests.live.service import Service, a_free_port

IMAGE = "localhost/cds-service"
_PODMAN = ("podman", "--storage-driver", "overlay", "--runtime", "runc")
CONFINED = (
    *("--network", "host", "--read-only", "--tmpfs", "/tmp", "--security-opt", "no-new-privileges"),
    *("--cap-drop", "all", "--ulimit", "nofile=1024:1024", "--ulimit", "nproc=1000:1000"),
)


def missing() -> str | None:
    """Why the image is not tried, and what to do; None where it can be run."""
    if os.geteuid() != 0 or any(shutil.which(program) is None for program in ("podman", "runc")):
        return "the image is not tried: as root, apt-get install buildah podman runc debootstrap; make image"
    if podman("image", "exists", IMAGE, check=False).returncode:
        return f"the image is not tried: there is no {IMAGE} (make image)"
    if (tried := podman("run", "--rm", *CONFINED, IMAGE, "--version", check=False)).returncode:
        return f"the image is not tried: containers cannot be run here: {tried.stderr.strip()}"
    return None


def podman(*arguments: str, check: bool = True) -> "subprocess.CompletedProcess[str]":
    return subprocess.run([*_PODMAN, *arguments], capture_output=True, text=True, check=check)


@contextmanager
def contained(
    folder: Path, settings: Mapping[str, str], mounts: Mapping[Path, str]
) -> Iterator[tuple[Service, str]]:
    """The service in a container of these settings that answers, and the container's name; gone afterwards."""
    name, port, log = f"cds-{uuid.uuid4().hex[:8]}", a_free_port(), folder / "service.log"
    wanted = [f"--env=CDS_{key}={value}" for key, value in settings.items()]
    wanted += [f"--volume={source}:{target}" for source, target in mounts.items()]
    command = [
        *_PODMAN,
        "run",
        "--rm",
        "--name",
        name,
        *CONFINED,
        *wanted,
        IMAGE,
        "serve",
        "--port",
        str(port),
    ]
    with log.open("ab") as errors:
        process = subprocess.Popen(command, stderr=errors)
    service = Service(port, log, process)
    try:
        service.wait_until_ready()
        yield service, name
    finally:
        podman("kill", "--signal", "TERM", name, check=False)
        process.wait(30)
