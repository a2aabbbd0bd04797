"""A drug level so high that the next dose waits (DECISIONS 26); which one it is, `drug_levels` decides."""

from collections.abc import Iterable, Iterator
from typing import TypeGuard

from cds_service.rules.answers.alerts import Action, Alert, Severity
from cds_service.rules.answers.dosing_answers import Trough
from cds_service.trials.nct06802055.safety.result_text import result_evidence, shown_result
from cds_service.trials.nct06802055.safety.safety_context import Found, Situation
from cds_service.trials.nct06802055.two_drugs import Drug
from fhir_mappings.clinical_model.messages import Phrase, say
from fhir_mappings.clinical_model.results import day_of

RULE = {Drug.SIROLIMUS: "SAF-SRL-LEVEL", Drug.CICLOSPORIN: "SAF-CSA-LEVEL"}


def dangerous_levels(chart: Situation) -> Iterator[Found]:
    """Sirolimus above 20 or ciclosporin above 400 ng/mL: HOLD, whatever the timing of the sample."""
    for drug in Drug:
        result = chart.dangerous.get(drug)
        if result is not None:
            seen = say(
                "safety.level", drug=level_drug_name(drug), value=shown_result(result), day=day_of(result)
            )
            yield chart.alert(
                RULE[drug], Severity.CRITICAL, Action.HOLD, seen, drug, [result_evidence(result)]
            )


_TOXICITY = frozenset(
    {"SAF-TG", "SAF-CHOL", "SAF-ANC", "SAF-PLT", "SAF-LIVER", "SAF-BILI", "SAF-PROT", "SAF-STOM"}
)


def toxic_level(chart: Situation, trough: Trough | None, found: Iterable[Found]) -> Iterator[Found]:
    """Sirolimus above 15 ng/mL beside a grade 2 toxicity: as serious as above 20 (`titration.md` 4.2)."""
    if trough is None or trough.value is None or trough.day is None:
        return
    if (chart.day - trough.day).days > chart.limits.recent_days or trough.value <= chart.limits.toxic_level:
        return
    for one in found:
        if is_toxicity(one):
            seen = say("safety.toxic", value=trough.value, day=trough.day, seen=one.seen)
            yield chart.alert(
                "SAF-SRL-TOX", Severity.WARNING, Action.HOLD, seen, Drug.SIROLIMUS, one.evidence
            )
            return


def is_toxicity(one: Found) -> TypeGuard[Alert]:
    """A finding of a toxicity of sirolimus of grade 2 or more."""
    return isinstance(one, Alert) and one.rule.id in _TOXICITY and one.severity is Severity.WARNING


def level_drug_name(drug: Drug) -> Phrase:
    """The drug in words."""
    return say("safety.drug.sirolimus") if drug == Drug.SIROLIMUS else say("safety.drug.ciclosporin")
