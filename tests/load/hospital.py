"""The hospital of a load run: EHRs with keys of their own, patients, and the calls that are made for them."""

import json
import time
import uuid
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path
from typing import Any
from zoneinfo import ZoneInfo

import jwt
from cryptography.hazmat.primitives.asymmetric import ec

from cds_service.demo.demo_patients import demo_patients
from tests.live.service import Service
from tests.scenarios.visits import calls as visit

BASE = "https://cds.hospital.example"
ZONE = ZoneInfo("Asia/Shanghai")
Answer = tuple[int, Mapping[str, str], bytes]
_INSTANCE = b"d1577c69-dfbe-44ad-ba6d-3e05e953b2ea"


@dataclass(frozen=True)
class Ehr:
    """One client, with its own key."""

    issuer: str
    key: Any

    def token(self, service: str, skew: float = 0.0) -> str:
        """A new token for one call of a service, as an Authorization header, by a clock that is `skew` s ahead."""
        now = time.time() + skew
        claims = {
            "iss": self.issuer,
            "aud": f"{BASE}/cds-services/{service}",
            "iat": now,
            "exp": now + 300,
            "jti": str(uuid.uuid4()),
        }
        header = {"kid": "key-1", "typ": "JWT"}
        return f"Bearer {jwt.encode(claims, self.key, 'ES384', header)}"

    def key_set(self) -> str:
        """What it publishes."""
        public = jwt.algorithms.ECAlgorithm.to_jwk(self.key.public_key(), as_dict=True)
        return json.dumps({"keys": [{**public, "kid": "key-1", "use": "sig"}]})


@dataclass(frozen=True)
class Call:
    """One call of one client: the same bytes whenever it is repeated."""

    number: int
    ehr: Ehr
    service: str
    instance: str
    body: bytes


def ehrs(count: int) -> list[Ehr]:
    return [
        Ehr(f"https://ehr-{n}.hospital.example", ec.generate_private_key(ec.SECP384R1()))
        for n in range(count)
    ]


def write_site(folder: Path, clients: list[Ehr]) -> Path:
    """The site file that trusts these clients."""
    entries = []
    for number, ehr in enumerate(clients):
        (folder / f"ehr-{number}.json").write_text(ehr.key_set(), encoding="utf-8")
        entries.append(f'[[trusted_clients]]\niss = "{ehr.issuer}"\njwks_file = "ehr-{number}.json"\n')
    site = folder / "site.toml"
    unsigned = '[review]\nunsigned = "accepted"\n'
    site.write_text('time_zone = "Asia/Shanghai"\n' + unsigned + "\n".join(entries), encoding="utf-8")
    return site


def calls(clients: list[Ehr], count: int) -> Iterator[Call]:
    """So many calls, every demo patient's every call in turn, each for a patient and a hook of its own."""
    today = datetime.now(ZONE).date()
    recipes = [
        (patient.id.encode(), service, json.dumps(body, ensure_ascii=False).encode())
        for patient in demo_patients(today)
        for _, service, body in visit(patient)
    ]
    for number in range(count):
        patient, service, body = recipes[number % len(recipes)]
        instance = str(uuid.uuid5(uuid.NAMESPACE_URL, f"load-{number}"))
        own = body.replace(patient, b"%b-%d" % (patient, number)).replace(_INSTANCE, instance.encode())
        yield Call(number, clients[number % len(clients)], service, instance, own)


def ask(service: Service, call: Call) -> Answer:
    """The running service's answer to a call, with a new token."""
    token = call.ehr.token(call.service)
    return service.ask(f"/cds-services/{call.service}", call.body, Authorization=token)


def react(service: Service, call: Call, card: str) -> Answer:
    """Its answer to the feedback that the card of that uuid was overridden."""
    body = {
        "feedback": [
            {
                "card": card,
                "outcome": "overridden",
                "outcomeTimestamp": "2026-03-02T01:00:00Z",
            }
        ]
    }
    token = call.ehr.token(call.service)
    return service.ask(
        f"/cds-services/{call.service}/feedback", json.dumps(body).encode(), Authorization=token
    )
