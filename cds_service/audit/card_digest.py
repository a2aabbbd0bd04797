"""From a card to what is remembered of it: only members on a short list, so that no value can slip in.

The decision extension is the contract's `assessment/1`; a finding is any object in it that has a `ruleId`.
"""

import re
from collections.abc import Iterator, Mapping
from typing import Any

import msgspec

from cds_service.audit.audit_records import GivenCard, GivenRule, plain_uuid
from cds_service.audit.pseudonym import Pseudonyms
from cds_service.cds_hooks.card import Card, InvalidCard

_KEPT = (
    "ruleId",
    "id",
    "status",
    "basis",
    "missing",
    "drug",
    "state",
    "reasons",
    "action",
    "severity",
    "test",
    "visit",
    "category",
    "profile",
)
"""Codes of ours. Doses and references are kept in columns of their own."""

_NOT_SEEN = ("seen", "question", "openQuestions", "origin", "recheck", "forecast")
"""Words, and days counted from today: they change although no input of the rule did."""

_REFERENCE = re.compile(r"(?P<type>[A-Z][A-Za-z]+)/[A-Za-z0-9\-.]{1,64}")
_STATES = ("state", "status", "category")
Json = Mapping[str, Any]


def given_card(card: Card, extension: Json, patient_id: str, keys: Pseudonyms) -> GivenCard:
    """What is remembered of `card`; `extension` is its decision (`assessment/1`). Raises InvalidCard."""
    if card.uuid is None:
        raise InvalidCard("uuid", "is needed to be remembered")
    findings = [*_findings(extension)]
    decision: Json = extension.get("decision") or {}
    return GivenCard(
        card=plain_uuid(card.uuid),
        kind=extension["kind"],
        state=next((str(decision[name]) for name in _STATES if decision.get(name)), ""),
        severity=card.indicator.value,
        rules=tuple(_rule(rule, findings, decision, keys) for rule in extension["ruleIds"]),
        decision=_summary(decision, findings),
        proposed=tuple(_proposal(finding) for finding in findings if finding.get("proposedDose")),
        evidence=tuple(sorted(_references(extension, patient_id, keys))),
        reasons_offered=tuple(f"{reason.system}|{reason.code}" for reason in card.override_reasons),
        suggestions_offered=tuple(plain_uuid(s.uuid) for s in card.suggestions if s.uuid),
    )


def _summary(decision: Json, findings: list[Json]) -> dict[str, Any]:
    members = {name: decision[name] for name in ("status", "unavailable") if decision.get(name)}
    kept = [{name: f[name] for name in _KEPT if f.get(name)} for f in findings]
    return {**members, "findings": kept}


def _proposal(finding: Json) -> dict[str, Any]:
    dose = finding["proposedDose"]
    return {"drug": finding["drug"], "amountMg": dose["amountMg"], "everyHours": dose["everyHours"]}


def _rule(rule_id: str, findings: list[Json], decision: Json, keys: Pseudonyms) -> GivenRule:
    """A rule without a finding of its own saw the decision as a whole."""
    own = [finding for finding in findings if finding["ruleId"] == rule_id] or [decision]
    texts = sorted(msgspec.json.encode(_inputs(finding), order="sorted").decode() for finding in own)
    return GivenRule(rule_id, keys.of_inputs(rule_id, "\n".join(texts)))


def _inputs(value: Any) -> Any:
    if isinstance(value, Mapping):
        return {name: _inputs(member) for name, member in value.items() if name not in _NOT_SEEN}
    if isinstance(value, list | tuple):
        return [_inputs(member) for member in value]
    return value


def _findings(value: Any) -> Iterator[Json]:
    if isinstance(value, Mapping):
        if "ruleId" in value:
            yield value
        for member in value.values():
            yield from _findings(member)
    elif isinstance(value, list | tuple):
        for member in value:
            yield from _findings(member)


def _references(extension: Json, patient_id: str, keys: Pseudonyms) -> set[str]:
    found = (_REFERENCE.fullmatch(text) for text in _texts_at("reference", extension))
    own_id = re.compile(rf"(?<![A-Za-z0-9]){re.escape(patient_id)}(?![A-Za-z0-9])", re.IGNORECASE)
    return {_unnamed(seen, own_id, keys) for seen in found if seen and seen["type"] != "Patient"}


def _unnamed(seen: re.Match[str], own_id: re.Pattern[str], keys: Pseudonyms) -> str:
    """Some hospitals build ids out of the patient's: such a reference is kept as a pseudonym of itself."""
    reference = seen.group()
    return f"{seen['type']}/hmac-{keys.of_text(reference)}" if own_id.search(reference) else reference


def _texts_at(name: str, value: Any) -> Iterator[str]:
    if isinstance(value, Mapping):
        for key, member in value.items():
            if key == name and isinstance(member, str):
                yield member
            else:
                yield from _texts_at(name, member)
    elif isinstance(value, list | tuple):
        for member in value:
            yield from _texts_at(name, member)
