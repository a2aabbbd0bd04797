"""The page in a real browser: drawn, written, exported, printed, framed, usable without sight, and fast."""

import json
import re
from datetime import timedelta

import pytest
from axe_playwright_python.sync_playwright import Axe
from flask import Flask

from cds_service import __version__
from cds_service.demo.loopback import serve_on_loopback
from tests.chromium import browsing, watched_page
from tests.explain.attesting import attest_everything
from tests.explain.rig import TODAY, running, unattested

USABLE_MS = 1000
SERIOUS = ("serious", "critical")


@pytest.fixture(scope="module")
def chromium():
    with browsing() as browser:
        yield browser


@pytest.fixture
def page(chromium):
    """A fresh profile; a script error or a breach of our own policy fails the test."""
    with watched_page(chromium) as page:
        yield page


def opened(page, shared, patient, language="en"):
    page.goto(shared.launch_url(patient))
    if language != "en":
        page.goto(f"{page.url.partition('?')[0]}?language={language}")
    page.wait_for_load_state("load")
    return page


def serious(page):
    found = Axe().run(page).response["violations"]
    return {v["id"]: [n["html"][:160] for n in v["nodes"]] for v in found if v["impact"] in SERIOUS}


@pytest.mark.parametrize("language", ["en", "zh"])
@pytest.mark.parametrize("patient", ["demo-03", "demo-08", "demo-17", "demo-18"])
def test_the_page_has_no_serious_fault_for_who_cannot_see_or_point(page, shared, patient, language):
    opened(page, shared, patient, language)
    page.evaluate("document.querySelectorAll('details').forEach((d) => { d.open = true; })")
    assert serious(page) == {}
    assert page.faults == []


def test_a_source_and_a_refusal_have_no_serious_fault_either(page, shared):
    opened(page, shared, "demo-08")
    page.locator(".evidence a").first.click()
    assert serious(page) == {}
    page.goto(f"{shared.cds.base_url}/explain/callback?state=x")
    assert serious(page) == {}


def test_the_figures_are_drawn_with_their_labels(page, shared):
    opened(page, shared, "demo-11")
    words = page.locator("#chart-drugs svg").text_content()
    for expected in ("23.4", "3 mg once daily", "diltiazem", "today", "baseline 61"):
        assert expected in words
    assert "complete response ≥ 115" in page.locator("#chart-blood svg").text_content()
    assert page.faults == []


def series_of(page, panel):
    return page.evaluate(
        """(panel) => echarts.getInstanceByDom(document.querySelector("#chart-drugs")).getOption().series
             .filter((one) => one.name === panel && one.data.length)
             .map((one) => [one.type, one.data.map((point) => [point.label, point.symbol || "circle"])])""",
        panel,
    )


def test_a_level_that_may_not_decide_is_hollow_and_the_line_passes_it_by(page, shared):
    opened(page, shared, "demo-12")
    assert series_of(page, "sirolimus, level") == [
        ["line", [["5.1", "circle"], ["6.2", "circle"]]],
        ["scatter", [["14.6", "diamond"]]],
    ]
    assert "◇ not a trough" in page.locator(".legend").first.inner_text()
    assert page.faults == []


def test_who_is_in_the_trial_has_no_criteria_to_settle(page, shared):
    opened(page, shared, "demo-11")
    assert "were judged then" in page.locator("#criteria").inner_text()
    assert page.locator("text=To settle").count() == 0
    assert page.locator("table.criteria").count() == 0


def test_a_forecast_is_drawn_with_its_interval(page, shared):
    """Two doses a week ahead, each with its median and the bar of its interval."""
    told = [
        {
            "t": f"{TODAY + timedelta(days=7)}T12:00",
            "low": low,
            "middle": middle,
            "high": high,
            "label": label,
        }
        for low, middle, high, label in ((2.1, 3.4, 5.2, "2 mg"), (3.3, 5.1, 7.9, "3 mg"))
    ]

    def with_forecast(route):
        answer = route.fetch()
        text = answer.text().replace('"forecast":[]', f'"forecast":{json.dumps(told)}', 1)
        route.fulfill(response=answer, body=text)

    page.goto(shared.launch_url("demo-08"))
    before = page.locator("#chart-drugs svg path[fill='#5a4a86']").count()
    page.route("**/explain/s/*/", with_forecast)
    page.reload()
    assert page.locator("#chart-drugs svg path[fill='#5a4a86']").count() == before + len(told)
    assert page.faults == []


@pytest.mark.parametrize(("kind", "starts"), [("svg", b"<svg"), ("png", b"\x89PNG")])
def test_a_figure_can_be_taken_away(page, shared, kind, starts):
    opened(page, shared, "demo-11")
    with page.expect_download() as started:
        page.click(f"[data-export={kind}][data-figure=drugs]")
    file = started.value
    assert re.fullmatch(rf"DEMO-11_\d{{4}}-\d\d-\d\d_drugs\.{kind}", file.suggested_filename)
    content = file.path().read_bytes()
    assert content.startswith(starts)
    assert len(content) > 5000
    assert page.faults == []


@pytest.mark.parametrize(
    ("patient", "language", "most"),
    [("demo-03", "en", 4), ("demo-11", "en", 2), ("demo-15", "zh", 3), ("demo-17", "en", 3)],
)
def test_it_prints_on_few_pages(page, shared, patient, language, most):
    """Two or three for who takes part; a candidate with fourteen open questions has them all on paper."""
    opened(page, shared, patient, language)
    pdf = page.pdf(prefer_css_page_size=True)
    assert len(re.findall(rb"/Type\s*/Page\b", pdf)) <= most


SMALLEST_ON_PAPER = """() => Math.min(...[...document.querySelectorAll("body *")]
  .filter((one) => one.checkVisibility() && [...one.childNodes].some((n) => n.nodeType === 3 && n.data.trim()))
  .map((one) => parseFloat(getComputedStyle(one).fontSize)))"""
PLOT_WIDTH = """() => [...document.querySelectorAll(".chart")].map((place) =>
  echarts.getInstanceByDom(place).getModel().getComponent("grid").coordinateSystem.getRect().width)"""
EIGHT_POINT = 8 * 96 / 72


@pytest.mark.parametrize("patient", ["demo-03", "demo-11", "demo-17"])
def test_on_paper_every_letter_can_be_read_and_the_plots_are_as_wide_as_the_sheet(page, shared, patient):
    opened(page, shared, patient)
    page.emulate_media(media="print")
    page.evaluate("window.dispatchEvent(new Event('beforeprint'))")
    assert page.evaluate(SMALLEST_ON_PAPER) >= EIGHT_POINT
    assert min(page.evaluate(PLOT_WIDTH)) > 600
    assert page.locator(".running").is_visible()
    assert patient.upper() in page.locator(".running").inner_text()
    version, chart = page.locator(".running").inner_text().split(" · ")[-2:]
    assert version == __version__
    assert re.fullmatch("[0-9a-f]{12}", chart)
    assert page.locator(".signature").is_visible()
    page.evaluate("window.dispatchEvent(new Event('afterprint'))")
    assert not page.locator(".signature").is_visible()
    assert page.faults == []


@pytest.mark.parametrize(("width", "plot"), [(320, 200), (390, 270), (640, 500), (1280, 700)])
@pytest.mark.parametrize("patient", ["demo-03", "demo-11", "demo-17"])
def test_nothing_is_wider_than_the_window_and_the_plot_has_most_of_it(page, shared, patient, width, plot):
    """390 and 320 px are telephones; 640 and 320 px are what 200 % and 400 % of zoom leave of 1280."""
    page.set_viewport_size({"width": width, "height": 800})
    opened(page, shared, patient)
    page.evaluate("document.querySelectorAll('details').forEach((d) => { d.open = true; })")
    assert page.evaluate("document.documentElement.scrollWidth") <= width
    assert min(page.evaluate(PLOT_WIDTH)) > plot
    assert page.faults == []


def test_by_night_it_is_dark_and_still_readable(page, shared):
    page.emulate_media(color_scheme="dark")
    opened(page, shared, "demo-11")
    assert serious(page) == {}
    page.emulate_media(color_scheme="light")
    by_day = page.locator("#chart-drugs svg text").first.get_attribute("fill")
    page.emulate_media(color_scheme="dark")
    page.wait_for_timeout(100)
    assert page.locator("#chart-drugs svg text").first.get_attribute("fill") != by_day
    assert page.faults == []


def test_forced_colours_reach_the_figures(page, shared):
    page.emulate_media(forced_colors="active")
    opened(page, shared, "demo-11")
    colours = page.evaluate(
        "[...document.querySelectorAll('#chart-drugs svg text')].map((one) => one.getAttribute('fill'))"
    )
    assert "#1c2430" not in colours
    assert page.faults == []


@pytest.mark.parametrize("patient", ["demo-11", "demo-18"])
def test_whose_page_it_is_stands_in_its_head_its_title_and_on_every_source(page, shared, patient):
    opened(page, shared, patient)
    head = page.locator(".who").inner_text()
    assert f"No. {patient.upper()}" in head
    assert re.search(r"\d+ years", head)
    name = page.locator(".patient").inner_text().split()[0]
    assert page.title().startswith(name)
    assert patient.upper() in page.title()
    if page.locator(".evidence a").count():
        page.locator(".evidence a").first.click()
        assert patient.upper() in page.title()
        assert name in page.locator(".who").inner_text()


def test_it_is_usable_within_a_second(page, shared):
    """From asking for the page to its figures drawn, on loopback; what all pages share is in the cache."""
    opened(page, shared, "demo-17")
    times = []
    for _ in range(3):
        page.reload()
        page.wait_for_selector("#chart-blood svg")
        times.append(page.evaluate("performance.getEntriesByType('navigation')[0].loadEventEnd"))
    assert min(times) < USABLE_MS


def test_from_candidate_to_eligible_by_hand(page):
    """Launch, attest, sign; the page that comes back has judged anew."""
    with running(patients=(unattested("demo-01"),)) as rig:
        opened(page, rig, "demo-01")
        assert page.locator(".headlines .big").inner_text() == "Open"
        attest_everything(page)
        assert "Written to the record" in page.locator(".notice.good").inner_text()
        assert page.locator(".headlines .big").inner_text() == "Settled; the investigator decides"
        assert page.faults == []


def test_what_is_signed_is_read_first_with_the_name_and_what_contradicts(page, shared):
    """The first press lists the answers and writes nothing; a change asks for the list again."""
    opened(page, shared, "demo-03")
    page.evaluate("document.querySelectorAll('#attest details').forEach((d) => { d.open = true; })")
    button = page.locator("#attest button[type=submit]")
    button.click()
    assert "Nothing was answered" in page.locator("#summary").inner_text()
    page.check('input[name="I6"][value="yes"]')
    page.check('input[name="E11"][value="yes"]')
    page.check('input[name="I8"][value="3"]')
    button.click()
    told = page.locator("#summary").inner_text()
    assert "contradict each other" in told
    assert "3 or more does not meet the criterion" in told
    assert button.inner_text().startswith("Sign as ")
    assert page.locator(".notice.good").count() == 0
    page.check('input[name="E11"][value="no"]')
    assert page.locator("#summary li").count() == 0
    button.click()
    assert "contradict" not in page.locator("#summary").inner_text()
    assert page.faults == []


def test_who_gave_the_last_answer_stands_beside_it_and_in_the_summary(page, shared):
    opened(page, shared, "demo-02")
    page.evaluate("document.querySelectorAll('#attest details').forEach((d) => { d.open = true; })")
    before = page.locator("#attest fieldset.line:has(input[name='E1']) .last").inner_text()
    assert re.fullmatch(r"last answer: no, \d{4}-\d\d-\d\d, 示例医师 \(demo investigator\)", before)
    page.check('input[name="E1"][value="yes"]')
    page.locator("#attest button[type=submit]").click()
    assert page.locator("#summary li").all_inner_texts()[0].endswith(f"yes ({before})")
    assert page.faults == []


def test_only_what_is_open_is_asked_at_once(page, shared):
    opened(page, shared, "demo-02")
    asked = page.locator("#attest fieldset.line:visible legend b").all_inner_texts()
    assert asked == ["E8"]
    assert page.locator("#attest details.settled").count() == 2


def test_why_an_excluded_patient_is_excluded_is_read_first(page, shared):
    opened(page, shared, "demo-05")
    assert page.locator(".headlines .excludes").count() >= 1
    assert page.locator("#criteria summary h3").first.inner_text().startswith("Appears to exclude")


def frame_of(host, address):
    """A page of another origin that frames an address of ours."""
    app = Flask(__name__)

    @app.get("/")
    def index():
        return f'<iframe src="{address}" width="1200" height="800"></iframe>'

    return serve_on_loopback(lambda _: app.wsgi_app, 0)


def test_a_foreign_page_cannot_frame_a_launch(page, shared):
    foreign = frame_of("localhost", shared.launch_url("demo-08"))
    try:
        page.goto(foreign.base_url.replace("127.0.0.1", "localhost"))
        page.wait_for_timeout(1000)
        assert any("frame-ancestors" in fault for fault in page.faults)
        assert not any("陈秀兰" in frame.content() for frame in page.frames)
    finally:
        foreign.stop()


def test_the_record_systems_own_page_can_frame_it_with_a_cookie_of_its_own(page):
    """`localhost` and `127.0.0.1` are two sites to a browser, as an EHR and this service are."""
    address = ""
    app = Flask(__name__)

    @app.get("/")
    def index():
        return f'<iframe src="{address}" width="1200" height="800"></iframe>'

    record = serve_on_loopback(lambda _: app.wsgi_app, 0)
    origin = record.base_url.replace("127.0.0.1", "localhost")
    try:
        with running(frame_ancestors=(origin,)) as rig:
            address = rig.launch_url("demo-08")
            page.goto(origin)
            frame = page.frame_locator("iframe")
            frame.locator(".headlines .big").wait_for(timeout=10_000)
            assert "Increase sirolimus" in frame.locator(".headlines .big").inner_text()
    finally:
        record.stop()
