"""One more hook, unit or language is one more row or file of words: tried in a copy of the product."""

import json
import re
import shutil
import subprocess
import sys
import textwrap
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from tests.repository.measure import ROOT

PACKAGES = ("cds_service", "fhir_mappings")
REQUEST = "cds_service/cds_hooks/request.py"
TRIAL = "cds_service/trials/nct06802055/trial.toml"
FIRST_SERVICE = '[[service]]\nid = "aa-trial-eligibility"'
UNITS = "fhir_mappings/clinical_model/quantity.py"
LAST_HOOK = '    PROBLEM_LIST_ITEM_CREATE = "problem-list-item-create"'
CREATININE = "        88.4 | mass  | mg/dL, mg%\n"


@pytest.fixture(scope="module")
def copied(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The product's two packages, as they are here, in a folder of their own."""
    folder = tmp_path_factory.mktemp("product")
    for package in PACKAGES:
        shutil.copytree(ROOT / package, folder / package, ignore=shutil.ignore_patterns("__pycache__"))
    return folder


@pytest.fixture
def product(copied: Path) -> Iterator[Callable[[str, str, str], None]]:
    """Changes one place of one file of the copy; everything is as before when the test ends."""
    before: dict[Path, str] = {}

    def change(name: str, old: str, new: str) -> None:
        path = copied / name
        text = before.setdefault(path, path.read_text("utf-8"))
        assert text.count(old) == 1, (name, old)
        path.write_text(text.replace(old, new), "utf-8")

    yield change
    for path, text in before.items():
        path.write_text(text, "utf-8")


def on_the_page(page: str, language: str) -> str:
    """The only block of this language on a page of how-tos, at the margin."""
    text = (ROOT / "docs/how-to" / page).read_text("utf-8")
    (block,) = re.findall(rf"^ *```{language}\n(.*?)^ *```$", text, re.DOTALL | re.MULTILINE)
    return textwrap.dedent(block)


def said_by(folder: Path, script: str, site: str = "") -> str:
    """What a script prints that knows only the copied product; a fault of it is a fault of the test."""
    (folder / "site.toml").write_text(site, "utf-8")
    done = subprocess.run(
        [sys.executable, "-c", script],
        cwd=folder,
        env={"PYTHONPATH": str(folder), "CDS_SITE_FILE": str(folder / "site.toml"), "PATH": "/usr/bin:/bin"},
        capture_output=True,
        text=True,
        timeout=120,
    )
    assert done.returncode == 0, done.stderr
    return done.stdout


def test_a_new_hook_is_a_row_and_a_service_on_it_another(
    copied: Path, product: Callable[[str, str, str], None]
) -> None:
    body = {
        "hook": "appointment-book",
        "hookInstance": "d1577c69-dfbe-44ad-ba6d-3e05e953b2ea",
        "context": {"userId": "Practitioner/1", "patientId": "p1", "appointments": {}},
    }
    ask = f"""
from cds_service.cds_hooks.errors import BadHookRequest
from cds_service.cds_hooks.request import read_hook_request
from cds_service.services.catalogue import catalogue_of
from cds_service.wiring import build_offline_installation
request = read_hook_request({json.dumps(body).encode()!r})
service = catalogue_of(build_offline_installation()).find_for("aa-trial-booking", request.hook)
print(service.as_json()["hook"], service.as_json()["prefetch"]["patient"])
try:
    read_hook_request({json.dumps(body | {"context": {"userId": "Practitioner/1", "patientId": "p1"}}).encode()!r})
except BadHookRequest as error:
    print(error)
"""
    row, service = on_the_page("add-a-hook.md", "python"), on_the_page("add-a-hook.md", "toml")
    product(REQUEST, LAST_HOOK, f"    {row}{LAST_HOOK}")
    product(TRIAL, FIRST_SERVICE, f"{service}\n{FIRST_SERVICE}")
    told, refused = said_by(copied, ask).splitlines()
    assert told == "appointment-book Patient/{{context.patientId}}"
    assert "context.appointments" in refused


def test_a_new_unit_is_a_row(copied: Path, product: Callable[[str, str, str], None]) -> None:
    ask = """
from decimal import Decimal
from fhir_mappings.clinical_model.quantity import UnitNotAllowed, to_canonical
from fhir_mappings.clinical_model.results import Analyte
try:
    print(int(to_canonical(Analyte.CREATININE, Decimal(2), "drachm/firkin")))
except UnitNotAllowed as error:
    print("refused")
"""
    assert said_by(copied, ask) == "refused\n"
    product(UNITS, CREATININE, CREATININE + "        50   | mass  | drachm/firkin\n")
    assert said_by(copied, ask) == "100\n"


LANGUAGE = "fr"
SITE = on_the_page("add-a-language.md", "toml")


@pytest.fixture
def tongue(copied: Path) -> Iterator[list[Path]]:
    """Words of a language that nobody speaks: each English sentence in double angle quotes."""
    made = []
    for english in copied.glob("cds_service/**/*.en.toml"):
        text = re.sub(r'^(.*? = ")(.*)(")$', r"\1«\2»\3", english.read_text("utf-8"), flags=re.M)
        made.append(english.with_name(english.name.replace(".en.", f".{LANGUAGE}.")))
        made[-1].write_text(text, "utf-8")
    yield made
    for path in made:
        path.unlink(missing_ok=True)


TITLE = """
from cds_service.wiring import build_offline_installation
print(build_offline_installation().words.sentences["card.source.own"])
"""


def test_a_new_language_is_words(copied: Path, tongue: list[Path]) -> None:
    assert len(tongue) > 12
    english = said_by(copied, TITLE, 'language = "en"').strip()
    assert said_by(copied, TITLE, SITE).strip() == f"«{english}»"


def test_half_a_language_is_refused_before_the_start(copied: Path, tongue: list[Path]) -> None:
    lost = next(path for path in tongue if path.name.startswith("safety"))
    lost.unlink()
    with pytest.raises(AssertionError, match=f"wording {LANGUAGE}: safety"):
        said_by(copied, TITLE, SITE)


def test_a_language_without_words_is_refused(copied: Path) -> None:
    with pytest.raises(AssertionError, match="language: Invalid enum value 'fr'"):
        said_by(copied, TITLE, SITE)
