"""Nothing outside the trials' folder names the trial, its drugs or its disease; what still does is listed, and shrinks."""

import re

import pytest

from tests.repository.measure import ROOT

NAMED = re.compile(r"nct06802055|sirolimus|c[iy]closporin|aplastic", re.IGNORECASE)
PACKAGES = ("cds_service", "fhir_mappings")
OWN = ("cds_service/trials/", "fhir_mappings/value_sets/")
"""The trial itself, and the code lists: what drugs and diseases are called anywhere."""
_TEXT = frozenset({".py", ".toml", ".json", ".html", ".js", ".css", ".txt"})
EXCEPTIONS = {
    "cds_service/demo/": "demonstrates this trial: its patients are this trial's, and it is a client by HTTP alone",
    "cds_service/virtual_trial/": "simulates this trial",
    "cds_service/cli/simulate.py": "runs that simulation",
    "cds_service/pharmacokinetics/": "published models of these drugs, each by the name of its drug",
    "cds_service/cli/said_in_code.py": "the developer's tool that draws said.json for this trial",
    "cds_service/cli/write_questionnaire.py": "the developer's tool that writes this trial's form",
    "cds_service/cards/said.json": "drawn by it: what this trial and the cards can say",
    "cds_service/review/questions.py": "topics of the review are the names of this trial's files",
    "cds_service/rules/thresholds.py": "the default folder of reviewed texts, which tests of single rules use",
    "cds_service/settings/forecast_settings.py": "keys of the site file, which stay",
    "cds_service/settings/tablet_settings.py": "keys of the site file, which stay",
    "cds_service/settings/site_file.py": "examples of those keys",
    "fhir_mappings/clinical_model/concepts.py": "names of lists in the value sets",
    "fhir_mappings/clinical_model/results.py": "names of analytes in the value sets",
    "fhir_mappings/clinical_model/quantity.py": "units of analytes: a row each",
}
"""What names them still, by file or folder, and why."""
FILES = sorted(
    file.relative_to(ROOT).as_posix()
    for package in PACKAGES
    for file in (ROOT / package).rglob("*")
    if file.suffix in _TEXT and "node_modules" not in file.parts
)


def names_it(path: str) -> bool:
    return NAMED.search(path) is not None or NAMED.search((ROOT / path).read_text("utf-8")) is not None


def excepted(path: str) -> str | None:
    return next((one for one in EXCEPTIONS if path == one or (one[-1] == "/" and path.startswith(one))), None)


def test_no_file_outside_the_trials_folder_names_the_trial_its_drugs_or_its_disease() -> None:
    assert [p for p in FILES if not p.startswith(OWN) and not excepted(p) and names_it(p)] == []


@pytest.mark.parametrize("exception", EXCEPTIONS)
def test_an_exception_that_is_none_any_more_is_taken_out(exception: str) -> None:
    assert any(names_it(path) for path in FILES if excepted(path) == exception)


def test_the_engine_imports_no_trial() -> None:
    """Only what demonstrates, simulates or documents this trial does; all others take a Trial value."""
    imports = re.compile(r"^\s*(?:from|import) cds_service\.trials\.nct06802055", re.MULTILINE)
    found = [p for p in FILES if not p.startswith(OWN) and imports.search((ROOT / p).read_text("utf-8"))]
    assert [p for p in found if not excepted(p)] == []
