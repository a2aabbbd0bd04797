"""HAPI FHIR's JPA server, prepared beforehand by `make hapi`: started on any free port, all of it in memory."""

import os
import shutil
import subprocess
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from queue import Empty, Queue

BUILT = Path(__file__).parent / "hapi" / "build" / "hapi.jar"
_SECONDS_TO_START = 600  # on a busy machine
# It runs for a minute or two: the quick compiler is enough, and leaves the machine to others.
_JAVA = (
    "-Xmx1500m",
    "-XX:TieredStopAtLevel=1",
    "-XX:+UseSerialGC",
    "-Dorg.slf4j.simpleLogger.defaultLogLevel=warn",
)


def missing() -> str | None:
    """Why it is not tried, and what to do; None where it can be started."""
    if "PYTEST_XDIST_WORKER" in os.environ:
        return "HAPI FHIR is not tried here: it needs the machine for itself (make hapi; make test-hapi)"
    if shutil.which("java") is None:
        return "HAPI FHIR is not tried: there is no Java (apt-get install openjdk-17-jre-headless maven; make hapi)"
    if not jar().is_file():
        return f"HAPI FHIR is not tried: {jar()} is not there (make hapi; or name another by HAPI_JAR)"
    return None


def jar() -> Path:
    return Path(os.environ.get("HAPI_JAR") or BUILT)


@contextmanager
def hapi(folder: Path) -> Iterator[str]:
    """The base of a running server with nothing in it; its log is `hapi.log` in the folder."""
    log = folder / "hapi.log"
    command = ["java", *_JAVA, f"-Djava.io.tmpdir={folder}", "-jar", str(jar()), "0"]
    with log.open("wb") as errors:
        process = subprocess.Popen(command, stdout=subprocess.PIPE, stderr=errors, text=True)
    try:
        yield _base_of(process, log)
    finally:
        process.kill()  # it keeps nothing
        process.wait()
        process.stdout.close()


def _base_of(process: "subprocess.Popen[str]", log: Path) -> str:
    """The address that it prints when it is up."""
    said: Queue[str] = Queue()
    threading.Thread(target=lambda: said.put(_address_in(process.stdout)), daemon=True).start()
    try:
        base = said.get(timeout=_SECONDS_TO_START)
    except Empty:
        base = ""
    if not base:
        raise RuntimeError(f"HAPI FHIR did not start: {log.read_text('utf-8', 'replace')[-2000:]}")
    return base


def _address_in(lines: Iterator[str]) -> str:
    """The first line that is one; "" when there are no more."""
    return next((line.strip() for line in lines if line.startswith("http://")), "")
