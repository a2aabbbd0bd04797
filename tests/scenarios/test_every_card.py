"""Whatever is asked about whichever demo patient, whole chart or with holes: what the contract and the standard bind."""

import json
import re
from collections.abc import Iterator
from dataclasses import dataclass
from functools import cache
from typing import Any
from urllib.parse import urlsplit

import pytest
from flask.testing import FlaskClient
from pyrofile_validator import Validator

from cds_service.cds_hooks.card import without_empty
from cds_service.chart.chart_queries import DECISIVE_PARTS
from cds_service.chart.context_bundle import ContextResources
from cds_service.demo.demo_patients import DemoPatient
from cds_service.services.chart_file import assessment_of, read_chart, read_draft_file
from cds_service.settings.site_file import Site
from cds_service.trials.nct06802055.assess import all_rules
from fhir_mappings.clinical_model.known_unknown import Part
from fhir_mappings.writers.validation import problems
from tests.answer_validator import schema
from tests.builders import NOW
from tests.hook_calls import HOOKS, bundle, call_body, order_context, prefetch_of
from tests.scenarios.fhir_charts import SCHEMA, as_bytes, clinic_of
from tests.scenarios.visits import CHART_SERVICES, PATIENTS, clients

Json = dict[str, Any]
RESPONSE = schema("response")
EXTENSION = "org.aa-cds.decision"
KINDS = {
    "aa-trial-eligibility": {"eligibility"},
    "aa-trial-diagnosis": {"eligibility"},
    "aa-trial-titration": {"titration", "safety"},
    "aa-trial-visit": {"monitoring", "response"},
    "aa-trial-order-select": {"order"},
    "aa-trial-order-sign": {"order"},
}
RULES = {*all_rules(), "DATA-01"}
SHOWN_ALWAYS = {"restraint.trial_card_days": 0}
"""One patient is asked about again and again on one day, and each answer is looked at."""

_SITE = Site(thresholds=SHOWN_ALWAYS)
DISPENSABLE = [part.value for part in Part if part not in DECISIVE_PARTS]
by_id = pytest.mark.parametrize("patient_id", sorted(PATIENTS))


@dataclass(frozen=True)
class Answered:
    """One call and the answer to it; `lacking` are the prefetch keys that were left out."""

    language: str
    service: str
    lacking: tuple[str, ...]
    drafts: dict[str, Json]
    body: Json

    @property
    def cards(self) -> list[Json]:
        return list(self.body["cards"])


@cache
def http() -> dict[str, FlaskClient]:
    return clients(thresholds=SHOWN_ALWAYS)


def calls(patient: DemoPatient) -> Iterator[tuple[str, dict[str, Json], Json]]:
    """Service, drafts and body of each call that makes sense for this patient, with the whole chart."""
    whole = prefetch_of(patient.resources)
    for service in CHART_SERVICES:
        yield service, {}, call_body(service, patient.id, whole)
    conditions = bundle(r for r in patient.resources if r["resourceType"] == "Condition")
    service = "aa-trial-diagnosis"
    yield service, {}, call_body(service, patient.id, whole, conditions=conditions)
    for draft in patient.drafts:
        for service in ("aa-trial-order-select", "aa-trial-order-sign"):
            context = order_context(service, [draft.resource])
            drafts = {draft.resource["id"]: draft.resource}
            yield service, drafts, call_body(service, patient.id, whole, **context)


def holes(language: str) -> Iterator[tuple[str, ...]]:
    """Sets of prefetch keys to leave out: all that can be done without, and (once) each of them alone."""
    yield tuple(DISPENSABLE)
    if language == "en":
        yield from ((key,) for key in DISPENSABLE)


@cache
def answers(patient_id: str) -> tuple[Answered, ...]:
    """Every answer about one patient; each is a 200 that the standard's schema accepts."""
    patient = PATIENTS[patient_id]
    told = []
    for language, client in http().items():
        for service, drafts, body in calls(patient):
            told.append(Answered(language, service, (), drafts, answer_to(client, service, body)))
        service = "aa-trial-titration" if patient.expects.arm else "aa-trial-eligibility"
        for keys in holes(language):
            body = call_body(service, patient_id, _without(keys, prefetch_of(patient.resources)))
            told.append(Answered(language, service, keys, {}, answer_to(client, service, body)))
    return tuple(told)


def answer_to(client: FlaskClient, service: str, body: Json) -> Json:
    reply = client.post(f"/cds-services/{service}", json=body)
    assert reply.status_code == 200, reply.get_data(as_text=True)
    answer: Json = reply.get_json()
    RESPONSE.validate(answer)
    return answer


def _without(keys: tuple[str, ...], members: Json) -> Json:
    return {name: value for name, value in members.items() if name not in keys}


def cards(patient_id: str) -> Iterator[tuple[Answered, Json]]:
    yield from ((answer, card) for answer in answers(patient_id) for card in answer.cards)


def actions(patient_id: str) -> Iterator[tuple[Answered, Json]]:
    for answer, card in cards(patient_id):
        for suggestion in card.get("suggestions", ()):
            assert suggestion["actions"]
            yield from ((answer, action) for action in suggestion["actions"])


def told_of(card: Json) -> Json:
    return dict(card["extension"][EXTENSION])


def empty_places(value: Any, path: str = "") -> Iterator[str]:
    if value in (None, "", [], {}):
        yield path
    members = (
        value.items() if isinstance(value, dict) else enumerate(value) if isinstance(value, list) else ()
    )
    for name, member in members:
        yield from empty_places(member, f"{path}/{name}")


@by_id
def test_nothing_null_or_empty_is_sent(patient_id: str) -> None:
    for answer in answers(patient_id):
        assert set(answer.body) == {"cards"}
        assert [place for card in answer.cards for place in empty_places(card)] == []


@by_id
def test_a_card_is_of_a_kind_that_its_service_answers_with(patient_id: str) -> None:
    for answer, card in cards(patient_id):
        assert told_of(card)["kind"] in KINDS[answer.service] | (
            {"data-quality"} if answer.lacking else set()
        )
        assert card["source"]["topic"]["code"] == told_of(card)["kind"]


@by_id
def test_a_part_that_was_not_sent_is_named_on_exactly_one_card_unless_it_cannot_matter(
    patient_id: str,
) -> None:
    concerned = PATIENTS[patient_id].expects.eligibility != "not-a-candidate"
    for answer in answers(patient_id):
        named = [
            told_of(c)["decision"]["unavailable"]
            for c in answer.cards
            if told_of(c)["kind"] == "data-quality"
        ]
        assert named == ([sorted(answer.lacking)] if answer.lacking and concerned else [])


@by_id
def test_every_card_says_its_rules_its_moment_and_its_input(patient_id: str) -> None:
    for _, card in cards(patient_id):
        told = told_of(card)
        assert told["schema"] == "assessment/1"
        assert told["asOf"] == NOW.text
        assert re.fullmatch(r"sha256:[0-9a-f]{64}", told["inputHash"])
        assert told["ruleIds"]
        assert set(told["ruleIds"]) <= RULES
        assert NOW.text[:16].replace("T", " ") in card["detail"].replace("\\", "")


@by_id
def test_the_decision_of_a_card_is_the_matching_member_of_the_assessment(patient_id: str) -> None:
    chart = read_chart(as_bytes(*PATIENTS[patient_id].resources))
    for answer in answers(patient_id):
        if answer.lacking or answer.language != "en":
            continue
        drafts = as_bytes(*answer.drafts.values())
        read = read_draft_file(drafts, chart.patient_id) if answer.drafts else ContextResources()
        whole = assessment_of(clinic_of(_SITE), chart, read, NOW)
        SCHEMA.validate(whole)
        for card in answer.cards:
            assert told_of(card)["decision"] in [without_empty(m) for m in _members(whole, card)]
            if not answer.drafts:
                assert told_of(card)["inputHash"] == whole["inputHash"]


def _members(whole: Json, card: Json) -> list[Json]:
    """What an assessment holds of the card's kind."""
    kind = told_of(card)["kind"]
    name = {"order": "orders"}.get(kind, kind)
    member = whole[name]
    if kind == "monitoring":
        return [{name: member}]
    return member if isinstance(member, list) else [member]


@by_id
def test_no_two_cards_or_suggestions_of_an_answer_share_a_uuid(patient_id: str) -> None:
    for answer in answers(patient_id):
        offers = [suggestion for card in answer.cards for suggestion in card.get("suggestions", ())]
        uuids = [each["uuid"] for each in (*answer.cards, *offers)]
        assert len(set(uuids)) == len(uuids)


@by_id
def test_a_card_that_warns_can_be_overridden_with_a_reason(patient_id: str) -> None:
    for _, card in cards(patient_id):
        if card["indicator"] != "info":
            assert len(card["overrideReasons"]) > 1
        assert all(reason["display"] for reason in card.get("overrideReasons", ()))


@by_id
def test_a_suggestion_is_a_draft_for_this_patient_that_is_valid_r4(patient_id: str) -> None:
    for answer, action in actions(patient_id):
        resource = action["resource"]
        assert problems(resource) == []
        assert (resource.get("subject") or resource["for"])["reference"] == f"Patient/{patient_id}"
        if action["type"] == "create":
            assert resource["status"] == "draft"
            assert "id" not in resource
            continue
        assert action["type"] == "update"
        written = answer.drafts.get(resource["id"]) or _order_of(patient_id, resource["id"])
        changed = {name for name in written | resource if written.get(name) != resource.get(name)}
        ends = resource["status"] in ("stopped", "on-hold")
        assert changed == ({"status"} if ends else {"dosageInstruction", "priorPrescription"})


def _order_of(patient_id: str, order_id: str) -> Json:
    orders = (r for r in PATIENTS[patient_id].resources if r["resourceType"] == "MedicationRequest")
    return next(order for order in orders if order["id"] == order_id)


def test_a_second_judge_finds_no_error_in_any_shape_of_suggestion() -> None:
    shapes: dict[tuple[str, ...], Json] = {}
    for patient_id in PATIENTS:
        for _, action in actions(patient_id):
            resource = action["resource"]
            if resource["status"] in (
                "stopped",
                "on-hold",
            ):  # the record's own words, which nobody here writes
                continue
            shapes.setdefault((resource["resourceType"], *sorted(resource)), resource)
    assert {name[0] for name in shapes} == {"MedicationRequest", "ServiceRequest", "Task"}
    for resource in shapes.values():
        issues = Validator().validate_resource(resource).issues
        assert [issue.message for issue in issues if issue.severity.value == "error"] == []


@by_id
def test_nothing_of_the_patient_leaves_by_a_link_or_a_summary(patient_id: str) -> None:
    patient = PATIENTS[patient_id]
    for _, card in cards(patient_id):
        addresses = [card["source"]["url"], *(link["url"] for link in card["links"])]
        assert {urlsplit(address).scheme for address in addresses} == {"https"}
        assert all(urlsplit(address).query == "" for address in addresses)
        for secret in (patient_id, *patient.name.split()):
            assert secret not in "".join([*addresses, card["summary"]])


@by_id
def test_a_detail_has_no_html_and_nothing_is_left_to_a_client_that_may_not_know_it(patient_id: str) -> None:
    for answer, card in cards(patient_id):
        assert not re.search(r"<[A-Za-z/!]", card["detail"])
        for word in ("actionSelectionBehavior", "autolaunchable", "systemActions"):
            assert word not in json.dumps(answer.body)


def test_these_patients_meet_every_kind_of_card_and_of_suggestion() -> None:
    met = {told_of(card)["kind"] for patient_id in PATIENTS for _, card in cards(patient_id)}
    assert met == set().union(*KINDS.values(), {"data-quality"}) - {"safety"}
    types = {action["type"] for patient_id in PATIENTS for _, action in actions(patient_id)}
    assert types == {"create", "update"}
    assert {answer.service for patient_id in PATIENTS for answer in answers(patient_id)} == set(HOOKS)
