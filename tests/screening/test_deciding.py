"""What the scan leaves out cannot make a candidate: every listed code and word, a site's own, and every spelling."""

import csv
import json
from pathlib import Path
from typing import Any

import pytest

from cds_service import wiring
from cds_service.screening.deciding import Diagnoses, may_matter
from cds_service.screening.export_files import How, screen_export
from cds_service.screening.files import files_of_export
from cds_service.screening.output_names import read_line
from cds_service.screening.screening_engine import InProcess
from cds_service.screening.search import Names
from cds_service.screening.summary_tables import read_summaries
from cds_service.services.chart_file import rulebook_of
from cds_service.settings.site_file import Site
from fhir_mappings.readers.reader_settings import StandIn
from tests.builders import NOW
from tests.scenarios.fhir_charts import clinic_of, condition, icd, site_with_codes, text
from tests.screening.exports import written
from tests.screening.population import Person, line, of, someone
from tests.screening.test_same_as_assess import RULES

LISTS = Path(wiring.__file__).parents[1] / "fhir_mappings" / "value_sets"
URIS = {
    "ICD-10": "http://hl7.org/fhir/sid/icd-10",
    "ICD-10-CM": "http://hl7.org/fhir/sid/icd-10-cm",
    "SNOMED CT": "http://snomed.info/sct",
}


def listed() -> list[tuple[str, str, str]]:
    """Every code of aplastic anaemia: system, code, display."""
    found = []
    for file in LISTS.glob("aplastic_anaemia*.csv"):
        rows = (row for row in file.read_text("utf-8").splitlines() if row and not row.startswith("#"))
        found += [
            (row["system"], row["code"], row["display"])
            for row in csv.DictReader(rows)
            if row["match"] != "except"
        ]
    return [one for one in found if one[0] in URIS]


def doubted(*lines: bytes) -> list[int]:
    found = Diagnoses(RULES.reader, RULES.trial.disease).doubtful(b"\n".join(lines) + b"\n")
    return list(range(len(lines))) if found is None else list(found)


@pytest.mark.parametrize(("system", "code", "display"), listed())
def test_no_listed_code_is_harmless_and_no_words_that_the_bedside_reads(
    system: str, code: str, display: str
) -> None:
    coded = line(of(1, condition({"coding": [{"system": URIS[system], "code": code}]})))
    said = [
        condition({"coding": [{"display": display}]}),
        condition(text(display)),
        condition(text(f"?{display}")),
    ]
    words = [line(of(1, one), escaped=escaped) for one in said for escaped in (True, False)]
    read = [
        place
        for place, one in enumerate(words, 1)
        if may_matter(read_line(one), RULES.reader, RULES.trial.disease, NOW)
    ]
    assert {0, *read} <= set(doubted(coded, *words))


def test_a_code_seen_once_is_known_and_another_is_still_seen() -> None:
    harmless, ours = line(of(1, condition(text("gout")))), line(of(2, condition(text("再障"))))
    diagnoses = Diagnoses(RULES.reader, RULES.trial.disease)
    assert list(diagnoses.doubtful(harmless + b"\n") or ()) == []
    assert list(diagnoses.doubtful(harmless + b"\n" + ours + b"\n" + harmless) or ()) == [1]


@pytest.mark.parametrize(
    "code", [None, {}, [], "", {"text": ""}, {"coding": []}, {"coding": [{}]}, {"coding": "D61.9"}, 7]
)
def test_a_code_that_says_nothing_is_never_harmless(code: Any) -> None:
    assert doubted(line(of(1, condition({}) | {"code": code}))) == [0]


@pytest.mark.parametrize(
    "code",
    [
        {"coding": "D61.9", "text": 7},
        {"coding": "D61.9", "text": "pancytopenia"},
        {"coding": ["D61.9"], "text": "pancytopenia"},
        {"coding": [{"code": "I10"}, "D61.9"], "text": ["x"]},
        {"coding": [{"code": ["D61.9"], "display": "pancytopenia"}]},
        {"coding": [["D61.9"]], "text": "pancytopenia"},
        "D61.9",
        306058006,
        [{"text": "gout"}, " 306058006 "],
    ],
)
def test_a_code_of_which_a_part_cannot_be_read_is_never_harmless(code: Any, tmp_path: Path) -> None:
    broken = line(of(1, condition({}) | {"code": code}))
    assert doubted(broken) == [0]
    people = [Person("p1", (line(someone(1)), broken), has_evidence=True)]
    assert _statuses(people, tmp_path) == {"Patient/p1": "undetermined"}


@pytest.mark.parametrize("code", ["gout", {"coding": [{"code": "I10"}], "text": 7}, [{"text": "gout"}]])
def test_a_broken_code_that_can_be_read_wholly_stays_harmless(code: Any, tmp_path: Path) -> None:
    people = [Person("p1", (line(someone(1)), line(of(1, condition({}) | {"code": code}))), False)]
    assert _statuses(people, tmp_path) == {"Patient/p1": "not-a-candidate"}


def _statuses(people: list[Person], folder: Path, site: Site | None = None) -> dict[str, str]:
    export = written(people, folder / "export")
    rules = rulebook_of(clinic_of(site)) if site else RULES
    screen_export([str(export)], folder / "out", rules, NOW, How(InProcess()))
    return {one.patient: one.status.value for one in read_summaries(folder / "out")}


def test_the_hospitals_own_code_is_found_by_its_map(tmp_path: Path) -> None:
    own = "https://his.example/diagnoses"
    site = site_with_codes(tmp_path, (own, "XB-12", URIS["ICD-10"], "D61.9"))
    coded = line(of(1, condition({"coding": [{"system": own, "code": "XB-12"}]})))
    people = [Person("p1", (line(someone(1)), coded), has_evidence=True)]
    (tmp_path / "without").mkdir()
    assert _statuses(people, tmp_path, site) == {"Patient/p1": "undetermined"}
    assert _statuses(people, tmp_path / "without") == {"Patient/p1": "not-a-candidate"}


@pytest.mark.parametrize("kind", ["Flag", "Group", "CarePlan"])
def test_who_is_in_the_trial_by_what_the_site_has_in_its_place_is_found(kind: str, tmp_path: Path) -> None:
    mark = {
        "resourceType": kind,
        "id": "m",
        "status": "active",
        "identifier": [{"system": "u", "value": "aa"}],
    }
    marked = mark | {"member": [{"entity": {"reference": "Patient/p1"}}]} if kind == "Group" else of(1, mark)
    people = [
        Person(f"p{n}", (line(someone(n)), *([line(marked)] if n == 1 else [])), n == 1) for n in (1, 2)
    ]
    found = _statuses(people, tmp_path, Site(stand_ins=(StandIn(kind, "u|aa"),)))
    assert found == {"Patient/p1": "already-enrolled", "Patient/p2": "not-a-candidate"}


@pytest.mark.parametrize("name", ["p1", "1", "0a1b2c3d-4e5f-6071-8293-a4b5c6d7e8f9", "A.b-9"])
def test_a_name_is_found_in_every_form(name: str) -> None:
    names = Names([name])
    forms = (f'"Patient/{name}"', f'"Patient\\/{name}"', f'"Patient/{name}/_history/1"', f'"urn:uuid:{name}"')
    for form in (*forms, f'"id":"{name}"', f'"https://h/fhir/Patient/{name}"', '"Patient\\/\\u0070x"'):
        assert list(names.places(f'{{"reference":{form}}}'.encode())), form
    assert not list(names.places(b'{"reference":"Patient/q7","text":"\\u4e2d p-1 #1"}'))


@pytest.mark.parametrize("number", ["MRN-00012", "住院号 7", "七", "12/2026", 'a"b', "9", "Ä1"])
@pytest.mark.parametrize("escaped", [True, False])
def test_a_number_is_found_in_every_spelling(number: str, escaped: bool) -> None:
    written_ = json.dumps({"value": number}, ensure_ascii=escaped)
    around = (written_, json.dumps({"value": f" {number}\t\u3000"}, ensure_ascii=escaped))
    for form in (*around, written_.replace("/", "\\/")):
        assert list(Names([], [number]).places(form.encode())), form


NUMBERS = {
    "space around it": [{"value": " 77 "}],
    "a wide space around it": [{"value": "\u3000\u00a077\u2003"}],
    "a tab, and another number": [{"value": "\t77"}, {"value": "8"}],
    "beside one without value": [{"system": "u"}, {"value": None}, {"value": ""}, {"value": "77"}],
    "beside a number of JSON": [{"value": 8}, {"value": "77"}],
    "alone, not in a list": {"value": "77"},
}


@pytest.mark.parametrize("way", NUMBERS)
def test_whoever_carries_the_number_of_a_diagnosis_is_found(way: str, tmp_path: Path) -> None:
    diagnosis = of(0, condition(icd("D61.9")), identifier={"system": "u", "value": " 77"})
    people = [
        Person("p1", (line(someone(1, identifier=NUMBERS[way])), line(diagnosis)), has_evidence=True),
        Person("p2", (line(someone(2, identifier=[{"value": "7"}, {"value": " "}])),), has_evidence=False),
        Person("p3", (line(someone(3, identifier=None)),), has_evidence=False),
    ]
    export = written(people, tmp_path / "export")
    found = []
    for every_line in (False, True):
        out = tmp_path / f"{every_line}"
        screen_export([str(export)], out, RULES, NOW, How(InProcess(), every_line=every_line))
        found.append({one.patient: one.status.value for one in read_summaries(out)})
    assert found[0] == found[1]
    assert found[0]["Patient/p2"] == found[0]["Patient/p3"] == "not-a-candidate"
    assert found[0]["Patient/p1"] == "undetermined"


@pytest.mark.parametrize("kind", ["Patient", "Condition"])
def test_a_damaged_line_of_a_type_that_is_read_by_itself_is_named(kind: str, tmp_path: Path) -> None:
    whole = {"Patient": line(someone(1)), "Condition": line(of(1, condition(icd("I10"))))}[kind]
    faults = (whole[:-1], whole.replace(b":", b"", 1), whole + whole, whole.replace(b"p1", b"\xff1"), b"{}x")
    export = tmp_path / "export"
    export.mkdir()
    (export / "Patient.ndjson").write_bytes(line(someone(1)) + b"\n")
    lines = [line_ for fault in faults for line_ in (whole, fault)]
    (export / f"{kind}.000.ndjson").write_bytes(b"\n".join(lines))
    done = screen_export([str(export)], tmp_path / "out", RULES, NOW, How(InProcess()))
    named = {one.line for one in done.unusable if one.file == f"{kind}.000.ndjson"}
    assert named == {2, 4, 6, 8, 10}
    for number, fault in enumerate(faults):
        (export / f"{kind}.000.ndjson").write_bytes(whole + b"\n" + fault)
        done = screen_export([str(export)], tmp_path / f"{number}", RULES, NOW, How(InProcess()))
        assert [one.line for one in done.unusable] == [2]


def test_a_folder_of_smart_fetch_is_read_once_and_without_its_log(tmp_path: Path) -> None:
    day = tmp_path / "001.2026-03-01"
    for folder in (day, day / "deleted", day / "error"):
        folder.mkdir()
        (folder / "Patient.001.ndjson.gz").write_bytes(b"")
    (day / "log.ndjson").write_bytes(b"{}")
    (day / ".metadata").write_bytes(b"{}")
    (tmp_path / "Patient.001.ndjson.gz").symlink_to(day / "Patient.001.ndjson.gz")
    read = [str(folder / "Patient.001.ndjson.gz") for folder in (day, day / "deleted", day / "error")]
    assert sorted(file.path for file in files_of_export([str(tmp_path)])) == read
    assert len(files_of_export([str(tmp_path), str(day), str(day / "Patient.001.ndjson.gz")])) == 3
