"""Is the advice still the same? What a call was answered then, beside what it would be answered now."""

from collections.abc import Iterator, Mapping

import msgspec

from cds_service.audit.audit_records import GivenCall, GivenCard

_VERSIONS = ("software", "texts", "record_version")


class Difference(msgspec.Struct, frozen=True):
    """One thing that differs: a version, the input, or a rule; "" where there is none on that side."""

    what: str
    before: str
    after: str


def differences(before: GivenCall, after: GivenCall) -> tuple[Difference, ...]:
    """All that differs: versions and input first, then each rule that says or saw something else."""
    return (*_versions(before, after), *_rules(before.cards, after.cards))


def same_advice(before: GivenCall, after: GivenCall) -> bool:
    """Would the clinician read the same advice: same rules, states, severities and doses?"""
    return _told(before) == _told(after)


def _told(call: GivenCall) -> list[tuple[str, ...]]:
    """Without what the rules saw: other data that lead to the same advice are the same advice."""
    return sorted(_advice(card) for card in call.cards)


def _advice(card: GivenCard) -> tuple[str, ...]:
    doses = (f"{dose['drug']} {dose['amountMg']} mg / {dose['everyHours']} h" for dose in card.proposed)
    rules = sorted(rule.id for rule in card.rules)
    return (card.kind, card.state, card.severity, " ".join(rules), "; ".join(doses))


def _versions(before: GivenCall, after: GivenCall) -> Iterator[Difference]:
    for name in (*_VERSIONS, "input_hash"):
        then, now = str(getattr(before, name) or ""), str(getattr(after, name) or "")
        if then != now:
            yield Difference(name, then, now)


def _rules(before: tuple[GivenCard, ...], after: tuple[GivenCard, ...]) -> Iterator[Difference]:
    then, now = _by_rule(before), _by_rule(after)
    for rule in sorted(then.keys() | now.keys()):
        said_then, said_now = then.get(rule, ("", "")), now.get(rule, ("", ""))
        if said_then != said_now:
            yield Difference(f"rule {rule}", *(_with_inputs(*said) for said in (said_then, said_now)))


def _by_rule(cards: tuple[GivenCard, ...]) -> Mapping[str, tuple[str, str]]:
    return {
        rule.id: ("; ".join(filter(None, _advice(card))), rule.inputs)
        for card in cards
        for rule in card.rules
    }


def _with_inputs(advice: str, inputs: str) -> str:
    return f"{advice} (saw {inputs[:12]})" if inputs else ""
