"""The cards of every demo patient, as they come over HTTP: each rule of the standard on each of them."""

import re
from collections.abc import Iterator
from typing import Any

import pytest
from markdown_it import MarkdownIt

from cds_service.cds_hooks.card import (
    ActionType,
    Card,
    CardAction,
    CardLink,
    CardSource,
    Indicator,
    InvalidCard,
)
from fhir_mappings.writers.validation import problems
from tests.hook_calls import HOOKS, call_body, order_context, prefetch_of
from tests.scenarios.test_every_card import calls
from tests.scenarios.visits import PATIENTS
from tests.standard.over_http.hospital import NOBODY, WHOLE, Hospital
from tests.standard.tokens import NOW

Json = Any
UUID = re.compile(r"[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}")
REVERSE_DOMAIN = re.compile(r"[a-z]+(\.[a-z0-9\-]+)+")
REGISTER = "https://clinicaltrials.gov/study/NCT06802055"
PRIORITY = ["critical", "warning", "info"]


class Answer:
    """One call about one patient, and its cards."""

    def __init__(self, patient: str, service: str, drafts: dict[str, Json], body: Json) -> None:
        self.patient, self.service, self.drafts, self.body = patient, service, drafts, body

    @property
    def cards(self) -> list[Json]:
        return list(self.body["cards"])


@pytest.fixture(scope="session")
def answers(opened: Hospital) -> list[Answer]:
    """Every call that makes sense for every demo patient, over HTTP."""
    told = []
    for patient in PATIENTS.values():
        for service, drafts, body in calls(patient):
            reply = opened.post(body, service)
            assert reply.status_code == 200, reply.text
            told.append(Answer(patient.id, service, drafts, reply.json()))
    assert {answer.service for answer in told} == set(HOOKS)
    return told


@pytest.fixture(scope="session")
def cards(answers: list[Answer]) -> list[Json]:
    found = [card for answer in answers for card in answer.cards]
    assert len(found) > 40
    return found


@pytest.fixture(scope="session")
def suggestions(cards: list[Json]) -> list[Json]:
    found = [suggestion for card in cards for suggestion in card.get("suggestions", ())]
    assert len(found) > 5
    return found


@pytest.fixture(scope="session")
def actions(suggestions: list[Json]) -> list[Json]:
    return [action for suggestion in suggestions for action in suggestion["actions"]]


# ---------------------------------------------------------------- the answer


@pytest.mark.ch("CH-001", "CH-003", "CH-004", "CH-005", "CH-068")
def test_every_answer_is_strict_json_without_anything_empty(answers: list[Answer]) -> None:
    """The judge of `hospital.post` has read each of them; here is that there was something to judge."""
    assert {tuple(answer.body) for answer in answers} == {("cards",)}


@pytest.mark.ch("CH-069")
@pytest.mark.parametrize("service", HOOKS)
def test_a_patient_whom_the_trial_cannot_concern_gets_an_empty_list(hospital: Hospital, service: str) -> None:
    reply = hospital.call(service, prefetch=NOBODY)
    assert reply.json() == {"cards": []}


@pytest.mark.ch("CH-116", "CH-117", "CH-118", "CH-008", "CH-097", "CH-007")
def test_nothing_is_done_behind_the_clinician_s_back(answers: list[Answer], suggestions: list[Json]) -> None:
    assert not any("systemActions" in answer.body for answer in answers)
    assert not any("actionSelectionBehavior" in suggestion for suggestion in suggestions)


@pytest.mark.ch("CH-073", "CH-091")
def test_each_answer_has_its_loudest_card_first_and_each_card_its_topic(answers: list[Answer]) -> None:
    for answer in answers:
        loudness = [PRIORITY.index(card["indicator"]) for card in answer.cards]
        assert loudness == sorted(loudness)
        for card in answer.cards:
            topic = card["source"]["topic"]
            assert topic["system"] == "urn:aa-cds:CodeSystem/topic"
            assert topic["code"] == card["extension"]["org.aa-cds.decision"]["kind"]


# ---------------------------------------------------------------- the card


@pytest.mark.ch("CH-075", "CH-093")
def test_each_card_and_suggestion_has_a_uuid_of_its_own(cards: list[Json], suggestions: list[Json]) -> None:
    names = [thing["uuid"] for thing in (*cards, *suggestions)]
    assert all(UUID.fullmatch(name) for name in names)
    assert len(set(names)) == len(names)


@pytest.mark.ch("CH-075", "CH-025")
def test_the_same_call_gives_the_same_uuids_and_another_instance_others(hospital: Hospital) -> None:
    first, again = (hospital.cards(prefetch=WHOLE) for _ in range(2))
    other = hospital.cards(prefetch=WHOLE, hookInstance="00000000-0000-4000-8000-000000000001")
    assert first == again
    assert {card["uuid"] for card in first}.isdisjoint(card["uuid"] for card in other)


@pytest.mark.ch("CH-076", "CH-087")
def test_each_summary_is_short_one_line_and_says_something(cards: list[Json]) -> None:
    for card in cards:
        assert 10 < len(card["summary"]) <= 139
        assert card["summary"].isprintable()


@pytest.mark.ch("CH-076")
@pytest.mark.parametrize(("length", "is_card"), [(139, True), (140, False)])
def test_a_longer_summary_cannot_be_built(length: int, is_card: bool) -> None:
    def build() -> Card:
        return Card("\u6c38" * length, Indicator.INFO, CardSource("Trial record"))

    if is_card:
        assert build()
    else:
        with pytest.raises(InvalidCard):
            build()


@pytest.mark.ch("CH-077")
def test_each_detail_is_markdown_without_raw_html(cards: list[Json]) -> None:
    tokens = MarkdownIt("commonmark").enable("table")
    for card in cards:
        kinds = {t.type for block in tokens.parse(card["detail"]) for t in (block, *(block.children or ()))}
        assert not kinds & {"html_block", "html_inline", "image"}


@pytest.mark.ch("CH-077")
def test_text_of_the_record_comes_out_escaped(hospital: Hospital) -> None:
    evil = "<img src=x onerror=alert(1)> [x](http://evil.example) | **bold**"
    drug = {"text": f"sirolimus 1 mg tablet {evil}"}
    medication = {"resourceType": "Medication", "id": "sirolimus", "code": drug}
    orders = {
        **WHOLE["medicationRequests"],
        "entry": [WHOLE["medicationRequests"]["entry"][0], {"resource": medication}],
    }
    draft = {
        "resourceType": "MedicationRequest", "id": "d", "status": "draft", "intent": "order",
        "subject": {"reference": "Patient/p1"}, "medicationCodeableConcept": drug,
        "dosageInstruction": [{"text": f"twenty tablets {evil}"}],
    }  # fmt: skip
    reply = hospital.post(
        call_body(
            "aa-trial-order-sign",
            "p1",
            {**WHOLE, "medicationRequests": orders},
            **order_context("aa-trial-order-sign", [draft]),
        ),
        "aa-trial-order-sign",
    )
    for card in reply.json()["cards"]:
        assert "<img" not in card["detail"]
        assert "](http://evil" not in card["detail"]


@pytest.mark.ch("CH-078", "CH-079", "CH-088")
def test_each_card_says_how_urgent_it_is_and_where_it_comes_from(cards: list[Json]) -> None:
    assert {card["indicator"] for card in cards} == set(PRIORITY)
    assert {bool(card["source"]["label"].strip()) for card in cards} == {True}


@pytest.mark.ch(
    "CH-089", "CH-090", "CH-155", "CH-086", "CH-107", "CH-108", "CH-109", "CH-110", "CH-112", "CH-130"
)
def test_addresses_lead_to_the_public_register_and_carry_no_patient(cards: list[Json]) -> None:
    for card in cards:
        assert card["source"]["url"] == REGISTER
        assert "icon" not in card["source"]
        (link,) = card["links"]
        assert set(link) == {"label", "url", "type"}
        assert (link["url"], link["type"]) == (REGISTER, "absolute")
        assert link["label"].strip()


@pytest.mark.ch("CH-110", "CH-109", "CH-108", "CH-111")
@pytest.mark.parametrize(
    "link",
    [
        {"label": "x", "url": REGISTER, "app_context": "y"},
        {"label": "x", "url": "relative/path"},
        {"label": " ", "url": REGISTER},
        {"label": "x", "url": "javascript:alert(1)"},
    ],
)
def test_a_link_that_breaks_the_standard_cannot_be_built(link: Json) -> None:
    with pytest.raises(InvalidCard):
        CardLink(**link)


@pytest.mark.ch("CH-084", "CH-085", "CH-105", "CH-113", "CH-114", "CH-115")
def test_each_card_can_be_overridden_for_a_reason_with_a_code_and_words(cards: list[Json]) -> None:
    for card in cards:
        for reason in card["overrideReasons"]:
            assert reason["system"] == "urn:aa-cds:CodeSystem/override-reason"
            assert reason["code"].strip()
            assert reason["display"].strip()


@pytest.mark.ch("CH-156", "CH-157")
def test_extensions_are_objects_under_a_name_of_ours(cards: list[Json]) -> None:
    found = set(_extensions(cards))
    assert found == {"org.aa-cds.decision"}
    assert all(REVERSE_DOMAIN.fullmatch(name) for name in found)


def _extensions(value: Json) -> Iterator[str]:
    """Names within every `extension` of the standard's own objects; inside FHIR an extension is a list."""
    if isinstance(value, dict):
        if isinstance(value.get("extension"), dict):
            yield from value["extension"]
        for inner in value.values():
            yield from _extensions(inner)
    elif isinstance(value, list):
        for inner in value:
            yield from _extensions(inner)


@pytest.mark.ch("CH-152")
def test_each_card_says_as_of_when_and_no_cache_may_keep_it(hospital: Hospital) -> None:
    reply = hospital.call(prefetch=WHOLE)
    assert "no-store" in reply.headers["Cache-Control"]
    for card in reply.json()["cards"]:
        assert card["extension"]["org.aa-cds.decision"]["asOf"].startswith(f"{NOW:%Y-%m-%d}")
        assert f"{NOW:%Y-%m-%d}" in card["detail"]


@pytest.mark.ch("CH-074")
def test_each_answer_is_whole_whatever_was_answered_before(hospital: Hospital) -> None:
    first = hospital.cards(prefetch=WHOLE)
    hospital.cards(prefetch=NOBODY)
    assert hospital.cards(prefetch=WHOLE) == first


# ---------------------------------------------------------------- suggestions and actions


@pytest.mark.ch("CH-080", "CH-081", "CH-082", "CH-083", "CH-094")
def test_suggestions_come_with_their_behaviour_and_one_recommendation_at_most(cards: list[Json]) -> None:
    offering = [card for card in cards if "suggestions" in card]
    assert offering
    for card in cards:
        assert ("selectionBehavior" in card) is ("suggestions" in card)
    for card in offering:
        assert card["selectionBehavior"] in ("at-most-one", "any")
        recommended = [s for s in card["suggestions"] if s.get("isRecommended")]
        assert len(recommended) <= 1 or card["selectionBehavior"] == "any"


@pytest.mark.ch("CH-092", "CH-095", "CH-098", "CH-099", "CH-096")
def test_each_suggestion_has_a_label_and_actions_in_words(suggestions: list[Json]) -> None:
    for suggestion in suggestions:
        assert suggestion["label"].strip()
        assert suggestion["actions"]
        for action in suggestion["actions"]:
            assert action["type"] in ("create", "update", "delete")
            assert len(action["description"]) > 10


@pytest.mark.ch("CH-100", "CH-002", "CH-155")
def test_what_is_to_be_created_is_a_whole_draft_for_this_patient(answers: list[Answer]) -> None:
    creations = [
        (a.patient, action["resource"])
        for a in answers
        for action in _actions(a)
        if action["type"] == "create"
    ]
    assert creations
    for patient, resource in creations:
        assert "id" not in resource
        assert (resource.get("subject") or resource["for"]) == {"reference": f"Patient/{patient}"}
        assert resource["status"] == "draft"
        assert problems(resource) == []


@pytest.mark.ch("CH-101", "CH-104")
def test_what_is_to_be_updated_is_the_whole_order_with_all_that_it_held(hospital: Hospital) -> None:
    patient = next(
        p for p in PATIENTS.values() if any(_updates(hospital, p.id, d.resource) for d in p.drafts)
    )
    draft = next(d.resource for d in patient.drafts if _updates(hospital, patient.id, d.resource))
    kept = {
        "extension": [{"url": "http://hospital.example/note", "valueString": "stays"}],
        "note": [{"text": "stays too"}],
    }
    (update, *_) = _updates(hospital, patient.id, {**draft, **kept})
    resource = update["resource"]
    assert {name: resource[name] for name in kept} == kept
    assert set(draft) <= set(resource)
    assert resource["id"] == draft["id"]


def _updates(hospital: Hospital, patient: str, draft: Json) -> list[Json]:
    service = "aa-trial-order-sign"
    body = call_body(
        service, patient, prefetch_of(PATIENTS[patient].resources), **order_context(service, [draft])
    )
    answer = Answer(patient, service, {}, hospital.post(body, service).json())
    return [action for action in _actions(answer) if action["type"] == "update"]


def _actions(answer: Answer) -> Iterator[Json]:
    for card in answer.cards:
        for suggestion in card.get("suggestions", ()):
            yield from suggestion["actions"]


@pytest.mark.ch("CH-102", "CH-103")
def test_a_delete_is_offered_nowhere_and_cannot_be_built_amiss(actions: list[Json]) -> None:
    assert {action["type"] for action in actions} <= {"create", "update"}
    with pytest.raises(InvalidCard):
        CardAction(ActionType.DELETE, "Delete it", resource={"resourceType": "Task", "id": "1"})
    with pytest.raises(InvalidCard):
        CardAction(ActionType.DELETE, "Delete it", resource_id="1")
    assert (
        CardAction(ActionType.DELETE, "Delete it", resource_id="Task/1").as_json()["resourceId"] == "Task/1"
    )
