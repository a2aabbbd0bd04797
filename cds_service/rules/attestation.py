"""What an investigator has attested on our form, for how long it holds, and how it meets the data.

DECISIONS 1 and 2: an answer counts from the day it was given to the last day of its term, a later one wins
item by item, and an answer that contradicts definite data leaves the criterion unknown.
"""

from datetime import UTC, date, datetime

import msgspec
from msgspec.structs import replace

from cds_service.rules.answers.criteria_answers import Basis, Finding
from cds_service.rules.verdict import Verdict, verdict_of
from fhir_mappings.clinical_model.calendar import When, days_before
from fhir_mappings.clinical_model.known_unknown import Evidence
from fhir_mappings.clinical_model.messages import Phrase, say
from fhir_mappings.clinical_model.record import ClinicalRecord
from fhir_mappings.clinical_model.studies import Attestation


class Attested(msgspec.Struct, frozen=True):
    """One answer that counts: its value, the day it was given and where it stands."""

    value: bool | int
    day: date
    evidence: Evidence


def attested(record: ClinicalRecord, item: str, t0: date, max_age_days: int) -> Attested | None:
    """The newest answer to `item` that counts on `t0`: at most `max_age_days` old, that day included.

    Two different answers that no date or time tells apart count as none.
    """
    earliest = days_before(t0, max_age_days)
    rivals = [
        (authored, form.reference, value)
        for authored, form, value in _answers(record, item)
        if form.counted and authored.is_one_day and earliest <= authored.first <= t0
    ]
    if not rivals:
        return None
    authored, reference, value = max(rivals, key=lambda rival: (_moment(rival[0]), rival[1]))
    if any(other != value and _cannot_be_told_apart(authored, when) for when, _, other in rivals):
        return None
    return Attested(value, authored.first, Evidence(reference, authored.text, _written(value)))


def set_aside(record: ClinicalRecord, item: str, t0: date, max_age_days: int) -> Phrase | None:
    """Why the last answer to `item` does not count, for showing; None where there is none, or it counts."""
    answers = [a for a in _answers(record, item) if a[0].last <= t0]
    if not answers or attested(record, item, t0, max_age_days):
        return None
    authored, form, _ = max(answers, key=lambda answer: (_moment(answer[0]), answer[1].reference))
    if not form.counted:
        return say("attestation.not_counted", day=authored.text)
    if authored.first < days_before(t0, max_age_days):
        return say("attestation.expired", day=authored.text, days=max_age_days)
    return say("attestation.contradicts_itself", day=authored.text)


def with_attestation(
    definite: Finding,
    answer: Attested | None,
    question: Phrase,
    data_day: date | None = None,
    said: Phrase | None = None,
) -> Finding:
    """What the data and a yes/no answer say together (DECISIONS 2).

    `definite` is what the data alone give, UNKNOWN where nothing in them is definite; `data_day` is the
    first day that the deciding datum may carry; `question` is asked when the two contradict each other;
    `said` words the answer where "yes" or "no" would not be clear.
    """
    if answer is None:
        return definite
    says, said = verdict_of(bool(answer.value)), said or answer_said(answer)
    both = replace(
        definite,
        basis=Basis.MIXED,
        seen=say("attestation.beside_data", data=definite.seen, answer=said),
        evidence=(*definite.evidence, answer.evidence),
    )
    if definite.verdict is says:
        return both
    if definite.verdict is Verdict.UNKNOWN:
        return replace(both, verdict=says, basis=Basis.ATTESTATION, missing=(), question=None)
    if data_day is not None and data_day > answer.day:
        return replace(both, basis=Basis.DATA)
    seen = say("attestation.contradicts_data", data=definite.seen, answer=said)
    return replace(
        both, verdict=Verdict.UNKNOWN, seen=seen, missing=("attestation-contradicts-data",), question=question
    )


def answer_said(answer: Attested) -> Phrase:
    """The answer (yes, no or a score) and its day, in words."""
    if not isinstance(answer.value, bool):
        return say("attestation.number", value=answer.value, day=answer.day)
    return say("attestation.yes", day=answer.day) if answer.value else say("attestation.no", day=answer.day)


def _answers(record: ClinicalRecord, item: str) -> list[tuple[When, Attestation, bool | int]]:
    return [
        (form.authored, form, value)
        for form in record.attestations
        if form.authored is not None
        for name, value in form.answers
        if name == item
    ]


def _moment(authored: When) -> tuple[date, datetime]:
    return authored.last, authored.instant or datetime.min.replace(tzinfo=UTC)


def _cannot_be_told_apart(one: When, other: When) -> bool:
    """Same day, and one of them without a time, or both at the same instant."""
    if one.last != other.last:
        return False
    return one.instant is None or other.instant is None or one.instant == other.instant


def _written(value: bool | int) -> str:
    return str(value).lower()
