"""Safety findings about a drug without a dosing card: ciclosporin taken in the arm of sirolimus alone.

On the card of the other drug "Hold the drug" would name the wrong one.
"""

from collections.abc import Sequence

from cds_service.cards.assessment_json import alert_json
from cds_service.cards.card_builder import Message, bullets
from cds_service.cards.card_context import CardContext
from cds_service.cards.dose_text import drug_name
from cds_service.cards.first_look import STOPPING, alert_line, dangers, headline, place_of
from cds_service.rules.answers.alerts import Alert
from cds_service.trials.nct06802055.cards.dose_offers import partner_stops
from cds_service.trials.nct06802055.two_drugs import Drug
from fhir_mappings.clinical_model.messages import Phrase, say


def safety_message(drug: Drug, ranked: Sequence[Alert], context: CardContext) -> Message:
    """The card of one drug's findings, loudest first; `ranked` is not empty."""
    first = ranked[0]
    name, action = drug_name(drug), Phrase(f"action.{first.action}")
    summaries = [
        say("safety.summary", drug=name, seen=first.seen, action=action),
        say("safety.short", drug=name, action=action),
    ]
    shown = dangers(ranked, headline(summaries, context.words), context, stops=first.action in STOPPING)
    rest = [alert_line(alert, context) for n, alert in enumerate(ranked) if place_of(n, alert) not in shown]
    return Message(
        kind="safety",
        rules=[alert.rule for alert in ranked],
        severity=first.severity,
        summaries=summaries,
        detail=[bullets(shown.values())] if shown else [],
        why=[bullets(rest)] if rest else [],
        decision=alert_json(first, context.words),
        extra={"safety": [alert_json(alert, context.words) for alert in ranked]},
        offers=partner_stops((), ranked, context),
        about=drug.value,
    )
