"""What a hospital writes in its site file is in force, from the file to the assessment and to the cards."""

import json
import re
from pathlib import Path
from typing import Any

import pytest

from cds_service.cli import main
from cds_service.settings.site_file import read_site
from cds_service.wiring import build_app
from tests.builders import NOW, TODAY
from tests.hook_calls import bundle, call_body, prefetch_of
from tests.installation import an_installation
from tests.scenarios.dosing_charts import labs, level, taking
from tests.scenarios.fhir_charts import (
    SCHEMA,
    Json,
    as_bytes,
    condition,
    count,
    enrolled,
    icd,
    participation,
    status,
    study,
    with_patient,
)

AA = condition(icd("D61.3"))
TREATED = (*taking("sirolimus", 2), *labs(), level("sirolimus", 3))
CHINESE = re.compile(r"[\u4e00-\u9fff]")


@pytest.fixture
def at_site(tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]) -> Any:
    """The assessment of a chart by the command line, at a site with this file."""

    def assess(site: str, *resources: Json) -> Json:
        (tmp_path / "site.toml").write_text(site, encoding="utf-8")
        (tmp_path / "chart.json").write_bytes(as_bytes(*with_patient(*resources)))
        monkeypatch.setenv("CDS_SITE_FILE", str(tmp_path / "site.toml"))
        assert main(["check", str(tmp_path / "site.toml")]) == 0
        capsys.readouterr()
        assert main(["assess", str(tmp_path / "chart.json"), "--as-of", TODAY.isoformat()]) == 0
        told: Json = json.loads(capsys.readouterr().out)
        SCHEMA.validate(told)
        return told

    return assess


def dosed(told: Json) -> list[tuple[str, str, Any]]:
    return [(t["drug"], t["state"], (t["proposedDose"] or {}).get("amountMg")) for t in told["titration"]]


def test_a_local_laboratory_code_counts_by_the_sites_concept_map(at_site: Any, tmp_path: Path) -> None:
    lines = [
        {**line, "code": {"coding": [{"system": "urn:lab", "code": code}]}}
        for line, code in zip(count(84, 10, 0.3), ("HGB", "PLT", "ANC"), strict=True)
    ]
    targets = (("HGB", "718-7"), ("PLT", "777-3"), ("ANC", "751-8"))
    elements = [{"code": own, "target": [{"code": loinc, "equivalence": "equal"}]} for own, loinc in targets]
    group = {"source": "urn:lab", "target": "http://loinc.org", "element": elements}
    (tmp_path / "lab.json").write_text(
        json.dumps({"resourceType": "ConceptMap", "status": "active", "group": [group]})
    )
    assert status(at_site("", AA, *lines), "I3") == "unknown"
    assert status(at_site('[codes]\nconcept_maps = ["lab.json"]\n', AA, *lines), "I3") == "met"


def test_an_address_that_the_site_declares_is_that_code_system(at_site: Any) -> None:
    own = condition(icd("D61.300", system="http://his.example/icd"))
    assert at_site("", own)["eligibility"]["status"] == "not-a-candidate"
    declared = '[code_systems]\n"https://his.example/icd/" = "ICD-10"\n'
    assert at_site(declared, own)["eligibility"]["status"] == "undetermined"


def test_an_arm_without_drug_names_counts_by_the_sites_table(at_site: Any) -> None:
    chart = (*enrolled("single"), *TREATED)
    without = at_site("", *chart)
    assert without["participation"]["arm"] is None
    assert "ARM_UNKNOWN" in {gap["problem"] for gap in without["dataQuality"]}
    assert ("ciclosporin", "CANNOT_ADVISE", None) in dosed(without)
    told = at_site('[arms]\n"Single" = "sirolimus"\n', *chart)
    assert told["participation"]["arm"] == "sirolimus"
    assert [drug for drug, *_ in dosed(told)] == ["sirolimus"]


def test_a_study_without_the_trials_identifier_counts_by_the_sites_reference(at_site: Any) -> None:
    chart = (
        study(name=None, key="17"),
        participation(study={"reference": "ResearchStudy/17"}, assignedArm="sirolimus"),
    )
    assert at_site("", *chart)["participation"]["status"] == "unknown"
    told = at_site('[trial]\nstudy_references = ["ResearchStudy/17"]\n', *chart)
    assert told["participation"]["status"] == "enrolled"


SUBJECT = {"reference": "Patient/p1"}
GROUP = {
    "resourceType": "Group",
    "id": "17",
    "type": "person",
    "actual": True,
    "member": [{"entity": SUBJECT}],
}
FLAG = {
    "resourceType": "Flag",
    "id": "f",
    "status": "active",
    "subject": SUBJECT,
    "code": {"coding": [{"system": "urn:own", "code": "aa-trial"}]},
}
PLAN = {
    "resourceType": "CarePlan",
    "id": "cp",
    "status": "active",
    "intent": "plan",
    "subject": SUBJECT,
    "instantiatesCanonical": ["https://own.example/PlanDefinition/aa"],
}


@pytest.mark.parametrize(
    ("marker", "table"),
    [
        (GROUP, 'group = [{name = "Group/17", arm = "sirolimus"}]'),
        (FLAG, 'flag = [{name = "urn:own|aa-trial", arm = "sirolimus"}]'),
        (PLAN, 'care_plan = [{name = "https://own.example/PlanDefinition/aa", arm = "sirolimus"}]'),
    ],
)
def test_a_site_without_research_subject_tells_participation_and_arm_by_a_marker(
    at_site: Any, marker: Json, table: str
) -> None:
    assert at_site("", marker, *TREATED)["participation"]["status"] == "none"
    told = at_site(f"[participation]\n{table}\n", marker, *TREATED)
    assert (told["participation"]["status"], told["participation"]["arm"]) == ("enrolled", "sirolimus")
    assert [drug for drug, *_ in dosed(told)] == ["sirolimus"]


def test_the_pharmacys_tablets_make_the_doses(at_site: Any) -> None:
    chart = (*enrolled("sirolimus"), *taking("sirolimus", 2), *labs(), level("sirolimus", 12.5))
    assert dosed(at_site("", *chart)) == [("sirolimus", "DECREASE", 1)]
    assert dosed(at_site("[tablets]\nsirolimus = [0.5, 1]\n", *chart)) == [("sirolimus", "DECREASE", 1.5)]


def test_an_assumption_of_the_sites_own_counts(at_site: Any) -> None:
    chart = (AA, *count(84, 10, 0.3, when=18))
    assert status(at_site("", *chart), "I3") == "unknown"
    assert status(at_site('[thresholds]\n"counts.fresh_max_days" = 21\n', *chart), "I3") == "met"


@pytest.mark.parametrize(("zone", "day"), [("Asia/Shanghai", "2026-02-28"), ("UTC", "2026-02-27")])
def test_the_sites_time_zone_decides_the_day(at_site: Any, zone: str, day: str) -> None:
    """16:30 UTC is already the next day in Beijing."""
    told = at_site(f'time_zone = "{zone}"\n', AA, *count(84, 10, 0.3, when="2026-02-27T16:30:00Z"))
    assert day in _seen(told)


def _seen(told: Json) -> str:
    return str(next(c["seen"] for c in told["eligibility"]["criteria"] if c["id"] == "I3"))


def test_a_chinese_site_is_answered_in_chinese_with_the_same_codes_and_numbers(at_site: Any) -> None:
    chart = (*enrolled("sirolimus"), *TREATED, AA)
    english, chinese = at_site("", *chart), at_site('language = "zh"\n', *chart)
    assert not CHINESE.search(json.dumps(english, ensure_ascii=False))
    for member in _said(chinese):
        assert CHINESE.search(member), member
    assert _unsaid(english) == _unsaid(chinese)


_WORDS = ("seen", "question")


def _said(value: Any) -> list[str]:
    if isinstance(value, dict):
        own = [text for name, text in value.items() if name in _WORDS and text]
        return [*own, *(said for part in value.values() for said in _said(part))]
    return [said for part in value for said in _said(part)] if isinstance(value, list) else []


def _unsaid(value: Any) -> Any:
    if isinstance(value, dict):
        return {name: _unsaid(part) for name, part in value.items() if name not in _WORDS}
    return [_unsaid(part) for part in value] if isinstance(value, list) else value


def test_a_marker_stands_in_the_key_of_the_participation_in_a_hook_call(tmp_path: Path) -> None:
    file = tmp_path / "site.toml"
    file.write_text('language = "zh"\n[participation]\ngroup = [{name = "Group/17", arm = "sirolimus"}]\n')
    http = build_app(an_installation(read_site(file)), clock=lambda: NOW.instant).test_client()
    (service, *_) = [
        s for s in http.get("/cds-services").get_json()["services"] if s["id"] == "aa-trial-titration"
    ]
    assert service["prefetch"]["researchSubjects"].startswith("Group?member=Patient/{{context.patientId}}")
    prefetch = prefetch_of(with_patient(*TREATED)) | {"researchSubjects": bundle([GROUP])}
    (card,) = http.post(
        "/cds-services/aa-trial-titration", json=call_body("aa-trial-titration", "p1", prefetch)
    ).get_json()["cards"]
    assert "西罗莫司" in card["summary"]
