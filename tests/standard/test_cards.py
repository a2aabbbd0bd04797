"""Cards: what breaks the standard cannot be built, and what is built satisfies the published schema."""

from datetime import date
from decimal import Decimal

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from cds_service.cds_hooks.card import (
    ActionType,
    Card,
    CardAction,
    CardCoding,
    CardLink,
    CardSource,
    Indicator,
    InvalidCard,
    LinkType,
    SelectionBehavior,
    Suggestion,
    SummaryTooLong,
    without_empty,
)

UUID = "d1577c69-dfbe-44ad-ba6d-3e05e953b2ea"
SOURCE = CardSource(
    "Trial record", "https://clinicaltrials.gov/study/NCT06802055", topic=CardCoding("dose", "urn:x")
)


def a_card(**members):
    return Card(
        **{"summary": "Sirolimus trough 3.1 ng/mL", "indicator": Indicator.INFO, "source": SOURCE, **members}
    )


def a_suggestion(**members):
    return Suggestion(**{"label": "Draft the order", "uuid": UUID, **members})


@pytest.mark.parametrize(
    ("length", "fits"), [(1, True), (138, True), (139, True), (140, False), (141, False)]
)
@pytest.mark.parametrize("letter", ["a", "再", "𝔘"])
def test_a_summary_has_fewer_than_140_code_points(length, fits, letter):
    if fits:
        assert a_card(summary=letter * length).as_json()["summary"] == letter * length
    else:
        with pytest.raises(SummaryTooLong) as caught:
            a_card(summary=letter * length)
        assert caught.value.length == length


@pytest.mark.parametrize(
    ("build", "element"),
    [
        (lambda: a_card(summary=" "), "summary"),
        (lambda: a_card(uuid="7"), "uuid"),
        (lambda: a_card(suggestions=(a_suggestion(),)), "selectionBehavior"),
        (lambda: a_card(override_reasons=(CardCoding("other", "urn:x"),)), "overrideReasons.display"),
        (lambda: CardSource(""), "source.label"),
        (lambda: CardSource("x", url="/about"), "source.url"),
        (lambda: CardSource("x", icon="ftp://x/y.png"), "source.icon"),
        (lambda: CardSource("x", url="https:///about"), "source.url"),
        (lambda: CardCoding("", "urn:x"), "coding.code"),
        (lambda: CardCoding("x", ""), "coding.system"),
        (lambda: CardLink("", "https://x"), "link.label"),
        (lambda: CardLink("x", ""), "link.url"),
        (lambda: CardLink("x", "https://x y"), "link.url"),
        (lambda: CardLink("x", "https://x", app_context="for a SMART app"), "link.appContext"),
        (lambda: a_suggestion(label=""), "suggestion.label"),
        (lambda: a_suggestion(uuid="not one"), "suggestion.uuid"),
        (lambda: CardAction(ActionType.CREATE, "", {"resourceType": "Task"}), "action.description"),
        (lambda: CardAction(ActionType.CREATE, "x"), "action.resource"),
        (lambda: CardAction(ActionType.CREATE, "x", {"id": "1"}), "action.resource"),
        (
            lambda: CardAction(ActionType.CREATE, "x", {"resourceType": "Task", "id": "1"}),
            "action.resource.id",
        ),
        (lambda: CardAction(ActionType.UPDATE, "x", {"resourceType": "Task"}), "action.resource.id"),
        (
            lambda: CardAction(ActionType.UPDATE, "x", {"resourceType": "T", "id": "1"}, "T/1"),
            "action.resourceId",
        ),
        (lambda: CardAction(ActionType.DELETE, "x"), "action.resourceId"),
        (lambda: CardAction(ActionType.DELETE, "x", None, "https://x/Task/1"), "action.resourceId"),
        (lambda: CardAction(ActionType.DELETE, "x", {"resourceType": "Task"}, "Task/1"), "action.resource"),
    ],
)
def test_what_breaks_the_standard_cannot_be_built_and_says_which_element_does(build, element):
    with pytest.raises(InvalidCard) as caught:
        build()
    assert caught.value.element == element


@pytest.mark.parametrize(
    ("behavior", "recommended", "stands"),
    [("at-most-one", 1, True), ("at-most-one", 2, False), ("any", 2, True)],
)
def test_only_one_suggestion_is_recommended_where_only_one_may_be_taken(behavior, recommended, stands):
    chosen = tuple(a_suggestion(is_recommended=n < recommended) for n in range(3))

    def build():
        return a_card(suggestions=chosen, selection_behavior=SelectionBehavior(behavior))

    if stands:
        flags = [s.get("isRecommended", False) for s in build().as_json()["suggestions"]]
        assert flags == [n < recommended for n in range(3)]
    else:
        with pytest.raises(InvalidCard):
            build()


def test_a_full_card_reads_as_the_standard_writes_it():
    draft = {"resourceType": "MedicationRequest", "id": "d", "note": [], "text": None}
    card = a_card(
        uuid=UUID,
        detail="**all of it**",
        suggestions=(
            a_suggestion(
                is_recommended=True,
                actions=(
                    CardAction(ActionType.UPDATE, "dose to 2 mg", draft),
                    CardAction(ActionType.CREATE, "trough", {"resourceType": "ServiceRequest"}),
                    CardAction(ActionType.DELETE, "the other order", resource_id="MedicationRequest/x"),
                ),
            ),
        ),
        selection_behavior=SelectionBehavior.AT_MOST_ONE,
        override_reasons=(CardCoding("other", "urn:x", "Other"),),
        links=(
            CardLink("Registry", "https://x.example/study"),
            CardLink("App", "https://x.example/app", LinkType.SMART, "patient-free context"),
        ),
        extension={"org.example.x": {"kept": 0, "dropped": None}},
    )
    assert card.as_json() == {
        "uuid": UUID,
        "summary": "Sirolimus trough 3.1 ng/mL",
        "detail": "**all of it**",
        "indicator": "info",
        "source": {
            "label": "Trial record",
            "url": "https://clinicaltrials.gov/study/NCT06802055",
            "topic": {"code": "dose", "system": "urn:x"},
        },
        "suggestions": [
            {
                "label": "Draft the order",
                "uuid": UUID,
                "isRecommended": True,
                "actions": [
                    {
                        "type": "update",
                        "description": "dose to 2 mg",
                        "resource": {"resourceType": "MedicationRequest", "id": "d"},
                    },
                    {
                        "type": "create",
                        "description": "trough",
                        "resource": {"resourceType": "ServiceRequest"},
                    },
                    {
                        "type": "delete",
                        "description": "the other order",
                        "resourceId": "MedicationRequest/x",
                    },
                ],
            }
        ],
        "selectionBehavior": "at-most-one",
        "overrideReasons": [{"code": "other", "system": "urn:x", "display": "Other"}],
        "links": [
            {"label": "Registry", "url": "https://x.example/study", "type": "absolute"},
            {
                "label": "App",
                "url": "https://x.example/app",
                "type": "smart",
                "appContext": "patient-free context",
            },
        ],
        "extension": {"org.example.x": {"kept": 0}},
    }


def test_a_bare_card_has_the_three_required_members_and_nothing_else():
    assert set(Card("x", Indicator.CRITICAL, CardSource("y")).as_json()) == {"summary", "indicator", "source"}


json_values = st.recursive(
    st.none() | st.booleans() | st.integers() | st.text(max_size=3),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(max_size=3), inner, max_size=3),
    max_leaves=20,
)


def empty_members(value, in_array=False):
    if isinstance(value, dict):
        return any(empty_members(v) or v in (None, "", [], {}) for v in value.values())
    if isinstance(value, list):
        return any(empty_members(v) or v in ("", [], {}) for v in value)
    return False


@settings(deadline=None, max_examples=100)
@given(st.dictionaries(st.text(max_size=3), json_values, max_size=4))
def test_nothing_empty_is_ever_sent(value):
    assert not empty_members(without_empty(value))


def test_a_zero_and_a_false_are_not_empty():
    assert without_empty({"a": 0, "b": False, "c": [None, 0]}) == {"a": 0, "b": False, "c": [None, 0]}


@pytest.mark.parametrize("value", [Decimal("2.50"), date(2026, 3, 2), 0, 0.0, False, "x", Indicator.INFO])
def test_what_is_neither_a_list_nor_an_object_stays_what_it_is(value):
    found = without_empty({"a": value, "b": [value, "", value], "c": {"d": value, "e": {}}})
    assert found == {"a": value, "b": [value, value], "c": {"d": value}}
