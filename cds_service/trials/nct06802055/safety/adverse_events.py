"""Coded harms: pneumonitis, TMA, PRES, anaphylaxis, new clonal disease, thrombosis and others.

A harm counts as new from the first study dose on. One known before is for information; one that is only
suspected, or read from words alone, is a warning and keeps the dose from rising.
"""

from collections.abc import Iterator, Mapping
from enum import StrEnum

import msgspec

from cds_service.rules.answers.alerts import Action, Severity
from cds_service.trials.nct06802055.safety.safety_context import Found, Situation
from cds_service.trials.nct06802055.two_drugs import Drug
from fhir_mappings.clinical_model.calendar import When
from fhir_mappings.clinical_model.clinical_events import AdverseEventSeen, AllergyKind
from fhir_mappings.clinical_model.concepts import Concept
from fhir_mappings.clinical_model.diagnoses import Certainty, Course, Diagnosis
from fhir_mappings.clinical_model.known_unknown import Evidence
from fhir_mappings.clinical_model.messages import Phrase, say


class Standing(StrEnum):
    """What an entry says about now."""

    NEW = "new"
    SUSPECTED = "suspected"
    BEFORE = "before"
    OVER = "over"


class Harm(msgspec.Struct, frozen=True):
    """One diagnosis or adverse event. `suspects`: the drugs it is blamed on, empty when none is named."""

    text: str
    when: When | None
    standing: Standing
    suspects: frozenset[str]
    severe: bool
    evidence: Evidence


class HarmRule(msgspec.Struct, frozen=True):
    """What a new harm of these concepts asks for, drug by drug; `unless` names concepts of another rule."""

    rule: str
    concepts: frozenset[Concept]
    severity: Severity
    actions: Mapping[Drug, Action]
    name: Phrase
    when_severe: Action | None = None
    unless: frozenset[Concept] = frozenset()


_STOP_BOTH = {Drug.SIROLIMUS: Action.STOP_REVIEW, Drug.CICLOSPORIN: Action.STOP_REVIEW}
_STOP_CICLOSPORIN = {Drug.SIROLIMUS: Action.HOLD, Drug.CICLOSPORIN: Action.STOP_REVIEW}
_MARROW = frozenset({Concept.MDS, Concept.AML})

HARM_RULES = (
    HarmRule(
        "SAF-LUNG",
        frozenset({Concept.PNEUMONITIS}),
        Severity.CRITICAL,
        {Drug.SIROLIMUS: Action.STOP_REVIEW},
        say("safety.harm.lung"),
    ),
    HarmRule(
        "SAF-TMA",
        frozenset({Concept.TMA_HUS}),
        Severity.CRITICAL,
        _STOP_CICLOSPORIN,
        say("safety.harm.tma"),
    ),
    HarmRule(
        "SAF-PRES", frozenset({Concept.PRES}), Severity.CRITICAL, _STOP_CICLOSPORIN, say("safety.harm.pres")
    ),
    HarmRule(
        "SAF-ANAPH",
        frozenset({Concept.ANAPHYLAXIS}),
        Severity.CRITICAL,
        _STOP_BOTH,
        say("safety.harm.anaphylaxis"),
    ),
    HarmRule("SAF-MARROW", _MARROW, Severity.CRITICAL, _STOP_BOTH, say("safety.harm.marrow")),
    HarmRule(
        "SAF-THROMB",
        frozenset({Concept.THROMBOSIS}),
        Severity.CRITICAL,
        _STOP_BOTH,
        say("safety.harm.thrombosis"),
    ),
    HarmRule(
        "SAF-MALIG",
        frozenset({Concept.MALIGNANCY, Concept.CLONAL_MARROW_OTHER}),
        Severity.WARNING,
        _STOP_BOTH,
        say("safety.harm.malignancy"),
        unless=_MARROW | {Concept.BASAL_CELL_CARCINOMA},
    ),
    HarmRule(
        "SAF-THROMB-ASK",
        frozenset({Concept.THROMBOSIS_DOUBTFUL}),
        Severity.WARNING,
        {Drug.SIROLIMUS: Action.HOLD},
        say("safety.harm.thrombosis"),
        unless=frozenset({Concept.THROMBOSIS}),
    ),
    HarmRule(
        "SAF-ANGIO",
        frozenset({Concept.ANGIOEDEMA}),
        Severity.WARNING,
        {Drug.SIROLIMUS: Action.STOP_REVIEW},
        say("safety.harm.angioedema"),
    ),
    HarmRule(
        "SAF-SKIN",
        frozenset({Concept.SEVERE_SKIN_REACTION}),
        Severity.WARNING,
        _STOP_BOTH,
        say("safety.harm.skin"),
    ),
    HarmRule(
        "SAF-STOM",
        frozenset({Concept.STOMATITIS}),
        Severity.WARNING,
        {Drug.SIROLIMUS: Action.TREAT},
        say("safety.harm.stomatitis"),
        when_severe=Action.HOLD,
    ),
    HarmRule(
        "SAF-HEPTOX",
        frozenset({Concept.HEPATOTOXICITY}),
        Severity.WARNING,
        {Drug.SIROLIMUS: Action.HOLD},
        say("safety.harm.liver"),
    ),
    HarmRule(
        "SAF-NEPHTOX",
        frozenset({Concept.NEPHROTOXICITY}),
        Severity.WARNING,
        {Drug.CICLOSPORIN: Action.REDUCE},
        say("safety.harm.kidney"),
    ),
    HarmRule(
        "SAF-HTN",
        frozenset({Concept.HYPERTENSION_UNCONTROLLED}),
        Severity.WARNING,
        {Drug.CICLOSPORIN: Action.TREAT},
        say("safety.harm.hypertension"),
    ),
)


def coded_harms(chart: Situation) -> Iterator[Found]:
    """One finding per harm and drug; the newest entry of each harm speaks."""
    for rule in HARM_RULES:
        harms = [h for h in harms_of(chart, rule.concepts, rule.unless) if h.standing is not Standing.OVER]
        for drug, action in rule.actions.items():
            blamed = [h for h in harms if not h.suspects or drug.value in h.suspects]
            if drug in chart.drugs and blamed:
                yield from _found(chart, rule, max(blamed, key=_loudness), drug, action)


def _loudness(harm: Harm) -> tuple[int, str]:
    order = (Standing.OVER, Standing.BEFORE, Standing.SUSPECTED, Standing.NEW)
    return order.index(harm.standing), harm.when.text if harm.when else ""


def _found(chart: Situation, rule: HarmRule, harm: Harm, drug: Drug, action: Action) -> Iterator[Found]:
    day = harm.when.last if harm.when else None
    evidence = [harm.evidence]
    match harm.standing:
        case Standing.NEW:
            wanted = rule.when_severe if harm.severe and rule.when_severe else action
            seen = say("safety.harm.new", name=rule.name, text=harm.text, day=day)
            yield chart.alert(rule.rule, rule.severity, wanted, seen, drug, evidence)
        case Standing.SUSPECTED:
            seen = say("safety.harm.suspected", name=rule.name, text=harm.text, day=day)
            wanted = Action.HOLD if rule.severity is Severity.CRITICAL else Action.REVIEW
            yield chart.alert(rule.rule, Severity.WARNING, wanted, seen, drug, evidence)
        case _:
            seen = say("safety.harm.before", name=rule.name, text=harm.text, day=day)
            yield chart.alert(rule.rule, Severity.INFO, Action.REVIEW, seen, drug, evidence)


def harms_of(
    chart: Situation, concepts: frozenset[Concept], unless: frozenset[Concept] = frozenset()
) -> Iterator[Harm]:
    """Diagnoses and adverse events of the concepts, with what each says about now."""
    for diagnosis in chart.record.diagnoses:
        if diagnosis.concepts & concepts and not diagnosis.concepts & unless:
            yield _from_diagnosis(diagnosis, chart)
    for event in chart.record.adverse_events:
        if event.concepts & concepts and not event.concepts & unless:
            yield _from_event(event, chart)


def _from_diagnosis(diagnosis: Diagnosis, chart: Situation) -> Harm:
    when = diagnosis.onset or diagnosis.recorded
    evidence = Evidence(diagnosis.reference, when.text if when else None, ", ".join(diagnosis.codes) or None)
    standing = _standing(diagnosis, when, chart)
    return Harm(diagnosis.text, when, standing, frozenset(), False, evidence)


def _standing(diagnosis: Diagnosis, when: When | None, chart: Situation) -> Standing:
    ended = diagnosis.abated is not None and diagnosis.abated.last <= chart.day
    if diagnosis.course is Course.HISTORY or ended or (when and when.first > chart.day):
        return Standing.OVER
    if when and chart.since and when.last < chart.since:
        return Standing.BEFORE if _goes_on(diagnosis, when, chart) else Standing.OVER
    if diagnosis.by_text_only or diagnosis.certainty is Certainty.PROVISIONAL:
        return Standing.SUSPECTED
    undated = when is None and diagnosis.course is Course.UNSTATED
    return Standing.SUSPECTED if undated else Standing.NEW


def _goes_on(diagnosis: Diagnosis, when: When, chart: Situation) -> bool:
    """Active; without a clinical status as long as it is recent (DECISIONS 69)."""
    if diagnosis.course is not Course.UNSTATED:
        return diagnosis.course is Course.ACTIVE
    return (chart.day - when.last).days <= chart.limits.infection_days


def _from_event(event: AdverseEventSeen, chart: Situation) -> Harm:
    """An adverse event has no course: after some weeks it is for review, no longer for a hold."""
    when = event.when
    if when and (when.first > chart.day or (chart.since and when.last < chart.since)):
        standing = Standing.OVER
    elif when and (chart.day - when.last).days > chart.limits.adverse_event_days:
        standing = Standing.BEFORE
    else:
        standing = Standing.NEW if when and not event.by_text_only else Standing.SUSPECTED
    evidence = Evidence(event.reference, when.text if when else None)
    return Harm(event.text, when, standing, event.suspects, bool(event.severe), evidence)


def is_current_bleeding(chart: Situation) -> bool:
    """A severe bleeding on record that is not over and did not begin before the study."""
    bleeding = harms_of(chart, frozenset({Concept.SEVERE_BLEEDING}))
    return any(harm.standing in (Standing.NEW, Standing.SUSPECTED) for harm in bleeding)


def hypersensitivity(chart: Situation) -> Iterator[Found]:
    """Allergy to a study drug: anaphylaxis at any time, anything else once recorded on the study.

    Intolerance of ciclosporin is a way into this trial (I4), so it is no finding. Anaphylaxis in words, or of
    a doubtful allergy, holds the drug until somebody has asked.
    """
    for allergy in chart.record.allergies:
        for drug in chart.drugs:
            if not allergy.active or drug.value not in allergy.ingredients:
                continue
            seen = say(
                "safety.allergy",
                text=allergy.text,
                day=allergy.recorded.last if allergy.recorded else None,
            )
            evidence = [Evidence(allergy.reference, allergy.recorded.text if allergy.recorded else None)]
            if Concept.ANAPHYLAXIS in allergy.manifestations and allergy.certainty is Certainty.CONFIRMED:
                yield chart.alert("SAF-ANAPH", Severity.CRITICAL, Action.STOP_REVIEW, seen, drug, evidence)
            elif allergy.kind is not AllergyKind.INTOLERANCE and _since_start(allergy.recorded, chart):
                yield chart.alert("SAF-HYPER", Severity.WARNING, Action.STOP_REVIEW, seen, drug, evidence)
            elif Concept.ANAPHYLAXIS in allergy.manifestations | allergy.told:
                yield chart.alert("SAF-ANAPH", Severity.WARNING, Action.HOLD, seen, drug, evidence)


def _since_start(when: When | None, chart: Situation) -> bool:
    return when is None or chart.since is None or when.last >= chart.since
