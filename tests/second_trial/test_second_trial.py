"""Served by the same process beside the first, screened by the same command, each answering for itself alone."""

import json
from collections.abc import Mapping
from datetime import timedelta
from pathlib import Path
from typing import Any

import msgspec
import pytest
import requests
from flask.testing import FlaskClient
from msgspec.structs import replace

from cds_service.cards.translations import with_words_of
from cds_service.cds_hooks.discovery import DuplicateService
from cds_service.cds_hooks.service import Caller
from cds_service.cli.commands import main as command_line
from cds_service.explain.page_sessions import SignedInPerson
from cds_service.explain.responses import OWN
from cds_service.explain.snoozed import Recollection
from cds_service.explain.use_cases import ExplainDesk, ExplainedTrial
from cds_service.fhir_client.base_url_allow_list import FhirBase, read_base
from cds_service.fhir_client.create_resource import FhirWriter
from cds_service.fhir_client.deadline import Deadline
from cds_service.offline_wiring import build_rulebook
from cds_service.services.catalogue import catalogue_of
from cds_service.services.chart_file import assessment_by, read_chart
from cds_service.settings.site_file import BadSite, Site, read_site
from cds_service.signin.signin_errors import SignInRefused
from cds_service.trials.installed import shipped_trials, trials_in
from cds_service.trials.trial_interface import Trial
from cds_service.wiring import build_app, build_installations, memory_of, offline, open_memory
from fhir_mappings.clinical_model.known_unknown import Part
from fhir_mappings.clinical_model.messages import say
from tests.builders import NOW
from tests.fhir_client.charts import BASE, PATIENT, HeldChart
from tests.hook_calls import INSTANCE, USER, bundle, prefetch_of
from tests.installation import an_installation
from tests.scenarios import fhir_charts as fhir
from tests.second_trial.danazol_trial import TRIAL

Json = dict[str, Any]
BOTH = (*shipped_trials(), TRIAL.module)
PNH, AA = fhir.icd("D59.5"), fhir.icd("D61.9")
DANAZOL = fhir.concept((fhir.ATC, "G03XA01"), text="danazol")
OF_THE_FIRST = '[thresholds]\n"restraint.trial_card_days" = 29\n[tablets]\nsirolimus = [1]\n'
"""What a site sets of numbers is of its first trial."""
FIRST, SECOND = "aa-trial-eligibility", "pnh-trial-eligibility"


@pytest.fixture(scope="module")
def both() -> FlaskClient:
    """One process with both trials."""
    return build_app(
        an_installation(Site(trials=BOTH, thresholds={"restraint.trial_card_days": 29})),
        clock=lambda: NOW.instant,
    ).test_client()


def cards(http: FlaskClient, service: str, chart: tuple[Json, ...], **context: Any) -> list[Json]:
    hooks = {one["id"]: one["hook"] for one in http.get("/cds-services").get_json()["services"]}
    who = {"userId": USER, "patientId": "p1", "encounterId": "e1", **context}
    body = {"hook": hooks[service], "hookInstance": INSTANCE, "context": who, "prefetch": prefetch_of(chart)}
    reply = http.post(f"/cds-services/{service}", json=body)
    assert reply.status_code == 200, reply.get_data(as_text=True)
    told: list[Json] = reply.get_json()["cards"]
    return told


def a_chart(code: Json, *more: Json) -> tuple[Json, ...]:
    return (fhir.patient(), fhir.condition(code), *more)


def in_trial(number: str) -> tuple[Json, ...]:
    return (fhir.study(number), fhir.participation())


def test_both_are_discovered_each_with_its_own_services(both: FlaskClient) -> None:
    told = [one["id"] for one in both.get("/cds-services").get_json()["services"]]
    assert [name for name in told if name.startswith("pnh-")] == [one.id for one in TRIAL.services]
    assert len([name for name in told if name.startswith("aa-")]) == 6


@pytest.mark.parametrize(
    ("code", "speaking", "silent"), [(PNH, SECOND, FIRST), (AA, FIRST, SECOND)], ids=["PNH", "AA"]
)
def test_a_diagnosis_makes_a_candidate_of_its_own_trial_alone(
    both: FlaskClient, code: Json, speaking: str, silent: str
) -> None:
    chart = a_chart(code)
    (card,) = cards(both, speaking, chart)
    assert cards(both, silent, chart) == []
    link = next(one["url"] for one in card["links"] if one["type"] == "absolute")
    assert (link == TRIAL.record.link) is (speaking == SECOND)


def test_a_candidate_of_both_hears_of_both(both: FlaskClient) -> None:
    chart = (*a_chart(PNH), fhir.condition(AA))
    assert len(cards(both, FIRST, chart)) == len(cards(both, SECOND, chart)) == 1


def test_a_participant_is_dosed_by_his_own_trial_alone(both: FlaskClient) -> None:
    chart = (*a_chart(PNH, fhir.observation("1742-6", 30, "U/L")), *in_trial("NCT00000042"))
    (card,) = cards(both, "pnh-trial-dosing", chart)
    assert card["summary"] == "Danazol 200 mg every 12 h"
    assert cards(both, "aa-trial-titration", chart) == []
    (visit,) = cards(both, "pnh-trial-visit", chart)
    assert visit["summary"] == "The one visit: draw ALT"
    other = (*a_chart(AA), *in_trial("NCT06802055"))
    assert cards(both, "pnh-trial-dosing", other) == []
    assert cards(both, "aa-trial-titration", other) != []


ARM_TEXTS = [
    ("danazol", "danazol"),
    ("Danazol alone", "danazol"),
    ("达那唑 组", "danazol"),
    ("pnh-1", "danazol"),
    ("PNH-2", "watching"),
    ("Watch  and wait", "watching"),
    ("sirolimus", None),
    ("Arm 3", None),
]
"""What a ResearchSubject may have, and which arm of the second trial it is."""


@pytest.mark.parametrize(("text", "arm"), ARM_TEXTS)
def test_its_arm_is_read_from_a_research_subject(text: str, arm: str | None) -> None:
    site = Site(trials=BOTH, arms={"Arm 3": "sirolimus"})
    told = _assessed(site, TRIAL, "NCT00000042", text)
    assert told["participation"] == {**told["participation"], "status": "enrolled", "arm": arm}
    assert [gap["problem"] for gap in told["dataQuality"]] == ([] if arm else ["ARM_NOT_RECOGNISED"])


@pytest.mark.parametrize("text", [text for text, arm in ARM_TEXTS if arm])
def test_the_arms_of_one_trial_are_none_of_the_other(text: str) -> None:
    first, _ = trials_in(BOTH)
    assert _assessed(Site(trials=BOTH), first, "NCT06802055", text)["participation"]["arm"] is None


@pytest.mark.parametrize(
    ("table", "said"),
    [
        ("[arms]\n'1' = 'sirolimus'", "is set to 'sirolimus'; the arms are danazol, watching"),
        ("[arms]\n'pnh-1' = 'watching'", "names danazol, and is set to watching"),
        ("[participation]\ngroup = [{name='Group/1', arm='b'}]", "is set to 'b'; the arms are danazol"),
    ],
)
def test_a_site_names_the_arms_of_its_first_trial(tmp_path: Path, table: str, said: str) -> None:
    (tmp_path / "site.toml").write_text(f"trials = {json.dumps([TRIAL.module])}\n{table}", "utf-8")
    with pytest.raises(BadSite, match=said):
        read_site(tmp_path / "site.toml")
    (tmp_path / "good.toml").write_text(f"trials = {json.dumps([TRIAL.module])}\n[arms]\nA = 'watching'\n")
    site = read_site(tmp_path / "good.toml")
    assert _assessed(site, TRIAL, "NCT00000042", "a")["participation"]["arm"] == "watching"


def _assessed(site: Site, trial: Trial, number: str, arm: str) -> Json:
    subject = {**fhir.participation(), "assignedArm": arm}
    chart = read_chart(json.dumps(bundle([*a_chart(PNH), fhir.study(number), subject])).encode())
    return assessment_by(build_rulebook(site, trial), chart, chart.drafts, NOW)


def test_a_draft_of_its_drug_touches_its_trial(both: FlaskClient) -> None:
    draft = {**fhir.order(DANAZOL), "id": "d1", "status": "draft"}
    chart = (*a_chart(PNH), *in_trial("NCT00000042"))
    (card,) = cards(both, "pnh-trial-order-sign", chart, draftOrders=bundle([draft]))
    assert card["indicator"] == "warning"
    assert cards(both, "aa-trial-order-sign", chart, draftOrders=bundle([draft])) == []


def test_advice_is_the_same_with_and_without_the_other_trial(both: FlaskClient) -> None:
    alone = build_app(
        an_installation(Site(thresholds={"restraint.trial_card_days": 29})), clock=lambda: NOW.instant
    ).test_client()
    for chart in (a_chart(AA), a_chart(PNH), (*a_chart(AA), *in_trial("NCT06802055"))):
        for service in (FIRST, "aa-trial-titration"):
            assert cards(both, service, chart) == cards(alone, service, chart)


def test_a_card_of_one_trial_that_is_laid_aside_silences_none_of_the_other() -> None:
    """Rules of both are called I1 and so on: what was said to one is no answer to the other."""
    settings = an_installation(Site(trials=BOTH))
    http = build_app(settings, clock=lambda: NOW.instant).test_client()
    chart = (*a_chart(PNH), fhir.condition(AA))
    (card,) = cards(http, FIRST, chart)
    reason = {"code": "snooze-90", "system": "urn:aa-cds:CodeSystem/override-reason"}
    told = {"card": card["uuid"], "outcome": "overridden", "outcomeTimestamp": NOW.text}
    batch = {"feedback": [told | {"overrideReason": {"reason": reason}}]}
    assert http.post(f"/cds-services/{FIRST}/feedback", json=batch).status_code == 200
    assert cards(http, FIRST, chart) == []
    assert len(cards(http, SECOND, chart)) == 1
    for installation, is_silenced in zip(build_installations(settings), (True, False), strict=True):
        memory = memory_of(installation, open_memory(settings, installation), alone=False)
        assert bool(memory.history(Caller(), "p1", NOW.instant).silences) is is_silenced


@pytest.mark.parametrize(("trials", "is_told"), [(BOTH, True), (BOTH[:1], False)], ids=["both", "first"])
def test_units_of_doses_are_told_of_the_drugs_of_the_trials_that_are_served(
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture[str],
    trials: tuple[str, ...],
    is_told: bool,
) -> None:
    dose = {"doseAndRate": [{"doseQuantity": {"value": 2, "unit": "scoops"}}]}
    order = {**fhir.order(DANAZOL), "dosageInstruction": [dose]}
    (tmp_path / "chart.json").write_text(json.dumps(order))
    (tmp_path / "site.toml").write_text(f"trials = {json.dumps(trials)}")
    monkeypatch.setenv("CDS_SITE_FILE", str(tmp_path / "site.toml"))
    assert command_line(["unmapped", str(tmp_path / "chart.json"), "--typed-words"]) == 0
    assert ("scoops" in capsys.readouterr().err) is is_told


def test_two_trials_may_not_call_a_service_alike() -> None:
    first, second = build_installations(offline(Site(trials=BOTH)))
    twice = replace(second, trial=replace(TRIAL, services=first.trial.services))
    with pytest.raises(DuplicateService):
        catalogue_of(first, twice)


def _export(folder: Path, charts: Mapping[str, Json]) -> None:
    rows: dict[str, list[Json]] = {"Patient": [], "Condition": []}
    for name, code in charts.items():
        rows["Patient"].append({**fhir.patient(), "id": name})
        rows["Condition"].append({**fhir.condition(code), "subject": {"reference": f"Patient/{name}"}})
    for kind, some in rows.items():
        (folder / f"{kind}.ndjson").write_text("\n".join(map(json.dumps, some)))


@pytest.mark.parametrize(("trial", "candidate"), [("NCT00000042", "has-pnh"), (None, "has-aa")])
def test_it_is_screened_by_the_same_command(
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture[str],
    trial: str | None,
    candidate: str,
) -> None:
    (tmp_path / "export").mkdir()
    _export(tmp_path / "export", {"has-pnh": PNH, "has-aa": AA})
    site = tmp_path / "site.toml"
    site.write_text(f"trials = {json.dumps(list(BOTH))}\n{OF_THE_FIRST}")
    monkeypatch.setenv("CDS_SITE_FILE", str(site))
    named = ["--trial", trial] if trial else []
    code = command_line([
        "screen", str(tmp_path / "export"), "--out", str(tmp_path / "out"), "--as-of", NOW.text, *named
    ])  # fmt: skip
    assert code == 0, capsys.readouterr().err
    lines = (tmp_path / "out" / "patients.csv").read_text().splitlines()
    rows = {line.split(",")[0].removeprefix("Patient/"): line.split(",")[1] for line in lines[1:]}
    assert [name for name, status in rows.items() if status == "undetermined"] == [candidate]
    own = [*TRIAL.criteria] if trial else ["I1", "I2", "I3", "I4"]
    assert lines[0].split(",")[2 : 2 + len(own)] == own


@pytest.mark.parametrize(
    ("text", "said"),
    [
        ("trials = []", "must name"),
        ('trials = ["tests.no.such"]', "declares no trial"),
        ('trials = ["json"]', "declares no trial"),
        (f"trials = {json.dumps([TRIAL.module] * 2)}", "names one twice"),
    ],
)
def test_a_site_that_names_no_trial_is_refused(tmp_path: Path, text: str, said: str) -> None:
    (tmp_path / "site.toml").write_text(text)
    with pytest.raises(BadSite, match=said):
        read_site(tmp_path / "site.toml")


def _desk(code: Json, form: Json | None = None) -> ExplainDesk:
    """The page that explains, over a FHIR server that holds one patient, and a form if one is given."""
    held = {Part.PATIENT: {**fhir.patient(), "id": PATIENT}, Part.CONDITIONS: _of_patient(code)}
    server = HeldChart(held | ({Part.ATTESTATIONS: form} if form else {}))
    trials = []
    for one in build_installations(offline(Site(trials=BOTH))):
        gatherer = replace(one.gatherer, server=server, bases=(read_base(BASE),))
        words = with_words_of(OWN / "words", one.trial.words)
        recollection = Recollection(None, 0, one.zone)
        trials.append(ExplainedTrial(replace(one, gatherer=gatherer), words, recollection))
    return ExplainDesk(tuple(trials), server, FhirWriter(requests.Session()), lambda: NOW.instant)


def _of_patient(code: Json) -> Json:
    return {**fhir.condition(code), "subject": {"reference": f"Patient/{PATIENT}"}}


PERSON = SignedInPerson(
    fhir_base=BASE,
    patient=PATIENT,
    user=None,
    access_token="token",
    scope="patient/*.rs",
    ends=NOW.instant + timedelta(hours=1),
    banner=False,
    caller=None,
    language="zh",
    form_token="word",
)


class WrittenDown(FhirWriter, frozen=True):
    """Keeps what it is given to write."""

    forms: list[Json] = msgspec.field(default_factory=list)

    def create(self, base: FhirBase, kind: str, body: bytes, token: str, deadline: Deadline) -> None:
        self.forms.append(json.loads(body))


@pytest.mark.parametrize(
    ("shown", "line"), [("NCT06802055", "I2"), ("NCT00000042", "T1"), (None, "I2"), ("NCT1", None)]
)
def test_answers_go_to_the_form_of_the_trial_that_the_page_showed(
    shown: str | None, line: str | None
) -> None:
    """To the first trial's where the page was opened before it named one; never to another's."""
    given = {"T1": "2", "I2": "yes"} | ({} if shown is None else {"trial": shown})
    if line is None:
        with pytest.raises(SignInRefused):
            _attested(given)
        return
    form = _attested(given)
    assert [item["linkId"] for group in form["item"] for item in group["item"]] == [line]


def _attested(given: Mapping[str, str]) -> Json:
    """The form that the page writes for these answers."""
    trials = tuple(
        ExplainedTrial(one, {}, Recollection(None, 0, one.zone))
        for one in build_installations(offline(Site(trials=BOTH)))
    )
    writer = WrittenDown(requests.Session())
    desk = ExplainDesk(trials, HeldChart({}), writer, lambda: NOW.instant)
    assert desk.attest(replace(PERSON, user="Practitioner/1"), given)
    (form,) = writer.forms
    return form


@pytest.mark.parametrize(
    ("shown", "answers", "of_first", "of_second"),
    [
        ("NCT00000042", {"E1": "yes"}, "unknown", "present"),
        ("NCT06802055", {"E1": "yes"}, "present", "absent"),
    ],
    ids=["second", "first"],
)
def test_an_attestation_is_read_back_by_the_trial_whose_form_was_answered_and_by_no_other(
    shown: str, answers: dict[str, str], of_first: str, of_second: str
) -> None:
    """Both forms have a line E1, and ask two things by it."""
    form = {**_attested({**answers, "trial": shown}), "id": "form", "subject": fhir.SUBJECT}
    chart = read_chart(json.dumps(bundle([*a_chart(PNH), fhir.condition(AA), form])).encode())
    for trial, expected in zip(trials_in(BOTH), (of_first, of_second), strict=True):
        told = assessment_by(build_rulebook(Site(trials=BOTH), trial), chart, chart.drafts, NOW)
        assert fhir.status(told, "E1") == expected


def test_the_page_shows_what_was_answered_to_its_own_trials_form() -> None:
    form = {**_attested({"E1": "yes", "T1": "2", "trial": "NCT00000042"}), "id": "form"}
    _, values = _desk(PNH, form).look(PERSON, "en", lambda reference: reference)
    (group,) = values["form"]["groups"]
    assert [(line.name, line.last) for line in group.lines] == [("E1", "yes"), ("T1", "2")]
    _, values = _desk(AA, form).look(PERSON, "en", lambda reference: reference)
    lines = [line for group in values["form"]["groups"] for line in group.lines]
    assert [line.last for line in lines if line.last] == []


def test_two_trials_may_not_have_one_form_or_one_number(tmp_path: Path) -> None:
    both = [TRIAL.module, "tests.second_trial.danazol_unwatched"]
    (tmp_path / "site.toml").write_text(f"trials = {json.dumps(both)}")
    with pytest.raises(BadSite) as refused:
        read_site(tmp_path / "site.toml")
    assert refused.value.faults == (
        "site.toml: trials: several have the number NCT00000042",
        "site.toml: trials: several have the form urn:example:Questionnaire/pnh-attestation",
    )


@pytest.mark.parametrize(
    ("code", "trial", "criteria"), [(PNH, TRIAL.record.id, 5), (AA, "NCT06802055", 20)], ids=["PNH", "AA"]
)
def test_it_is_explained_by_the_same_page(code: Json, trial: str, criteria: int) -> None:
    words, values = _desk(code).look(PERSON, "zh", lambda reference: reference)
    assert values["concerned"]
    assert words.plain(say("page.trial")).endswith(trial)
    assert values["form"]["trial"] == trial
    listed = values["worklist"]
    assert len([*listed.open, *listed.excluding, *listed.settled]) == criteria
    assert (words.language == "en") is (trial == TRIAL.record.id), "the second trial has English alone"
