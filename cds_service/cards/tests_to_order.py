"""Draft orders for tests that a rule wants, with the days for which it wants them."""

from collections.abc import Iterable
from datetime import date

import msgspec
from msgspec.structs import replace

from cds_service.cards.card_builder import Offer
from cds_service.cards.card_context import CardContext
from cds_service.cds_hooks.card import ActionType, CardAction
from fhir_mappings.clinical_model.messages import Phrase, listing, say
from fhir_mappings.clinical_model.standing import StandingOrder
from fhir_mappings.value_sets.laboratory_tests import LABORATORY_TESTS, ORDERED_AS
from fhir_mappings.writers.drafts import laboratory_order


class WantedTest(msgspec.Struct, frozen=True):
    """A test by our name of it, wanted not before `first` and not after `last`; None leaves an end open."""

    test: str
    first: date | None = None
    last: date | None = None


def draft_tests(
    wanted: Iterable[WantedTest], patient: str, today: date, context: CardContext
) -> tuple[CardAction, ...]:
    """Draft orders for each of the tests that a laboratory does, each once."""
    words, drafted = context.words, []
    for one in _ordered(wanted):
        if one.test in context.by_hand or _standing(one, today, context) is not None:
            continue
        test, name = LABORATORY_TESTS[one.test], Phrase(f"test.{one.test}")
        label = words.plain(say("suggest.test", test=name, when=_when(one, today)))
        note = words.plain(say("suggest.testNote"))
        days = one.first or (None if one.last else today), one.last
        resource = laboratory_order(patient, test.loinc, test.display, days, today, note)
        drafted.append(CardAction(ActionType.CREATE, label, resource))
    return tuple(drafted)


def already_ordered(wanted: Iterable[WantedTest], today: date, context: CardContext) -> list[Phrase]:
    """A line for each of the tests that is drafted or ordered already for these days (DECISIONS 85)."""
    found = ((one, _standing(one, today, context)) for one in _ordered(wanted))
    return [_stands(one.test, order, today) for one, order in found if order is not None]


def _stands(test: str, order: StandingOrder, today: date) -> Phrase:
    """Since when it stands, and for which days, as far as the order tells."""
    kind = "ordered" if order.signed else "drafted"
    how = (
        Phrase(f"standing.{kind}", (("day", order.written),))
        if order.written
        else Phrase(f"standing.{kind}.already")
    )
    name = Phrase(f"test.{test}")
    if not order.is_dated or order.last is None:
        return say("suggest.standing", test=name, how=how)
    days = _when(WantedTest(test, order.first, order.last), today)
    return say("suggest.standingFor", test=name, how=how, days=days)


def _standing(wanted: WantedTest, today: date, context: CardContext) -> StandingOrder | None:
    code, first = LABORATORY_TESTS[wanted.test].loinc, wanted.first or (None if wanted.last else today)
    return next((o for o in context.standing if o.covers(code, first, wanted.last)), None)


def by_hand(wanted: Iterable[WantedTest], context: CardContext) -> list[Phrase]:
    """The tests among them that the site wants to be ordered by hand, in one line."""
    tests = [Phrase(f"test.{one.test}") for one in _ordered(wanted) if one.test in context.by_hand]
    return [say("suggest.byHand", tests=listing(tests))] if tests else []


def _ordered(wanted: Iterable[WantedTest]) -> list[WantedTest]:
    """As a laboratory knows them, each once; what is no test is left out."""
    named = (replace(one, test=ORDERED_AS.get(one.test, one.test)) for one in wanted)
    return list({one.test: one for one in named if one.test in LABORATORY_TESTS}.values())


def _when(wanted: WantedTest, today: date) -> Phrase:
    if wanted.first and wanted.last and wanted.first != wanted.last:
        return say("suggest.window", first=wanted.first, last=wanted.last)
    if wanted.last and not wanted.first:
        return say("suggest.by", last=wanted.last)
    return say("suggest.day", day=wanted.first or today)


def tests_offer(wanted: Iterable[WantedTest], patient: str, today: date, context: CardContext) -> list[Offer]:
    """One suggestion that orders all of the tests, if any of them can be ordered; or one for each."""
    return offered("tests", draft_tests(wanted, patient, today, context), context, recommended=True)


def offered(
    key: str, actions: tuple[CardAction, ...], context: CardContext, *, recommended: bool
) -> list[Offer]:
    """The actions as one suggestion, or each as one of its own for a client that carries out one of each."""
    label = context.words.plain(say("suggest.tests"))
    if context.one_action:
        return [Offer(f"{key}-{n}", one.description, (one,), recommended) for n, one in enumerate(actions)]
    return [Offer(key, label, actions, recommended)] if actions else []
