"""The page on which a clinician reviews and signs, over real HTTP with a real identity provider."""

import re

import pytest
from axe_playwright_python.sync_playwright import Axe

from cds_service.audit.database import open_store
from cds_service.audit.signature_rows import signatures_in
from cds_service.demo.identity import SIGNING_ROLE
from cds_service.settings.reviewed import reviewed_content
from cds_service.settings.site_file import Site
from tests.chromium import browsing
from tests.research.test_page import running, signed_in

HASH = reviewed_content(Site()).hash


@pytest.fixture
def place():
    with running(signing_role=SIGNING_ROLE) as (base, settings):
        yield base, settings


def _kept(settings):
    engine = open_store(settings.database_url.reveal())
    found = signatures_in(engine)
    engine.dispose()
    return found


def _form(browser, **more):
    token = re.search(r'name="form_token" value="([^"]+)"', browser.page.text)[1]
    return {"form_token": token, "content": HASH, "reviewed": "yes"} | more


def test_a_haematologist_reviews_by_question_and_signs(place):
    base, settings = place
    browser = signed_in(base, "haematologist")
    browser.open(f"{base}/research/review")
    page = browser.page.text
    assert HASH in page
    assert "has not been signed by a clinician of this site" in page
    assert "What do the kidneys change?" in page
    assert re.search(r"renal\.limit\.aki_ratio</th><td>1\.5.*?<b>G</b> KDIGO stage 1", page, re.S)
    browser.page = browser.post(f"{base}/research/review/sign", data=_form(browser), timeout=20)
    assert browser.page.status_code == 200
    assert "Signed by 张医师 Zhang" in browser.page.text
    (kept,) = _kept(settings)
    assert (kept.signer, kept.how, kept.content.hash) == ("张医师 Zhang (haematologist)", "sign-in", HASH)


def test_in_chinese_as_well(place):
    browser = signed_in(place[0], "haematologist")
    browser.open(f"{place[0]}/research/review?language=zh")
    assert "本内容尚未经本中心临床医师签署" in browser.page.text


@pytest.mark.parametrize(
    ("account", "more", "status"),
    [
        ("study-nurse", {}, 403),
        ("haematologist", {"form_token": "forged"}, 400),
        ("haematologist", {"content": "sha256:00"}, 409),
        ("haematologist", {"reviewed": ""}, 400),
    ],
)
def test_nothing_is_signed_without_role_form_hash_and_word(place, account, more, status):
    base, settings = place
    browser = signed_in(base, account)
    browser.open(f"{base}/research/review")
    answer = browser.post(f"{base}/research/review/sign", data=_form(browser, **more), timeout=20)
    assert answer.status_code == status
    assert _kept(settings) == ()


def test_who_may_only_read_is_told_so_and_a_stranger_sees_nothing(place):
    base, _ = place
    browser = signed_in(base, "study-nurse")
    browser.open(f"{base}/research/review")
    assert "may read this page and not sign" in browser.page.text
    assert "Sign this content" not in browser.page.text
    stranger = signed_in(base, "ward-clerk")
    stranger.open(f"{base}/research/review")
    assert HASH not in stranger.page.text


def test_what_changed_since_is_shown_before_and_after(place):
    base, settings = place
    from dataclasses import replace
    from datetime import UTC, datetime

    from cds_service.audit.signature_rows import keep_signature
    from cds_service.review.detached_signatures import Signature
    from cds_service.review.reviewed_content import Content

    items = dict(reviewed_content(Site()).items)
    items["renal.limit.aki_ratio"] = items["renal.limit.aki_ratio"].replace("1.5", "1.7")
    engine = open_store(settings.database_url.reveal())
    before = Signature(Content(items), "Dr Li", datetime(2026, 1, 5, tzinfo=UTC), "sign-in", "0.3.0")
    keep_signature(engine, replace(before), "li")
    engine.dispose()
    browser = signed_in(base, "haematologist")
    browser.open(f"{base}/research/review")
    assert "1 items changed since Dr Li signed on 2026-01-05" in browser.page.text
    row = re.search(r"renal\.limit\.aki_ratio<br>.*?</tr>", browser.page.text, re.S)[0]
    assert "<td>1.7</td><td>1.5</td>" in row


def test_the_page_has_no_finding_of_axe(place):
    with browsing() as browser:
        page = browser.new_context().new_page()
        page.goto(f"{place[0]}/research/login")
        page.select_option("select[name=account]", "haematologist")
        page.locator("button[type=submit]").click()
        page.goto(f"{place[0]}/research/review")
        assert Axe().run(page).response["violations"] == []
