"""What an interaction or a live vaccine asks for: the same words for a drug in use and for a drug drafted."""

from collections.abc import Iterable, Mapping

import msgspec
from msgspec.structs import replace

from cds_service.rules.answers.alerts import Action, Alert, Severity
from cds_service.rules.thresholds import Rule
from cds_service.trials.nct06802055.patient_state.interactions import (
    DrugInteraction,
    InteractionClass,
    Mechanism,
)
from cds_service.trials.nct06802055.two_drugs import Drug
from fhir_mappings.clinical_model.known_unknown import Evidence
from fhir_mappings.clinical_model.messages import Phrase, say

RULE = {
    InteractionClass.CONTRAINDICATED: "DDI-CONTRA",
    InteractionClass.AVOID: "DDI-AVOID",
    InteractionClass.CAUTION: "DDI-CAUTION",
}
_CLASS = {
    InteractionClass.CONTRAINDICATED: say("interactions.contraindicated"),
    InteractionClass.AVOID: say("interactions.avoid"),
    InteractionClass.CAUTION: say("interactions.caution"),
}
_EFFECT = {
    Mechanism.STRONG_INHIBITOR: say("interactions.strongInhibitor"),
    Mechanism.MODERATE_INHIBITOR: say("interactions.moderateInhibitor"),
    Mechanism.STRONG_INDUCER: say("interactions.strongInducer"),
    Mechanism.MODERATE_INDUCER: say("interactions.moderateInducer"),
    Mechanism.NEPHROTOXIC: say("interactions.nephrotoxic"),
    Mechanism.STATIN: say("interactions.statin"),
    Mechanism.HYPERKALAEMIA: say("interactions.hyperkalaemia"),
    Mechanism.ANGIOEDEMA: say("interactions.angioedema"),
    Mechanism.OTHER: say("interactions.other"),
}
_CAUTION_ASKS = {
    Mechanism.NEPHROTOXIC: Action.REPEAT_TEST,
    Mechanism.HYPERKALAEMIA: Action.REPEAT_TEST,
    Mechanism.STATIN: Action.REVIEW,
    Mechanism.ANGIOEDEMA: Action.REVIEW,
    Mechanism.OTHER: Action.REVIEW,
}


_NAMES = {
    Drug.SIROLIMUS: say("interactions.sirolimus"),
    Drug.CICLOSPORIN: say("interactions.ciclosporin"),
    None: say("interactions.both"),
}


class PairTold(msgspec.Struct, frozen=True):
    """How a pair is told: by which rules, and whether the partner is only drafted and can still be left out.

    `level_days` until the level beside a critical partner, the first and the last.
    """

    rules: Mapping[str, Rule]
    level_days: tuple[int, ...]
    drafted: bool


def pair_alerts(
    interaction: DrugInteraction,
    drugs: Iterable[Drug],
    where: Phrase,
    evidence: Iterable[Evidence],
    told: PairTold,
) -> list[Alert]:
    """One finding for each study drug where class or action differ, one for both where they agree.

    On the closed list (DECISIONS 33) critical; other contraindications and "avoid" warn, "caution" informs.
    `where` says in use or drafted.
    """
    shown = tuple(evidence)
    found = [
        Alert(
            _rule(interaction, drug, told.rules),
            severity_with(interaction, drug),
            _action(interaction, drug, drafted=told.drafted),
            _seen(interaction, drug, grade, where, told),
            drug,
            None,
            shown,
        )
        for drug in drugs
        if (grade := interaction.class_with(drug))
    ]
    alike = len({(a.rule.id, a.severity, a.action) for a in found}) == 1
    if len(found) > 1 and alike and interaction.with_sirolimus:
        return [
            replace(
                found[0], drug=None, seen=_seen(interaction, None, interaction.with_sirolimus, where, told)
            )
        ]
    return found


def severity_with(interaction: DrugInteraction, drug: Drug) -> Severity:
    """Critical only for the closed list; a caution informs."""
    if interaction.critical_with == drug:
        return Severity.CRITICAL
    caution = interaction.class_with(drug) is InteractionClass.CAUTION
    return Severity.INFO if caution else Severity.WARNING


def _rule(interaction: DrugInteraction, drug: Drug, rules: Mapping[str, Rule]) -> Rule:
    """The rule of the class, with the source of this very pair."""
    grade = interaction.class_with(drug)
    assert grade is not None
    name = "DDI-CRITICAL" if interaction.critical_with == drug else RULE[grade]
    return replace(rules[name], origin=interaction.origin, source=interaction.source)


def _action(interaction: DrugInteraction, drug: Drug, *, drafted: bool) -> Action:
    """In use, a pair that changes the level asks for a level, the critical one for a hold until then."""
    if interaction.critical_with == drug:
        return Action.HOLD if drug == Drug.SIROLIMUS and not drafted else Action.AVOID
    caution = interaction.class_with(drug) is InteractionClass.CAUTION
    if caution:
        return _CAUTION_ASKS.get(interaction.mechanism, Action.MEASURE_LEVEL)
    avoid = interaction.class_with(drug) is InteractionClass.AVOID
    return Action.MEASURE_LEVEL if avoid and interaction.changes_levels and not drafted else Action.AVOID


def _seen(
    interaction: DrugInteraction, drug: Drug | None, grade: InteractionClass, where: Phrase, told: PairTold
) -> Phrase:
    critical = drug is not None and interaction.critical_with == drug
    soon = critical and drug == Drug.SIROLIMUS and interaction.changes_levels
    pair = say(
        "interactions.pair",
        where=where,
        drug=_NAMES[drug],
        grade=_CLASS[grade],
        effect=_EFFECT[interaction.mechanism],
    )
    first, last = told.level_days
    return say("interactions.levelSoon", pair=pair, first=first, last=last) if soon else pair


def live_vaccine(
    text: str, severity: Severity, evidence: Iterable[Evidence], rules: Mapping[str, Rule]
) -> Alert:
    """Live vaccines are contraindicated under both study drugs."""
    seen = say("interactions.vaccine", text=text)
    return Alert(rules["VAX-1"], severity, Action.AVOID, seen, None, None, tuple(evidence))


def perhaps_live(
    text: str, severity: Severity, evidence: Iterable[Evidence], rules: Mapping[str, Rule]
) -> Alert:
    """A vaccine that exists live and inactivated, and nothing says which one this is."""
    seen = say("interactions.vaccinePerhapsLive", text=text)
    return Alert(rules["VAX-1"], severity, Action.REVIEW, seen, None, None, tuple(evidence))
