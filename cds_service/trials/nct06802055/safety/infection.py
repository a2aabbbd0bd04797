"""Infection: sepsis and febrile neutropenia hold sirolimus, any other is told (`titration.md` 8)."""

from collections.abc import Iterator

from cds_service.rules.answers.alerts import Action, Severity
from cds_service.trials.nct06802055.patient_state.blood.counts import blood_counts
from cds_service.trials.nct06802055.safety.adverse_events import Harm, Standing, harms_of
from cds_service.trials.nct06802055.safety.dangerous_levels import level_drug_name
from cds_service.trials.nct06802055.safety.result_text import at_least_times, result_evidence, shown_result
from cds_service.trials.nct06802055.safety.safety_context import Doubt, Found, Situation
from cds_service.trials.nct06802055.two_drugs import Drug
from fhir_mappings.clinical_model.concepts import Concept
from fhir_mappings.clinical_model.known_unknown import Evidence
from fhir_mappings.clinical_model.messages import Phrase, say
from fhir_mappings.clinical_model.results import Analyte, Presence, day_of

_GRAVE = frozenset({Concept.SEPSIS, Concept.FEBRILE_NEUTROPENIA})


def infections(chart: Situation) -> Iterator[Found]:
    """The gravest infection on record; a fever with few neutrophils; a positive blood culture."""
    grave = _latest(chart, _GRAVE)
    if grave:
        yield from _grave(chart, "SAF-SEPSIS", grave, _named(grave), [grave.evidence])
    elif other := _latest(chart, frozenset({Concept.INFECTION})):
        yield chart.alert(
            "SAF-INF",
            Severity.WARNING,
            Action.INFORM_STUDY_TEAM,
            _named(other),
            None,
            [other.evidence],
        )
    yield from _febrile_neutropenia(chart)
    yield from _blood_culture(chart)


def _latest(chart: Situation, concepts: frozenset[Concept]) -> Harm | None:
    """The latest infection that is going on; one begun before the study counts while it is recent."""
    going_on = [h for h in harms_of(chart, concepts) if h.standing is not Standing.OVER]
    recent = [
        h for h in going_on if not h.when or (chart.day - h.when.last).days <= chart.limits.infection_days
    ]
    firm = [h for h in recent if h.standing is not Standing.SUSPECTED]
    return max(firm or recent, key=lambda h: h.when.text if h.when else "", default=None)


def _named(harm: Harm) -> Phrase:
    return say("safety.infection", text=harm.text, day=harm.when.last if harm.when else None)


def _grave(
    chart: Situation, rule: str, harm: Harm | None, seen: Phrase, evidence: list[Evidence]
) -> Iterator[Found]:
    """Sirolimus waits; ciclosporin is the investigator's question, and does not rise meanwhile."""
    suspected = harm is not None and harm.standing is Standing.SUSPECTED
    severity = Severity.WARNING if suspected else Severity.CRITICAL
    yield chart.alert(rule, severity, Action.HOLD, seen, Drug.SIROLIMUS, evidence)
    if chart.on_ciclosporin:
        ask = say("safety.infection.ask", drug=level_drug_name(Drug.CICLOSPORIN), seen=seen)
        yield chart.alert(rule, Severity.WARNING, Action.REVIEW, ask, Drug.CICLOSPORIN, evidence)
        yield Doubt(Drug.CICLOSPORIN, ask)


def _febrile_neutropenia(chart: Situation) -> Iterator[Found]:
    """38.0 degrees Celsius or more within 72 hours, with the last neutrophil count below 0.5."""
    limits = chart.limits
    fever = chart.newest(Analyte.TEMPERATURE, limits.fever_days)
    if fever is None or not at_least_times(fever, limits.fever):
        return
    counts = [c for c in blood_counts(chart.record) if c.neutrophils and c.day <= chart.day]
    last = counts[-1].neutrophils if counts else None
    if last is None or (chart.day - counts[-1].day).days > limits.count_days:
        return
    if last.below(limits.fever_neutrophils):
        seen = say(
            "safety.fever",
            temperature=shown_result(fever),
            fever_day=day_of(fever),
            neutrophils=shown_result(last),
            count_day=counts[-1].day,
        )
        yield from _grave(chart, "SAF-FN", None, seen, [result_evidence(fever), result_evidence(last)])


def _blood_culture(chart: Situation) -> Iterator[Found]:
    result = chart.newest(Analyte.BLOOD_CULTURE, chart.limits.culture_days)
    if result and result.presence is Presence.POSITIVE:
        seen = say("safety.culture", day=day_of(result))
        yield chart.alert(
            "SAF-CULTURE", Severity.WARNING, Action.HOLD, seen, Drug.SIROLIMUS, [result_evidence(result)]
        )
