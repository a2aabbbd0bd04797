"""The study team's page over real HTTP, with a real identity provider: who may see it, and what it shows."""

import json
import re
from contextlib import contextmanager
from datetime import timedelta

import pytest
import requests
from authlib.integrations.flask_oauth2 import AuthorizationServer
from axe_playwright_python.sync_playwright import Axe
from flask import Flask, Response
from msgspec.structs import replace

from cds_service.audit.append_calls import append_call
from cds_service.audit.database import open_store
from cds_service.audit.feedback_rows import record
from cds_service.demo.identity import CLIENT, ROLE, add_identity
from cds_service.demo.loopback import serve_on_loopback
from cds_service.demo.oauth_parts import DemoClient
from cds_service.fhir_client.base_url_allow_list import read_base
from cds_service.research.research_access import roles_in
from cds_service.settings.research_page import public_provider
from cds_service.settings.site_file import BadSite, Site, read_site
from cds_service.wiring import build_app
from tests.audit.rows import KEYS, RESTRAINT, SENDER, a_call, a_card, accepted, overridden
from tests.chromium import browsing
from tests.explain.rig import Browser, addresses_of, now
from tests.installation import an_installation
from tests.research.test_funnel import WHOLE


@contextmanager
def running(screening=None, clients=None, signing_role="", *, synthetic=False):
    clients = {} if clients is None else clients

    def identity(port):
        app = Flask(__name__)
        add_identity(app, f"http://127.0.0.1:{port}", clients)
        return app.wsgi_app

    provider_server = serve_on_loopback(identity, 0)
    issuer = read_base(f"{provider_server.base_url}/identity")
    provider = public_provider(issuer, CLIENT, ROLE, signing_role)
    provider = replace(provider, screening=screening, synthetic=synthetic)
    made = []

    def build(port):
        url = f"http://127.0.0.1:{port}"
        made.append(an_installation(Site(research=provider), url=url))
        return build_app(made[0]).wsgi_app

    cds = serve_on_loopback(build, 0)
    clients[CLIENT] = DemoClient(CLIENT, (f"{cds.base_url}/research/callback",))
    try:
        yield cds.base_url, made[0]
    finally:
        cds.stop()
        provider_server.stop()


@pytest.fixture(scope="module")
def place(tmp_path_factory):
    """A site with a screening run, and a year of advice: of 13 cards of SRL-02 eight accepted and three overridden."""
    folder = tmp_path_factory.mktemp("screening")
    (folder / "funnel.json").write_text(json.dumps(WHOLE))
    with running(folder) as (base, settings):
        _fill(settings)
        yield base


def _fill(settings):
    engine = open_store(settings.database_url.reveal())
    today = now()
    cards = [f"{n:08x}-0000-4000-8000-000000000000" for n in range(20)]
    for number, card in enumerate(cards):
        at = today - timedelta(days=number)
        rule = "SRL-02" if number < 13 else "SRL-03"
        append_call(engine, a_call(a_card(card, rules=(rule,)), hook_instance=f"h{number}", at=at))
    reactions = [replace(accepted(card), at=today) for card in cards[:8]]
    reactions += [replace(overridden(card), at=today) for card in cards[8:11]]
    record(engine, KEYS, SENDER, reactions, today, RESTRAINT)
    engine.dispose()


def signed_in(base, account="study-nurse"):
    browser = Browser()
    browser.open(f"{base}/research/login")
    browser.page = browser.post(browser.page.url, data={"account": account}, timeout=20)
    return browser


def test_without_signing_in_nothing_is_shown(place):
    for path in ("", "rules.csv", "months.csv", "funnel.csv"):
        answer = requests.get(f"{place}/research/{path}", timeout=5)
        assert answer.status_code == 403
        assert "Sign in to see the numbers" in answer.text
        assert "SRL-02" not in answer.text


def test_who_has_the_role_sees_the_counts_and_no_small_one(place):
    browser = signed_in(place)
    assert browser.page.status_code == 200
    page = browser.page.text
    assert "SRL-02" in page
    row = re.search(r"SRL-02 · drug label \(L\)</span></th>(.*?)</tr>", page, re.S)[1]
    cells = re.findall(r'class="number"[^>]*>(?:<span class="soft">)?([^<]+)', row)
    assert cells == ["15", "10", "&lt;8", "&lt;8"]
    assert not re.search(r'class="number"[^>]*>(?:[1-9]|\d*[1-46-9])<', page)
    assert "600" in page
    assert "Screening run of 2026-03-02" in page


@pytest.mark.parametrize(("headers", "status"), [({"Retry-After": "7"}, 503), ({}, 502)])
def test_an_identity_provider_that_asks_for_a_moment_is_handed_on(place, monkeypatch, headers, status):
    monkeypatch.setattr(
        AuthorizationServer, "create_token_response", lambda _: Response("busy", 503, headers)
    )
    page = signed_in(place).page
    assert (page.status_code, page.headers.get("Retry-After")) == (status, headers.get("Retry-After"))
    assert ("asks for a moment" in page.text) is (status == 503)


def test_who_lacks_the_role_sees_nothing(place):
    browser = signed_in(place, "ward-clerk")
    assert browser.page.status_code == 403
    assert "Not for your role" in browser.page.text
    assert "SRL-02" not in browser.open(f"{place}/research/").text


def test_the_files_tell_no_more_than_the_page(place):
    browser = signed_in(place)
    rules = browser.open(f"{place}/research/rules.csv")
    assert rules.headers["Content-Type"].startswith("text/csv")
    assert "SRL-02,15,10,<8,<8," in rules.text
    assert "SRL-03,<8,<8,<8,<8," in rules.text
    assert "funnel,screened,600" in browser.open(f"{place}/research/funnel.csv").text
    assert browser.open(f"{place}/research/months.csv").text.startswith("name,shown,accepted")


def test_signing_out_ends_it(place):
    browser = signed_in(place)
    address, token = f"{place}/research/", browser.form_token
    foreign = browser.post(f"{address}end", data={"form_token": "x"}, timeout=5)
    assert foreign.status_code == 400
    assert browser.post(f"{address}end", data={"form_token": token}, timeout=5).status_code == 200
    assert browser.open(address).status_code == 403


def test_the_way_back_can_be_gone_once_and_in_one_browser(place):
    browser = signed_in(place)
    callback = next(url for url in addresses_of(browser.page) if "/research/callback" in url)
    assert browser.open(callback).status_code == 400
    assert Browser().open(callback).status_code == 400


def test_its_cookie_opens_no_patients_page_and_is_out_of_reach(place):
    browser = signed_in(place)
    lines = [r.headers["Set-Cookie"] for r in browser.page.history if "Set-Cookie" in r.headers]
    assert all({"Secure", "HttpOnly", "SameSite=Lax"} <= set(line.split("; ")) for line in lines)
    assert any("Path=/research/" in line for line in lines)
    policy = browser.page.headers["Content-Security-Policy"]
    assert "frame-ancestors 'none'" in policy
    assert "unsafe" not in policy


def test_without_a_screening_run_that_is_said_and_no_number_stands_for_it(tmp_path):
    for folder, said in ((None, "No screening folder is set up"), (tmp_path, "No screening run yet")):
        with running(folder) as (base, _):
            browser = signed_in(base)
            assert said in browser.page.text
            assert (
                "screened" not in browser.page.text.partition("</header>")[2].partition("Advice by rule")[0]
            )
            assert "No card was given in this time" in browser.page.text
            assert browser.open(f"{base}/research/funnel.csv").status_code == 404


def test_a_rule_of_too_few_cards_is_named_beside_the_table_and_not_counted_in_it(place):
    page = signed_in(place).page.text
    table, _, beside = page.partition("1 rules of fewer than 8 cards each")
    assert "SRL-02" in table
    assert "SRL-03" not in table
    assert "SRL-03" in beside.partition("Advice by month")[0]


def test_a_count_that_is_not_told_stands_in_the_sentence_and_under_the_tables_in_words(tmp_path):
    few = {"undetermined": 5, "not-a-candidate": 593, "already-enrolled": 2}
    small = {"status": few, "undeterminedBy": {"I2": 5}, "enrolled": 2, "excludedBy": {}, "overdue": {}}
    (tmp_path / "funnel.json").write_text(json.dumps(WHOLE | small))
    with running(tmp_path) as (base, _):
        page = signed_in(base).page.text
    assert "595 of them have no aplastic anaemia, &lt;8 are candidates" in page
    assert re.search("Fewer than 8 each: *<b>I2</b> acquired aplastic anaemia</p>", page)
    assert page.count("Nobody.") == 2
    assert not re.search(r"&amp;lt|\b(593|[25]) ", page.partition("</header>")[2])


@pytest.mark.parametrize("synthetic", [False, True])
def test_only_where_nobody_is_real_the_page_says_so_and_where_its_numbers_are_from(
    place, tmp_path, synthetic
):
    (tmp_path / "funnel.json").write_text(json.dumps(WHOLE))
    with running(tmp_path, synthetic=synthetic) as (base, _):
        browser = signed_in(base)
        for language, said in (("en", ("no real patient", "made up")), ("zh", ("非真实患者", "虚构"))):
            page = browser.open(f"{base}/research/?language={language}").text
            assert {words in page for words in said} == {synthetic}
        (tmp_path / "funnel.json").unlink()
        assert ("is being screened" in browser.open(f"{base}/research/").text) is synthetic


@pytest.mark.parametrize("scheme", ["light", "dark"])
@pytest.mark.parametrize(("language", "width"), [("en", 1280), ("zh", 390)])
def test_the_page_has_no_serious_fault(place, language, width, scheme):
    with browsing() as chromium:
        page = chromium.new_page(viewport={"width": width, "height": 900}, color_scheme=scheme)
        page.goto(f"{place}/research/login")
        page.click("button[type=submit]")
        page.goto(f"{place}/research/?language={language}")
        page.locator("details").evaluate_all("all => all.forEach(one => { one.open = true; })")
        assert page.evaluate("document.documentElement.scrollWidth") == width
        found = Axe().run(page).response["violations"]
        assert [v["id"] for v in found if v["impact"] in ("serious", "critical")] == []


@pytest.mark.parametrize(
    ("claims", "path", "roles"),
    [
        ({"roles": ["a", "b"]}, "roles", {"a", "b"}),
        ({"roles": "a"}, "roles", {"a"}),
        ({"realm_access": {"roles": ["a"]}}, "realm_access.roles", {"a"}),
        ({"roles": {"a": 1}}, "roles", set()),
        ({"roles": [1, "a"]}, "roles", {"a"}),
        ({"roles": "a"}, "roles.more", set()),
        ({}, "roles", set()),
    ],
)
def test_roles_are_read_from_a_claim(claims, path, roles):
    assert roles_in(claims, path) == roles


def test_the_site_file_names_the_provider(tmp_path):
    file = tmp_path / "site.toml"
    text = '[research]\nissuer = "https://id.example/realms/x"\nclient_id = "r"\nrole = "team"\n'
    file.write_text(text + 'screening_folder = "runs"\n')
    provider = read_site(file).research
    assert provider.registration.issuer == provider.issuer.url == "https://id.example/realms/x"
    assert provider.screening == tmp_path / "runs"
    for wrong in (text.replace('"team"', '""'), text.replace("https://id", "ftp://id"), text + "x = 1\n"):
        file.write_text(wrong)
        with pytest.raises(BadSite):
            read_site(file)
