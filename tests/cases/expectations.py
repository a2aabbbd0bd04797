"""What a case expects, held against an assessment or against a service's answer: each shortfall as a sentence.

The words are those of `expected.json`: `A|B` means either; a key that is absent asks nothing.
"""

import json
from collections.abc import Iterator, Mapping
from itertools import chain
from typing import Any

Json = dict[str, Any]
_GRAVITY = ("none", "info", "warning", "critical")


def shortfalls(expect: Json, told: Json) -> list[str]:
    """Everything in which the assessment differs from what is expected."""
    return [
        f"{key}: {what}"
        for key, check in _OF_ASSESSMENT.items()
        if key in expect
        for what in check(expect[key], told)
    ]


def card_shortfalls(expect: Json, status: int, answer: Json) -> list[str]:
    """Everything in which a service's answer differs from what is expected."""
    if str(status) not in expect.get("http", "200|412" if "notSilent" in expect else "200").split("|"):
        return [f"http: {status}"]
    cards = answer.get("cards", [])
    found = [
        f"{key}: {what}"
        for key, check in _OF_CARDS.items()
        if key in expect
        for what in check(expect[key], cards)
    ]
    silent = "notSilent" in expect and status == 200 and not cards
    return [*found, *(["notSilent: no card"] if silent else [])]


# ---------------------------------------------------------------- assess


def _drugs(told: Json) -> dict[str, Json]:
    return {decision["drug"]: decision for decision in told["titration"]}


def _states(wanted: Mapping[str, str], told: Json) -> Iterator[str]:
    for drug, states in wanted.items():
        state = _drugs(told).get(drug, {}).get("state")
        if state not in states.split("|"):
            yield f"{drug} is {state}"


def _not_states(unwanted: Mapping[str, str], told: Json) -> Iterator[str]:
    for drug, states in unwanted.items():
        state = _drugs(told).get(drug, {}).get("state")
        if state in states.split("|"):
            yield f"{drug} is {state}"


def _proposed(drug: str, told: Json) -> Any:
    dose = _drugs(told).get(drug, {}).get("proposedDose")
    return dose and dose["amountMg"]


def _dose(wanted: Mapping[str, Any], told: Json) -> Iterator[str]:
    yield from (f"{d}: {_proposed(d, told)} mg" for d, mg in wanted.items() if _proposed(d, told) != mg)


def _dose_at_most(wanted: Mapping[str, Any], told: Json) -> Iterator[str]:
    yield from (f"{d}: {_proposed(d, told)} mg" for d, mg in wanted.items() if (_proposed(d, told) or 0) > mg)


def _in_force(drug: str, told: Json) -> str | None:
    dose = _drugs(told).get(drug, {}).get("currentDose")
    return dose and f"{dose['amountMg']}/{dose['everyHours']}"


def _current(wanted: Mapping[str, str], told: Json) -> Iterator[str]:
    yield from (f"{d}: {_in_force(d, told)}" for d, dose in wanted.items() if _in_force(d, told) != dose)


def _not_current(unwanted: Mapping[str, str], told: Json) -> Iterator[str]:
    yield from (f"{d}: {_in_force(d, told)}" for d, dose in unwanted.items() if _in_force(d, told) == dose)


def _trough(wanted: Mapping[str, str], told: Json) -> Iterator[str]:
    for drug, validities in wanted.items():
        validity = (_drugs(told).get(drug, {}).get("trough") or {}).get("validity")
        if validity not in validities.split("|"):
            yield f"{drug}: {validity}"


def _reasons(wanted: Mapping[str, Any], told: Json) -> Iterator[str]:
    for drug, reasons in wanted.items():
        some = reasons if isinstance(reasons, list) else reasons.split("|")
        given = _drugs(told).get(drug, {}).get("reasons", [])
        if not set(some) & set(given):
            yield f"{drug}: {given}"


def _one_of(value: Any, wanted: str) -> Iterator[str]:
    if value not in wanted.split("|"):
        yield f"is {value}"


def _none_of(value: Any, unwanted: str) -> Iterator[str]:
    if value in unwanted.split("|"):
        yield f"is {value}"


def _statuses(told: Json) -> dict[str, str]:
    return {c["id"]: c["status"] for c in told["eligibility"]["criteria"]}


def _parts(told: Json) -> dict[str, str]:
    parts = (c.get("parts") or {} for c in told["eligibility"]["criteria"])
    listed = (p.items() if isinstance(p, dict) else ((q["id"], q) for q in p) for p in parts)
    return {number: part["status"] if isinstance(part, dict) else part for number, part in chain(*listed)}


def _each(found: Mapping[str, str], wanted: Mapping[str, str], among: bool) -> Iterator[str]:
    for number, statuses in wanted.items():
        if (found.get(number) in statuses.split("|")) is not among:
            yield f"{number} is {found.get(number)}"


def _criterion_words(wanted: Mapping[str, Any], told: Json, there: bool) -> Iterator[str]:
    seen = {c["id"]: c["seen"] for c in told["eligibility"]["criteria"]}
    for number, words in wanted.items():
        for word in words if isinstance(words, list) else [words]:
            if any(one in seen[number] for one in word.split("|")) is not there:
                yield f"{number} says {seen[number]!r}"


def _matches(finding: Json, wanted: Json) -> bool:
    gravest = _GRAVITY.index(wanted.get("severity", "none"))
    same_rule = finding["ruleId"] in wanted.get("rule", finding["ruleId"]).split("|")
    same_drug = "drug" not in wanted or finding.get("drug") == wanted["drug"]
    return same_rule and same_drug and _GRAVITY.index(finding["severity"]) >= gravest


def _safety(wanted: list[Json], told: Json) -> Iterator[str]:
    yield from (f"no {one}" for one in wanted if not any(_matches(f, one) for f in told["safety"]))


def _no_safety(unwanted: list[Json], told: Json) -> Iterator[str]:
    yield from (f"has {one}" for one in unwanted if any(_matches(f, one) for f in told["safety"]))


def _no_orders(unwanted: list[Json], told: Json) -> Iterator[str]:
    yield from (f"has {one}" for one in unwanted if any(_matches(f, one) for f in told["orders"]))


def _gravest(findings: list[Json]) -> int:
    return max((_GRAVITY.index(f["severity"]) for f in findings), default=0)


def _orders_at_least(severity: str, told: Json) -> Iterator[str]:
    if _gravest(told["orders"]) < _GRAVITY.index(severity):
        yield _GRAVITY[_gravest(told["orders"])]


def _orders_at_most(severity: str, told: Json) -> Iterator[str]:
    if _gravest(told["orders"]) > _GRAVITY.index(severity):
        yield _GRAVITY[_gravest(told["orders"])]


def _holds(text: str, wanted: list[str]) -> Iterator[str]:
    yield from (
        f"{words!r} stands nowhere" for words in wanted if not any(w in text for w in words.split("|"))
    )


def _lacks(text: str, unwanted: list[str]) -> Iterator[str]:
    yield from (f"{words!r} stands there" for words in unwanted if any(w in text for w in words.split("|")))


def _words(value: Any) -> list[str]:
    return value if isinstance(value, list) else [value]


def _as_text(value: Any) -> str:
    return json.dumps(value, ensure_ascii=False)


def _data_quality(wanted: Any, told: Json) -> Iterator[str]:
    if wanted is True:
        yield from () if told["dataQuality"] else ["no entry"]
    else:
        yield from _holds(_as_text(told["dataQuality"]), _words(wanted))


def _monitoring(wanted: Mapping[str, Json], told: Json) -> Iterator[str]:
    for test, asked in wanted.items():
        items = [i for i in told["monitoring"] if i["test"] == test]
        fits = [
            i
            for i in items
            if i["due"] <= asked.get("by", i["due"])
            and i["status"] in asked.get("status", i["status"]).split("|")
        ]
        if not fits:
            yield f"{test}: {items}"


_OF_ASSESSMENT: dict[str, Any] = {
    "states": _states,
    "notStates": _not_states,
    "dose": _dose,
    "doseMax": _dose_at_most,
    "currentDose": _current,
    "notCurrentDose": _not_current,
    "trough": _trough,
    "reasons": _reasons,
    "renal": lambda wanted, told: _one_of(told["renal"]["state"], wanted),
    "notRenal": lambda unwanted, told: _none_of(told["renal"]["state"], unwanted),
    "participation": lambda wanted, told: _one_of(told["participation"]["status"], wanted),
    "eligibility": lambda wanted, told: _one_of(told["eligibility"]["status"], wanted),
    "notEligibility": lambda unwanted, told: _none_of(told["eligibility"]["status"], unwanted),
    "criteria": lambda wanted, told: _each(_statuses(told), wanted, True),
    "notCriteria": lambda unwanted, told: _each(_statuses(told), unwanted, False),
    "parts": lambda wanted, told: _each(_parts(told), wanted, True),
    "notParts": lambda unwanted, told: _each(_parts(told), unwanted, False),
    "criterionWords": lambda wanted, told: _criterion_words(wanted, told, True),
    "criterionNotWords": lambda unwanted, told: _criterion_words(unwanted, told, False),
    "safety": _safety,
    "noSafety": _no_safety,
    "noOrders": _no_orders,
    "ordersAtLeast": _orders_at_least,
    "ordersAtMost": _orders_at_most,
    "orderWords": lambda wanted, told: _holds(_as_text(told["orders"]), _words(wanted)),
    "dataQuality": _data_quality,
    "noDataQuality": lambda unwanted, told: _lacks(_as_text(told["dataQuality"]), _words(unwanted)),
    "monitoring": _monitoring,
    "words": lambda wanted, told: _holds(_as_text(told), _words(wanted)),
    "notWords": lambda unwanted, told: _lacks(_as_text(told), _words(unwanted)),
}


# ---------------------------------------------------------------- cards


def _summaries(cards: list[Json]) -> str:
    return "\n".join(card["summary"] for card in cards)


def _everything(cards: list[Json]) -> str:
    return "\n".join(
        text
        for card in cards
        for text in (
            card["summary"],
            card.get("detail", ""),
            card["source"]["label"],
            *(s["label"] for s in card.get("suggestions", ())),
        )
    )


def _gravest_card(cards: list[Json]) -> str:
    return _GRAVITY[max((_GRAVITY.index(card["indicator"]) for card in cards), default=0)]


def _indicator(wanted: str, cards: list[Json]) -> Iterator[str]:
    if _GRAVITY.index(_gravest_card(cards)) < _GRAVITY.index(wanted):
        yield _gravest_card(cards)


def _indicator_at_most(wanted: str, cards: list[Json]) -> Iterator[str]:
    if _GRAVITY.index(_gravest_card(cards)) > _GRAVITY.index(wanted):
        yield _gravest_card(cards)


def _some_or_none(wanted: str, cards: list[Json]) -> Iterator[str]:
    if bool(cards) is not (wanted == "some"):
        yield f"{len(cards)} cards"


def _not_at_the_end(endings: list[str], cards: list[Json]) -> Iterator[str]:
    yield from (c["summary"] for c in cards for end in endings if c["summary"].endswith(end))


def _suggestions(cards: list[Json]) -> Iterator[list[Json]]:
    yield from (s.get("actions", []) for card in cards for s in card.get("suggestions", ()))


def _named(action: Json) -> str:
    resource = action.get("resource") or {}
    return f"{action['type']} {resource.get('resourceType')} {resource.get('status')}"


def _actions(wanted: list[str], cards: list[Json]) -> Iterator[str]:
    offered = [{_named(action) for action in actions} for actions in _suggestions(cards)]
    if not any(set(wanted) <= some for some in offered):
        yield f"offered: {offered}"


def _no_actions(unwanted: list[str], cards: list[Json]) -> Iterator[str]:
    offered = {_named(action) for actions in _suggestions(cards) for action in actions}
    yield from (one for one in unwanted if one in offered)


def _prior(_: bool, cards: list[Json]) -> Iterator[str]:
    drafts = [a["resource"] for some in _suggestions(cards) for a in some if a["type"] == "create"]
    if not any("priorPrescription" in draft for draft in drafts):
        yield "no draft names the order that it replaces"


_OF_CARDS: dict[str, Any] = {
    "cards": _some_or_none,
    "indicator": _indicator,
    "indicatorAtMost": _indicator_at_most,
    "summary": lambda wanted, cards: _holds(_summaries(cards), wanted),
    "notSummary": lambda unwanted, cards: _lacks(_summaries(cards), unwanted),
    "summaryNotEnd": _not_at_the_end,
    "text": lambda wanted, cards: _holds(_everything(cards), wanted),
    "notText": lambda unwanted, cards: _lacks(_everything(cards), unwanted),
    "actions": _actions,
    "notActions": _no_actions,
    "priorPrescription": _prior,
}
