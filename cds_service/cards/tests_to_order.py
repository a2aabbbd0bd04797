"""Draft orders for tests that a rule wants."""

from collections.abc import Iterable
from datetime import date

from cds_service.cards.context import CardContext
from cds_service.cards.frame import Offer
from cds_service.hooks.card import Action, ActionType
from cds_service.protocol.answers.dosing import Recheck
from fhir_mappings.vocabulary.phrases import Phrase, say
from fhir_mappings.writers.drafts import laboratory_order
from fhir_mappings.writers.laboratory_tests import LABORATORY_TESTS


def recheck_action(recheck: Recheck, patient: str, today: date, context: CardContext) -> tuple[Action, ...]:
    """A draft order for the test to repeat, on the first day it is wanted, if a laboratory does it."""
    return draft_tests([recheck.test], patient, today, context, recheck.not_before)


def draft_tests(
    names: Iterable[str], patient: str, today: date, context: CardContext, on: date | None = None
) -> tuple[Action, ...]:
    """Draft orders for each of the named tests that a laboratory does, each once."""
    wanted = [name for name in dict.fromkeys(names) if name in LABORATORY_TESTS]
    return tuple(_action(name, patient, today, context, on) for name in wanted)


def _action(name: str, patient: str, today: date, context: CardContext, on: date | None) -> Action:
    words = context.words
    test = LABORATORY_TESTS[name]
    label = words.plain(say("suggest.test", test=Phrase(f"test.{name}"), day=on or today))
    note = words.plain(say("suggest.testNote"))
    resource = laboratory_order(patient, test.loinc, test.display, on, today, note)
    return Action(ActionType.CREATE, label, resource)


def tests_offer(names: Iterable[str], patient: str, today: date, context: CardContext) -> list[Offer]:
    """One suggestion that orders all of the named tests, if any of them can be ordered."""
    actions = draft_tests(names, patient, today, context)
    label = context.words.plain(say("suggest.tests"))
    return [Offer("tests", label, actions, recommended=True)] if actions else []
