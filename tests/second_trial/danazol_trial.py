"""The small trial as the service meets it: its cards and its declaration."""

from collections.abc import Sequence
from datetime import date
from functools import partial
from pathlib import Path

from cds_service.cards.assessment_json import alert_json, eligibility_json, monitoring_json, titration_json
from cds_service.cards.card_builder import TRIAL_OVERRIDES, Message
from cds_service.cards.card_context import CardContext
from cds_service.cards.card_set import CardSet
from cds_service.cards.dose_text import dose_words
from cds_service.figures.chart_data import Panel, Point, axis_moment, drawn_number
from cds_service.figures.patient_chart import PatientChart
from cds_service.rules.answers.alerts import Severity
from cds_service.rules.answers.assessment import Assessment, critical_findings
from cds_service.rules.answers.criteria_answers import EligibilityStatus
from cds_service.rules.answers.dosing_answers import TitrationDecision
from cds_service.trials.trial_file import read_trial_file
from cds_service.trials.trial_interface import Trial, TrialForm, TrialPage
from fhir_mappings.clinical_model.concepts import Concept
from fhir_mappings.clinical_model.messages import Phrase, say
from fhir_mappings.clinical_model.results import Analyte
from tests.second_trial import danazol_rules as rules

FILE = read_trial_file(Path(__file__).with_name("trial.toml"))
_SHOWN = (EligibilityStatus.UNDETERMINED, EligibilityStatus.ELIGIBLE_PENDING)


def _eligibility(assessment: Assessment, _: date, context: CardContext) -> Sequence[Message]:
    told = assessment.eligibility
    if told.status not in _SHOWN:
        return ()
    settled = sum(c.settled for c in told.criteria)
    return (
        Message(
            kind="eligibility",
            rules=[c.rule for c in told.criteria],
            severity=Severity.INFO,
            summaries=[say("toy.candidate", settled=settled, total=len(told.criteria))],
            detail=[],
            decision=eligibility_json(told, context.words),
            overrides=TRIAL_OVERRIDES,
        ),
    )


def _dosing(assessment: Assessment, _: date, context: CardContext) -> Sequence[Message]:
    return [
        Message(
            kind="titration",
            rules=[one.rule],
            severity=Severity.INFO,
            summaries=[say("toy.dose", dose=dose_words(one.proposed))],
            detail=[],
            decision=titration_json(one, context.words),
        )
        for one in assessment.titration
    ]


def _visit(assessment: Assessment, _: date, context: CardContext) -> Sequence[Message]:
    return [
        Message(
            kind="monitoring",
            rules=[one.rule],
            severity=Severity.INFO,
            summaries=[one.seen],
            detail=[],
            decision=monitoring_json(one, context.words),
        )
        for one in assessment.monitoring
    ]


def _orders(assessment: Assessment, _: date, context: CardContext) -> Sequence[Message]:
    return [
        Message(
            kind="order",
            rules=[one.rule],
            severity=one.severity,
            summaries=[one.seen],
            detail=[],
            decision=alert_json(one, context.words),
            about=one.order or "",
        )
        for one in assessment.orders
    ]


def _never(_: Assessment) -> bool:
    return False


def _panels(chart: PatientChart) -> dict[str, tuple[Panel, ...]]:
    """ALT alone."""
    points = tuple(
        Point(axis_moment(one.when, chart.zone), drawn_number(one.number), str(one.number))
        for one in chart.record.usable(Analyte.ALT)
        if one.number is not None and one.when is not None
    )
    return {"drugs": (Panel("ALT", "U/L", points),)} if points else {}


def _head(decision: TitrationDecision) -> Phrase:
    return say("toy.dose", dose=dose_words(decision.proposed))


_CARDS = {
    "eligibility": CardSet(_eligibility, _never),
    "dosing": CardSet(_dosing, _never),
    "visit": CardSet(_visit, _never),
    "orders": CardSet(_orders, _never),
}

_FORM = TrialForm(Path(__file__).with_name("form.json"), lambda _: say("toy.form"))

TRIAL = Trial(
    module=__name__,
    record=FILE.record,
    drugs=FILE.drug,
    arms=FILE.arm,
    disease=frozenset({Concept.PNH_DIAGNOSIS}),
    services=FILE.services(_CARDS),
    reviewed=rules.REVIEWED,
    load=partial(rules.load, FILE.record),
    lost_at_start=lambda _protocol, _words: [],
    faults_of_site=lambda _overrides, _codes: [],
    faults_of_reviewed=lambda _folder, _overrides: [],
    assess=rules.assess,
    participation=rules.participation,
    criteria=rules.IDS,
    page_words=Path(__file__).with_name("page_words"),
    page=TrialPage(_panels, _head, _FORM),
    alarms=critical_findings,
    attested={"E1": None, "T1": range(3)},
)
