"""A forecast in words and as data: for the dosing card, the assessment, and the explain page.

`outlook_json` is what a chart draws from; `outlook_lines` are its sentences. Neither is there when the site
has not switched forecasts on.
"""

from decimal import Decimal
from typing import Any

from cds_service.cards.dose_text import dose_words
from cds_service.cards.translations import Wording, plain_number
from cds_service.rules.answers.dosing_answers import Band, State, TitrationDecision
from cds_service.rules.answers.forecast_answer import DoseOutlook, ModelFit, ModelOutlook, NoForecast, Outlook
from fhir_mappings.clinical_model.messages import Phrase, say

INTERVAL = 0.90
_HUNDRED = Decimal(100)


def outlook_json(decision: TitrationDecision, words: Wording) -> dict[str, Any] | None:
    """The `forecast` member of an assessment; null where the site does not forecast, or nothing can be said.

    Levels in ng/mL; `inBand` and `weight` from 0 to 1; `noForecast` says why `doses` is empty.
    """
    told = decision.outlook
    if told is None:
        return None
    return {
        "troughOn": told.trough_on.isoformat(),
        "unit": "ng/mL",
        "interval": INTERVAL,
        "levels": told.levels,
        "doses": [_dose_json(one) for one in told.doses],
        "models": [_model_json(model) for model in told.models],
        "noForecast": told.none_because.value if told.none_because else None,
        "says": [words.plain(line) for line in outlook_lines(decision)],
    }


def _dose_json(told: DoseOutlook) -> dict[str, Any]:
    dose = {"amountMg": float(told.dose.amount_mg), "everyHours": float(told.dose.every_hours)}
    numbers = {"median": told.median, "low": told.low, "high": told.high, "inBand": told.in_band}
    return {"dose": dose, **{name: float(value) for name, value in numbers.items()}}


def _model_json(model: ModelOutlook) -> dict[str, Any]:
    return {
        "name": model.name,
        "citation": model.citation,
        "weight": float(model.weight),
        "fit": model.fit.value,
        "because": list(model.because),
        "refused": model.refused,
    }


def outlook_lines(decision: TitrationDecision) -> list[Phrase]:
    """The forecast in sentences, the present dose's meaning for a recheck first; empty without a forecast."""
    told, band = decision.outlook, decision.target
    if told is None or band is None:
        return []
    if told.none_because:
        return [say("forecast.none", why=_why_none(told, told.none_because))]
    lines = [*_recheck(decision, told), *(_dose_line(one, band) for one in told.doses)]
    models = tuple(_model_words(model) for model in told.models if model.weight > 0)
    lines.append(say("forecast.about", day=told.trough_on, levels=told.levels, models=models))
    stretched = _covariates(told, ModelFit.STRETCHED)
    return [*lines, *([say("forecast.stretched", covariates=stretched)] if stretched else [])]


def _why_none(told: Outlook, why: NoForecast) -> Phrase:
    if why is NoForecast.NO_MODEL:
        return say("forecast.none.NO_MODEL_FITS", covariates=_covariates(told, ModelFit.NOT_FOR_THIS_PATIENT))
    return Phrase(f"forecast.none.{why}")


def _recheck(decision: TitrationDecision, told: Outlook) -> list[Phrase]:
    """Where no change may be made yet: what the wait is expected to show."""
    if decision.state is not State.RECHECK:
        return []
    now = [one for one in told.doses if one.dose == decision.current]
    return [say("forecast.recheck", median=one.median, low=one.low, high=one.high) for one in now]


def _dose_line(told: DoseOutlook, band: Band) -> Phrase:
    edges = (("from", band.low), ("to", band.high))
    values = (
        ("dose", dose_words(told.dose)),
        ("median", told.median),
        ("low", told.low),
        ("high", told.high),
        ("chance", Decimal(plain_number((told.in_band * _HUNDRED).quantize(Decimal(1))))),
    )
    return Phrase("forecast.dose", (*values, *edges))


def _model_words(model: ModelOutlook) -> Phrase:
    weight = (model.weight * _HUNDRED).quantize(Decimal(1))
    return say("forecast.model", citation=model.citation, weight=weight)


def _covariates(told: Outlook, fit: ModelFit) -> tuple[Phrase, ...]:
    """What makes a model fit so badly, each named once."""
    speaking = [m for m in told.models if m.fit is fit and (m.weight > 0 or told.none_because)]
    names = dict.fromkeys(name for model in speaking for name in model.because)
    return tuple(Phrase(f"forecast.covariate.{name}") for name in names)
