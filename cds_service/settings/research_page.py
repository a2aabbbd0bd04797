"""`[research]` of the site file: the study team's page, and who may see it.

[research]
issuer = "https://id.hospital.example/realms/staff"   # the OpenID provider, as in its id tokens
client_id = "aa-cds-research"
client_secret_file = "research.secret"                # or private_key_file, or neither
role = "aa-trial-study-team"                          # who has it sees the counts
role_claim = "realm_access.roles"                     # where it stands in the id token; "roles" if left out
signing_role = "aa-trial-signer"                      # who has it too may sign the rules there; else nobody
endpoints = ["https://login.hospital.example"]        # where its endpoints lie, if not on the issuer's host
screening_folder = "/var/lib/cds/screening"           # output of the last cds-service screen run
"""

from pathlib import Path

import msgspec

from cds_service.fhir_client.base_url_allow_list import FhirBase, NotAnAddress, read_base
from cds_service.research.oidc_settings import Provider
from cds_service.settings.addresses import read_bases
from cds_service.settings.shapes import Text
from cds_service.settings.smart_apps import host_of, read_proof
from cds_service.signin.client_registration import Registration


class ResearchEntry(msgspec.Struct, forbid_unknown_fields=True, frozen=True):
    """The table as it is written."""

    issuer: str
    client_id: str
    role: str
    role_claim: str = "roles"
    signing_role: Text | None = None
    client_secret_file: Text | None = None
    private_key_file: Text | None = None
    endpoints: tuple[str, ...] | None = None
    screening_folder: Text | None = None


def read_research(entry: ResearchEntry | None, folder: Path, faults: list[str]) -> Provider | None:
    """The provider; what is wrong with it is added to `faults`."""
    if entry is None:
        return None
    problems: list[str] = []
    provider = _provider(entry, folder, problems)
    faults += [f"research: {problem}" for problem in problems]
    return provider


def _provider(entry: ResearchEntry, folder: Path, problems: list[str]) -> Provider | None:
    if not all(map(str.strip, (entry.client_id, entry.role, entry.role_claim))):
        problems.append("client_id, role and role_claim must not be empty")
    try:
        issuer = read_base(entry.issuer)
    except NotAnAddress as error:
        problems.append(f"issuer {error.problem}")
        return None
    if entry.endpoints == ():
        problems.append("endpoints must name one at least, or be left out")
    below = host_of(issuer) if entry.endpoints is None else read_bases(entry.endpoints, "endpoints", problems)
    proof = read_proof(entry.client_secret_file, entry.private_key_file, folder, problems)
    return Provider(
        issuer=issuer,
        registration=Registration(entry.client_id, below, proof, entry.issuer),
        role=entry.role,
        role_claim=entry.role_claim,
        screening=folder / entry.screening_folder if entry.screening_folder else None,
        signing_role=entry.signing_role or "",
    )


def public_provider(issuer: FhirBase, client_id: str, role: str, signing_role: str = "") -> Provider:
    """A provider that knows us as a public client and keeps roles in `roles`, as the demo's does."""
    return Provider(
        issuer, Registration(client_id, host_of(issuer), issuer=issuer.url), role, signing_role=signing_role
    )


def insecurities_of(provider: Provider) -> list[str]:
    """What only development may tolerate."""
    addresses = dict.fromkeys(base.url for base in (provider.issuer, *provider.registration.below))
    return [f"research: {url} must be https" for url in addresses if not url.startswith("https://")]
