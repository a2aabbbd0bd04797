"""The front page says who needs somebody today; a service without an answer is never "nothing due"."""

import re

import pytest
import requests
from flask import Response

from tests.demo.cds_double import CdsDouble, card
from tests.demo.running import Demo

QUIET = "**Why**\n\n- a"


def ward(page: str, language: str = "en") -> str:
    reply = requests.get(f"{page}/ward", cookies={"language": language}, timeout=60)
    assert reply.status_code == 200
    return reply.text


def headings(html: str) -> list[str]:
    return [re.sub(r"<[^>]+>", "", found).strip() for found in re.findall(r"<h3>(.*?)</h3>", html)]


@pytest.mark.parametrize(
    ("cards", "when"),
    [
        ([], "Nothing due"),
        ([card("info", detail=QUIET)], "Nothing due"),
        ([card("info", detail="asks")], "This week"),
        ([card("info", detail=QUIET), card("info", detail="asks")], "This week"),
        ([card("warning", detail=QUIET)], "Needs somebody today"),
        ([card("info", detail=QUIET), card("critical")], "Needs somebody today"),
        ([card("unheard of")], "Needs somebody today"),
    ],
)
def test_each_patient_is_where_the_loudest_card_says(
    demo: Demo, cards: list[dict[str, object]], when: str
) -> None:
    double = CdsDouble(answers={"s-patient-view": {"cards": cards}})
    with double.running() as service:
        html = ward(demo.open_another(cds_base=service.base_url))
    assert [heading.rsplit(" ", 1)[0] for heading in headings(html)] == [when]


@pytest.mark.parametrize("answer", [Response("no", 500), Response("{", 200), {"cards": "none"}])
def test_a_service_without_an_answer_is_a_need_of_today(demo: Demo, answer: object) -> None:
    double = CdsDouble(answers={"s-patient-view": answer})  # type: ignore[dict-item]
    with double.running() as service:
        html = ward(demo.open_another(cds_base=service.base_url))
    assert [heading.rsplit(" ", 1)[0] for heading in headings(html)] == ["Needs somebody today"]
    assert "No answer" in html


def test_where_no_service_can_be_found_nothing_is_sorted(demo: Demo) -> None:
    page = demo.open_another(cds_base="http://127.0.0.1:9")
    assert requests.get(f"{page}/ward", timeout=60).status_code == 502


def test_the_demos_patients_stand_by_need_each_with_name_number_and_age(demo: Demo) -> None:
    html = ward(demo.page)
    assert [heading.rsplit(" ", 1)[0] for heading in headings(html)] == [
        "Needs somebody today",
        "This week",
        "Nothing due",
    ]
    order = re.findall(r'href="/patients/(demo-\d\d)"', html)
    assert set(order[:3]) == {"demo-11", "demo-16", "demo-17"}
    assert order.index("demo-09") > order.index("demo-13") > order.index("demo-08")
    assert "No. DEMO-11" in html
    assert "59 years" in html


def test_every_patient_reaches_the_page_that_explains(demo: Demo) -> None:
    for patient in ("demo-05", "demo-11"):
        assert (
            f'href="/patients/{patient}/explain"'
            in requests.get(f"{demo.page}/patients/{patient}", timeout=60).text
        )
        reply = requests.get(f"{demo.page}/patients/{patient}/explain", allow_redirects=False, timeout=60)
        assert reply.status_code == 303
        assert "/explain/launch?" in reply.headers["Location"]
