"""Servers whose TLS proves nothing, over real HTTPS and a real gunicorn: no token leaves, and the caller hears why not."""

import json
from contextlib import ExitStack
from dataclasses import dataclass

import pytest

from fhir_mappings.clinical_model.known_unknown import Part
from tests.certificates import TlsEnd
from tests.faults.tls_faults import HOSPITAL, TLS_FAULTS, WARD
from tests.fhir_client.charts import CHART, MEDICATION, TYPES
from tests.fhir_client.stub import Stub, running, says, searchset
from tests.installation import A_KEY
from tests.live.service import serving
from tests.load.hospital import BASE, Ehr, ehrs
from tests.standard.calls import PATIENT, a_body, authorization

SERVICE = "aa-trial-titration"
TOKEN = "a-token-that-must-not-leave"
GOOD, BELOW = "good", "below"


@dataclass(frozen=True)
class Peer:
    """An EHR whose key set and FHIR server lie at one https address; `end` is its side of TLS."""

    stub: Stub
    end: object
    ehr: Ehr

    @property
    def heard(self) -> bytes:
        """All that it ever received under TLS, and the requests that it understood."""
        return bytes(getattr(self.end, "heard", b"")) + repr(self.stub.asked).encode()


def holds_a_chart(stub, ehr):
    stub.gives(f"Patient/{PATIENT}", CHART[Part.PATIENT])
    for part, resource in CHART.items():
        if part is not Part.PATIENT:
            stub.gives(TYPES[part], searchset(resource))
    stub.gives("Medication/sirolimus", MEDICATION)
    stub.gives("jwks.json", json.loads(ehr.key_set()), content_type="application/jwk-set+json")


@pytest.fixture(scope="module")
def peers(tmp_path_factory):
    """One for each fault, and two that nothing is wrong with."""
    folder = tmp_path_factory.mktemp("certificates")
    ends = {fault.name: fault.end(folder) for fault in TLS_FAULTS}
    ends |= {GOOD: TlsEnd(HOSPITAL.issue(), folder), BELOW: TlsEnd(WARD.issue(), folder)}
    with ExitStack() as stack:
        found = {}
        for (name, end), ehr in zip(ends.items(), ehrs(len(ends)), strict=True):
            stub = stack.enter_context(running(secured=end))
            holds_a_chart(stub, ehr)
            found[name] = Peer(stub, end, ehr)
        yield found


def write_site(folder, peers, trusted, ca_bundle):
    """Each peer may be called, and may call with keys at its own address; `trusted` has its keys in a file."""
    (folder / "trusted.json").write_text(trusted.key_set())
    clients = [f'[[trusted_clients]]\niss = "{trusted.issuer}"\njwks_file = "trusted.json"\n']
    for peer in peers.values():
        clients.append(
            f'[[fhir_servers]]\nbase = "{peer.stub.base}"\n'
            f'[[trusted_clients]]\niss = "{peer.ehr.issuer}"\njku = "{peer.stub.base}/jwks.json"\n'
        )
    if ca_bundle:
        (folder / "hospital.pem").write_bytes(HOSPITAL.pem)
        clients.insert(0, 'ca_bundle = "hospital.pem"\n')
    (folder / "site.toml").write_text("\n".join([*clients, '[review]\nunsigned = "accepted"\n']))
    return {
        "ENVIRONMENT": "production",
        "PUBLIC_BASE_URL": BASE,
        "SITE_FILE": "site.toml",
        "PSEUDONYM_KEY": A_KEY,
        "FETCH_SECONDS": "3",
    }


TRUSTED = Ehr("https://trusted.hospital.example", ehrs(1)[0].key)


@pytest.fixture(scope="module")
def service(peers, tmp_path_factory):
    """A production service that knows the hospital's authority."""
    folder = tmp_path_factory.mktemp("with-authority")
    with serving(folder, **write_site(folder, peers, TRUSTED, ca_bundle=True)) as running_service:
        yield running_service


@pytest.fixture(scope="module")
def without_bundle(peers, tmp_path_factory):
    """One that knows only the usual authorities."""
    folder = tmp_path_factory.mktemp("without-authority")
    with serving(folder, **write_site(folder, peers, TRUSTED, ca_bundle=False)) as running_service:
        yield running_service


def ask(service, peer, ehr=TRUSTED, **members):
    """A call by `ehr` that lends us a token for the peer's FHIR server."""
    token = authorization(access_token=TOKEN, scope="user/*.rs")
    body = a_body(fhirServer=peer.stub.base, fhirAuthorization=token, **members)
    status, headers, answer = service.ask(f"/cds-services/{SERVICE}", body, Authorization=ehr.token(SERVICE))
    lines = [line for line in service.lines() if line.get("request_id") == headers["x-request-id"]]
    return status, json.loads(answer), lines


def failures(lines):
    return {
        name: why
        for line in lines
        if line["event"] == "fetch_failed"
        for name, why in line["failures"].items()
    }


def unavailable(answer):
    decisions = [card["extension"]["org.aa-cds.decision"] for card in answer["cards"]]
    return [d["decision"].get("unavailable") for d in decisions if d["kind"] == "data-quality"]


FAULTS = pytest.mark.parametrize("fault", TLS_FAULTS, ids=lambda fault: fault.name)
WHO = (Part.PATIENT, Part.CONDITIONS, Part.RESEARCH_SUBJECTS)


def prefetched(*parts):
    """These parts as the EHR sends them along."""
    return {
        part.value: CHART[part] if part is Part.PATIENT else searchset(CHART[part], total=1) for part in parts
    }


@FAULTS
def test_no_token_leaves_for_a_fhir_server_that_proves_nothing(service, peers, fault):
    peer = peers[fault.name]
    status, answer, lines = ask(service, peer)
    assert status == 412
    assert Part.PATIENT.value in answer["issue"][0]["diagnostics"]
    assert set(failures(lines).values()) == {fault.reason.value}
    assert peer.heard == b"[]"


@FAULTS
def test_what_could_not_be_had_stands_on_a_card_where_the_patient_was_sent_along(service, peers, fault):
    peer = peers[fault.name]
    status, answer, lines = ask(service, peer, prefetch=prefetched(*WHO))
    assert status == 200
    not_read = sorted(set(failures(lines)) - {"Medication"})
    assert unavailable(answer) == [not_read]
    assert "observations" in not_read
    assert not any("Increase" in card["summary"] for card in answer["cards"])
    assert peer.heard == b"[]"


@FAULTS
def test_nobody_is_let_in_by_keys_from_an_address_that_proves_nothing(service, peers, fault):
    peer = peers[fault.name]
    status, _, lines = ask(service, peer, ehr=peer.ehr)
    assert status == 401
    told = {line["event"]: line.get("reason") for line in lines}
    assert told["key_set_not_fetched"] == fault.reason.value
    assert told["client_refused"] == "keys-unavailable"
    assert peer.heard == b"[]"


@pytest.mark.parametrize("name", [GOOD, BELOW])
def test_the_site_s_own_authority_is_believed_for_both(service, peers, name):
    peer = peers[name]
    status, answer, lines = ask(service, peer, ehr=peer.ehr)
    assert (status, failures(lines), unavailable(answer)) == (200, {}, [])
    assert TOKEN.encode() in bytes(peer.end.heard)
    assert b"GET /fhir/jwks.json" in bytes(peer.end.heard)


@pytest.mark.parametrize("name", [GOOD, BELOW])
def test_without_a_ca_bundle_the_hospital_s_authority_is_nobody_s(without_bundle, peers, name):
    peer = peers[name]
    before = peer.heard
    status, _, lines = ask(without_bundle, peer)
    assert (status, set(failures(lines).values())) == (412, {"certificate-untrusted"})
    status, _, lines = ask(without_bundle, peer, ehr=peer.ehr)
    assert (status, lines[0]["reason"]) == (401, "certificate-untrusted")
    assert peer.heard == before


def test_a_redirect_away_from_tls_is_not_followed(service, peers):
    peer = peers[GOOD]
    with running() as plain:
        there = says(b"", status=302, Location=f"{plain.base}/Observation?patient=p1")
        good, peer.stub.answers["/fhir/Observation"] = peer.stub.answers["/fhir/Observation"], there
        status, answer, lines = ask(service, peer)
        peer.stub.answers["/fhir/Observation"] = good
        assert (status, unavailable(answer)) == (200, [["observations"]])
        assert failures(lines) == {"observations": "redirect"}
        assert plain.asked == []
