"""`cds-service demo` with servers elsewhere: what cannot be meant is refused before anything starts."""

import argparse
from pathlib import Path

import pytest

from cds_service.cli import main
from cds_service.cli.demo_asked import elsewhere_of, visitors_of
from cds_service.cli.demo_options import add_demo_options
from cds_service.demo.elsewhere import Elsewhere
from cds_service.demo.record_access import OAuthClient
from cds_service.demo.visitors import Visitor, Visitors


@pytest.mark.parametrize(
    ("options", "said"),
    [
        (["--once", "--fhir-server", "http://127.0.0.1:1/fhir"], "another FHIR server does not have them"),
        (["--discovery", "http://127.0.0.1:1/services"], "ends in /cds-services"),
        (["--discovery", "http://127.0.0.1:1/cds-services/x"], "ends in /cds-services"),
        (["--fhir-server", "no address"], "--fhir-server: has a blank"),
        (["--token-file", "{secret}"], "are for another FHIR server: name it, too"),
        (["--user", "Practitioner/1"], "are for another FHIR server: name it, too"),
        (["--load-demo-patients"], "are for another FHIR server: name it, too"),
        (["--fhir-server", "http://127.0.0.1:1/fhir", "--load-demo-patients"], "loading patients is writing"),
        (["--token-file", "/no/such/file"], "/no/such/file cannot be read"),
        (["--token-file", "{empty}"], "is empty"),
        (["--fhir-server", "http://ehr.example/fhir", "--token-file", "{secret}"], "without https"),
        (["--client-id", "c"], "needs a --client-secret-file or a --client-key-file"),
        (
            ["--client-id", "c", "--client-secret-file", "{secret}", "--client-key-file", "{secret}"],
            "needs a",
        ),
        (["--client-secret-file", "{secret}"], "needs a --client-id"),
        (["--token-url", "https://id.example/token"], "needs a --client-id"),
        (["--allow-origin", "https://a.example/path"], "is no origin as browsers send it"),
        (["--trust-client", "no issuer"], "--trust-client no issuer"),
        (["--trust-client", "https://a.example={secret}"], "its key set"),
        (["--fhir-server", "http://127.0.0.1:1/fhir", "--user", "Practitioner/1"], "--fhir-server: GET http"),
    ],
)
def test_what_cannot_be_meant_is_refused(
    options: list[str], said: str, capsys: pytest.CaptureFixture[str], tmp_path: Path
) -> None:
    (tmp_path / "secret").write_text("SECRET\n")
    (tmp_path / "empty").write_text("\n")
    files = {name: str(tmp_path / name) for name in ("secret", "empty")}
    options = [option.format(**files) for option in options]
    assert main(["demo", "--port", "0", "--no-browser", *options]) == 2
    told = capsys.readouterr().err
    assert said in told
    assert "SECRET" not in told


def test_what_is_asked_for_is_read_from_the_options_and_files(tmp_path: Path) -> None:
    for name in ("secret", "keys"):
        (tmp_path / name).write_text(f" the {name}\n")
    given = ["--fhir-server", "https://e.example/fhir", "--allow-writes", "--user", "Practitioner/7"]
    given += ["--client-id", "c", "--client-secret-file", str(tmp_path / "secret"), "--scope", "system/*.rs"]
    given += ["--token-url", "https://id.example/token", "--allow-origin", "https://a.example"]
    given += [
        "--trust-client",
        f"https://a.example={tmp_path / 'keys'}",
        "--trust-client",
        "https://b.example",
    ]
    parser = argparse.ArgumentParser()
    add_demo_options(parser)
    asked = parser.parse_args(given)
    assert elsewhere_of(asked) == Elsewhere(
        "https://e.example/fhir",
        None,
        True,
        client=OAuthClient("c", "the secret", None, "system/*.rs"),
        token_url="https://id.example/token",
        user="Practitioner/7",
    )
    assert visitors_of(asked) == Visitors(
        frozenset({"https://a.example"}),
        (Visitor("https://a.example", b"the keys"), Visitor("https://b.example")),
    )
