"""Over HTTP: what each service asks for, of whom, in which order, and that a gap is told once and to whom it concerns."""

from typing import Any

import pytest

from cds_service.chart.chart_queries import DECISIVE_PARTS
from cds_service.chart.concern import PARTICIPANTS
from fhir_mappings.clinical_model.known_unknown import Part
from tests.fhir_client.charts import CHART, SUBJECT, TYPES
from tests.fhir_client.stub import searchset
from tests.hook_calls import HOOKS
from tests.standard.calls import context_of
from tests.standard.over_http.hospital import Hospital, beside, kinds, unavailable
from tests.standard.over_http.test_calls import DRAFT, FULL

Json = Any
ELIGIBILITY, DIAGNOSIS = "aa-trial-eligibility", "aa-trial-diagnosis"
TITRATION, VISIT = "aa-trial-titration", "aa-trial-visit"
SELECT, SIGN = "aa-trial-order-select", "aa-trial-order-sign"
OPENING = (ELIGIBILITY, TITRATION, VISIT)
ORDERS = (SELECT, SIGN)

NOTHING: frozenset[str] = frozenset()
TWO = frozenset(TYPES[part] for part in PARTICIPANTS.parts)
THREE = frozenset(TYPES[part] for part in DECISIVE_PARTS)
ALL = frozenset(TYPES.values()) | {"Medication"}
STUDY = frozenset({"ResearchStudy"})

OURS, ANOTHER = {"identifier": {"value": "NCT06802055"}}, {"identifier": {"value": "NCT00000001"}}
HERE, GONE = {"reference": "ResearchStudy/other"}, {"reference": "ResearchStudy/gone"}


def subject(study: Json, status: str = "on-study") -> Json:
    return {**CHART[Part.RESEARCH_SUBJECTS], "study": study, "status": status}


# Who: has aplastic anaemia, participation -> what eligibility and diagnosis ask for, what titration and visit
PATIENTS: dict[str, tuple[bool, Json | None, frozenset[str], frozenset[str]]] = {
    "nobody": (False, None, THREE, TWO),
    "of another study": (False, subject(ANOTHER), THREE, TWO),
    "of another study that is to be looked up": (False, subject(HERE), THREE, TWO | STUDY),
    "of a study nobody can tell": (False, subject(GONE), THREE, ALL | STUDY),
    "aplastic anaemia": (True, None, ALL, TWO),
    "aplastic anaemia, in another study": (True, subject(ANOTHER), ALL, TWO),
    "aplastic anaemia, another study to be looked up": (True, subject(HERE), ALL | STUDY, TWO | STUDY),
    "aplastic anaemia, a study nobody can tell": (True, subject(GONE), ALL | STUDY, ALL | STUDY),
    "being screened": (True, subject(OURS, "screening"), ALL, TWO),
    "enrolled": (True, subject(OURS), THREE, ALL),
    "enrolled, without a diagnosis": (False, subject(OURS), THREE, ALL),
    "a status nobody knows": (True, subject(OURS, "odd"), ALL, ALL),
    "completed": (True, subject(OURS, "off-study"), THREE, TWO),
    "withdrawn": (True, subject(OURS, "withdrawn"), THREE, TWO),
}
CONCERNED_BY_DOSING = {
    "of a study nobody can tell",  # who takes sirolimus
    "aplastic anaemia, a study nobody can tell",
    "enrolled",
    "enrolled, without a diagnosis",
    "a status nobody knows",
}
each_patient = pytest.mark.parametrize("who", PATIENTS)


def admit(hospital: Hospital, who: str) -> None:
    """Put this patient's chart on the FHIR server."""
    has_disease, participation, _, _ = PATIENTS[who]
    once = {"Connection": "close"}
    other = {"resourceType": "ResearchStudy", "id": "other", "identifier": [ANOTHER["identifier"]]}
    hospital.fhir.gives("ResearchStudy/other", other, **once)
    hospital.fhir.gives("ResearchSubject", searchset(*([participation] if participation else ())), **once)
    if not has_disease:
        hospital.fhir.gives("Condition", searchset(), **once)


def call(hospital: Hospital, service: str, **context: Any) -> list[Json]:
    """The cards of a call without any prefetch."""
    full = FULL[HOOKS[service]] | context
    return hospital.cards(service, context=context_of(HOOKS[service], **full), **hospital.access())


def kinds_asked(hospital: Hospital) -> list[str]:
    paths = [path.removeprefix("/fhir/") for path in hospital.fhir.paths() if path.startswith("/fhir/")]
    return [path.partition("?")[0].partition("/")[0] for path in paths]


def waves(asked: list[str], *sizes: int) -> list[frozenset[str]]:
    """The types asked for, the first so many, then the next."""
    cut, found = 0, []
    for size in sizes:
        found.append(frozenset(asked[cut : cut + size]))
        cut += size
    return [*found, frozenset(asked[cut:])]


@pytest.mark.ch("CH-042", "CH-069")
@pytest.mark.parametrize("service", [ELIGIBILITY, TITRATION, VISIT, DIAGNOSIS])
@each_patient
def test_no_more_is_asked_for_than_it_takes_to_know_whom_it_concerns(
    hospital: Hospital, who: str, service: str
) -> None:
    admit(hospital, who)
    if service == DIAGNOSIS and not PATIENTS[who][0]:
        return  # the new problem itself is aplastic anaemia
    call(hospital, service)
    first = THREE if service in (ELIGIBILITY, DIAGNOSIS) else TWO
    expected = PATIENTS[who][2 if first is THREE else 3]
    asked = kinds_asked(hospital)
    assert frozenset(asked) == expected
    assert len(asked) == len(expected), "nothing is asked for twice"
    has_study = "ResearchStudy" in expected
    first_wave, *study, rest = waves(asked, len(first), *([1] if has_study else []))
    assert first_wave == first
    assert study == ([STUDY] if has_study else [])
    assert rest == expected - first - STUDY


SIROLIMUS = DRAFT
CICLOSPORIN = {**DRAFT, "medicationCodeableConcept": {"text": "ciclosporin 25 mg capsule"}}
PARACETAMOL = {**DRAFT, "medicationCodeableConcept": {"text": "paracetamol 500 mg tablet"}}
BY_REFERENCE = {
    **{key: value for key, value in DRAFT.items() if key != "medicationCodeableConcept"},
    "medicationReference": {"reference": "Medication/sirolimus"},
}
BLOOD_TEST = {"resourceType": "ServiceRequest", "id": "test", "status": "draft", "subject": SUBJECT}


@pytest.mark.ch("CH-042", "CH-069")
@pytest.mark.parametrize("service", ORDERS)
@pytest.mark.parametrize(
    ("who", "drafts", "expected"),
    [
        ("enrolled", [SIROLIMUS], ALL),
        ("enrolled", [CICLOSPORIN], ALL),
        ("enrolled", [PARACETAMOL, SIROLIMUS], ALL),
        ("enrolled", [BY_REFERENCE], ALL),
        ("enrolled", [PARACETAMOL], NOTHING),
        ("enrolled", [BLOOD_TEST], NOTHING),
        ("enrolled", [], ALL),
        ("nobody", [], TWO),
        ("aplastic anaemia", [SIROLIMUS], ALL),
        ("aplastic anaemia", [BY_REFERENCE], ALL),
        ("aplastic anaemia", [CICLOSPORIN], TWO),
        ("aplastic anaemia", [PARACETAMOL], NOTHING),
        ("nobody", [SIROLIMUS], THREE),
        ("nobody", [CICLOSPORIN], TWO),
        ("completed", [SIROLIMUS], THREE),
        ("a status nobody knows", [CICLOSPORIN], ALL),
    ],
)
def test_a_draft_that_does_not_touch_the_trial_asks_for_nothing(
    hospital: Hospital, service: str, who: str, drafts: list[Json], expected: frozenset[str]
) -> None:
    admit(hospital, who)
    cards = call(hospital, service, draftOrders=searchset(*drafts))
    assert frozenset(kinds_asked(hospital)) == expected
    if expected != ALL:
        assert cards == []


def lose(hospital: Hospital, part: Part) -> None:
    hospital.fhir.gives(TYPES[part], {"resourceType": "OperationOutcome"}, status=403, Connection="close")


LOSABLE = [part for part in Part if part not in DECISIVE_PARTS]
GAPS = [(who, LOSABLE) for who in PATIENTS]
GAPS += [(who, [part]) for who in ("enrolled", "aplastic anaemia") for part in LOSABLE]
GAPS += [("enrolled", [Part.CONDITIONS, Part.OBSERVATIONS])]


def tellers_of(who: str, told: dict[str, list[Json]]) -> set[str]:
    """The one service that has a card about what was not read; a visit that cannot tell for whom it is as well."""
    if who in CONCERNED_BY_DOSING:
        is_all = kinds(told[VISIT]) == ["data-quality"]
        return {TITRATION, VISIT} if is_all else {TITRATION}
    return {ELIGIBILITY} if PATIENTS[who][2] >= ALL else set()


@pytest.mark.ch("CH-043")
@pytest.mark.parametrize(
    ("who", "lost"), GAPS, ids=lambda value: value if isinstance(value, str) else "+".join(value)
)
def test_at_one_opening_a_gap_is_told_once_and_only_to_whom_it_concerns(
    hospital: Hospital, who: str, lost: list[Part]
) -> None:
    admit(hospital, who)
    for part in lost:
        lose(hospital, part)
    told = {service: call(hospital, service) for service in OPENING}
    for part in lost:
        named = {s for s in OPENING if part.value in unavailable(told[s])}
        assert named == tellers_of(who, told)
        for service in set(OPENING) - named:
            if told[service]:
                assert part.value in beside(told[service]), "a card that hangs on it does not look complete"


@pytest.mark.ch("CH-043")
@pytest.mark.parametrize("service", [ELIGIBILITY, TITRATION, VISIT])
@pytest.mark.parametrize("has_disease", [True, False])
def test_a_study_that_nobody_can_tell_is_said_where_the_patient_may_be_in_this_trial(
    hospital: Hospital, service: str, has_disease: bool
) -> None:
    admit(
        hospital, "aplastic anaemia, a study nobody can tell" if has_disease else "of a study nobody can tell"
    )
    hospital.fhir.gives("MedicationRequest", searchset(), Connection="close")
    for kind in ("MedicationDispense", "MedicationAdministration", "MedicationStatement"):
        hospital.fhir.gives(kind, searchset(), Connection="close")
    cards = call(hospital, service)
    if has_disease:
        assert (beside if service == ELIGIBILITY else unavailable)(cards) == ["researchSubjects"]
    else:
        assert cards == []


@pytest.mark.parametrize("service", [TITRATION, VISIT])
def test_who_takes_sirolimus_in_a_study_that_nobody_can_tell_may_be_in_this_trial(
    hospital: Hospital, service: str
) -> None:
    admit(hospital, "of a study nobody can tell")
    cards = call(hospital, service)
    assert unavailable(cards) == ["researchSubjects"]
    assert "ResearchSubject/rs1" in cards[0]["detail"]


@pytest.mark.ch("CH-043")
def test_a_visit_that_is_told_of_a_gap_is_a_warning(hospital: Hospital) -> None:
    lose(hospital, Part.OBSERVATIONS)
    cards = call(hospital, VISIT)
    assert beside(cards) == ["observations"]
    assert all(card["indicator"] != "info" for card in cards)
    assert all(card["detail"].startswith("**Not read** laboratory results.") for card in cards)
