"""Inclusion 7: Willing to sign the consent form. Never inferred."""

from datetime import date

from cds_service.rules.answers.criteria_answers import Finding
from cds_service.rules.criterion_evidence import Sighting, newest_day, of_consent, of_study
from cds_service.rules.time_windows import known_by
from cds_service.rules.verdict import Verdict
from cds_service.trials.nct06802055.criteria.eligibility_limits import EligibilityLimits
from cds_service.trials.nct06802055.criteria.unknowns import Topic, open_finding, seen_as, settle
from fhir_mappings.clinical_model.known_unknown import Part
from fhir_mappings.clinical_model.messages import say
from fhir_mappings.clinical_model.record import ClinicalRecord
from fhir_mappings.clinical_model.studies import ConsentSeen, ConsentState, StudyState

TOPIC = Topic(
    "I7",
    say("criterion.I7.question"),
    say("criterion.I7.nothing"),
    fed_by=(Part.CONSENTS, Part.RESEARCH_SUBJECTS, Part.ATTESTATIONS),
)


def inc_07_consent(record: ClinicalRecord, t0: date, limits: EligibilityLimits) -> Finding:
    """The last Consent for this trial; withdrawal from it is a refusal unless consent was given since."""
    consents = [c for c in record.consents if c.for_trial and known_by(c.when, t0)]
    withdrawals = _withdrawals(record, t0, consents)
    if withdrawals:
        refused = seen_as(Verdict.NOT_MET, withdrawals)
        return settle(record, t0, limits, TOPIC, refused, newest_day(withdrawals))
    last = _last(consents)
    sightings = [of_consent(c) for c in last]
    match {c.state for c in last}:
        case states if states == {ConsentState.GIVEN}:
            found = seen_as(Verdict.MET, sightings)
        case states if states == {ConsentState.REFUSED}:
            found = seen_as(Verdict.NOT_MET, sightings)
        case _:
            return settle(record, t0, limits, TOPIC, open_finding(TOPIC, sightings), signs=sightings)
    return settle(record, t0, limits, TOPIC, found, newest_day(sightings))


def _withdrawals(record: ClinicalRecord, t0: date, consents: list[ConsentSeen]) -> list[Sighting]:
    given = [c.when.first for c in consents if c.state is ConsentState.GIVEN and c.when]
    renewed = max(given, default=date.min)
    return [
        of_study(s)
        for s in record.studies
        if s.this_trial and s.state is StudyState.WITHDRAWN and known_by(s.end, t0)
        if s.end is None or s.end.last >= renewed
    ]


def _last(consents: list[ConsentSeen]) -> list[ConsentSeen]:
    """Those that may be the last one: the newest, its equals, and the undated."""
    newest = max((c.when.first for c in consents if c.when), default=date.min)
    return [c for c in consents if c.when is None or c.when.last >= newest]
