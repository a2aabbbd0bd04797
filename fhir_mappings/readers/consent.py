"""Consent -> what a patient has agreed to, and whether it is about this trial (DECISIONS 18)."""

from collections.abc import Iterator

from fhir_mappings.clinical_model.studies import ConsentSeen, ConsentState
from fhir_mappings.readers.fhir_types import (
    CodeableConcept,
    FhirType,
    Identifier,
    Period,
    Reference,
    Resource,
)
from fhir_mappings.readers.reading_context import ReadingContext
from fhir_mappings.readers.references import own_reference
from fhir_mappings.readers.study_identity import any_names_trial, is_trial_name, names_trial


class ConsentPolicy(FhirType):
    """A policy the consent is given under."""

    authority: str | None = None
    uri: str | None = None


class ConsentData(FhirType):
    """Something the consent speaks of, e.g. the study."""

    reference: Reference | None = None


class Provision(FhirType):
    """What is permitted or denied; the root provision's type is the base rule."""

    type: str | None = None
    period: Period | None = None
    data: tuple[ConsentData, ...] = ()
    provision: tuple["Provision", ...] = ()


class Consent(Resource, tag="Consent"):
    """A consent of the patient."""

    identifier: tuple[Identifier, ...] = ()
    status: str | None = None
    scope: CodeableConcept | None = None
    patient: Reference | None = None
    date_time: str | None = None
    policy: tuple[ConsentPolicy, ...] = ()
    policy_rule: CodeableConcept | None = None
    provision: Provision | None = None


def read_consent(consent: Consent, chart: ReadingContext, pointed_at: bool) -> Iterator[ConsentSeen]:
    """The consent and whether it is about this trial.

    `pointed_at`: a participation in this trial names it. A draft or proposed consent says nothing yet.
    """
    named = list(_naming_the_trial(consent.provision, None, chart))
    state = _state(consent, named, chart)
    if state is not None:
        for_trial = pointed_at or bool(named) or _policy_names_the_trial(consent, chart)
        yield ConsentSeen(own_reference(consent), state, for_trial, chart.when(consent.date_time))


def _state(consent: Consent, named: list[str | None], chart: ReadingContext) -> ConsentState | None:
    """Given only when active and permitting; a rule about this trial beats the general rule around it."""
    match consent.status:
        case "active":
            general = _rule(consent.provision, None, chart) if consent.provision else None
            rules = set(named) or {general}
            if len(rules) > 1:
                return ConsentState.INACTIVE
            states = {"permit": ConsentState.GIVEN, "deny": ConsentState.REFUSED}
            return states.get(rules.pop() or "", ConsentState.INACTIVE)
        case "rejected":
            return ConsentState.REFUSED
        case "inactive":
            return ConsentState.INACTIVE
        case _:
            return None


def _naming_the_trial(
    provision: Provision | None, around: str | None, chart: ReadingContext
) -> Iterator[str | None]:
    """The rule, permit or deny, of each provision that speaks of the trial; inner ones inherit it."""
    if provision is None:
        return
    rule = _rule(provision, around, chart)
    if any_names_trial([data.reference for data in provision.data], chart.bag, chart.settings.trial):
        yield rule
    for inner in provision.provision:
        yield from _naming_the_trial(inner, rule, chart)


def _rule(provision: Provision, around: str | None, chart: ReadingContext) -> str | None:
    """Permit or deny; neither outside the period for which the rule holds, or where that cannot be read."""
    period = provision.period
    if period is None:
        return provision.type or around
    start, end = chart.when(period.start), chart.when(period.end)
    begun = not period.start or (start is not None and start.first <= chart.day)
    goes_on = not period.end or (end is not None and end.last >= chart.day)
    return (provision.type or around) if begun and goes_on else None


def _policy_names_the_trial(consent: Consent, chart: ReadingContext) -> bool:
    trial = chart.settings.trial
    policies = [uri for p in consent.policy for uri in (p.uri, p.authority)]
    rule = consent.policy_rule
    policies += [c.code for c in rule.coding] + [rule.text] if rule else []
    told = any(names_trial(identifier, trial) for identifier in consent.identifier)
    return told or any(is_trial_name(policy, trial) for policy in policies)
