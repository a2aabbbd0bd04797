"""`cds-service demo` with servers elsewhere: what cannot be meant is refused before anything starts."""

import pytest

from cds_service.cli import main


@pytest.mark.parametrize(
    ("options", "said"),
    [
        (["--once", "--fhir-server", "http://127.0.0.1:1/fhir"], "another FHIR server does not have them"),
        (["--discovery", "http://127.0.0.1:1/services"], "ends in /cds-services"),
        (["--discovery", "http://127.0.0.1:1/cds-services/x"], "ends in /cds-services"),
        (["--fhir-server", "no address"], "--fhir-server: has a blank"),
    ],
)
def test_what_cannot_be_meant_is_refused(
    options: list[str], said: str, capsys: pytest.CaptureFixture[str]
) -> None:
    assert main(["demo", "--port", "0", "--no-browser", *options]) == 2
    assert said in capsys.readouterr().err
