"""Pregnancy and breastfeeding (US sirolimus label 8.1, 8.3)."""

from collections.abc import Iterator
from datetime import date

from cds_service.rules.answers.alerts import Action, Severity
from cds_service.trials.nct06802055.safety.adverse_events import Harm, Standing, harms_of
from cds_service.trials.nct06802055.safety.result_text import at_least_times, result_evidence, shown_result
from cds_service.trials.nct06802055.safety.safety_context import Doubt, Found, Situation
from cds_service.trials.nct06802055.two_drugs import Drug
from fhir_mappings.clinical_model.concepts import Concept
from fhir_mappings.clinical_model.known_unknown import Evidence, Known, Sex
from fhir_mappings.clinical_model.messages import Phrase, say
from fhir_mappings.clinical_model.results import Analyte, Presence, Result, day_of

_TESTS = (Analyte.HCG_QUALITATIVE, Analyte.HCG, Analyte.PREGNANCY_STATUS)
_ACTION = {Drug.SIROLIMUS: Action.STOP_REVIEW, Drug.CICLOSPORIN: Action.HOLD}


def pregnancy(chart: Situation) -> Iterator[Found]:
    """The newest test decides; a coded pregnancy counts as positive until a later test is negative."""
    tests = [r for analyte in _TESTS for r in chart.readable(analyte) if _is_recent(day_of(r), chart)]
    latest = max(tests, key=day_of, default=None)
    same_day = [r for r in tests if latest and day_of(r) == day_of(latest)]
    answers = {answer: r for r in same_day for answer in [_is_positive(r, chart)]}
    coded = _on_list(chart, _SURE, latest if set(answers) == {False} else None)
    if True in answers:
        result = answers[True]
        seen = say("safety.pregnancy.test", value=shown_result(result), day=day_of(result))
        yield from _pregnant(chart, seen, result_evidence(result))
    elif coded:
        day = coded.when.last if coded.when else None
        yield from _pregnant(chart, say("safety.pregnancy.coded", text=coded.text, day=day), coded.evidence)
    elif None in answers:
        yield from _open(chart, answers[None])
    elif said := _on_list(chart, _UNSURE, latest):
        yield from _perhaps(chart, said)
    elif not answers:
        yield from _ended(chart)
    yield from _breastfeeding(chart)


def _is_recent(day: date, chart: Situation) -> bool:
    return (chart.day - day).days <= chart.limits.pregnancy_days


def _is_positive(result: Result, chart: Situation) -> bool | None:
    if result.analyte is not Analyte.HCG or result.presence:
        return {Presence.POSITIVE: True, Presence.NEGATIVE: False}.get(result.presence)  # type: ignore[arg-type]
    if at_least_times(result, chart.limits.hcg_positive):
        return True
    return False if result.below(chart.limits.hcg_doubtful) else None


_SURE = (Standing.NEW, Standing.BEFORE)
_UNSURE = (Standing.SUSPECTED,)
"""In words alone, or not sure."""


def _on_list(chart: Situation, standing: tuple[Standing, ...], negative: Result | None) -> Harm | None:
    """A current pregnancy on the problem list that stands so, unless a later test was negative."""
    current = [
        h
        for h in harms_of(chart, frozenset({Concept.PREGNANT}))
        if h.standing in standing
        and (h.when is None or _is_recent(h.when.last, chart))
        and (negative is None or (h.when is not None and h.when.last > day_of(negative)))
    ]
    return current[-1] if current else None


def _perhaps(chart: Situation, said: Harm) -> Iterator[Found]:
    seen = say("safety.pregnancy.said", text=said.text, day=said.when.last if said.when else None)
    yield chart.alert("SAF-PREG", Severity.WARNING, Action.REPEAT_TEST, seen, None, [said.evidence])
    for drug in chart.drugs:
        yield Doubt(drug, seen)


def _pregnant(chart: Situation, seen: Phrase, evidence: Evidence) -> Iterator[Found]:
    if isinstance(chart.record.sex, Known) and chart.record.sex.value is Sex.MALE:
        conflict = say("safety.pregnancy.male", seen=seen)
        yield chart.alert("SAF-PREG", Severity.WARNING, Action.REVIEW, conflict, None, [evidence])
        for drug in chart.drugs:
            yield Doubt(drug, conflict)
        return
    for drug in chart.drugs:
        yield chart.alert("SAF-PREG", Severity.CRITICAL, _ACTION[drug], seen, drug, [evidence])


def _ended(chart: Situation) -> Iterator[Found]:
    """A delivery or abortion on the study and no test since: is she pregnant again, does she breastfeed?"""
    over = [h for h in harms_of(chart, frozenset({Concept.PREGNANCY_ENDED})) if h.standing is Standing.NEW]
    if over:
        day = over[-1].when.last if over[-1].when else None
        seen = say("safety.pregnancy.ended", text=over[-1].text, day=day)
        yield chart.alert("SAF-PREG", Severity.WARNING, Action.REPEAT_TEST, seen, None, [over[-1].evidence])


def _open(chart: Situation, result: Result) -> Iterator[Found]:
    seen = say("safety.pregnancy.open", value=shown_result(result), day=day_of(result))
    yield chart.alert("SAF-PREG", Severity.WARNING, Action.REPEAT_TEST, seen, None, [result_evidence(result)])
    for drug in chart.drugs:
        yield Doubt(drug, seen)


def _breastfeeding(chart: Situation) -> Iterator[Found]:
    result = chart.newest(Analyte.BREASTFEEDING_STATUS, chart.limits.pregnancy_days)
    if result and result.presence is Presence.POSITIVE:
        seen = say("safety.breastfeeding", day=day_of(result))
        yield chart.alert(
            "SAF-BREAST", Severity.WARNING, Action.REVIEW, seen, None, [result_evidence(result)]
        )
