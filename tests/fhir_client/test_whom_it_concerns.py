"""Whom a service concerns: every state of a participation, with and without the disease, and every part that may be lost."""

from itertools import product

import pytest

from cds_service.chart.concern import (
    ANYBODY_OF_THE_TRIAL,
    CANDIDATES,
    PARTICIPANTS,
    PARTICIPANTS_AND_CANDIDATES,
    has_no_known_study,
    is_certain,
)
from cds_service.trials.nct06802055.trial import TRIAL
from fhir_mappings.clinical_model.known_unknown import MEDICATION_PARTS, Part
from fhir_mappings.clinical_model.studies import StudyState
from tests.builders import NOW, a_record, diagnosis, medication
from tests.rule_tables.eligibility_cases import study

DISEASE = sorted(TRIAL.disease)
YES, NO = True, False
STATES = {
    None: (NO, YES),
    StudyState.SCREENING: (NO, YES),
    StudyState.ENROLLED: (YES, NO),
    StudyState.COMPLETED: (NO, NO),
    StudyState.WITHDRAWN: (NO, NO),
    StudyState.UNKNOWN: (YES, YES),
}
"""A participation in this trial: does the patient take part, may somebody with the disease become a candidate?"""


def concerned(concern, record):
    assert concern.may_be(TRIAL, record, NOW) or not concern.is_still(TRIAL, record, NOW)
    return concern.is_still(TRIAL, record, NOW)


def with_state(state, *facts, **fields):
    entries = [study(state, ours=True)] if state else []
    return a_record(*entries, *facts, **fields)


@pytest.mark.parametrize("state", STATES)
@pytest.mark.parametrize("concept", [None, *DISEASE])
def test_each_state_is_a_participant_s_or_a_candidate_s(state, concept):
    takes_part, may_begin = STATES[state]
    record = with_state(state, *([diagnosis(concept, ago=400)] if concept else []))
    may_begin = may_begin and concept is not None
    assert concerned(PARTICIPANTS, record) is takes_part
    assert concerned(CANDIDATES, record) is may_begin
    assert concerned(PARTICIPANTS_AND_CANDIDATES, record) is (takes_part or may_begin)
    assert concerned(ANYBODY_OF_THE_TRIAL, record) is (state is not None or concept is not None)


def test_the_table_has_every_state_that_an_entry_may_have():
    assert STATES.keys() - {None} == set(StudyState) - {StudyState.NONE}


@pytest.mark.parametrize("lost", [Part.CONDITIONS, Part.RESEARCH_SUBJECTS, Part.OBSERVATIONS, Part.CONSENTS])
def test_only_the_part_that_would_tell_makes_somebody_concerned(lost):
    """Nobody is known to have the disease or to take part; what tells so could not be read."""
    record = a_record(unavailable=frozenset({lost}))
    assert concerned(CANDIDATES, record) is (lost is Part.CONDITIONS)
    assert concerned(PARTICIPANTS, record) is (lost is Part.RESEARCH_SUBJECTS)
    assert concerned(ANYBODY_OF_THE_TRIAL, record) is (lost in (Part.CONDITIONS, Part.RESEARCH_SUBJECTS))


def test_nobody_who_died_is_a_candidate():
    assert not concerned(CANDIDATES, a_record(diagnosis(DISEASE[0], ago=400), deceased=True))
    assert concerned(PARTICIPANTS, with_state(StudyState.ENROLLED, deceased=True))


@pytest.mark.parametrize("drug", ["sirolimus", "ciclosporin"])
@pytest.mark.parametrize("is_ill", [YES, NO])
def test_a_study_that_nobody_can_name_counts_where_anything_else_speaks_for_the_trial(drug, is_ill):
    """Every participant has the disease, and takes sirolimus; ciclosporin is one arm's."""
    unnamed = study(StudyState.ENROLLED, ours=None)
    illness = [diagnosis(DISEASE[0], ago=400)] if is_ill else []
    record = a_record(unnamed, medication(drug, 2, start=20), *illness)
    assert PARTICIPANTS.may_be(TRIAL, record, NOW)
    assert concerned(PARTICIPANTS, record) is (is_ill or drug == "sirolimus")
    assert has_no_known_study(record)
    assert not concerned(PARTICIPANTS, a_record(unnamed))


@pytest.mark.parametrize("lost", [Part.CONDITIONS, Part.RESEARCH_SUBJECTS, *MEDICATION_PARTS])
def test_or_where_what_might_speak_for_it_could_not_be_read(lost):
    record = a_record(study(StudyState.ENROLLED, ours=None), unavailable=frozenset({lost}))
    assert concerned(PARTICIPANTS, record)


@pytest.mark.parametrize("lost", [Part.OBSERVATIONS, Part.CONSENTS, Part.ALLERGIES])
def test_and_not_where_another_part_could_not_be_read(lost):
    record = a_record(study(StudyState.ENROLLED, ours=None), unavailable=frozenset({lost}))
    assert not concerned(PARTICIPANTS, record)


@pytest.mark.parametrize(
    ("ours", "is_unknown"),
    [((), NO), ((None,), YES), ((None, None), YES), ((None, True), NO), ((False,), NO), ((None, False), YES)],
)
def test_a_study_is_unknown_only_while_none_is_known_to_be_this_one(ours, is_unknown):
    assert has_no_known_study(a_record(*(study(StudyState.ENROLLED, ours=one) for one in ours))) is is_unknown


DECISIVE = (Part.PATIENT, Part.RESEARCH_SUBJECTS, Part.CONDITIONS)


@pytest.mark.parametrize("state", STATES)
@pytest.mark.parametrize(("lost", "is_ill"), [*product(DECISIVE, (YES, NO))])
def test_what_came_may_be_certain_whatever_is_missing(state, lost, is_ill):
    record = with_state(state, *([diagnosis(DISEASE[0], ago=400)] if is_ill else []))
    was_treated = state in (StudyState.ENROLLED, StudyState.COMPLETED)
    expected = lost is not Part.PATIENT and (was_treated or (is_ill and lost is not Part.RESEARCH_SUBJECTS))
    assert is_certain(TRIAL, record, {lost}) is expected
