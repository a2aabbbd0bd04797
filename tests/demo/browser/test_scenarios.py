"""What a clinician tries first, in a real browser, end to end: each scenario ends at the FHIR server or a card."""

import re

import pytest
import requests
from playwright.sync_api import Route, expect

from tests.demo.browser.screen import Screen
from tests.explain.attesting import attest_everything


def test_a_low_level_is_answered_by_a_new_dose_that_the_advice_then_knows(screen: Screen) -> None:
    screen.open("/patients/demo-08")
    assert "Increase sirolimus from 2 mg once daily to 3 mg once daily" in screen.advice()[0]
    screen.card("warning").get_by_role("button", name="Draft order: sirolimus 3 mg once daily").click()
    screen.page.wait_for_selector(".drafts")
    assert "Done" in screen.said()
    (draft,) = screen.demo.found("MedicationRequest?patient=demo-08&status=draft")
    assert draft["dosageInstruction"][0]["doseAndRate"][0]["doseQuantity"]["value"] == 3
    assert len(screen.demo.found("ServiceRequest?patient=demo-08&status=draft")) == 1
    assert screen.demo.found("MedicationRequest?patient=demo-08&status=active") == []  # 2 mg ended with it
    screen.wait_for_advice("drafted today: 3 mg every 24 h, not yet signed")

    screen.page.click("text=Review and sign")
    assert screen.page.locator("[name=stop]").count() == 0
    screen.page.wait_for_selector("#cards:not([aria-busy]) > .card")
    screen.page.click("#sign")
    screen.page.wait_for_url("**/patients/demo-08*")
    active = screen.demo.found("MedicationRequest?patient=demo-08&status=active")
    assert [one["id"] for one in active] == [draft["id"]]
    screen.wait_for_advice("ordered today: 3 mg every 24 h, not yet dispensed")
    assert not any("Increase" in heading for heading in screen.advice())


def test_a_critical_level_comes_first_and_stands_out(screen: Screen) -> None:
    screen.open("/patients/demo-11")
    assert screen.advice()[0].startswith("HOLD sirolimus")
    first = screen.page.locator("#cards > .card").first
    assert "critical" in (first.get_attribute("class") or "")
    assert first.locator(".tag").inner_text() == "Critical"
    assert "23.4 ng/mL" in first.inner_text()


def test_the_hold_that_a_critical_card_asks_for_is_done_in_the_chart(screen: Screen) -> None:
    screen.open("/patients/demo-11")
    active = screen.demo.found("MedicationRequest?patient=demo-11&status=active")
    screen.page.get_by_role("link", name="Stop sirolimus").click()
    asked = screen.page.locator("#stop").inner_text()
    for part in ("sirolimus", "3 mg once daily", screen.page.locator("h1").inner_text().split()[0]):
        assert part in asked
    assert screen.demo.found("MedicationRequest?patient=demo-11&status=active") == active
    screen.page.get_by_role("link", name="Keep the order").click()
    assert screen.demo.found("MedicationRequest?patient=demo-11&status=active") == active

    screen.page.get_by_role("link", name="Stop sirolimus").click()
    screen.page.get_by_role("button", name="Stop sirolimus").click()
    assert screen.said() == "Stopped. The advice is new."
    assert "HOLD sirolimus (now: 3 mg once daily)" not in " ".join(screen.advice())
    active = screen.demo.found("MedicationRequest?patient=demo-11&status=active")
    assert not any("sirolimus" in str(order) for order in active)


def test_a_danger_is_dismissed_for_a_reason_only(screen: Screen) -> None:
    screen.open("/patients/demo-11")
    card = screen.card("critical")
    key = card.get_attribute("data-key")
    card.get_by_text("Dismiss …").click()
    card.get_by_label("Comment").fill("seen")
    card.get_by_role("button", name="Dismiss card").click()
    assert screen.page.locator(f"[data-key='{key}']").count() == 1  # the browser asks for the reason
    refused = screen.page.evaluate(
        "key => fetch(`/cards/${key}/dismiss`, {method: 'POST', body: new FormData()}).then(r => r.status)",
        key,
    )
    assert refused == 400
    screen.wrong[:] = [text for text in screen.wrong if "400" not in text]  # the refusal itself
    card.locator("[name=reason]").first.check()
    card.get_by_role("button", name="Dismiss card").click()
    assert screen.said() == "Dismissed, and the service was told."
    assert screen.page.locator(f"[data-key='{key}']").count() == 0
    assert screen.page.evaluate("document.activeElement.matches('h2, h3')")


def test_the_tests_that_are_missing_are_drafted_all_of_them(screen: Screen) -> None:
    screen.open("/patients/demo-02")
    assert "HIV serology" in screen.card("info").inner_text()
    screen.card("info").get_by_role("button", name="Draft orders for the tests").click()
    screen.page.wait_for_selector(".drafts")
    drafted = screen.demo.found("ServiceRequest?patient=demo-02&status=draft")
    assert {"56888-1", "5196-1", "13952-7", "13955-0"} <= {
        one["code"]["coding"][0]["code"] for one in drafted
    }


def test_a_test_is_drafted_for_its_days_and_not_a_second_time(screen: Screen) -> None:
    screen.open("/patients/demo-09")
    card = screen.page.locator("#cards > .card").filter(has_text="Continue sirolimus").first
    card.locator("summary").first.click()
    card.get_by_role("button", name="Draft orders for the tests").click()
    screen.page.wait_for_selector(".drafts")
    (draft,) = screen.demo.found("ServiceRequest?patient=demo-09&status=draft")
    assert list(draft["occurrencePeriod"]) == ["end"]
    screen.wait_for_advice("sirolimus trough: drafted on")
    card = screen.page.locator("#cards > .card").filter(has_text="Continue sirolimus").first
    assert card.locator("[data-accept]").count() == 0


def test_a_critical_potassium_stands_in_the_headline_and_is_repeated_at_once(screen: Screen) -> None:
    screen.open("/patients/demo-17")
    card = screen.card("critical")
    assert "potassium 6.2 mmol/L" in card.locator("h3").inner_text()
    card.locator(".steps summary").first.click()
    offered = card.locator(".suggestion").first.inner_text()
    assert "ECG" in offered
    assert "potassium" in offered


def test_orders_that_overlap_have_a_lane_each_and_each_can_be_stopped(screen: Screen) -> None:
    screen.open("/patients/demo-19")
    rows = [
        text for text in screen.page.locator("#course svg text").all_text_contents() if "sirolimus" in text
    ]
    assert len([text for text in rows if not text.startswith("Sirolimus")]) >= 2
    stops = screen.page.locator("#cards > .card").first.get_by_role("button", name="Stop the sirolimus order")
    assert stops.count() == 2
    stops.last.click()
    screen.page.wait_for_url("**said=advice.took_effect*")
    assert len(screen.demo.found("MedicationRequest?patient=demo-19&status=active")) >= 1


def test_a_hold_is_carried_out_by_the_card_and_known_afterwards(screen: Screen) -> None:
    screen.open("/patients/demo-11")
    assert screen.advice()[0].startswith("HOLD sirolimus (now: 3 mg once daily)")
    screen.card("critical").get_by_role("button", name="Hold sirolimus: suspend its order").click()
    screen.page.wait_for_url("**said=advice.took_effect*")
    (held,) = [
        order
        for order in screen.demo.found("MedicationRequest?patient=demo-11&status=on-hold")
        if "sirolimus" in str(order)
    ]
    assert held["dosageInstruction"]
    assert "suspend" not in screen.page.inner_text("#cards").casefold()
    assert screen.advice()[0].startswith("Keep sirolimus on hold: sirolimus level 23.4 ng/mL")
    assert "HOLD sirolimus (now: 3 mg once daily)" not in " ".join(screen.advice())


def test_six_milligrams_by_tablets_stop_before_the_signature_and_are_corrected(screen: Screen) -> None:
    screen.order("demo-09", "sirolimus-2mg", "3", unit="piece")
    screen.wait_for_advice("sirolimus 6 mg every 24 h drafted, allowed 1–3 mg")
    screen.page.click("#sign")
    screen.page.wait_for_selector("#verdict:not(:empty)")
    assert screen.page.inner_text("#sign") == "Sign all the same"
    before = screen.demo.found("MedicationRequest?patient=demo-09&status=active")
    screen.page.locator("[data-accept]").first.click()
    expect(screen.page.locator("[name=amount]")).to_have_value("2")
    assert screen.page.input_value("[name=product]") == "sirolimus-2mg"
    assert screen.page.input_value("[name=unit]") == "mg"
    assert "corrected" in screen.said()
    assert screen.demo.found("MedicationRequest?patient=demo-09&status=active") == before


def _cards_right_after(screen: Screen, field: str, value: str) -> int:
    """How many cards stand in the very moment in which a field has changed."""
    return int(
        screen.page.evaluate(
            """([name, value]) => {
              const field = document.querySelector(`[name=${name}]`);
              field.value = value;
              field.dispatchEvent(new Event("input", { bubbles: true }));
              return document.querySelectorAll("#cards > .card").length;
            }""",
            [field, value],
        )
    )


@pytest.mark.parametrize(
    ("field", "value"),
    [
        ("product", "folic-acid"),
        ("product", ""),
        ("amount", "1"),
        ("unit", "mg"),
        ("often", "weekly"),
        ("start", "2030-01-01"),
    ],
)
def test_advice_about_an_order_goes_with_the_first_change_of_it(
    screen: Screen, field: str, value: str
) -> None:
    screen.order("demo-10", "sirolimus-2mg", "3", unit="piece")
    screen.wait_for_advice("sirolimus 6 mg every 24 h drafted")
    screen.page.click("#sign")
    screen.page.wait_for_selector("#verdict:not(:empty)")
    assert _cards_right_after(screen, field, value) == 0


def test_the_order_form_always_answers(screen: Screen) -> None:
    """From the empty form to the signature: the line beside Sign is never empty, and says when an order is right."""
    line = screen.page.locator("#answer")
    screen.open("/patients/demo-08/order")
    expect(line).to_contain_text("Choose a drug")
    screen.page.fill("#find", "sirolimus 1 mg tab")  # by keyboard: what is left alone is chosen
    expect(line).to_contain_text("Give the amount")
    assert screen.page.input_value("[name=product]") == "sirolimus-1mg"
    for typed in ("abc", "-2", "1,000"):
        screen.page.fill("[name=amount]", typed)
        expect(line).to_contain_text("The amount must be a number above 0")
        assert screen.page.locator("#cards > .card").count() == 0
        assert screen.page.get_attribute("[name=amount]", "aria-invalid") == "true"
    for typed, tone, said in (
        ("6", "warning", "6 mg once daily (6 × 1 mg), up from 2 mg once daily"),
        ("2,5", "warning", "2.5 mg once daily (2.5 × 1 mg)"),
        ("3", "good", "This is the dose that today's advice proposes. Next level 20"),
    ):
        screen.page.fill("[name=amount]", typed)
        expect(line).to_contain_text(said)
        expect(line).to_have_attribute("data-tone", tone)
    assert screen.page.get_attribute("[name=amount]", "aria-invalid") is None
    screen.page.click("#sign")
    screen.page.wait_for_url("**/patients/demo-08*")


def test_a_finding_of_two_moments_stands_once(screen: Screen) -> None:
    screen.order("demo-10", "sirolimus-2mg", "3", unit="piece")
    screen.wait_for_advice("sirolimus 6 mg every 24 h drafted")
    screen.page.click("#sign")
    screen.page.wait_for_selector("#verdict:not(:empty)")
    assert len(screen.advice()) == len(set(screen.advice()))


@pytest.mark.parametrize("product", ["folic-acid", "voriconazole", "sirolimus-1mg"])
def test_a_correction_is_refused_for_another_product(screen: Screen, product: str) -> None:
    screen.order("demo-09", "sirolimus-2mg", "3", unit="piece")
    screen.wait_for_advice("sirolimus 6 mg every 24 h drafted")
    before = screen.demo.found("MedicationRequest?patient=demo-09")
    with screen.page.expect_response("**/suggestions/*") as answer:
        # A browser that lost the change: the button of the earlier order is pressed all the same.
        screen.page.evaluate(
            "product => document.querySelector('[name=product]').value = product",
            product,
        )
        screen.page.locator("[data-accept]").first.click()
    assert answer.value.status == 409
    assert "has changed" in screen.said()
    assert screen.page.input_value("[name=product]") == product
    assert screen.page.input_value("[name=amount]") == "3"
    assert screen.demo.found("MedicationRequest?patient=demo-09") == before
    screen.wrong[:] = [text for text in screen.wrong if "409" not in text]  # the refusal itself


def test_a_correction_ends_the_order_that_it_says_it_ends(screen: Screen) -> None:
    screen.order("demo-09", "sirolimus-2mg", "3", unit="piece")
    boxes = screen.page.locator("[name=stop]:checked")
    (replaced,) = [box.get_attribute("value") for box in boxes.all()]
    boxes.first.uncheck()
    screen.wait_for_advice("sirolimus is already ordered")
    screen.page.locator("[data-accept]", has_text="ends the order of").first.click()
    expect(screen.page.locator("[name=amount]")).to_have_value("2")
    assert [box.get_attribute("value") for box in boxes.all()] == [replaced]
    screen.page.click("#sign")
    screen.page.wait_for_url("**/patients/demo-09*")
    active = screen.demo.found("MedicationRequest?patient=demo-09&status=active")
    assert replaced not in [one["id"] for one in active]


def test_an_order_that_was_warned_of_can_still_be_signed(screen: Screen) -> None:
    screen.order("demo-09", "sirolimus-2mg", "3", unit="piece")
    screen.page.click("#sign")
    screen.page.wait_for_selector("#verdict:not(:empty)")
    screen.page.click("#sign")
    screen.page.wait_for_url("**/patients/demo-09*")
    doses = [
        one["dosageInstruction"][0]["doseAndRate"][0]["doseQuantity"]
        for one in screen.demo.found("MedicationRequest?patient=demo-09&status=active")
    ]
    assert any(dose["value"] == 3 and dose["code"] == "{pill}" for dose in doses)


def test_voriconazole_for_a_patient_on_sirolimus_is_critical_while_it_is_written(screen: Screen) -> None:
    screen.order("demo-08", "voriconazole", "200", often="twice")
    screen.wait_for_advice("contraindicated with sirolimus")
    assert screen.card("critical").count() == 1


def test_a_snoozed_card_stays_away(screen: Screen) -> None:
    screen.open("/patients/demo-02")
    card = screen.card("info")
    assert "19 of 20 settled" in card.inner_text()
    card.get_by_text("Dismiss …").click()
    card.get_by_label("Not now: ask again in 30 days").check()
    card.get_by_role("button", name="Dismiss card").click()
    assert screen.said() == "Dismissed, and the service was told."
    assert card.count() == 0
    screen.page.click("#again")
    screen.wait_for_advice("The services have nothing to say")


def test_a_language_changed_in_between_does_not_make_the_feedback_a_stranger_s(screen: Screen) -> None:
    screen.open("/patients/demo-04")
    key = screen.card("info").get_attribute("data-key")
    other = screen.page.context.new_page()
    other.goto(f"{screen.demo.page}/")
    other.click("button:has-text('中文')")
    other.wait_for_selector("html[lang='zh-CN']")
    other.close()
    card = screen.page.locator(f"[data-key='{key}']")
    card.get_by_text("Dismiss …").click()
    card.get_by_label("Not now: ask again in 7 days").check()
    card.get_by_role("button", name="Dismiss card").click()
    screen.page.wait_for_selector("#said:not([hidden])")
    screen.open("/patients/demo-04")
    screen.page.click("button:has-text('English')")
    screen.wait_for_advice("The services have nothing to say")


def test_a_changed_result_changes_the_advice_and_reset_brings_both_back(screen: Screen) -> None:
    screen.open("/patients/demo-09")
    assert "Continue sirolimus 2 mg once daily: level 7.4" in screen.advice()[0]
    screen.page.click("[data-test='72676-0']")
    newest = screen.page.locator("dialog tr.result:not(.new)").first
    newest.locator("[name=value]").fill("22")
    newest.get_by_role("button", name="Save").click()
    screen.wait_for_advice("HOLD sirolimus")
    assert "22" in screen.page.locator("tr:has-text('Sirolimus, trough')").first.inner_text()
    screen.open("/")
    screen.page.click("button:has-text('Reset')")
    screen.page.wait_for_selector(".said")
    screen.open("/patients/demo-09")
    assert "level 7.4" in screen.advice()[0]


def test_a_changed_date_makes_a_level_too_old(screen: Screen) -> None:
    screen.open("/patients/demo-08")
    screen.page.click("[data-test='72676-0']")
    forms = screen.page.locator("dialog tr.result:not(.new)")
    forms.first.locator("[name=taken]").fill("2020-01-02T08:00")
    forms.first.get_by_role("button", name="Save").click()
    screen.page.wait_for_selector("#said:not([hidden])")
    assert not any("Increase" in heading for heading in screen.advice())


def test_a_result_that_is_no_number_is_refused_in_words(screen: Screen) -> None:
    screen.open("/patients/demo-08")
    screen.page.click("[data-test='72676-0']")
    form = screen.page.locator("dialog tr.result:not(.new)").first
    form.locator("[name=value]").fill("a lot")
    form.get_by_role("button", name="Save").click()
    screen.page.wait_for_selector("#results-said:not(:empty)")
    assert screen.page.inner_text("#results-said") == "The value must be a number, not below 0."
    screen.wrong[:] = [text for text in screen.wrong if "400" not in text]  # the refusal itself


def test_a_changed_result_keeps_a_trace_under_column_heads_and_can_be_undone(screen: Screen) -> None:
    screen.open("/patients/demo-09")
    open_dialog = "[data-test='72676-0']"
    screen.page.click(open_dialog)
    screen.page.wait_for_selector("dialog[open] thead")
    heads = screen.page.locator("dialog thead th").all_inner_texts()
    assert heads[:4] == ["Taken", "Value", "Flag", "Trace"]
    row = screen.page.locator("dialog tr.result:not(.new)").first
    assert "ng/mL" in row.inner_text()
    before = row.locator("[name=value]").input_value()
    row.locator("[name=value]").fill("8.8")
    row.get_by_role("button", name="Save").click()
    screen.page.wait_for_selector("#said button")
    screen.page.click(open_dialog)
    trace = screen.page.locator("dialog tr.result:not(.new)").first.locator(".trace").inner_text()
    assert f"was {before} ng/mL, taken " in trace
    assert "demo investigator" in trace
    screen.page.keyboard.press("Escape")
    screen.page.get_by_role("button", name="Undo").click()
    screen.page.wait_for_url("**said=undo.done")
    screen.page.click(open_dialog)
    row = screen.page.locator("dialog tr.result:not(.new)").first
    assert row.locator("[name=value]").input_value() == before
    assert row.locator(".trace").count() == 0


def test_the_ruler_beside_sign_follows_the_amount_and_writes_it(screen: Screen) -> None:
    screen.order("demo-08", "sirolimus-1mg", "6")
    ruler = screen.page.locator("#ruler")
    expect(ruler).to_be_visible()
    expect(ruler.locator("#zone")).to_have_text(
        "The trial record allows 1-3 mg once daily for this patient today."
    )
    expect(ruler).to_have_attribute("data-tone", "critical")
    handle = ruler.locator("input")
    for _ in range(3):
        handle.press("ArrowLeft")
    assert screen.page.input_value("[name=amount]") == "3"
    expect(ruler).to_have_attribute("data-tone", "good")
    expect(screen.page.locator("#answer")).to_have_attribute("data-tone", "good")
    screen.page.fill("[name=amount]", "2.5")
    expect(ruler.locator("output")).to_have_text("2.5 mg")
    handle.press("ArrowRight")
    assert screen.page.input_value("[name=amount]") == "3"
    screen.page.fill("[name=amount]", "")
    expect(ruler).to_be_hidden()


@pytest.mark.parametrize("path", ["/patients/demo-09", "/patients/demo-09/order"])
def test_what_only_a_script_answers_can_be_pressed_only_when_it_is_there(screen: Screen, path: str) -> None:
    held: list[Route] = []
    holding = True
    screen.page.route("**/ehr/*.js", lambda route: held.append(route) if holding else route.continue_())
    screen.page.goto(f"{screen.demo.page}{path}", wait_until="commit")
    screen.page.wait_for_selector("#developer", state="attached")
    assert screen.page.locator("button:enabled:not(form[method] button):not([form])").all_inner_texts() == []
    holding = False
    for route in held:
        route.continue_()
    expect(screen.page.locator("#again")).to_be_enabled()


def test_a_visit_that_begins_asks_what_is_due(screen: Screen) -> None:
    screen.open("/patients/demo-09")
    screen.page.click("text=Begin the visit")
    screen.wait_for_advice("Study day")


def test_a_new_diagnosis_speaks_of_the_trial(screen: Screen) -> None:
    screen.open("/patients/demo-03")
    known = len(screen.demo.found("Condition?patient=demo-03"))
    screen.page.click(".moments form button")
    expect(screen.page.locator("#exchanges")).to_contain_text("aa-trial-diagnosis")
    assert any("of 20 settled" in heading for heading in screen.advice())
    assert len(screen.demo.found("Condition?patient=demo-03")) == known + 1


def test_the_search_finds_by_pinyin_without_accents(screen: Screen) -> None:
    screen.open("/")
    screen.page.fill("#q", "chen xiulan")
    screen.page.keyboard.press("Enter")
    screen.page.wait_for_url("**q=chen*")
    assert re.findall("demo-..", screen.page.inner_html(".people")) == ["demo-08"]


@pytest.mark.parametrize("language", ["zh"], indirect=True)
def test_in_chinese_pages_and_cards_are_chinese(screen: Screen) -> None:
    screen.open("/patients/demo-08")
    assert screen.page.get_attribute("html", "lang") == "zh-CN"
    assert screen.advice()[0].startswith("西罗莫司加量，由 2 mg 每日一次增至 3 mg 每日一次")
    assert screen.card("warning").locator(".tag").inner_text() == "警告"
    screen.page.click("button:has-text('English')")
    screen.wait_for_advice("Increase sirolimus")
    screen.page.click("button:has-text('中文')")
    screen.wait_for_advice("西罗莫司加量")


def test_a_candidate_is_attested_on_the_page_behind_the_card_and_the_card_knows_it(screen: Screen) -> None:
    for answered in screen.demo.found("QuestionnaireResponse?patient=demo-01"):
        requests.delete(f"{screen.demo.fhir.base_url}/QuestionnaireResponse/{answered['id']}", timeout=5)
    screen.open("/patients/demo-01")
    assert "of 20 settled" in screen.advice()[0]
    assert "investigator decides" not in screen.advice()[0]
    with screen.page.context.expect_page() as opening:
        screen.card("info").get_by_role("link", name="Explain").first.click()
    explain = opening.value
    explain.wait_for_selector("#attest")
    attest_everything(explain)
    explain.wait_for_selector(".notice.good")
    assert "demo-01" not in explain.url
    explain.close()
    (written,) = screen.demo.found("QuestionnaireResponse?patient=demo-01")
    assert written["author"]["reference"].startswith("Practitioner/")
    screen.page.click("#again")
    screen.wait_for_advice("20 of 20 settled, none appears to exclude; the investigator decides")
    screen.demo.fhir.reset()


@pytest.mark.parametrize(
    ("language", "said"), [("en", "What the advice rests on"), ("zh", "建议的依据")], indirect=["language"]
)
def test_the_page_behind_a_card_speaks_the_language_of_the_card(screen: Screen, said: str) -> None:
    screen.open("/patients/demo-08")
    with screen.page.context.expect_page() as opening:
        screen.card("warning").locator("a[href*='/links/']").first.click()
    explain = opening.value
    explain.wait_for_selector("#chart-blood")
    assert said in explain.inner_text("header")
    explain.close()


def _state(screen: Screen, patient: str) -> dict[str, object]:
    """The orders and requests of a patient on the FHIR server, but for the count of their versions."""
    found = [
        one
        for kind in ("MedicationRequest", "ServiceRequest", "Task")
        for one in screen.demo.found(f"{kind}?patient={patient}")
    ]
    return {str(one["id"]): {name: part for name, part in one.items() if name != "meta"} for one in found}


def test_an_accepted_suggestion_is_undone_on_the_server(screen: Screen) -> None:
    before = _state(screen, "demo-08")
    screen.open("/patients/demo-08")
    screen.card("warning").get_by_role("button", name="Draft order: sirolimus 3 mg once daily").click()
    screen.page.wait_for_selector(".drafts")
    assert _state(screen, "demo-08") != before
    screen.page.get_by_role("button", name="Undo").click()
    screen.page.wait_for_url("**said=undo.done_told")
    assert screen.said() == "Undone: all is as it was, and the service was told."
    assert _state(screen, "demo-08") == before
    assert "Increase sirolimus from 2 mg once daily to 3 mg once daily" in screen.advice()[0]


def test_a_signed_order_is_undone_by_keyboard_and_not_over_anothers_change(screen: Screen) -> None:
    screen.open("/patients/demo-11")
    before = _state(screen, "demo-11")
    for ends in ("undo.done", "undo.changed"):
        screen.page.get_by_role("link", name="Stop sirolimus").click()
        screen.page.get_by_role("button", name="Stop sirolimus").click()
        screen.page.wait_for_selector("#said:focus")
        if ends == "undo.changed":
            (stopped,) = (key for key, one in _state(screen, "demo-11").items() if one != before[key])
            address = f"{screen.demo.fhir.base_url}/MedicationRequest/{stopped}"
            changed = requests.get(address, timeout=5).json() | {"note": [{"text": "by another"}]}
            assert requests.put(address, json=changed, timeout=5).ok
            screen.page.keyboard.press("Control+z")
        else:
            screen.page.keyboard.press("Tab")
            assert screen.page.evaluate("document.activeElement.textContent") == "Undo"
            screen.page.keyboard.press("Enter")
        screen.page.wait_for_url(f"**said={ends}")
        screen.page.wait_for_selector("#cards:not([aria-busy]) > .card")
        assert (_state(screen, "demo-11") == before) == (ends == "undo.done")
    assert "Not undone" in screen.said()
    screen.demo.fhir.reset()


def test_a_dismissal_is_undone_where_the_card_stood_and_by_the_service(screen: Screen) -> None:
    screen.open("/patients/demo-08")
    card = screen.card("warning")
    key, heading = card.get_attribute("data-key"), card.locator("h3").inner_text()
    card.get_by_text("Dismiss …").click()
    card.locator("[name=reason]").first.check()
    card.get_by_role("button", name="Dismiss card").click()
    screen.page.wait_for_selector("#said button")
    assert screen.page.locator(f"[data-key='{key}']").count() == 0
    screen.page.keyboard.press("Control+z")
    screen.page.wait_for_selector(f"[data-key='{key}'] h3:focus")
    assert screen.said() == "Undone: all is as it was, and the service was told."
    screen.open("/patients/demo-08")
    assert heading in screen.advice()
