"""nginx with TLS as `deploy/nginx.example.conf` says: before both instances, the FHIR server and the EHRs' key sets."""

import os
import re
import shutil
import socket
import ssl
import subprocess
import time
from collections.abc import Sequence
from pathlib import Path

from tests.certificates import HERE, Holder, an_authority
from tests.live.service import a_free_port

NAME = "cds.hospital.example"
SHIPPED = Path(__file__).parents[2] / "deploy/nginx.example.conf"
PATIENCE = 60.0
MISSING = "nginx is not here: apt-get install nginx-light"
_MAIN = """\
daemon off;
{user}
pid {folder}/nginx.pid;
error_log {folder}/nginx.log;
worker_processes 1;
worker_shutdown_timeout 30s;
events {{ worker_connections 1024; }}
http {{
    access_log off;
    client_body_temp_path {folder}/body; proxy_temp_path {folder}/proxy; fastcgi_temp_path {folder}/f;
    uwsgi_temp_path {folder}/u; scgi_temp_path {folder}/s;
    include {folder}/cds.conf;
    server {{
        listen {here}:{ehr} ssl;
        ssl_certificate {folder}/ehr.crt; ssl_certificate_key {folder}/ehr.key;
        location /keys/ {{ alias {folder}/keys/; default_type application/json; }}
        location /fhir {{ proxy_pass http://{here}:{fhir}; }}
    }}
}}
"""


def program() -> str | None:
    return shutil.which("nginx", path=f"{os.environ.get('PATH', '')}:/usr/sbin")


class Nginx:
    """The proxy; `port` is where EHRs call, `ehr` where the hospital's FHIR server and key sets are."""

    def __init__(self, folder: Path, instances: Sequence[int], fhir: int) -> None:
        self.folder = folder
        self.port, self.ehr = a_free_port(), a_free_port()
        self.authority = an_authority("the hospital's own")
        (folder / "keys").mkdir(parents=True)
        (folder / "authority.pem").write_bytes(self.authority.pem)
        self.renew()
        self._hold(self.authority.issue(HERE), "ehr")
        self._write_shipped(instances)
        user = "user root;" if os.geteuid() == 0 else ""
        main = _MAIN.format(folder=folder, user=user, here=HERE, ehr=self.ehr, fhir=fhir)
        (folder / "nginx.conf").write_text(main, encoding="utf-8")
        self._process: subprocess.Popen[bytes] | None = None

    def _write_shipped(self, instances: Sequence[int]) -> None:
        """The shipped file, with our ports and certificate, and nothing else changed."""
        text = SHIPPED.read_text(encoding="utf-8")
        for shipped, ours in (
            ("listen 443 ssl", f"listen {HERE}:{self.port} ssl"),
            ("/etc/cds/tls", str(self.folder)),
            *((f"127.0.0.1:{8080 + n}", f"127.0.0.1:{port}") for n, port in enumerate(instances)),
        ):
            assert text.count(shipped) >= 1, shipped
            text = text.replace(shipped, ours)
        (self.folder / "cds.conf").write_text(text, encoding="utf-8")

    def _hold(self, holder: Holder, name: str) -> None:
        (self.folder / f"{name}.crt").write_bytes(holder.pem)
        (self.folder / f"{name}.key").write_bytes(holder.secret_pem)

    def renew(self) -> int:
        """A new certificate and key for the service, in place of the old; its serial number."""
        holder = self.authority.issue(NAME)
        self._hold(holder, "cds")
        return holder.certificate.serial_number

    def start(self) -> None:
        command = [str(program()), "-p", str(self.folder), "-c", str(self.folder / "nginx.conf")]
        self._process = subprocess.Popen(command, stderr=subprocess.DEVNULL)
        until = time.monotonic() + PATIENCE
        while not (self.folder / "nginx.pid").exists() or not self._listens():
            assert time.monotonic() < until, (self.folder / "nginx.log").read_text()
            time.sleep(0.05)

    def _listens(self) -> bool:
        with socket.socket() as probe:
            return probe.connect_ex((HERE, self.port)) == 0

    def stop(self) -> None:
        if self._process:
            self._process.terminate()
            self._process.wait(PATIENCE)

    def reload(self) -> None:
        """As `nginx -s reload`: returns when the workers of before take no more connections."""
        before = self._children()
        command = [
            str(program()),
            "-p",
            str(self.folder),
            "-c",
            str(self.folder / "nginx.conf"),
            "-s",
            "reload",
        ]
        subprocess.run(command, check=True, stderr=subprocess.DEVNULL)
        until = time.monotonic() + PATIENCE
        while before & self._children():
            assert time.monotonic() < until, "an old worker of nginx has not ended"
            time.sleep(0.05)

    def _children(self) -> set[str]:
        assert self._process
        pid = self._process.pid
        return set(Path(f"/proc/{pid}/task/{pid}/children").read_text().split())

    def take_out(self, instance: int) -> None:
        """No new call to the instance at this port; those under way have been answered when this returns."""
        self._set(instance, " down;")

    def put_back(self, instance: int) -> None:
        self._set(instance, ";")

    def _set(self, instance: int, ending: str) -> None:
        conf = self.folder / "cds.conf"
        pattern = rf"(server 127\.0\.0\.1:{instance} [^;]*?)( down)?;"
        text, count = re.subn(pattern, rf"\g<1>{ending}", conf.read_text(encoding="utf-8"))
        assert count == 1
        conf.write_text(text, encoding="utf-8")
        self.reload()

    def client_context(self) -> ssl.SSLContext:
        return ssl.create_default_context(cafile=str(self.folder / "authority.pem"))

    def shown_serial(self) -> int:
        """The serial number of the certificate that a client is shown now."""
        from cryptography import x509

        with (
            socket.create_connection((HERE, self.port), timeout=10) as plain,
            self.client_context().wrap_socket(plain, server_hostname=NAME) as secured,
        ):
            return x509.load_der_x509_certificate(secured.getpeercert(binary_form=True) or b"").serial_number
