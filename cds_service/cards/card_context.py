"""What a card needs to know of the call it answers, besides the assessment."""

from collections.abc import Callable, Mapping
from datetime import date
from decimal import Decimal
from typing import Any

import msgspec

from cds_service.cards.translations import Wording
from cds_service.rules.trial_record import TrialRecord
from fhir_mappings.clinical_model.medications import MedicationEvent
from fhir_mappings.clinical_model.standing import StandingOrder


def _nothing_written(_reference: str) -> None:
    return None


class CardContext(msgspec.Struct, frozen=True):
    """Who asked, in which hook instance and language, for which trial, and the raw draft orders by reference.

    `as_of` is the moment as text, `input_hash` "sha256:...", `public_base_url` without trailing slash.
    `drafts_raw` holds each draft order verbatim, so that an update suggestion can return the entire resource.
    `mg_per_piece`: what a tablet or capsule of a draft's product holds, by reference, where that is known.
    `medications`: what the record holds about drugs.
    `written` gives an order of the record as the record wrote it, by reference; None where it did not come.
    `one_action`: the client carries out one action per suggestion.
    `by_hand`: tests that the site does not want drafted. `standing`: orders for tests that are there already.
    `explains`: the client is registered for the page that explains.
    `trial_card_back` is the day from which an unchanged trial card is given again; None: always.
    """

    issuer: str
    tenant: str
    hook_instance: str
    service_id: str
    as_of: str
    input_hash: str
    public_base_url: str
    words: Wording
    trial: TrialRecord
    drafts_raw: Mapping[str, dict[str, Any]] = msgspec.field(default_factory=dict)
    mg_per_piece: Mapping[str, Decimal] = msgspec.field(default_factory=dict)
    medications: tuple[MedicationEvent, ...] = ()
    written: Callable[[str], dict[str, Any] | None] = _nothing_written
    one_action: bool = False
    by_hand: frozenset[str] = frozenset()
    standing: tuple[StandingOrder, ...] = ()
    explains: bool = False
    trial_card_back: date | None = None
