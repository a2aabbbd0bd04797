"""Dosing, safety, due tests and response as statements."""

from collections.abc import Iterable

import msgspec

from cds_service.cards.dose_text import band_words, drug_name, level_words
from cds_service.figures.statements import RENAL_TONES, Statement, Teller
from cds_service.rules.answers.alerts import Alert, Severity
from cds_service.rules.answers.assessment import Assessment
from cds_service.rules.answers.dosing_answers import State, TitrationDecision
from cds_service.rules.answers.follow_up import (
    DueStatus,
    MonitoringItem,
    ResponseCategory,
    ResponseReadout,
)
from cds_service.rules.answers.renal_answers import RenalFinding
from cds_service.trials.trial_interface import HeadOf
from fhir_mappings.clinical_model.known_unknown import Evidence
from fhir_mappings.clinical_model.messages import Phrase

_STATE_TONES = {
    State.CONTINUE: "good",
    State.INITIATE: "info",
    State.INCREASE: "warning",
    State.DECREASE: "warning",
    State.HOLD: "critical",
    State.STOP_REVIEW: "critical",
    State.RECHECK: "info",
    State.AT_CAP_BELOW_TARGET: "info",
    State.CANNOT_ADVISE: "unknown",
}
_DUE_TONES = {
    DueStatus.OVERDUE: "warning",
    DueStatus.DUE: "info",
    DueStatus.DONE: "good",
    DueStatus.NOT_YET: "quiet",
}
_RESPONSE_TONES = {
    ResponseCategory.CR: "good",
    ResponseCategory.PR: "good",
    ResponseCategory.NR: "warning",
    ResponseCategory.NOT_EVALUABLE: "unknown",
    ResponseCategory.NOT_YET: "quiet",
}
_DUE_ORDER = (DueStatus.OVERDUE, DueStatus.DUE, DueStatus.NOT_YET, DueStatus.DONE)


class Headline(msgspec.Struct, frozen=True):
    """What must be read first: what to do, and the critical findings that ask for it."""

    said: Statement
    because: tuple[Statement, ...] = ()


def headlines(assessment: Assessment, tell: Teller, head_of: HeadOf) -> list[Headline]:
    """Each study drug of the arm with its critical findings, and those that concern no such drug."""
    critical = [alert for alert in assessment.safety if alert.severity is Severity.CRITICAL]
    dosed = {decision.drug for decision in assessment.titration}
    others = [Headline(_alert(alert, tell)) for alert in critical if alert.drug not in dosed]
    drugs = [
        Headline(
            _drug(decision, tell, head_of),
            tuple(_alert(a, tell) for a in critical if a.drug == decision.drug),
        )
        for decision in assessment.titration
    ]
    return sorted([*others, *drugs], key=lambda one: one.said.tone != "critical")


def _drug(decision: TitrationDecision, tell: Teller, head_of: HeadOf) -> Statement:
    return Statement(
        tone=_STATE_TONES[decision.state],
        tag=tell.say(f"page.state.{decision.state}"),
        title=tell.plain(head_of(decision)),
        text=tell.plain(decision.seen),
        more=_level(decision, tell),
        origin=tell.origin(decision.rule),
        seen=tell.seen(_level_evidence(decision)),
    )


def _level(decision: TitrationDecision, tell: Teller) -> str:
    trough, target = decision.trough, decision.target
    return tell.say(
        "page.level",
        level=level_words(trough),
        validity=Phrase(f"validity.{trough.validity}"),
        target=band_words(target) if target else Phrase("level.noTarget"),
    )


def _level_evidence(decision: TitrationDecision) -> Iterable[Evidence]:
    trough = decision.trough
    if trough.reference:
        yield Evidence(trough.reference, trough.collected, trough.value, "ng/mL" if trough.value else None)


def kidney_statement(finding: RenalFinding, tell: Teller) -> Statement:
    """The renal state."""
    return Statement(
        tone=RENAL_TONES[finding.state],
        tag=tell.say(f"renal.state.{finding.state}"),
        text=tell.plain(finding.seen),
        origin=tell.origin(finding.rule),
        seen=tell.seen(finding.evidence),
    )


def safety(alerts: Iterable[Alert], tell: Teller) -> list[Statement]:
    """Safety findings, loudest first."""
    return [_alert(alert, tell) for alert in sorted(alerts, key=lambda a: a.severity.rank)]


def _alert(alert: Alert, tell: Teller) -> Statement:
    return Statement(
        tone=alert.severity.value,
        tag=tell.say(f"page.severity.{alert.severity}"),
        title=_asked(alert, tell),
        text=tell.plain(alert.seen),
        origin=tell.origin(alert.rule),
        seen=tell.seen(alert.evidence),
    )


def _asked(alert: Alert, tell: Teller) -> str:
    action = Phrase(f"action.{alert.action}")
    if alert.drug is None:
        return tell.plain(action)
    return tell.say("safety.short", drug=drug_name(alert.drug), action=action)


def due_statement(items: Iterable[MonitoringItem], tell: Teller) -> list[Statement]:
    """The schedule of tests, what is overdue first."""
    ranked = sorted(items, key=lambda item: _DUE_ORDER.index(item.status))
    return [
        Statement(
            tone=_DUE_TONES[item.status],
            tag=tell.say(f"due.{item.status}"),
            title=tell.say(f"test.{item.test}"),
            text=tell.plain(item.seen),
            more=item.due.isoformat() if item.due else "",
            origin=tell.origin(item.rule),
        )
        for item in ranked
    ]


def response(readouts: Iterable[ResponseReadout], tell: Teller) -> list[Statement]:
    """The read-outs of Weeks 13 and 25."""
    return [
        Statement(
            tone=_RESPONSE_TONES[readout.category],
            tag=tell.say(f"response.category.{readout.category}"),
            title=tell.say(f"visit.{readout.visit}"),
            text=tell.plain(readout.seen),
            origin=tell.origin(readout.rule),
            seen=tell.seen(readout.evidence),
        )
        for readout in readouts
    ]
