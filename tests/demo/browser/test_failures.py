"""When a server fails the page says so, and never looks like "all clear"."""

from flask import Response

from cds_service.demo.loopback import serve_on_loopback
from tests.demo.browser.screen import Screen
from tests.demo.cds_double import CdsDouble, card


def _double(screen: Screen, double: CdsDouble, **more: str) -> str:
    server = serve_on_loopback(lambda _: double.app().wsgi_app, 0)
    screen.demo.up.callback(server.stop)
    return screen.demo.open_another(cds_base=server.base_url, **more)


def test_a_service_that_is_down_is_an_alarm(screen: Screen) -> None:
    gone = serve_on_loopback(lambda _: CdsDouble().app().wsgi_app, 0)
    gone.stop()
    screen.open("/patients/demo-08", screen.demo.open_another(cds_base=gone.base_url))
    failure = screen.card("failure")
    assert "Nothing was evaluated. This is not an all-clear." in failure.inner_text()
    assert failure.get_attribute("role") == "alert"
    assert screen.page.locator("#cards > .card").count() == 1


def test_one_service_that_fails_does_not_hide_behind_the_silence_of_the_other(screen: Screen) -> None:
    double = CdsDouble()
    double.answers["s-patient-view"] = Response('{"issue":[{"diagnostics":"no chart"}]}', 412)
    screen.open("/patients/demo-08", _double(screen, double))
    assert "HTTP 412: no chart" in screen.card("failure").inner_text()
    assert screen.card("quiet").count() == 0


def test_silence_is_said_to_be_silence_and_not_health(screen: Screen) -> None:
    screen.open("/patients/demo-08", _double(screen, CdsDouble()))
    text = screen.card("quiet").inner_text()
    assert "nothing to say" in text
    assert "clear" not in text.lower()


def test_a_failure_after_good_advice_does_not_leave_the_old_cards_in_charge(screen: Screen) -> None:
    double = CdsDouble()
    double.answers["s-patient-view"] = {"cards": [card("info", "All is well")]}
    screen.open("/patients/demo-08", _double(screen, double))
    assert screen.advice() == ["All is well"]
    double.answers["s-patient-view"] = Response("gone", 500)
    screen.page.click("#again")
    screen.wait_for_advice("not an all-clear")
    assert "All is well" not in screen.page.inner_text("#cards")


def test_an_order_cannot_be_signed_unawares_when_the_last_stop_failed(screen: Screen) -> None:
    double = CdsDouble()
    double.answers["s-order-sign"] = Response("gone", 500)
    base = _double(screen, double)
    screen.open("/patients/demo-09/order", base)
    screen.page.select_option("[name=product]", "folic-acid")
    screen.page.fill("[name=amount]", "5")
    screen.page.click("#sign")
    screen.wait_for_advice("not an all-clear")
    assert screen.page.inner_text("#sign") == "Sign all the same"
    assert "/order" in screen.page.url


def test_a_card_of_evil_text_does_nothing(screen: Screen) -> None:
    double = CdsDouble()
    double.answers["s-patient-view"] = {
        "cards": [
            card(
                "warning",
                "<img src=x onerror=alert(1)>",
                detail="<script>alert(1)</script> ![x](http://evil.example/x.png) [y](javascript:alert(1))",
                links=[{"label": "evil", "url": "javascript:alert(1)", "type": "absolute"}],
            )
        ]
    }
    screen.open("/patients/demo-08", _double(screen, double))
    html = screen.page.inner_html("#cards")
    assert screen.advice() == ["<img src=x onerror=alert(1)>"]
    for mark in ("<img", "<script", 'href="javascript'):
        assert mark not in html


def test_a_fhir_server_that_is_down_has_a_page_of_its_own(screen: Screen) -> None:
    gone = serve_on_loopback(lambda _: CdsDouble().app().wsgi_app, 0)
    gone.stop()
    screen.page.goto(screen.demo.open_another(fhir_base=gone.base_url) + "/patients/demo-08")
    assert "The FHIR server gave no answer" in screen.page.inner_text("h1")
    screen.wrong[:] = [text for text in screen.wrong if "502" not in text]  # the page's own status


def test_read_only_offers_no_signature_and_no_suggestion(screen: Screen) -> None:
    base = screen.demo.open_another(may_write=False)
    screen.open("/patients/demo-08", base)
    assert screen.page.locator("[data-accept]:enabled").count() == 0
    screen.open("/patients/demo-08/order", base)
    assert screen.page.locator("#sign").is_disabled()
