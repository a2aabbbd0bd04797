"""`python -m tests.stack.fhir PORT KEYS`: the demo's FHIR server as a process of its own, which can be stopped.

KEYS is a JWK Set: who signs with one of these may have tokens as `aa-cds-list`. SIGHUP reads it again.
"""

import json
import signal
import sys
from datetime import date
from pathlib import Path

from cds_service.demo.demo_authorization import Authorization
from cds_service.demo.demo_patients import demo_patients
from cds_service.demo.fhir_server import start_fhir_server
from cds_service.demo.start_demo import everything

CLIENT = "aa-cds-list"


def main(port: int, keys: Path) -> None:
    authorization = Authorization()

    def register(*_: object) -> None:
        authorization.register_backend(CLIENT, json.loads(keys.read_text()), "system/*.cruds")

    register()
    signal.signal(signal.SIGHUP, register)
    start_fhir_server(everything(demo_patients(date.today())), port, (), authorization)
    while True:
        signal.pause()


if __name__ == "__main__":
    main(int(sys.argv[1]), Path(sys.argv[2]))
