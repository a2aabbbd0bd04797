"""Feedback over HTTP: read strictly, kept whole, counted once; what meets no card is kept without effect."""

import itertools
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from sqlalchemy import Engine

from cds_service.audit.database import connect
from cds_service.audit.reaction_report import report
from tests.answer_validator import schema
from tests.audit.rows import rows
from tests.hook_calls import HOOKS, call_body, prefetch_of
from tests.scenarios.visits import PATIENTS
from tests.standard.over_http.hospital import (
    DISCOVERY,
    TITRATION,
    Hospital,
    open_hospital,
    refusal,
    token_for,
)
from tests.standard.tokens import BASE

Json = Any
FEEDBACK = f"{DISCOVERY}/{TITRATION}/feedback"
STRANGER = "00000000-0000-4000-8000-00000000beef"
OWN = {"system": "urn:aa-cds:CodeSystem/override-reason", "code": "will-monitor"}
WHEN = "2026-03-02T01:00:00Z"
_serial = itertools.count(1)


@pytest.fixture(scope="module")
def installation() -> Iterator[Hospital]:
    with open_hospital() as one:
        yield one


@pytest.fixture(scope="module")
def engine(installation: Hospital) -> Iterator[Engine]:
    found = connect(installation.database)
    yield found
    found.dispose()


@pytest.fixture
def card(installation: Hospital) -> Json:
    """A dosing card that offers a new dose, given to this test only."""
    body = call_body(TITRATION, "demo-08", prefetch_of(PATIENTS["demo-08"].resources))
    body["hookInstance"] = f"00000000-0000-4000-8000-{next(_serial):012}"
    (told,) = installation.post(body).json()["cards"]
    assert told["suggestions"]
    return told


def accepted(card: Json, /, **more: Any) -> Json:
    taken = [{"id": card["suggestions"][0]["uuid"]}]
    return _item(card, "accepted", {"acceptedSuggestions": taken, **more})


def overridden(card: Json, /, **more: Any) -> Json:
    return _item(card, "overridden", more)


def _item(card: Json, outcome: str, more: Json) -> Json:
    item = {"card": card["uuid"], "outcome": outcome, "outcomeTimestamp": WHEN, **more}
    return {name: value for name, value in item.items() if value is not ...}


def kept(engine: Engine, card: Json) -> list[Json]:
    return [row for row in rows(engine, "feedback") if row["card"] == card["uuid"]]


@pytest.mark.ch("CH-119", "CH-121", "CH-122", "CH-123", "CH-124", "CH-125")
@pytest.mark.parametrize(
    "more",
    [
        {},
        {"overrideReason": {"reason": OWN}},
        {"overrideReason": {"reason": {**OWN, "display": "Will monitor"}}},
        {"overrideReason": {"userComment": "seen"}},
        {"overrideReason": {"reason": OWN, "userComment": "seen"}},
        {"overrideReason": {"reason": {"system": "urn:of-the-client", "code": "its-own"}}},
        {"outcomeTimestamp": "2026-03-02T00:59:59.123456Z"},
        {"outcomeTimestamp": "2026-03-02T08:59:59+08:00"},
        {"extension": {"org.example.x": 1}, "unknown": [None]},
    ],
)
def test_an_override_is_kept_and_answered_with_an_empty_200(
    installation: Hospital, engine: Engine, card: Json, more: Json
) -> None:
    item = overridden(card, **more)
    schema("feedback").validate({"feedback": [item]})
    reply = installation.feedback(item)
    assert (reply.status_code, reply.content) == (200, b"")
    assert [row["outcome"] for row in kept(engine, card)] == ["overridden"]


@pytest.mark.ch("CH-119", "CH-123", "CH-075", "CH-093")
def test_an_accepted_suggestion_is_kept_by_its_uuid(
    installation: Hospital, engine: Engine, card: Json
) -> None:
    assert installation.feedback(accepted(card)).status_code == 200
    (row,) = kept(engine, card)
    assert (row["suggestions"], row["suggestions_unknown"]) == ([card["suggestions"][0]["uuid"]], 0)


@pytest.mark.ch("CH-121")
def test_a_card_uuid_may_come_as_a_urn_and_in_capitals(
    installation: Hospital, engine: Engine, card: Json
) -> None:
    for name in (f"urn:uuid:{card['uuid']}", card["uuid"].upper()):
        assert installation.feedback(overridden(card, card=name)).status_code == 200
    assert len(kept(engine, card)) == 2


# ---------------------------------------------------------------- what is refused


@pytest.mark.ch("CH-120")
@pytest.mark.parametrize(
    "body",
    [
        {},
        [],
        None,
        "x",
        {"feedback": None},
        {"feedback": {}},
        {"feedback": "x"},
        {"feedback": []},
        {"feedback": [1]},
        {"Feedback": []},
        [{"card": STRANGER, "outcome": "overridden", "outcomeTimestamp": WHEN}],
    ],
)
def test_a_body_without_its_list_is_refused(installation: Hospital, body: Json) -> None:
    refusal(installation.post(body, f"{TITRATION}/feedback"), 400)


@pytest.mark.ch("CH-121", "CH-122", "CH-123", "CH-124", "CH-125")
@pytest.mark.parametrize(
    ("change", "named"),
    [
        ({"card": ...}, "card"),
        ({"card": None}, "card"),
        ({"card": 7}, "card"),
        ({"card": " "}, "feedback[0]"),
        ({"outcome": ...}, "outcome"),
        ({"outcome": "banana"}, "feedback[0].outcome"),
        ({"outcome": "Accepted"}, "feedback[0].outcome"),
        ({"outcome": "ignored"}, "feedback[0].outcome"),
        ({"outcome": None}, "outcome"),
        ({"outcome": "accepted"}, "feedback[0].acceptedSuggestions"),
        ({"outcome": "accepted", "acceptedSuggestions": []}, "feedback[0].acceptedSuggestions"),
        ({"outcome": "accepted", "acceptedSuggestions": [{}]}, "id"),
        ({"outcome": "accepted", "acceptedSuggestions": [{"id": ""}]}, "feedback[0]"),
        ({"outcome": "accepted", "acceptedSuggestions": ["x"]}, "acceptedSuggestions"),
        ({"outcome": "accepted", "acceptedSuggestions": {"id": "x"}}, "acceptedSuggestions"),
        ({"overrideReason": {}}, "feedback[0].overrideReason"),
        ({"overrideReason": "other"}, "overrideReason"),
        ({"overrideReason": {"reason": "other"}}, "reason"),
        ({"overrideReason": {"reason": {"code": "other"}}}, "system"),
        ({"overrideReason": {"reason": {"system": "x"}}}, "code"),
        ({"overrideReason": {"reason": {"code": "", "system": "x"}}}, "feedback[0].overrideReason.reason"),
        ({"overrideReason": {"userComment": ""}}, "feedback[0].overrideReason.userComment"),
        ({"overrideReason": {"userComment": 7}}, "userComment"),
        ({"outcomeTimestamp": ...}, "outcomeTimestamp"),
        ({"outcomeTimestamp": "yesterday"}, "feedback[0].outcomeTimestamp"),
        ({"outcomeTimestamp": "2026-03-02"}, "feedback[0].outcomeTimestamp"),
        ({"outcomeTimestamp": "2026-03-02T01:00:00"}, "feedback[0].outcomeTimestamp"),
        ({"outcomeTimestamp": "2026-02-30T01:00:00Z"}, "feedback[0].outcomeTimestamp"),
        ({"outcomeTimestamp": "2026-03-02T25:00:00Z"}, "feedback[0].outcomeTimestamp"),
        ({"outcomeTimestamp": "2026-03-02 01:00:00Z"}, "feedback[0].outcomeTimestamp"),
        ({"outcomeTimestamp": "0000-01-01T00:00:00Z"}, "feedback[0].outcomeTimestamp"),
        ({"outcomeTimestamp": "9999-12-31T23:59:59-14:00"}, "feedback[0].outcomeTimestamp"),
        ({"outcomeTimestamp": 1772413200}, "outcomeTimestamp"),
    ],
)
def test_an_item_that_breaks_a_rule_is_refused_and_named(
    installation: Hospital, engine: Engine, card: Json, change: Json, named: str
) -> None:
    assert named in refusal(installation.feedback(overridden(card, **change)), 400)
    assert kept(engine, card) == []


@pytest.mark.ch("CH-126")
def test_one_bad_item_costs_no_other(installation: Hospital, engine: Engine, card: Json) -> None:
    items = (overridden(card), overridden(card, outcome="banana"), overridden(card))
    assert installation.feedback(*items).status_code == 200
    assert len(kept(engine, card)) == 2


@pytest.mark.ch("CH-126")
def test_a_batch_of_bad_items_alone_is_refused(installation: Hospital, engine: Engine, card: Json) -> None:
    items = (overridden(card, outcome="banana"), overridden(card, outcomeTimestamp="yesterday"))
    assert "feedback[0].outcome" in refusal(installation.feedback(*items), 400)
    assert kept(engine, card) == []


@pytest.mark.ch("CH-119", "CH-071")
@pytest.mark.parametrize(("method", "status"), [("GET", 405), ("PUT", 405), ("DELETE", 405)])
def test_feedback_is_posted(installation: Hospital, method: str, status: int) -> None:
    refusal(installation.send(method, FEEDBACK), status)


@pytest.mark.ch("CH-119", "CH-071")
def test_feedback_at_a_service_that_is_none_and_of_no_json(installation: Hospital) -> None:
    refusal(installation.send("POST", f"{DISCOVERY}/nobody/feedback", json={"feedback": []}), 404)
    refusal(installation.send("POST", FEEDBACK, data=b"x", headers={"Content-Type": "text/plain"}), 415)


# ---------------------------------------------------------------- batches, repeats, strangers


@pytest.mark.ch("CH-126", "CH-121")
def test_a_batch_of_several_cards_and_strangers_is_kept_whole(
    installation: Hospital, engine: Engine, card: Json
) -> None:
    before = len(rows(engine, "unmatched_feedback"))
    reply = installation.feedback(overridden(card), overridden({"uuid": STRANGER}), accepted(card))
    assert reply.status_code == 200
    assert [row["outcome"] for row in kept(engine, card)] == ["overridden", "accepted"]
    assert len(rows(engine, "unmatched_feedback")) == before + 1


@pytest.mark.ch("CH-126")
def test_a_repeated_item_is_kept_twice_and_counted_once(
    installation: Hospital, engine: Engine, card: Json
) -> None:
    before = _totals(engine)
    for _ in range(3):
        assert installation.feedback(accepted(card)).status_code == 200
    assert len({row["item"] for row in kept(engine, card)}) == 1
    rules = len(card["extension"]["org.aa-cds.decision"]["ruleIds"])
    assert _totals(engine)["accepted"] - before["accepted"] == rules


@pytest.mark.ch("CH-127")
def test_silence_is_no_rejection(installation: Hospital, engine: Engine, card: Json) -> None:
    totals = _totals(engine)
    assert kept(engine, card) == []
    assert totals["ignored"] > 0
    assert totals["shown"] == totals["ignored"] + totals["accepted"] + totals["overridden"]


def _totals(engine: Engine) -> dict[str, int]:
    entries = report(engine)
    return {
        "shown": sum(entry.shown for entry in entries),
        "ignored": sum(entry.ignored for entry in entries),
        "accepted": sum(entry.outcomes["accepted"] for entry in entries),
        "overridden": sum(entry.outcomes["overridden"] for entry in entries),
    }


@pytest.mark.ch("CH-121")
@pytest.mark.parametrize(
    "name", [STRANGER, "not-a-uuid", "' OR 1=1 --", "\u0000", "x" * 10_000, "\ud83d\ude00"]
)
def test_a_card_that_nobody_was_given_is_kept_as_unmatched(
    installation: Hospital, engine: Engine, name: str
) -> None:
    before, matched = rows(engine, "unmatched_feedback"), rows(engine, "feedback")
    assert installation.feedback(overridden({"uuid": name})).status_code == 200
    (row,) = rows(engine, "unmatched_feedback")[len(before) :]
    assert row["why"] == "unknown-card"
    assert rows(engine, "feedback") == matched


@pytest.mark.ch("CH-121")
@pytest.mark.parametrize("service", [name for name in HOOKS if name != TITRATION])
def test_a_card_of_another_service_has_no_effect(
    installation: Hospital, engine: Engine, card: Json, service: str
) -> None:
    assert installation.feedback(overridden(card), service=service).status_code == 200
    assert kept(engine, card) == []
    assert rows(engine, "unmatched_feedback")[-1]["why"] == "other-service"


@pytest.mark.ch("CH-121", "CH-128")
def test_nobody_answers_for_another_tenant(installation: Hospital, engine: Engine, card: Json) -> None:
    headers = {"Authorization": token_for(f"{BASE}{FEEDBACK}", tenant="another")}
    reply = installation.send("POST", FEEDBACK, json={"feedback": [overridden(card)]}, headers=headers)
    assert reply.status_code == 200
    assert kept(engine, card) == []
    assert rows(engine, "unmatched_feedback")[-1]["why"] == "other-client"


# ---------------------------------------------------------------- trust and privacy


@pytest.mark.ch("CH-128", "CH-135", "CH-140")
@pytest.mark.parametrize(
    ("aud", "status"),
    [
        (f"{BASE}{FEEDBACK}", 200),
        (f"{BASE}{DISCOVERY}/{TITRATION}", 200),
        ([f"{BASE}{FEEDBACK}", "https://else.example"], 200),
        (f"{BASE}{DISCOVERY}", 401),
        (BASE, 401),
        (f"{BASE}{DISCOVERY}/aa-trial-visit/feedback", 401),
        (f"{BASE}{FEEDBACK}/", 401),
    ],
)
def test_feedback_wants_a_token_for_it_or_for_its_service(
    installation: Hospital, aud: Json, status: int
) -> None:
    headers = {"Authorization": token_for(aud)}
    item = overridden({"uuid": STRANGER})
    reply = installation.send("POST", FEEDBACK, json={"feedback": [item]}, headers=headers)
    assert reply.status_code == status


@pytest.mark.ch("CH-128", "CH-149")
@pytest.mark.parametrize("body", [{"feedback": []}, "nonsense"])
def test_without_a_token_it_is_a_bare_401_whatever_the_body(installation: Hospital, body: Json) -> None:
    reply = installation.send("POST", FEEDBACK, json=body, headers={"Authorization": None})
    assert refusal(reply, 401) == "Unauthorized"


@pytest.mark.ch("CH-128", "CH-147")
def test_a_token_for_feedback_counts_once(installation: Hospital) -> None:
    headers = {"Authorization": token_for(f"{BASE}{FEEDBACK}")}
    body = {"feedback": [overridden({"uuid": STRANGER})]}
    replies = [installation.send("POST", FEEDBACK, json=body, headers=headers).status_code for _ in range(2)]
    assert replies == [200, 401]


@pytest.mark.ch("CH-124", "CH-132")
def test_what_a_clinician_wrote_is_nowhere_to_be_found(
    installation: Hospital, engine: Engine, card: Json, log: Any, capfd: Any
) -> None:
    secret = "SECRET-WORDS-ABOUT-A-PATIENT"
    items = [overridden(who, overrideReason={"userComment": secret}) for who in (card, {"uuid": STRANGER})]
    assert installation.feedback(*items).status_code == 200
    bad = installation.feedback(
        overridden(card, overrideReason={"userComment": secret, "reason": {"code": secret}})
    )
    stored = b"".join(path.read_bytes() for path in _files(engine))
    assert secret.encode() not in stored
    assert card["uuid"].encode() in stored
    assert secret not in bad.text + str(log()) + "".join(capfd.readouterr())


def _files(engine: Engine) -> list[Path]:
    database = Path(str(engine.url.database))
    return sorted(database.parent.glob(f"{database.name}*"))
