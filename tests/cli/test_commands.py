"""The commands as a person runs them: results on standard output, one clear line on standard error."""

import io
import json
import subprocess
import sys
from datetime import datetime
from pathlib import Path

import pytest
from jsonschema import Draft202012Validator

from cds_service.cli import main
from cds_service.cli.moments import NotAMoment, moment
from fhir_mappings.clinical_model.known_unknown import Part
from tests.builders import ZONE
from tests.fhir_client.charts import CHART, MEDICATION, prefetched
from tests.fhir_client.stub import searchset
from tests.standard.calls import a_body, a_call, context_of

COMMANDS = ("demo", "serve", "assess", "unmapped", "check", "simulate")
BUNDLE = {
    "resourceType": "Bundle",
    "type": "collection",
    "entry": [{"resource": r} for r in (*CHART.values(), MEDICATION)],
}
ASSESSMENT = Draft202012Validator(
    json.loads((Path(__file__).parents[1] / "standard/schemas/assessment.schema.json").read_text())
)
DAY = ("--as-of", "2026-03-02")


@pytest.fixture(autouse=True)
def no_settings(monkeypatch, tmp_path):
    for name in ("CDS_SITE_FILE", "CDS_ENVIRONMENT", "CDS_PUBLIC_BASE_URL", "CDS_CLIENT_AUTHENTICATION"):
        monkeypatch.delenv(name, raising=False)
    monkeypatch.setenv("CDS_DATABASE_URL", f"sqlite:///{tmp_path}/cds.sqlite3")


@pytest.fixture
def chart_file(tmp_path):
    def write(content, name="chart.json"):
        path = tmp_path / name
        path.write_bytes(content if isinstance(content, bytes) else json.dumps(content).encode())
        return str(path)

    return write


@pytest.fixture
def run(capsys):
    def run_it(*arguments):
        code = main(list(arguments))
        out, err = capsys.readouterr()
        site, _, rest = err.partition("\n")  # what tests/cli/test_site_named.py is about
        return code, out, rest if site.startswith("site file: ") else err

    return run_it


def assessed(answer):
    code, out, err = answer
    assert (code, err) == (0, "")
    assessment = json.loads(out)
    ASSESSMENT.validate(assessment)
    assert assessment["patient"] == "Patient/p1"
    return assessment


# ---------------------------------------------------------------- help


@pytest.mark.parametrize("command", COMMANDS)
def test_every_help_has_an_example(command, capsys):
    with pytest.raises(SystemExit) as over:
        main([command, "--help"])
    assert over.value.code == 0
    assert f"cds-service {command}" in capsys.readouterr().out.partition("example:")[2]


def test_help_names_every_command_and_imports_none_of_their_parts():
    script = (
        "import sys; from cds_service.cli import main\n"
        "try: main(['--help'])\nexcept SystemExit: pass\n"
        "print([m for m in ('flask', 'requests', 'msgspec', 'fhir', 'gunicorn') if m in sys.modules])"
    )
    said = subprocess.run([sys.executable, "-c", script], capture_output=True, text=True, check=True).stdout
    assert said.splitlines()[-1] == "[]"
    assert all(f"  {command} " in said for command in COMMANDS)


@pytest.mark.parametrize(
    "arguments", [[], ["nonsense"], ["serve", "--port", "x"], ["serve", "--port", "65536"], ["assess"]]
)
def test_a_command_line_that_is_none_is_2(arguments, capsys):
    with pytest.raises(SystemExit) as over:
        main(arguments)
    assert over.value.code == 2
    assert capsys.readouterr().out == ""


# ---------------------------------------------------------------- as-of


@pytest.mark.parametrize(
    ("text", "instant"),
    [
        ("2026-03-02", "2026-03-02T23:59:59+08:00"),
        ("2026-03-02T09:00:00+08:00", "2026-03-02T09:00:00+08:00"),
        ("2026-03-02T01:00:00Z", "2026-03-02T09:00:00+08:00"),
        ("2026-03-02T01:00:00.250+00:00", "2026-03-02T09:00:00.250+08:00"),
    ],
)
def test_as_of_is_a_day_or_an_instant(text, instant):
    read = moment(text, ZONE)
    assert read.instant == datetime.fromisoformat(instant)
    assert read.day.isoformat() == "2026-03-02"
    assert read.text == text


@pytest.mark.parametrize(
    "text",
    [
        "",
        "today",
        "2026-02-30",
        "2026-13-01",
        "2026-03",
        "20260302",
        "2026-03-02T09:00:00",
        "2026-03-02T25:00:00Z",
    ],
)
def test_any_other_moment_is_refused(text):
    with pytest.raises(NotAMoment):
        moment(text, ZONE)


# ---------------------------------------------------------------- assess


def test_a_bundle_becomes_an_assessment(run, chart_file):
    assessment = assessed(run("assess", chart_file(BUNDLE), *DAY))
    assert assessment["asOf"] == "2026-03-02"
    assert assessment["participation"]["status"] == "enrolled"
    assert len(assessment["eligibility"]["criteria"]) == 20


def test_the_same_chart_gives_the_same_assessment_in_every_form(run, chart_file):
    resources = [*CHART.values(), MEDICATION]
    prefetch = {
        **prefetched(Part),
        "medicationRequests": searchset(CHART[Part.MEDICATION_REQUESTS], MEDICATION),
    }
    forms = {
        "collection": BUNDLE,
        "searchset": {**BUNDLE, "type": "searchset"},
        "no type": {"resourceType": "Bundle", "entry": list(reversed(BUNDLE["entry"]))},
        "hook": a_call(prefetch=prefetch),
        "ndjson": b"\n".join(json.dumps(r).encode() for r in resources) + b"\n\n",
        "with byte order mark": b"\xef\xbb\xbf" + json.dumps(BUNDLE).encode(),
    }
    answers = {name: assessed(run("assess", chart_file(form), *DAY)) for name, form in forms.items()}
    assert all(answer == answers["collection"] for answer in answers.values())


def test_a_chart_is_read_from_standard_input(run, monkeypatch):
    monkeypatch.setattr(sys, "stdin", io.TextIOWrapper(io.BytesIO(json.dumps(BUNDLE).encode())))
    assessed(run("assess", "-", *DAY))


def test_draft_orders_of_a_file_or_of_the_hook_are_judged(run, chart_file):
    draft = {
        "resourceType": "MedicationRequest",
        "id": "draft",
        "status": "draft",
        "intent": "order",
        "subject": {"reference": "Patient/p1"},
        "medicationCodeableConcept": {"text": "voriconazole 200 mg tablet"},
    }
    bundle = {"resourceType": "Bundle", "entry": [{"resource": draft}]}
    hook = a_call("order-sign", context=context_of("order-sign", draftOrders=bundle))
    chart = chart_file(BUNDLE)
    given = [chart_file(form, f"{n}.json") for n, form in enumerate((bundle, draft, hook))]
    answers = [assessed(run("assess", chart, *DAY, "--draft-orders", file)) for file in given]
    assert answers[0] == answers[1] == answers[2]
    assert answers[0]["inputHash"] != assessed(run("assess", chart, *DAY))["inputHash"]


@pytest.mark.parametrize(
    ("content", "said"),
    [
        (b"", "not FHIR"),
        (b"{", "not FHIR"),
        (b"[]", "not FHIR"),
        (b"<Bundle/>", "not FHIR"),
        (b'{"resourceType":"Patient","a":' + b"[" * 100_000, "nested too deeply"),
        (b'{"resourceType":"Patient","id":"p\xff1"}', "not FHIR"),
        ({"resourceType": "Bundle", "entry": []}, "expected one Patient, found 0"),
        (
            searchset(CHART[Part.PATIENT], {**CHART[Part.PATIENT], "id": "p2"}),
            "expected one Patient, found 2",
        ),
        (a_body(context=...), "hook request: is required: context"),
        (a_body(prefetch={"patient": {**CHART[Part.PATIENT], "id": "p2"}}), "another patient"),
    ],
)
def test_what_is_no_chart_of_one_patient_is_2_and_one_clear_line(run, chart_file, content, said):
    code, out, err = run("assess", chart_file(content), *DAY)
    assert (code, out) == (2, "")
    (line,) = err.splitlines()
    assert said in line


def test_a_file_that_is_not_there_or_a_moment_that_is_none_is_2(run, chart_file):
    for arguments in (
        ("assess", "/nowhere/chart.json"),
        ("assess", chart_file(BUNDLE), "--as-of", "soon"),
        ("assess", chart_file(BUNDLE), "--draft-orders", chart_file(b"{", "draft.json")),
        ("assess", "-", "--draft-orders", "-"),
    ):
        code, out, err = run(*arguments)
        assert (code, out) == (2, "")
        assert len(err.splitlines()) == 1


def test_a_draft_for_another_patient_is_2(run, chart_file):
    draft = {"resourceType": "MedicationRequest", "id": "d", "subject": {"reference": "Patient/p2"}}
    code, _, err = run("assess", chart_file(BUNDLE), "--draft-orders", chart_file(draft, "draft.json"))
    assert code == 2
    assert "another patient" in err


@pytest.mark.parametrize(
    "part_of_it",
    [
        {**BUNDLE, "link": [{"relation": "next", "url": "https://ehr.example/fhir?page=2"}]},
        {
            **BUNDLE,
            "entry": [
                *BUNDLE["entry"],
                {
                    "resource": {
                        "resourceType": "OperationOutcome",
                        "issue": [{"severity": "error", "code": "x"}],
                    }
                },
            ],
        },
    ],
)
def test_a_file_that_is_only_a_part_is_never_read_as_the_whole(run, chart_file, part_of_it):
    assessment = assessed(run("assess", chart_file(part_of_it), *DAY))
    assert "CHART_INCOMPLETE" in {gap["problem"] for gap in assessment["dataQuality"]}


def test_a_hook_body_with_other_keys_brings_its_resources_but_proves_no_absence(run, chart_file):
    prefetch = {"pat": CHART[Part.PATIENT], "everything": searchset(*CHART.values())}
    assessment = assessed(run("assess", chart_file(a_call(prefetch=prefetch)), *DAY))
    named = {gap["detail"] for gap in assessment["dataQuality"] if gap["problem"] == "PART_UNAVAILABLE"}
    assert {f"{part.value}: not in this file" for part in Part} <= named


def test_a_broken_prefetch_value_costs_its_own_part_only(run, chart_file):
    prefetch = {
        **prefetched(Part),
        "observations": {"resourceType": "Bundle", "entry": "nonsense"},
        "consents": {"resourceType": "OperationOutcome"},
        "allergies": None,
    }
    assessment = assessed(run("assess", chart_file(a_call(prefetch=prefetch)), *DAY))
    named = {gap["detail"] for gap in assessment["dataQuality"] if gap["problem"] == "PART_UNAVAILABLE"}
    assert named == {"consents: not in this file"}
    unread = [gap["detail"] for gap in assessment["dataQuality"] if gap["problem"] == "ENTRY_UNREADABLE"]
    assert len(unread) == 1


def test_a_hook_body_without_its_patient_is_still_about_that_patient(run, chart_file):
    assessment = assessed(run("assess", chart_file(a_call(prefetch={"patient": None})), *DAY))
    assert assessment["participation"]["status"] == "unknown"
    two = a_call(prefetch={"patient": searchset(CHART[Part.PATIENT], {**CHART[Part.PATIENT], "id": "p2"})})
    assert run("assess", chart_file(two), *DAY)[0] == 2


def test_lines_that_cannot_be_read_are_named_and_cost_no_other(run, chart_file):
    lines = [json.dumps(CHART[Part.PATIENT]).encode(), b'{"resourceType":"Condition"', b""]
    assessment = assessed(run("assess", chart_file(b"\n".join(lines)), *DAY))
    assert "LINE_UNREADABLE" in {gap["problem"] for gap in assessment["dataQuality"]}
    assert run("assess", chart_file(b"{\n{\n"), *DAY)[0] == 2


def test_a_faulty_site_file_is_2_with_its_faults(run, chart_file, monkeypatch):
    site = chart_file(b"language = 'fr'", "site.toml")
    monkeypatch.setenv("CDS_SITE_FILE", site)
    assert run("assess", chart_file(BUNDLE))[:2] == (2, "")
    chart_file(b"[thresholds]\n'titration.sirolimus_target_high' = 20\n", "site.toml")
    assert run("assess", chart_file(BUNDLE))[:2] == (2, "")


# ---------------------------------------------------------------- check


def test_check_counts_unverified_codes_and_lists_them_when_asked(run, tmp_path):
    site = tmp_path / "site.toml"
    site.write_text("language = 'zh'\n")
    code, out, err = run("check", str(site))
    assert (code, out) == (0, "Everything is in order.\n")
    assert "116859006" not in err
    code, listed, told = run("check", str(site), "--unverified")
    *codes, last = listed.splitlines()
    assert (code, last) == (0, "Everything is in order.")
    assert all(line.startswith("unverified code: ") for line in codes)
    assert "116859006" in listed
    assert f"{len(codes)} codes of the lists are not verified" in err
    assert "not verified" not in told


def test_check_says_its_faults_first(run, tmp_path, monkeypatch):
    site = tmp_path / "site.toml"
    site.write_text("[thresholds]\n'nowhere.x' = 1\n")
    monkeypatch.setenv("CDS_SITE_FILE", str(site))
    for arguments in (["check", str(site)], ["check"]):
        lines = run(*arguments)[2].splitlines()
        are_faults = [line.startswith("cds-service: ") for line in lines]
        assert are_faults == sorted(are_faults, reverse=True)
        assert 0 < sum(are_faults) < len(lines)


def test_check_lists_every_fault_of_every_kind(run, tmp_path):
    (tmp_path / "map.json").write_text('{"resourceType":"ValueSet"}')
    site = tmp_path / "site.toml"
    site.write_text(
        "[thresholds]\n'titration.sirolimus_target_high' = 20\n[codes]\nconcept_maps=['map.json']\n"
    )
    code, out, err = run("check", str(site))
    assert (code, out) == (2, "")
    assert "titration.sirolimus_target_high: a site may override only limits of origin A" in err
    assert "map.json: no FHIR R4 ConceptMap" in err


def test_check_lists_the_faults_of_every_file_at_once(run, tmp_path, monkeypatch):
    """Thresholds of three topics, and two ConceptMaps and a list, of which none hides the next."""
    for name in ("one.json", "two.json"):
        (tmp_path / name).write_text('{"resourceType":"ValueSet"}')
    site = tmp_path / "site.toml"
    site.write_text(
        "[thresholds]\n'titration.sirolimus_target_high' = 20\n'counts.haemoglobin_below' = 90\n'nowhere.x' = 1\n"
        "[codes]\nconcept_maps=['one.json', 'two.json', 'none.json']\nleave_out=['no such list']\n"
        "[arms]\n'A' = 'both'\n[code_systems]\n'http://his.example/icd' = 'ICD'\n"
    )
    monkeypatch.setenv("CDS_SITE_FILE", str(site))
    for arguments in (("check", str(site)), ("check",)):
        code, out, err = run(*arguments)
        assert (code, out) == (2, "")
        _check_all_are_named(err)
    assert "CDS_PUBLIC_BASE_URL: must be set" in err


def _check_all_are_named(err):
    for fault in (
        "site.toml: arms: 'A' is set to 'both'",
        "none.json: no such file",
        "titration.sirolimus_target_high: a site may override",
        "counts.haemoglobin_below: a site may override",
        "there is no limit 'nowhere.x'",
        "one.json: no FHIR R4 ConceptMap",
        "two.json: no FHIR R4 ConceptMap",
        "no list is called 'no such list'",
        "code_systems: http://his.example/icd: 'ICD' is none of ATC, CVX,",
    ):
        assert fault in err


@pytest.mark.parametrize("name", ["titration.sirolimus_targett", "nowhere.x", "titration", "../pyproject.x"])
def test_check_knows_a_threshold_that_does_not_exist(run, tmp_path, name):
    site = tmp_path / "site.toml"
    site.write_text(f"[thresholds]\n'{name}' = 20\n")
    code, _, err = run("check", str(site))
    assert code == 2
    assert "there is no limit" in err


def test_check_of_an_environment_without_settings_says_what_production_needs(run):
    code, _, err = run("check")
    assert code == 2
    assert "CDS_PUBLIC_BASE_URL: must be set" in err


def test_check_in_development_names_what_is_insecure(run, monkeypatch):
    monkeypatch.setenv("CDS_ENVIRONMENT", "development")
    code, _, err = run("check")
    assert code == 0
    assert "insecure, for development only: CDS_PUBLIC_BASE_URL" in err


def test_serve_refuses_bad_settings_with_every_fault(run, monkeypatch):
    monkeypatch.setenv("CDS_WORKERS", "many")
    code, out, err = run("serve")
    assert (code, out) == (2, "")
    assert "CDS_WORKERS" in err
    assert "CDS_CLIENT_AUTHENTICATION" in err


def test_a_reader_that_leaves_early_ends_the_command_without_a_traceback() -> None:
    body = Path(__file__).parents[1] / "bench/bodies/titration.json"
    command = [sys.executable, "-m", "cds_service", "assess", str(body), "--as-of", "2026-03-02"]
    with subprocess.Popen(command, stdout=subprocess.PIPE, stderr=subprocess.PIPE) as process:
        assert process.stdout
        assert process.stderr
        process.stdout.close()
        said = process.stderr.read()
    assert len(said.splitlines()) == 1  # which site file
    assert process.returncode == 141
