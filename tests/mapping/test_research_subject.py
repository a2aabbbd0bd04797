"""Which trial, which arm, since when; and the Group, Flag or CarePlan of a site without ResearchSubject."""

from typing import Any

import pytest

from cds_service.trials.nct06802055.trial_arms import Arm
from fhir_mappings.clinical_model.studies import StudyEntry, StudyState
from fhir_mappings.readers.arm_text import ArmTexts, arm_of
from fhir_mappings.readers.reader_settings import StandIn, TrialIdentity
from tests.builders import OUR_NAMES, OUR_TRIAL, when
from tests.mapping.charts import HERE, PATIENT, Json, problems, read

ARMS = OUR_TRIAL.arms
TRIAL = {"resourceType": "ResearchStudy", "id": "s1", "identifier": [{"value": "NCT06802055"}]}


def subject(**parts: Any) -> Json:
    base: Json = {
        "resourceType": "ResearchSubject",
        "id": "r1",
        "status": "on-study",
        "individual": PATIENT,
        "study": {"reference": "ResearchStudy/s1"},
        "period": {"start": "2026-01-10"},
        "assignedArm": "Sirolimus + cyclosporin A",
    }
    return {name: value for name, value in (base | parts).items() if value is not None}


def entry(*resources: Json, **settings: Any) -> StudyEntry:
    (only,) = read(*resources, **settings).studies
    return only


def study(**parts: Any) -> Json:
    return TRIAL | parts


# ---------------------------------------------------------------- states


@pytest.mark.parametrize(
    ("status", "state"),
    [
        ("candidate", "screening"),
        ("eligible", "screening"),
        ("potential-candidate", "screening"),
        ("screening", "screening"),
        ("pending-on-study", "screening"),
        ("on-study", "enrolled"),
        ("on-study-intervention", "enrolled"),
        ("on-study-observation", "enrolled"),
        ("follow-up", "enrolled"),
        ("pending-off-study", "enrolled"),
        ("off-study", "completed"),
        ("withdrawn", "withdrawn"),
        ("ineligible", "none"),
        ("not-registered", "none"),
    ],
)
def test_every_r4_status_has_its_state(status: str, state: str) -> None:
    seen = entry(subject(status=status), TRIAL)
    assert (seen.state.value, seen.fhir_status) == (state, status)


@pytest.mark.parametrize("status", ["active", "retired", None])
def test_a_status_r4_does_not_know_is_unknown_and_said(status: Any) -> None:
    record = read(subject(status=status), TRIAL)
    assert record.studies[0].state is StudyState.UNKNOWN
    assert problems(record) == ["STATUS_NOT_RECOGNISED"]


def test_the_period_is_kept_and_a_future_one_is_no_participation_yet() -> None:
    seen = entry(subject(period={"start": "2026-01-10", "end": "2026-02-01"}), TRIAL)
    assert (seen.start, seen.end) == (when("2026-01-10"), when("2026-02-01"))
    record = read(subject(period={"start": "2026-03-03"}), TRIAL)
    assert record.studies == ()
    assert problems(record) == ["FUTURE_DATED"]
    assert entry(subject(period=None), TRIAL).start is None


def test_consents_are_named_in_one_spelling() -> None:
    seen = entry(
        subject(consent={"reference": "https://ehr.example/fhir/Consent/c1/_history/2"}), TRIAL, home=HERE
    )
    assert seen.consents == ("Consent/c1",)


# ---------------------------------------------------------------- which study


@pytest.mark.parametrize(
    ("reference", "studies", "this_trial"),
    [
        ({"reference": "ResearchStudy/s1"}, [TRIAL], True),
        ({"reference": "https://ehr.example/fhir/ResearchStudy/s1"}, [TRIAL], True),
        ({"reference": "ResearchStudy/s1"}, [study(identifier=[{"value": "I-25PJ0215"}])], True),
        ({"reference": "ResearchStudy/s1"}, [study(identifier=[{"value": "nct06802055"}])], True),
        (
            {"reference": "ResearchStudy/s1"},
            [study(identifier=[{"value": "IRB-1"}, {"value": "NCT06802055"}])],
            True,
        ),
        ({"reference": "ResearchStudy/s1"}, [study(identifier=[{"value": "NCT00000001"}])], False),
        ({"reference": "ResearchStudy/s1"}, [study(identifier=[])], None),
        ({"reference": "ResearchStudy/s1"}, [study(identifier=[{"system": "urn:x"}])], None),
        ({"reference": "ResearchStudy/s1"}, [], None),
        ({"identifier": {"value": "NCT06802055"}}, [], True),
        ({"identifier": {"value": "NCT06802055"}, "reference": "ResearchStudy/unknown"}, [], True),
        ({"identifier": {"value": "NCT00000001"}}, [], False),
        ({"display": "NCT06802055"}, [], None),
        (None, [], None),
    ],
)
def test_the_study_is_ours_another_or_not_to_be_told(
    reference: Any, studies: list[Json], this_trial: Any
) -> None:
    record = read(subject(study=reference), *studies, home=HERE)
    assert record.studies[0].this_trial is this_trial
    assert ("STUDY_UNRESOLVED" in problems(record)) is (this_trial is None)


def test_a_contained_study_is_found() -> None:
    inside = {"contained": [TRIAL | {"id": "in"}], "study": {"reference": "#in"}}
    assert entry(subject(**inside)).this_trial is True


@pytest.mark.parametrize("name", ["ResearchStudy/local-7", "https://ehr.example/fhir/ResearchStudy/local-7"])
def test_a_site_may_name_the_study_by_its_own_reference(name: str) -> None:
    trial = TrialIdentity(OUR_NAMES, study_references=frozenset({name}))
    made = subject(study={"reference": "ResearchStudy/local-7"})
    assert entry(made, trial=trial).this_trial is True
    assert entry(made).this_trial is None


@pytest.mark.parametrize(
    ("parts", "interventional"),
    [
        ({}, None),
        ({"phase": {"coding": [{"code": "phase-2"}]}}, True),
        ({"phase": {"coding": [{"code": "n-a"}]}}, None),
        ({"primaryPurposeType": {"coding": [{"code": "treatment"}]}}, True),
        ({"category": [{"text": "Interventional"}]}, True),
        ({"category": [{"text": "Observational"}]}, False),
        ({"category": [{"text": "登记研究"}]}, False),
        ({"category": [{"text": "oncology"}]}, None),
        ({"category": [{"text": "Registry"}], "phase": {"coding": [{"code": "phase-2"}]}}, None),
    ],
)
def test_the_kind_of_a_study_is_told_by_its_own_words_or_not_at_all(parts: Json, interventional: Any) -> None:
    assert entry(subject(), study(**parts)).interventional is interventional


# ---------------------------------------------------------------- arms


@pytest.mark.parametrize(
    ("text", "arm"),
    [
        ("sirolimus", Arm.SIROLIMUS),
        ("Sirolimus alone", Arm.SIROLIMUS),
        ("sirolimus arm", Arm.SIROLIMUS),
        ("西罗莫司单药组", Arm.SIROLIMUS),
        ("sirolimus + cyclosporin A", Arm.COMBINED),
        ("sirolimus+csa", Arm.COMBINED),
        ("Sirolimus + ciclosporin", Arm.COMBINED),
        ("sirolimus and cyclosporine", Arm.COMBINED),
        ("Cyclosporine A combined with sirolimus", Arm.COMBINED),
        ("西罗莫司联合环孢素A", Arm.COMBINED),
        ("  SIROLIMUS   PLUS  CsA ", Arm.COMBINED),
        ("Arm A", None),
        ("arm A: sirolimus", None),
        ("1", None),
        ("ciclosporin", None),
        ("combination arm", None),
        ("sirolimus without ciclosporin", None),
        ("sirolimus vs csa", None),
        ("sirolimus or csa", None),
        ("sirolimus placebo", None),
        ("no sirolimus", None),
        ("sirolimuscsa", None),
        ("", None),
    ],
)
def test_an_arm_is_read_only_from_a_text_that_names_the_drugs_and_nothing_else(text: str, arm: Any) -> None:
    assert arm_of(text, ARMS, {}) == arm


def test_letters_are_arms_only_by_the_sites_own_table() -> None:
    table = {"Arm  A": Arm.SIROLIMUS, "2": Arm.COMBINED}
    assert arm_of("arm a", ARMS, table) == Arm.SIROLIMUS
    assert arm_of("2", ARMS, table) == Arm.COMBINED
    assert arm_of("arm b", ARMS, table) is None
    assert entry(subject(assignedArm="Arm A"), TRIAL, arms=table).arm == Arm.SIROLIMUS


@pytest.mark.parametrize("name", ARMS.spellings)
def test_each_spelling_of_a_drug_names_its_arm(name: str) -> None:
    """Alone it is the arm of that drug alone, where there is one; with sirolimus the arm of all that are named."""
    alone = Arm.SIROLIMUS if ARMS.spellings[name] == "sirolimus" else None
    for text in (name, name.upper(), f"{name} alone", f" {name}  arm"):
        assert arm_of(text, ARMS, {}) == alone
    assert arm_of(f"sirolimus + {name}", ARMS, {}) == (alone or Arm.COMBINED)


FOUR = ArmTexts(
    drugs={
        "low": frozenset({"danazol"}),
        "high": frozenset({"danazol"}),
        "other": frozenset({"x", "danazol"}),
        "none": frozenset(),
    },
    texts={"arm 1": "low", "200 mg": "high", "watch and wait": "none"},
    spellings={"danazol": "danazol", "x": "x", "d.": "danazol"},
)


@pytest.mark.parametrize(
    ("text", "table", "arm"),
    [
        ("Arm 1", {}, "low"),
        ("200  MG", {}, "high"),
        ("Watch and Wait", {}, "none"),
        ("danazol", {}, None),
        ("d. with X", {}, "other"),
        ("d, with x", {}, None),
        ("x", {}, None),
        ("arm", {}, None),
        ("arm 2", {"Arm 2": "other"}, "other"),
        ("arm 1", {"Arm 1": "high"}, "high"),
    ],
)
def test_a_trial_may_name_its_arms_by_whole_texts_and_the_site_has_the_last_word(
    text: str, table: dict[str, str], arm: str | None
) -> None:
    assert arm_of(text, FOUR, table) == arm


@pytest.mark.parametrize("text", ["sirolimus", "arm A", "and", ""])
def test_a_trial_that_tells_no_arms_has_none(text: str) -> None:
    assert arm_of(text, ArmTexts(), {}) is None


@pytest.mark.parametrize(
    ("assigned", "actual", "arm", "gaps"),
    [
        ("sirolimus", None, Arm.SIROLIMUS, []),
        (None, "sirolimus", Arm.SIROLIMUS, []),
        ("sirolimus alone", "Sirolimus", Arm.SIROLIMUS, []),
        ("sirolimus", "sirolimus + csa", None, ["ARM_CONFLICTING"]),
        ("Arm A", None, None, ["ARM_NOT_RECOGNISED"]),
        ("Arm A", "sirolimus", None, ["ARM_NOT_RECOGNISED"]),
        (None, None, None, []),
    ],
)
def test_assigned_and_actual_arm_must_agree(assigned: Any, actual: Any, arm: Any, gaps: list[str]) -> None:
    record = read(subject(assignedArm=assigned, actualArm=actual), TRIAL)
    assert record.studies[0].arm == arm
    assert record.studies[0].arm_text == (actual or assigned)
    assert problems(record) == gaps


def test_the_arms_of_other_studies_are_nobodys_business() -> None:
    record = read(subject(assignedArm="Arm 7"), study(identifier=[{"value": "NCT00000001"}]))
    assert record.gaps == ()
    assert record.studies[0].arm is None


# ---------------------------------------------------------------- stand-ins


GROUP: Json = {
    "resourceType": "Group",
    "id": "aa",
    "identifier": [{"system": "urn:his", "value": "AA-TRIAL"}],
    "active": True,
    "type": "person",
    "actual": True,
    "member": [
        {"entity": {"reference": "Patient/p2"}},
        {"entity": PATIENT, "period": {"start": "2026-01-10"}},
    ],
}
FLAG: Json = {
    "resourceType": "Flag",
    "id": "f1",
    "status": "active",
    "code": {"coding": [{"system": "urn:his:flag", "code": "AA-SRL"}]},
    "subject": PATIENT,
    "period": {"start": "2026-01-10"},
}
PLAN: Json = {
    "resourceType": "CarePlan",
    "id": "cp1",
    "status": "active",
    "intent": "plan",
    "instantiatesCanonical": ["urn:his:plan/aa|2"],
    "category": [{"coding": [{"system": "urn:his:plan", "code": "AA"}]}],
    "subject": PATIENT,
    "period": {"start": "2026-01-10"},
}
NAMES = [
    (GROUP, "Group", "Group/aa"),
    (GROUP, "Group", "https://ehr.example/fhir/Group/aa"),
    (GROUP, "Group", "urn:his|AA-TRIAL"),
    (FLAG, "Flag", "urn:his:flag|AA-SRL"),
    (PLAN, "CarePlan", "urn:his:plan/aa"),
    (PLAN, "CarePlan", "urn:his:plan/aa|2"),
    (PLAN, "CarePlan", "urn:his:plan|AA"),
]


@pytest.mark.parametrize(("marker", "kind", "name"), NAMES)
def test_a_marker_named_by_the_site_stands_for_participation(marker: Json, kind: str, name: str) -> None:
    meant = StandIn(kind, name, arm=Arm.COMBINED)
    seen = entry(marker, stand_ins=(meant,))
    assert (seen.this_trial, seen.state, seen.arm) == (True, StudyState.ENROLLED, Arm.COMBINED)
    assert seen.start == when("2026-01-10")
    assert read(marker).studies == ()
    assert read(marker, stand_ins=(StandIn(kind, "urn:other|x"),)).studies == ()


@pytest.mark.parametrize(
    ("marker", "state"),
    [
        (FLAG | {"status": "inactive"}, "unknown"),
        (FLAG | {"status": "entered-in-error"}, None),
        (PLAN | {"status": "on-hold"}, "enrolled"),
        (PLAN | {"status": "completed"}, "completed"),
        (PLAN | {"status": "revoked"}, "unknown"),
        (PLAN | {"status": "draft"}, None),
        (FLAG | {"period": {"start": "2026-01-10", "end": "2026-02-01"}}, "unknown"),
        (FLAG | {"period": {"start": "2026-01-10", "end": "2026-03-02"}}, "enrolled"),
        (GROUP | {"active": False}, "unknown"),
        (GROUP | {"member": [{"entity": PATIENT, "inactive": True}]}, "unknown"),
        (GROUP | {"member": [{"entity": {"reference": "Patient/p2"}}]}, None),
    ],
)
def test_a_marker_that_is_over_no_longer_tells_who_is_in_the_trial(marker: Json, state: Any) -> None:
    stand_ins = tuple(StandIn(kind, name) for _, kind, name in NAMES)
    record = read(marker, stand_ins=stand_ins)
    assert {s.state.value for s in record.studies} == ({state} if state else set())


def test_another_patients_flag_is_not_this_patients() -> None:
    flag = FLAG | {"subject": {"reference": "Patient/p2"}}
    record = read(flag, stand_ins=(StandIn("Flag", "urn:his:flag|AA-SRL"),))
    assert record.studies == ()
    assert problems(record) == ["WRONG_PATIENT"]
