"""A whole launch over real HTTP: from the record system, or by itself, to the page of one patient."""

import json
import re

import requests

from cds_service.cds_hooks.client_jwt import LEEWAY
from cds_service.chart.chart_queries import RESOURCE_TYPES
from tests.explain.rig import APP, NAMES, USER, Browser, addresses_of, query_of, running


def test_a_launch_from_the_record_opens_the_patient_of_the_launch(shared):
    page = shared.launch("demo-08").page
    assert page.status_code == 200
    assert "陈秀兰" in page.text
    assert "Increase sirolimus from 2 mg once daily to 3 mg once daily" in page.text
    assert "SRL-02" in page.text


def test_it_goes_through_the_record_systems_own_authorization_with_pkce(shared):
    browser = shared.launch("demo-08")
    asked = query_of(next(url for url in addresses_of(browser.page) if "/auth/authorize" in url))
    assert asked["code_challenge_method"] == "S256"
    assert len(asked["code_challenge"]) == 43
    assert asked["aud"] == shared.fhir.base_url
    assert asked["client_id"] == APP
    first, second, third, *types = asked["scope"].split()
    assert [first, second, third] == ["launch", "openid", "fhirUser"]
    assert "patient/QuestionnaireResponse.crs" in types
    assert {f"patient/{kind}.rs" for kind in RESOURCE_TYPES.values()} - set(types) == {
        "patient/QuestionnaireResponse.rs"
    }
    assert not [scope for scope in types if "*" in scope]
    assert {"state", "nonce", "launch"} <= asked.keys()


def test_a_standalone_launch_asks_the_record_system_for_the_patient(shared):
    browser = Browser()
    browser.open(f"{shared.cds.base_url}/explain/launch?iss={shared.fhir.base_url}")
    assert "choose whom you are" in browser.page.text
    assert query_of(browser.page.url)["scope"].startswith("launch/patient openid fhirUser")
    chosen = browser.post(browser.page.url, data={"patient": "demo-11", "user": USER}, timeout=20)
    assert chosen.status_code == 200
    assert "吴桂芳" in chosen.text
    assert "HOLD sirolimus" in chosen.text


def test_with_one_record_system_a_standalone_launch_need_not_name_it(shared):
    browser = Browser()
    browser.open(f"{shared.cds.base_url}/explain/launch")
    assert browser.page.url.startswith(f"{shared.fhir.base_url}/auth/authorize")


def test_every_demo_patient_has_a_page_in_both_languages(shared):
    for patient, name in NAMES.items():
        browser = shared.launch(patient)
        assert browser.page.status_code == 200, patient
        assert name.partition(" ")[0] in browser.page.text
        chinese = browser.open(f"{browser.url}?language=zh")
        assert '<html lang="zh">' in chinese.text
        assert not re.search(r"[a-z]+\.[a-z]+\.[A-Za-z]+</", chinese.text)  # no key in place of a sentence


def test_a_patient_whom_the_trial_does_not_concern_is_told_so(shared):
    page = shared.launch("demo-18").page
    assert "The trial does not concern this patient" in page.text
    assert "figures" not in page.text


def test_every_statement_shows_its_rule_and_where_it_comes_from(shared):
    page = shared.launch("demo-17").page.text
    statements = page.count('<li class="statement') + page.count('<article class="card')
    assert statements > 5
    assert page.count('class="origin"') >= statements
    for letter in "PLGA":
        assert f">{letter}</abbr>" in page


def test_the_twenty_criteria_stand_on_the_page_each_once(shared):
    rows = re.findall(r'<th scope="row">([IE]\d+)</th>', shared.launch("demo-03").page.text)
    assert sorted(rows) == sorted([*(f"I{n}" for n in range(1, 9)), *(f"E{n}" for n in range(1, 13))])


def test_evidence_opens_the_resource_it_names(shared):
    browser = shared.launch("demo-08")
    link = re.search(r'href="(/explain/s/[^"]+/source/[^"]+)"', browser.page.text)[1]
    opened = browser.open(f"{shared.cds.base_url}{link}")
    assert opened.status_code == 200
    assert "valueQuantity" in opened.text
    assert "3.3" in opened.text


def test_the_figures_hold_what_the_chart_holds(shared):
    page = shared.launch("demo-11").page.text
    figures = json.loads(re.search(r'id="figures">(.*?)</script>', page)[1])
    drugs, blood = figures
    levels = drugs["panels"][0]
    assert [point["label"] for point in levels["points"]] == ["3.3", "3.6", "8.2", "9.1", "23.4"]
    assert [(band["low"], band["high"], band["to"]) for band in levels["bands"]] == [(4, 12, "")]
    lanes = {lane["name"]: [bar["label"] for bar in lane["bars"]] for lane in drugs["panels"][1]["lanes"]}
    assert lanes["sirolimus"] == ["2 mg once daily", "3 mg once daily"]
    assert lanes["diltiazem"] == ["raises levels"]
    assert lanes["kidney"] == ["normal"]
    assert [panel["unit"] for panel in blood["panels"]] == ["g/L", "10⁹/L", "10⁹/L", "10⁹/L"]
    assert len(blood["panels"][0]["marks"]) == 4
    assert "complete response ≥ 115" in [line["label"] for line in blood["panels"][0]["lines"]]


def test_closing_the_page_ends_the_session(shared):
    browser = shared.launch("demo-08")
    address = browser.page.url
    assert browser.submit("end").status_code == 200
    assert browser.open(address).status_code == 403


def test_two_patients_in_one_browser_stay_apart(shared):
    browser = shared.launch("demo-08")
    first = browser.page.url
    browser.open(shared.launch_url("demo-11"))
    assert "吴桂芳" in browser.page.text
    assert "陈秀兰" in browser.open(first).text


def test_what_every_page_loads_may_be_cached_and_the_page_may_not(shared):
    page = shared.launch("demo-08").page
    assert page.headers["Cache-Control"] == "no-store"
    script = re.search(r'src="(/explain/static/[^"]+explain.js)"', page.text)[1]
    loaded = requests.get(f"{shared.cds.base_url}{script}", timeout=5)
    assert loaded.status_code == 200
    assert "immutable" in loaded.headers["Cache-Control"]


def test_without_a_registration_there_is_no_page_and_no_link(tmp_path):
    from cds_service.wiring import build_app
    from tests.installation import an_installation

    client = build_app(an_installation()).test_client()
    assert client.get("/explain/launch").status_code == 404


def test_a_pinned_issuer_must_be_the_one_the_record_system_names():
    with running(issuer="https://somebody.else.example") as rig:
        browser = Browser()
        browser.open(rig.launch_url("demo-08"))
        assert browser.page.status_code == 502
        assert "could not be asked" in browser.page.text


def test_the_leeway_for_clocks_is_that_of_hook_calls():
    from cds_service.signin.id_token import LEEWAY_SECONDS

    assert LEEWAY.total_seconds() == LEEWAY_SECONDS
