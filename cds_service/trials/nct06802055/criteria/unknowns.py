"""From what was seen to an answer: a silent chart is no "no", and a part that failed proves nothing.

The open-world rule of `eligibility.md`, section 0: absence is shown only by a fresh negative result, an
attestation, or a fresh assertion that the category was reviewed and is empty.
"""

from collections.abc import Sequence
from datetime import date

import msgspec
from msgspec.structs import replace

from cds_service.rules.answers.criteria_answers import Basis, Finding
from cds_service.rules.attestation import Attested, answer_said, attested, set_aside, with_attestation
from cds_service.rules.criterion_evidence import Sighting, evidence_of, facts, newest_day
from cds_service.rules.verdict import Verdict, verdict_of
from cds_service.trials.nct06802055.criteria.eligibility_limits import EligibilityLimits
from fhir_mappings.clinical_model.calendar import days_before
from fhir_mappings.clinical_model.known_unknown import Evidence, Part
from fhir_mappings.clinical_model.messages import Phrase, say
from fhir_mappings.clinical_model.record import ClinicalRecord
from fhir_mappings.clinical_model.studies import CompletenessAssertion

PART_NAMES = {
    Part.PATIENT: say("eligibility.part.patient"),
    Part.CONDITIONS: say("eligibility.part.conditions"),
    Part.OBSERVATIONS: say("eligibility.part.observations"),
    Part.MEDICATION_REQUESTS: say("eligibility.part.medication_requests"),
    Part.MEDICATION_DISPENSES: say("eligibility.part.medication_dispenses"),
    Part.MEDICATION_ADMINISTRATIONS: say("eligibility.part.medication_administrations"),
    Part.MEDICATION_STATEMENTS: say("eligibility.part.medication_statements"),
    Part.ALLERGIES: say("eligibility.part.allergies"),
    Part.PROCEDURES: say("eligibility.part.procedures"),
    Part.ADVERSE_EVENTS: say("eligibility.part.adverse_events"),
    Part.RESEARCH_SUBJECTS: say("eligibility.part.research_subjects"),
    Part.ATTESTATIONS: say("eligibility.part.attestations"),
    Part.CONSENTS: say("eligibility.part.consents"),
}


class Topic(msgspec.Struct, frozen=True):
    """How one criterion is asked and attested, and what it lives on.

    `item` is its linkId on the form, `fed_by` the parts of the chart without which it cannot be cleared;
    `emptied_by` the groups of which each needs one "reviewed, nothing known" to clear it (none: never).
    """

    item: str
    question: Phrase
    nothing_seen: Phrase
    fed_by: tuple[Part, ...]
    emptied_by: tuple[tuple[Part, ...], ...] = ()

    @property
    def clearing(self) -> Verdict:
        """The answer that lets a patient in."""
        return clearing(self.item)


def clearing(number: str) -> Verdict:
    """The answer to a criterion, or an item of the form, that lets a patient in."""
    return Verdict.MET if number.startswith("I") else Verdict.NOT_MET


def exclusion(
    record: ClinicalRecord,
    t0: date,
    limits: EligibilityLimits,
    topic: Topic,
    present: Sequence[Sighting],
    doubtful: Sequence[Sighting],
    lasting: Sequence[Sighting] = (),
) -> Finding:
    """An exclusion that data can show but, as a rule, not refute: present, doubtful, or not on record.

    `lasting` are doubtful, too, but come again and again (a line flush): an older answer covers them.
    """
    if present:
        found = replace(seen_as(Verdict.MET, present), against=True)
        return settle(record, t0, limits, topic, found, newest_day(present))
    if doubtful or lasting:
        found = replace(open_finding(topic, [*doubtful, *lasting]), against=bool(doubtful))
        return settle(record, t0, limits, topic, found, signs=doubtful)
    empty = assertions(record, t0, limits, topic.emptied_by)
    if empty:
        return settle(record, t0, limits, topic, _asserted_empty(empty), _day(empty))
    return settle(record, t0, limits, topic, open_finding(topic))


def seen_as(verdict: Verdict, sightings: Sequence[Sighting]) -> Finding:
    """What definite data say."""
    return Finding(verdict, Basis.DATA, facts(sightings), evidence_of(sightings))


def open_finding(
    topic: Topic, sightings: Sequence[Sighting] = (), missing: tuple[str, ...] = ("attestation",)
) -> Finding:
    """Not settled: nothing seen, or only what does not decide."""
    if not sightings:
        return Finding(
            Verdict.UNKNOWN, Basis.NONE, topic.nothing_seen, missing=missing, question=topic.question
        )
    seen = say("eligibility.seen.not_conclusive", facts=facts(sightings))
    return Finding(
        Verdict.UNKNOWN, Basis.DATA, seen, evidence_of(sightings), missing, question=topic.question
    )


def settle(
    record: ClinicalRecord,
    t0: date,
    limits: EligibilityLimits,
    topic: Topic,
    found: Finding,
    data_day: date | None = None,
    signs: Sequence[Sighting] = (),
) -> Finding:
    """The data, the attestation and the parts that could not be had, in that order (DECISIONS 2).

    `signs` do not decide, but ask again where they are newer than the answer (DECISIONS 70).
    """
    answer = attestation_on(record, t0, limits, topic.item)
    if answer and found.verdict is Verdict.UNKNOWN and verdict_of(bool(answer.value)) is topic.clearing:
        with_answer = asked_again(found, answer, signs, topic.question)
    else:
        with_answer = with_attestation(found, answer, topic.question, data_day)
    noted = note_set_aside(record, t0, limits, topic.item, with_answer)
    return never_cleared_by_silence(record, topic, noted)


def newer_signs(signs: Sequence[Sighting], answer: Attested) -> list[Sighting]:
    """Those dated after the day of the answer."""
    return [sign for sign in signs if sign.day is not None and sign.day > answer.day]


def asked_again(
    found: Finding, answer: Attested, signs: Sequence[Sighting], question: Phrase, said: Phrase | None = None
) -> Finding:
    """An answer settles what was known when it was given; newer signs leave the criterion open."""
    newer = newer_signs(signs, answer)
    if not newer:
        return with_attestation(found, answer, question, None, said)
    seen = say("attestation.older_than_signs", answer=said or answer_said(answer), signs=facts(newer))
    return replace(
        found,
        basis=Basis.MIXED,
        seen=seen,
        evidence=(*found.evidence, answer.evidence),
        missing=tuple(dict.fromkeys((*found.missing, "attestation"))),
        question=question,
    )


def attestation_on(record: ClinicalRecord, t0: date, limits: EligibilityLimits, item: str) -> Attested | None:
    """The yes or no to `item` that holds on `t0`; a number is no answer to a yes/no item."""
    answer = attested(record, item, t0, limits.attestation_term(item))
    return answer if answer and isinstance(answer.value, bool) else None


def laboratory_first(found: Finding, answer: Attested, says: Verdict, said: Phrase | None = None) -> Finding:
    """What a laboratory decides cannot be attested away, whatever the dates; silence can be filled."""
    seen = say("attestation.beside_data", data=found.seen, answer=said or answer_said(answer))
    evidence = (*found.evidence, answer.evidence)
    if found.verdict is Verdict.UNKNOWN:
        return Finding(says, Basis.ATTESTATION, seen, evidence, against=found.against)
    basis = Basis.MIXED if found.verdict is says else Basis.DATA
    return replace(found, basis=basis, seen=seen, evidence=evidence)


def note_set_aside(
    record: ClinicalRecord, t0: date, limits: EligibilityLimits, item: str, found: Finding
) -> Finding:
    """Show an answer that has expired or does not count, where the criterion stays open."""
    if found.verdict is not Verdict.UNKNOWN:
        return found
    note = set_aside(record, item, t0, limits.attestation_term(item))
    if note is None:
        return found
    return replace(found, seen=say("eligibility.seen.with_note", seen=found.seen, note=note))


def never_cleared_by_silence(record: ClinicalRecord, topic: Topic, found: Finding) -> Finding:
    """A criterion is not cleared while a part of the chart it lives on could not be read."""
    lacking = [part for part in topic.fed_by if record.lacks(part)]
    if not lacking or found.verdict not in (topic.clearing, Verdict.UNKNOWN):
        return found
    names = tuple(PART_NAMES[part] for part in lacking)
    return replace(
        found,
        verdict=Verdict.UNKNOWN,
        basis=found.basis if found.evidence else Basis.NONE,
        seen=say("eligibility.seen.part_unavailable", seen=found.seen, parts=names),
        missing=(*found.missing, *(f"DATA_UNAVAILABLE:{part.value}" for part in lacking)),
        question=found.question or topic.question,
    )


def assertions(
    record: ClinicalRecord, t0: date, limits: EligibilityLimits, groups: tuple[tuple[Part, ...], ...]
) -> tuple[CompletenessAssertion, ...]:
    """For each group the newest fresh "reviewed, nothing known"; empty unless every group has one."""
    earliest = days_before(t0, limits.completeness_days)
    fresh = [
        c for c in record.completeness if c.when is not None and earliest <= c.when.first <= c.when.last <= t0
    ]
    found = tuple(next((c for c in reversed(fresh) if c.part in group), None) for group in groups)
    known = tuple(c for c in found if c is not None)
    return known if len(known) == len(groups) else ()


def _asserted_empty(empty: Sequence[CompletenessAssertion]) -> Finding:
    names = tuple(PART_NAMES[c.part] for c in empty)
    evidence = tuple(Evidence(c.reference, c.when.text if c.when else None, "nilknown") for c in empty)
    seen = say("eligibility.seen.reviewed_empty", parts=names, day=_day(empty))
    return Finding(Verdict.NOT_MET, Basis.DATA, seen, evidence)


def _day(empty: Sequence[CompletenessAssertion]) -> date | None:
    return min((c.when.first for c in empty if c.when), default=None)
