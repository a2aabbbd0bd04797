"""What if: the doses that the trial record allows, ranked by the chance that the next trough is in target."""

from dataclasses import dataclass
from datetime import date

from cds_service.cards.dose_text import band_words, dose_words, drug_name
from cds_service.cards.forecast_text import outlook_lines
from cds_service.cards.translations import plain_number
from cds_service.explain.predicted_curve import PredictedCurve, predicted_curves
from cds_service.figures.statements import Teller
from cds_service.rules.answers.assessment import Assessment
from cds_service.rules.answers.dosing_answers import TitrationDecision
from cds_service.rules.answers.forecast_answer import DoseOutlook, ModelFit


@dataclass(frozen=True, slots=True)
class Choice:
    """One dose: its words, the level expected with its 90 % interval, the chance in per cent; its figure."""

    dose: str
    level: str
    chance: int
    is_now: bool
    is_proposed: bool
    curve: PredictedCurve | None = None


@dataclass(frozen=True, slots=True)
class WhatIf:
    """One drug's choices, the likeliest in target first; none, and `says` why, where no model fits.

    `outside`: the patient is outside the population of a model that speaks.
    """

    title: str
    choices: tuple[Choice, ...]
    says: tuple[str, ...]
    outside: bool


def what_if(assessment: Assessment, today: date, tell: Teller) -> list[WhatIf]:
    """For each drug that the site forecasts; it changes no advice."""
    return [
        _of(decision, today, tell)
        for decision in assessment.titration
        if decision.outlook and decision.target
    ]


def _of(decision: TitrationDecision, today: date, tell: Teller) -> WhatIf:
    told, band = decision.outlook, decision.target
    assert told is not None
    assert band is not None
    ranked = sorted(told.doses, key=lambda one: (-one.in_band, one.dose.amount_mg))
    curves = predicted_curves(told.doses, band, today)
    title = tell.say(
        "page.whatIf.title",
        drug=drug_name(decision.drug),
        band=band_words(band),
        day=told.trough_on,
    )
    return WhatIf(
        title,
        tuple(_choice(one, decision, curves.get(one), tell) for one in ranked),
        tuple(tell.plain(line) for line in outlook_lines(decision)),
        any(model.fit is not ModelFit.INSIDE and model.weight > 0 for model in told.models),
    )


def _choice(
    told: DoseOutlook, decision: TitrationDecision, curve: PredictedCurve | None, tell: Teller
) -> Choice:
    low, middle, high = (plain_number(value) for value in (told.low, told.median, told.high))
    return Choice(
        tell.plain(dose_words(told.dose)),
        tell.say("page.whatIf.level", middle=middle, low=low, high=high),
        round(told.in_band * 100),
        told.dose == decision.current,
        told.dose == decision.proposed,
        curve,
    )
