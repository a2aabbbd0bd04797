"""Every demo patient through the whole service on one fixed day, as a clinician meets the cards.

`python -m tests.scenarios.visits` writes `tests/scenarios/<patient>.md`, `.zh.md` and `.json`: the reviewed golden
cards, as read in English, as read in Chinese, and as sent.
"""

import json
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Any

from flask.testing import FlaskClient

from cds_service.cards.translations import LANGUAGES
from cds_service.demo.demo_patients import DemoPatient, demo_patients
from tests.bench.servers import ours
from tests.builders import TODAY
from tests.hook_calls import call_body, order_context, prefetch_of

FOLDER = Path(__file__).parent
PATIENTS = {patient.id: patient for patient in demo_patients(TODAY)}
CHART_SERVICES = ("aa-trial-eligibility", "aa-trial-titration", "aa-trial-visit")
Json = dict[str, Any]


def clients(**site: Any) -> dict[str, FlaskClient]:
    """The whole service in this process in each language, "now" fixed; `site` says more of the hospital."""
    return {language: ours(language, **site).test_client() for language in LANGUAGES}


def calls(patient: DemoPatient) -> Iterator[tuple[str, str, Json]]:
    """The calls of one visit: title, service id, body with every key prefetched."""
    prefetch = prefetch_of(patient.resources)
    for service in CHART_SERVICES:
        yield service, service, call_body(service, patient.id, prefetch)
    for draft in patient.drafts:
        service = "aa-trial-order-sign"
        context = order_context(service, [draft.resource])
        yield f"{service}: {draft.story}", service, call_body(service, patient.id, prefetch, **context)


def answers(patient: DemoPatient, http: FlaskClient) -> dict[str, list[Json]]:
    """The cards of each call of a visit."""
    told = {}
    for title, service, body in calls(patient):
        reply = http.post(f"/cds-services/{service}", json=body)
        assert reply.status_code == 200, reply.get_data(as_text=True)
        told[title] = reply.get_json()["cards"]
    return told


def page(title: str, story: str, told: dict[str, list[Json]]) -> str:
    """What the clinician reads."""
    lines = [f"# {title}", "", story]
    for call, cards in told.items():
        lines += ["", f"## {call}"]
        lines += [line for card in cards for line in _card(card)] or ["", "(no card)"]
    return "\n".join(lines) + "\n"


def _card(card: Json) -> list[str]:
    offers = [f"- [ {suggestion['label']} ]" for suggestion in card.get("suggestions", ())]
    heading = f"### {card['indicator'].upper()}: {card['summary']}"
    if card["source"]["topic"]["code"] == "eligibility" and offers:
        return ["", heading, "", *offers, "", card["detail"]]
    return ["", heading, "", card["detail"], "", *offers]


def golden(patient: DemoPatient, http: dict[str, FlaskClient]) -> dict[str, str]:
    """The golden files of one patient, by suffix."""
    told = {language: answers(patient, client) for language, client in http.items()}
    title = f"{patient.id} {patient.name}"
    return {
        ".md": page(title, patient.story, told["en"]),
        ".zh.md": page(title, patient.story_zh, told["zh"]),
        ".json": json.dumps(lasting(told["en"]), ensure_ascii=False, indent=1) + "\n",
    }


def lasting(member: Any) -> Any:
    """The same JSON without what changes with every edit of a text: the input hash, and the uuids made of it."""
    if isinstance(member, dict):
        return {name: lasting(value) for name, value in member.items() if name not in ("uuid", "inputHash")}
    return [lasting(value) for value in member] if isinstance(member, list) else member


def main() -> int:
    """Write all golden files; read every difference before you commit it."""
    http = clients()
    for patient in PATIENTS.values():
        for suffix, text in golden(patient, http).items():
            (FOLDER / f"{patient.id}{suffix}").write_text(text, encoding="utf-8")
    return 0


if __name__ == "__main__":
    sys.exit(main())
