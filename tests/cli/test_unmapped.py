"""`cds-service unmapped`: what no list knows, counted, as a valid ConceptMap that is read once it is filled in."""

import gzip
import io
import json
import os
import sys
from collections.abc import Callable, Iterable
from pathlib import Path
from typing import Any

import pytest

from cds_service.cli import main
from cds_service.cli.chart_files import documents
from fhir_mappings.readers.read_concept_map import read_concept_map
from fhir_mappings.value_sets import (
    OWN_UNITS,
    OWN_WORDS,
    WITHOUT_SYSTEM,
    FaultyCodeLists,
    unlisted,
)
from fhir_mappings.writers.validation import problems
from tests.hook_calls import bundle, call_body
from tests.scenarios.fhir_charts import (
    LOINC,
    RXNORM,
    SIROLIMUS_1MG,
    UCUM,
    Json,
    administration,
    as_bytes,
    concept,
    condition,
    dispense,
    icd,
    observation,
    order,
    patient,
    procedure,
    quantity,
    statement,
    text,
)

LAB, PHARMACY, ICD = (
    "http://hospital.example/lab",
    "http://hospital.example/drugs",
    "http://hl7.org/fhir/sid/icd-10",
)
SNOMED = "http://snomed.info/sct"
Run = Callable[..., tuple[Json, str]]


def of(person: str, resource: Json) -> Json:
    key = "patient" if resource["resourceType"] == "AllergyIntolerance" else "subject"
    return resource | {key: {"reference": f"Patient/{person}"}}


def result(code: Json, unit: str = "umol/L", **value: Any) -> Json:
    return observation("14682-9", 180, unit) | {"code": code} | (value and {"valueQuantity": None} | value)


CREA = concept((LAB, "CREA", "肌酐"))
MINE: list[Json] = [
    result(CREA),
    result(CREA),
    result(concept((LAB, "NA", "钠")), "mmol/L"),
    result(text("西罗莫司谷浓度"), "ng/mL"),
    result({"coding": [{"code": "K+", "display": "血钾"}]}, "mmol/L"),
    observation("718-7", 84, "克每升"),
    observation("718-7", 84, None),
    observation("718-7", 84, "umol/L"),
    observation("5195-3", None, None) | {"valueString": "阴 性 反 应"},
    order(concept((PHARMACY, "X1", "雷帕鸣")), 10),
    order(text("环孢素软胶囊 25mg"), 10, {"doseAndRate": [{"doseQuantity": quantity(2, "枚", ucum=False)}]}),
    dispense(SIROLIMUS_1MG, 10, 30, {"doseAndRate": [{"doseQuantity": quantity(2, "枚", ucum=False)}]}),
    condition(concept(("urn:oid:1.2.3", "ZB", "再生障碍性贫血"))),
    procedure(concept((LAB, "OP9", "骨髓移植"))),
    {"resourceType": "AllergyIntolerance", "id": "al", "code": concept((PHARMACY, "X7", "sirolimus"))},
    {
        "resourceType": "AdverseEvent",
        "id": "ae",
        "actuality": "actual",
        "event": concept((LAB, "AE1", "发热")),
    },
]
CHARTS = [patient(), *(of(person, one) for person in ("p1", "p2") for one in MINE)]


@pytest.fixture
def run(tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]) -> Run:
    for name in [name for name in os.environ if name.startswith("CDS_")]:
        monkeypatch.delenv(name)

    def run_it(*resources: Json, options: Iterable[str] = (), raw: bytes | None = None) -> tuple[Json, str]:
        (tmp_path / "charts.ndjson").write_bytes(raw or ndjson(resources))
        assert main(["unmapped", str(tmp_path / "charts.ndjson"), *options]) == 0
        out, err = capsys.readouterr()
        made: Json = json.loads(out)
        assert problems(made) == []
        return made, err

    return run_it


def ndjson(resources: Iterable[Json]) -> bytes:
    return b"\n".join(json.dumps({k: v for k, v in r.items() if v is not None}).encode() for r in resources)


def elements(made: Json) -> dict[tuple[str, str, str], Json]:
    return {(g["source"], g["target"], e["code"]): e for g in made.get("group", []) for e in g["element"]}


def comment(made: Json, source: str, target: str, code: str) -> str:
    (target_of,) = elements(made)[source, target, code]["target"]
    assert target_of["equivalence"] == "unmatched"
    return str(target_of["comment"])


def test_each_is_named_once_with_its_count_and_what_it_looks_like(run: Run) -> None:
    made, err = run(*CHARTS)
    assert set(elements(made)) == {
        (LAB, LOINC, "CREA"),
        (LAB, LOINC, "NA"),
        (OWN_WORDS, LOINC, "西罗莫司谷浓度"),
        (WITHOUT_SYSTEM, LOINC, "K+"),
        (PHARMACY, RXNORM, "X1"),
        (OWN_WORDS, RXNORM, "环孢素软胶囊 25mg"),
        (PHARMACY, RXNORM, "X7"),
        ("urn:oid:1.2.3", ICD, "ZB"),
        (LAB, ICD, "AE1"),
        (LAB, SNOMED, "OP9"),
        (OWN_WORDS, LOINC, "阴 性 反 应"),
        (OWN_UNITS, UCUM, "克每升"),
        (OWN_UNITS, UCUM, "枚"),
    }
    crea = comment(made, LAB, LOINC, "CREA")
    assert crea.startswith("met 4 times; umol/L; looks like creatinine; listed for creatinine: 2160-0 (")
    assert "14682-9 (Creatinine [Moles/volume]" in crea
    assert elements(made)[LAB, LOINC, "CREA"]["display"] == "肌酐"
    assert "looks like" not in comment(made, LAB, LOINC, "NA")
    assert "looks like ciclosporin; listed for ciclosporin: " in comment(
        made, OWN_WORDS, RXNORM, "环孢素软胶囊 25mg"
    )
    assert "looks like aplastic_anaemia.generic" in comment(made, "urn:oid:1.2.3", ICD, "ZB")
    assert "dose of ciclosporin, dose of sirolimus" in comment(made, OWN_UNITS, UCUM, "枚")
    assert "hbsag" in comment(made, OWN_WORDS, LOINC, "阴 性 反 应")
    lines = err.splitlines()
    assert any("4  " + f"{LAB}|CREA  肌酐  [umol/L]  looks like creatinine" in line for line in lines)
    assert any("(no unit)" in line for line in lines)
    assert any("2  umol/L  [haemoglobin]" in line for line in lines)


def test_what_looks_like_something_comes_first_then_the_most_frequent(run: Run) -> None:
    often = [of(f"p{n}", result(concept((LAB, "NA", "钠")), "mmol/L")) for n in range(9)]
    _, err = run(*often, *CHARTS)
    tests = [line for line in err.splitlines() if f"{LAB}|" in line]
    assert ["CREA" in tests[0], "NA" in tests[1]] == [True, True]


def test_a_word_spelt_another_way_is_a_perhaps(run: Run) -> None:
    made, _ = run(of("p1", result(concept((LAB, "KR", "Kreatinin im Serum")))))
    assert "perhaps creatinine" in comment(made, LAB, LOINC, "KR")


# ---------------------------------------------------------------- filled in

FILLED = {
    (LAB, "CREA"): "14682-9", (LAB, "NA"): None, (OWN_WORDS, "西罗莫司谷浓度"): "72676-0",
    (WITHOUT_SYSTEM, "K+"): "2823-3", (PHARMACY, "X1"): "349208", (OWN_WORDS, "环孢素软胶囊 25mg"): "835894",
    (PHARMACY, "X7"): "35302", ("urn:oid:1.2.3", "ZB"): "D61.9", (LAB, "AE1"): "A41.9", (LAB, "OP9"): "234336002",
    (OWN_WORDS, "阴 性 反 应"): "LA6577-6", (OWN_UNITS, "克每升"): "g/L", (OWN_UNITS, "枚"): "{tablet}",
}  # fmt: skip


def filled_in(made: Json) -> Json:
    for group in made["group"]:
        for element in group["element"]:
            if code := FILLED[group["source"], element["code"]]:
                element["target"] = [{"code": code, "equivalence": "equivalent"}]
    return made


def test_the_map_as_it_comes_maps_nothing_and_says_so(run: Run) -> None:
    made, _ = run(*CHARTS)
    with pytest.raises(FaultyCodeLists, match="maps nothing"):
        read_concept_map(json.dumps(made).encode())


def test_the_map_is_read_once_it_is_filled_in_and_then_only_the_rest_is_unknown(
    run: Run, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    made, _ = run(*CHARTS)
    (tmp_path / "own.json").write_text(json.dumps(filled_in(made)), "utf-8")
    assert len(read_concept_map((tmp_path / "own.json").read_bytes())) == len(FILLED) - 1
    (tmp_path / "site.toml").write_text('[codes]\nconcept_maps = ["own.json"]\n')
    assert main(["check", str(tmp_path / "site.toml")]) == 0
    capsys.readouterr()
    again, _ = run(*CHARTS, options=["--site", str(tmp_path / "site.toml")])
    assert set(elements(again)) == {(LAB, LOINC, "NA")}


def test_a_code_without_an_equivalence_is_refused_not_passed_over(run: Run) -> None:
    made, _ = run(*CHARTS)
    made["group"][0]["element"][0]["target"][0]["code"] = "14682-9"
    with pytest.raises(FaultyCodeLists, match="unmatched"):
        read_concept_map(json.dumps(made).encode())


# ---------------------------------------------------------------- nobody's data


SECRETS = ("SECRET-ID", "欧阳修", "13912345678", "SECRET-NAME")


def test_no_patient_is_told(run: Run) -> None:
    person = patient(name=[{"text": "SECRET-NAME"}]) | {"id": "SECRET-ID"}
    typed = [
        result(text("欧阳修的肌酐")),
        order(text("欧阳修 西罗莫司"), 10),
        result(concept((LAB, "X")) | {"text": "欧阳修 复查"}),
        observation("5195-3", None, None) | {"valueString": "欧阳修 阳性"},
        condition(text("欧阳修 再障")),
    ]
    made, err = run(person, *(of("SECRET-ID", one) for one in typed))
    said = json.dumps(made, ensure_ascii=False) + err
    assert not [secret for secret in SECRETS if secret in said]
    assert (LAB, LOINC, "X") in elements(made)
    assert "texts of one patient alone" in err


def test_words_with_a_long_number_are_never_told(run: Run) -> None:
    typed = result(text("肌酐 13912345678"))
    made, err = run(of("p1", typed), of("p2", typed), options=["--typed-words"])
    assert not [secret for secret in SECRETS if secret in json.dumps(made, ensure_ascii=False) + err]


def test_typed_words_are_told_when_asked_for(run: Run) -> None:
    made, _ = run(of("p1", result(text("肌酐 急诊"))), options=["--typed-words"])
    assert (OWN_WORDS, LOINC, "肌酐 急诊") in elements(made)
    made, _ = run(of("p1", result(text("肌酐 急诊"))), of("p1", result(text("肌酐 急诊"))))
    assert elements(made) == {}
    made, _ = run(of("p1", result(text("肌酐 急诊"))), of("p2", result(text("肌酐 急诊"))))
    assert (OWN_WORDS, LOINC, "肌酐 急诊") in elements(made)
    made, _ = run(result(text("肌酐 急诊")) | {"subject": None}, of("p2", result(text("肌酐 急诊"))))
    assert elements(made) == {}


# ---------------------------------------------------------------- what is not named


@pytest.mark.parametrize(
    "resource",
    [
        observation("14682-9", 80, "umol/L"),
        observation("2951-2", 140, "mmol/L"),  # sodium: its LOINC says what it is
        result(concept((LAB, "CREA", "肌酐"), (LOINC, "14682-9"))),
        result(concept((LAB, "NA", "钠"), (LOINC, "2951-2"))),
        result(CREA) | {"status": "entered-in-error"},
        result(CREA) | {"valueQuantity": None},
        result(concept((LOINC, "14682-9"), (LOINC, "718-7"))),  # its codes contradict each other
        observation("25836-8", 900, "copies/L"),  # virus in a unit without a factor
        observation("42595-9", None, None) | {"valueString": "<20 IU/mL"},  # a number in words
        observation("5195-3", None, None) | {"valueString": "negative"},
        order(SIROLIMUS_1MG, 10, {"doseAndRate": [{"doseQuantity": quantity(2, "mg")}]}),
        order(concept((RXNORM, "1049221")), 10),
        condition(concept((ICD, "I10", "hypertension"))),
        {"resourceType": "Encounter", "id": "e", "status": "finished", "class": {"code": "AMB"}},
    ],
)
def test_what_a_list_knows_or_no_map_helps_is_not_in_the_map(run: Run, resource: Json) -> None:
    made, _ = run(patient(), of("p1", resource))
    assert elements(made) == {}


def test_a_code_of_a_known_system_is_named_where_its_words_are_those_of_one_of_ours(run: Run) -> None:
    made, _ = run(of("p1", result(concept((LOINC, "99999-0", "Sirolimus [Mass/volume] in Saliva")), "ng/mL")))
    assert "looks like sirolimus: map it only if it is the same" in comment(made, LOINC, LOINC, "99999-0")


@pytest.mark.parametrize("code", [(LAB, "A  B"), ("lab of the ward", "A"), (LAB, " A")])
def test_what_fhir_lets_no_map_name_stands_in_the_table_alone(run: Run, code: tuple[str, str]) -> None:
    made, err = run(of("p1", result(concept((*code, "肌酐")))))
    assert elements(made) == {}
    assert f"{code[0]}|{code[1]}" in err


def test_products_are_looked_at_where_they_stand(run: Run) -> None:
    product = {"resourceType": "Medication", "id": "m", "code": concept((PHARMACY, "P1", "西罗莫司"))}
    inside = order(SIROLIMUS_1MG, 10) | {
        "medicationCodeableConcept": None,
        "medicationReference": {"reference": "#m"},
        "contained": [product | {"code": concept((PHARMACY, "P2"))}],
    }
    beside = inside | {"medicationReference": {"reference": "Medication/m"}, "contained": None, "id": "b"}
    named = inside | {"medicationReference": {"display": "西罗莫司 口服"}, "contained": None, "id": "c"}
    known = {
        "resourceType": "Medication", "id": "k", "code": concept((PHARMACY, "P3")),
        "ingredient": [{"itemCodeableConcept": concept((RXNORM, "35302"))}],
    }  # fmt: skip
    made, _ = run(product, known, *(of(p, one) for p in ("p1", "p2") for one in (inside, beside, named)))
    assert {code for _, _, code in elements(made)} == {"P1", "P2", "西罗莫司 口服"}


# ---------------------------------------------------------------- files


def test_every_form_of_a_chart_is_read(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    one = of("p1", result(CREA))
    lines = ndjson([one, one])
    (tmp_path / "sub").mkdir()
    (tmp_path / "a.ndjson").write_bytes(lines)
    (tmp_path / "sub/b.ndjson.gz").write_bytes(gzip.compress(lines))
    (tmp_path / "sub/c.json").write_bytes(json.dumps(json.loads(as_bytes(one)), indent=1).encode())
    (tmp_path / "d.json").write_bytes(
        json.dumps(call_body("aa-trial-titration", "p1", {"observations": bundle([one])})).encode()
    )
    (tmp_path / "e.json").write_bytes(b"\xef\xbb\xbf" + json.dumps(one, indent=1).encode())
    (tmp_path / "readme.txt").write_text("not a chart")
    monkeypatch.setattr(sys, "stdin", io.TextIOWrapper(io.BufferedReader(io.BytesIO(gzip.compress(lines)))))
    assert main(["unmapped", str(tmp_path), "-"]) == 0
    out, err = capsys.readouterr()
    assert comment(json.loads(out), LAB, LOINC, "CREA").startswith("met 9 times")
    assert "could not be read" not in err


def test_what_cannot_be_read_is_counted_and_costs_no_other(run: Run) -> None:
    one = ndjson([of("p1", result(CREA))])
    made, err = run(
        raw=b'{"resourceType":"Observation"\n'
        + one
        + b'\n{"x": 1}\n{"resourceType":"Observation","status":5}'
    )
    assert comment(made, LAB, LOINC, "CREA").startswith("met 1 times")
    assert "3 entries or documents could not be read:" in err


@pytest.mark.parametrize(
    "raw",
    [b"", b"{", b"[]", gzip.compress(b"{}" * 9000, mtime=0)[:-20]],
    ids=["nothing", "half an object", "a list", "half an archive"],
)
def test_a_file_without_any_chart_is_2(
    tmp_path: Path, capsys: pytest.CaptureFixture[str], raw: bytes
) -> None:
    (tmp_path / "x.ndjson").write_bytes(raw)
    assert main(["unmapped", str(tmp_path / "x.ndjson")]) == 2
    out, err = capsys.readouterr()
    assert (out, "no FHIR resource was read" in err) == ("", True)


def test_no_file_no_folder_or_an_empty_one_is_2(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    for name, said in (("none.json", "No such file"), (".", "holds no .json")):
        assert main(["unmapped", str(tmp_path / name)]) == 2
        assert said in capsys.readouterr().err


def test_faulty_site_codes_are_2(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    (tmp_path / "own.json").write_text("{}")
    (tmp_path / "site.toml").write_text('[codes]\nconcept_maps = ["own.json"]\n')
    assert main(["unmapped", "-", "--site", str(tmp_path / "site.toml")]) == 2
    assert "own.json" in capsys.readouterr().err


# ---------------------------------------------------------------- any size


class Endless(io.RawIOBase):
    """An export that never ends, and complains when more than a little of it is asked for at once."""

    given = 0

    def readable(self) -> bool:
        return True

    def readinto(self, buffer: Any) -> int:
        assert self.given < 1_000_000, "it is read whole"
        line = b'{"n": 1}\n' * (len(buffer) // 9)
        buffer[: len(line)] = line
        self.given += len(line)
        return len(line)


def test_lines_are_read_one_by_one(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(sys, "stdin", io.TextIOWrapper(io.BufferedReader(Endless())))
    found = documents("-")
    assert [next(found) for _ in range(3)] == [(n, b'{"n": 1}\n') for n in (1, 2, 3)]


def test_no_more_codes_are_kept_than_a_hospital_has(run: Run, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(unlisted, "_MOST_OF_A_KIND", 30)
    many = [of("p1", result(concept((LAB, f"T{n}", "x")))) for n in range(40)]
    made, err = run(*many, of("p1", result(concept((LAB, "T1", "x")))))
    assert len(elements(made)) == 30
    assert "10  uses of still other codes were not kept" in err
    assert "5  more of them are in the map" in err


def test_only_a_few_units_are_kept_beside_a_code(run: Run) -> None:
    made, _ = run(*(of("p1", result(CREA, f"u{n}")) for n in range(9)), of("p1", result(CREA, "u1")))
    assert "u1, u0, u2, u3, u4; looks" in comment(made, LAB, LOINC, "CREA")


@pytest.mark.parametrize(
    "entry",
    [
        order(SIROLIMUS_1MG, 10, {"doseAndRate": [{"doseRange": {"low": quantity(2, "枚", ucum=False)}}]}),
        statement(
            SIROLIMUS_1MG, 10, dosage=[{"doseAndRate": [{"doseQuantity": quantity(2, "枚", ucum=False)}]}]
        ),
        administration(SIROLIMUS_1MG, 1, dosage={"dose": quantity(2, "枚", ucum=False)}),
    ],
)
def test_the_unit_of_a_dose_is_named_wherever_it_stands(run: Run, entry: Json) -> None:
    made, _ = run(of("p1", entry))
    assert comment(made, OWN_UNITS, UCUM, "枚") == "met 1 times; dose of sirolimus"


def test_every_line_of_a_panel_is_looked_at(run: Run) -> None:
    line = {"code": CREA, "valueQuantity": quantity(180, "umol/L")}
    panel = result(text("panel")) | {"valueQuantity": None, "component": [line, {"valueString": "no code"}]}
    made, _ = run(of("p1", panel))
    assert set(elements(made)) == {(LAB, LOINC, "CREA")}


def test_a_condition_without_a_code_or_words_is_nothing_to_map(run: Run) -> None:
    made, _ = run(of("p1", condition(concept())), of("p1", condition(icd("D61.3")) | {"code": None}))
    assert elements(made) == {}
