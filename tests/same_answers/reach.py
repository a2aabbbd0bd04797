"""What an answer reaches: statuses, states, rules, reasons, problems, kinds of cards; and what there is to reach."""

import json
from collections.abc import Iterator, Mapping
from functools import cache
from pathlib import Path
from typing import Any

from tests.same_answers import doors

Json = Any
SCHEMA = Path(__file__).parents[1] / "standard/schemas/assessment.schema.json"
_EXTENSION = "org.aa-cds.decision"


def reached(parts: Mapping[str, str]) -> set[str]:
    """Everything that the canonical answers of one case reach, as words."""
    found: set[str] = set()
    for text in parts.values():
        answer = json.loads(text)
        if isinstance(answer, dict) and answer.get("schema") == "assessment/1":
            found |= set(_of_assessment(answer))
        elif isinstance(answer, dict) and "status" in answer and "body" in answer:
            found |= set(_of_cards(answer))
        elif isinstance(answer, dict) and "unreadable" in answer:
            found.add("file unreadable")
    return found


def _of_assessment(told: Json) -> Iterator[str]:
    yield f"participation {told['participation']['status']}"
    yield f"arm {told['participation']['arm']}"
    yield f"eligibility {told['eligibility']['status']}"
    for criterion in told["eligibility"]["criteria"]:
        yield f"criterion {criterion['id']} {criterion['status']}"
        yield f"basis {criterion['basis']}"
        yield f"rule {criterion['ruleId']}"
        yield from (f"part {part} {status}" for part, status in criterion.get("parts", {}).items())
    yield f"renal {told['renal']['state']}"
    for decision in told["titration"]:
        yield from _of_titration(decision)
    for alert in (*told["safety"], *told["orders"]):
        yield f"rule {alert['ruleId']}"
        yield f"alert {alert['severity']} {alert['action']}"
    for item in told["monitoring"]:
        yield f"rule {item['ruleId']}"
        yield f"monitoring {item['status']}"
    for readout in told["response"]:
        yield f"rule {readout['ruleId']}"
        yield f"response {readout['visit']} {readout['category']}"
    yield from (f"problem {gap['problem']}" for gap in told["dataQuality"])


def _of_titration(decision: Json) -> Iterator[str]:
    yield f"rule {decision['ruleId']}"
    yield f"titration {decision['drug']} {decision['state']}"
    yield f"trough {decision['trough']['validity']}"
    yield from (f"reason {reason}" for reason in decision["reasons"])


def _of_cards(answer: Json) -> Iterator[str]:
    yield f"http {answer['status']}"
    for card in (answer["body"] or {}).get("cards", ()):
        told = card["extension"][_EXTENSION]
        yield f"card {told['kind']} {card['indicator']}"
        yield from (f"rule {rule}" for rule in told["ruleIds"])
        for suggestion in card.get("suggestions", ()):
            yield from (f"action {a['type']} {a['resource']['resourceType']}" for a in suggestion["actions"])


# ---------------------------------------------------------------- what there is


@cache
def known() -> frozenset[str]:
    """Every status of the contract, every rule, and every reason of titration."""
    return frozenset((*_enumerated(), *_of_product()))


def _enumerated() -> Iterator[str]:
    schema = json.loads(SCHEMA.read_text("utf-8"))
    of = schema["properties"]
    yield from (f"participation {s}" for s in of["participation"]["properties"]["status"]["enum"])
    yield from (f"arm {arm}" for arm in of["participation"]["properties"]["arm"]["enum"])
    yield from (f"eligibility {s}" for s in of["eligibility"]["properties"]["status"]["enum"])
    for item in of["eligibility"]["properties"]["criteria"]["prefixItems"]:
        number = item["allOf"][1]["properties"]["id"]["const"]
        statuses = ("met", "not-met", "unknown") if number[0] == "I" else ("present", "absent", "unknown")
        yield from (f"criterion {number} {status}" for status in statuses)
    yield from (f"part I4.{n} {s}" for n in (1, 2) for s in ("met", "not-met", "unknown"))
    yield from (f"basis {basis}" for basis in schema["$defs"]["criterion"]["properties"]["basis"]["enum"])
    yield from (f"renal {state}" for state in of["renal"]["properties"]["state"]["enum"])
    titration = schema["$defs"]["titration"]["properties"]
    drugs = titration["drug"]["enum"]
    yield from (f"titration {drug} {state}" for drug in drugs for state in titration["state"]["enum"])
    yield from (f"trough {v}" for v in titration["trough"]["properties"]["validity"]["enum"])
    yield from (f"monitoring {s}" for s in of["monitoring"]["items"]["properties"]["status"]["enum"])
    response = of["response"]["items"]["properties"]
    visits = response["visit"]["enum"]
    yield from (f"response {visit} {c}" for visit in visits for c in response["category"]["enum"])


def _of_product() -> Iterator[str]:
    yield from (f"rule {rule}" for rule in doors.rules())
    yield from (f"reason {reason}" for reason in doors.reasons())
