"""The client's FHIR server over HTTP: what is fetched, with which token, from where, and what when it cannot be."""

import itertools
import time
from typing import Any

import pytest

from cds_service.chart.chart_queries import DECISIVE_PARTS
from cds_service.chart.concern import PARTICIPANTS
from fhir_mappings.clinical_model.known_unknown import Part
from tests.fhir_client.charts import CHART, TYPES
from tests.fhir_client.stub import drips, running, says, searchset, sleeps
from tests.standard.calls import authorization
from tests.standard.over_http.hospital import NOBODY, WHOLE, Hospital, open_hospital, refusal, unavailable

Json = Any
TOKEN = "SECRET-TOKEN-OF-THIS-CALL"
DISPENSABLE = [part for part in Part if part not in DECISIVE_PARTS]
LAB = "Observation"


def fhir_paths(hospital: Hospital) -> list[str]:
    return sorted(path.removeprefix("/fhir/") for path in hospital.fhir.paths() if path.startswith("/fhir/"))


def tokens(hospital: Hospital) -> set[str | None]:
    return {
        headers.get("Authorization") for path, headers in hospital.fhir.asked if path.startswith("/fhir/")
    }


@pytest.mark.ch("CH-032", "CH-033", "CH-035", "CH-042", "CH-056")
@pytest.mark.parametrize("step", [1, 2, 3, 5, 13])
def test_any_mixture_of_prefetched_and_fetched_gives_the_same_cards(hospital: Hospital, step: int) -> None:
    some = dict(itertools.islice(WHOLE.items(), 0, None, step))
    assert hospital.cards(prefetch=some, **hospital.access()) == hospital.cards(prefetch=WHOLE)


@pytest.mark.ch("CH-042", "CH-056")
@pytest.mark.parametrize("part", Part)
def test_exactly_the_missing_key_is_fetched(hospital: Hospital, part: Part) -> None:
    most = {key: value for key, value in WHOLE.items() if key != part.value}
    hospital.cards(prefetch=most, **hospital.access())
    asked = [path for path in fhir_paths(hospital) if path != "Medication/sirolimus"]
    assert [path.partition("?")[0].partition("/")[0] for path in asked] == [TYPES[part]]


@pytest.mark.ch("CH-042", "CH-031")
def test_what_is_missing_is_fetched_side_by_side(hospital: Hospital) -> None:
    for part in DISPENSABLE:
        hospital.fhir.answers[f"/fhir/{TYPES[part]}"] = sleeps(0.4, says(searchset(CHART[part])))
    began = time.perf_counter()
    assert hospital.cards(**hospital.access())
    assert time.perf_counter() - began < 0.4 * len(DISPENSABLE) / 2


@pytest.mark.ch("CH-031")
def test_half_of_all_answers_come_within_half_a_second(hospital: Hospital) -> None:
    def seconds() -> float:
        began = time.perf_counter()
        hospital.cards(prefetch=WHOLE)
        return time.perf_counter() - began

    assert sorted(seconds() for _ in range(11))[5] < 0.5


@pytest.mark.ch("CH-031", "CH-041")
def test_a_server_that_drips_costs_the_deadline_and_no_more(hospital: Hospital) -> None:
    hospital.fhir.answers[f"/fhir/{LAB}"] = drips(b"{" + b" " * 5000, 0.01)
    began = time.perf_counter()
    assert "observations" in unavailable(hospital.cards(**hospital.access()))
    assert time.perf_counter() - began < 2.0 + 1.0


@pytest.mark.ch("CH-057", "CH-058", "CH-060", "CH-061")
def test_every_request_carries_the_token_of_the_call(hospital: Hospital) -> None:
    hospital.cards(**hospital.access(access_token=TOKEN))
    assert tokens(hospital) == {f"Bearer {TOKEN}"}


@pytest.mark.ch("CH-027", "CH-060", "CH-061", "CH-062", "CH-063", "CH-064")
@pytest.mark.parametrize(
    ("changes", "named"),
    [
        ({"access_token": ...}, "access_token"),
        ({"access_token": ""}, "access_token"),
        ({"access_token": "two words"}, "access_token"),
        ({"token_type": ...}, "token_type"),
        ({"token_type": "mac"}, "token_type"),
        ({"expires_in": ...}, "expires_in"),
        ({"expires_in": "soon"}, "fhirAuthorization"),
        ({"scope": ...}, "scope"),
        ({"scope": ["user/*.rs"]}, "fhirAuthorization"),
        ({"subject": ...}, "subject"),
        ({"subject": None}, "subject"),
    ],
)
def test_a_malformed_authorization_is_refused(hospital: Hospital, changes: Json, named: str) -> None:
    assert named in refusal(hospital.call(prefetch=WHOLE, **hospital.access(**changes)), 400)


@pytest.mark.ch("CH-026", "CH-027")
@pytest.mark.parametrize("given", ["text", [], 7, True])
def test_an_authorization_is_an_object_and_needs_a_server(hospital: Hospital, given: Json) -> None:
    said = refusal(hospital.call(fhirServer=hospital.fhir.base, fhirAuthorization=given), 400)
    assert "fhirAuthorization" in said
    assert "fhirServer" in refusal(hospital.call(fhirAuthorization=authorization()), 400)


@pytest.mark.ch("CH-062")
@pytest.mark.parametrize("seconds", [0, -1])
def test_a_spent_token_fetches_nothing(hospital: Hospital, seconds: int) -> None:
    refusal(hospital.call(**hospital.access(expires_in=seconds)), 412)
    assert fhir_paths(hospital) == []


@pytest.mark.ch("CH-063", "CH-034", "CH-131")
@pytest.mark.parametrize(
    ("scope", "is_fetched"),
    [
        ("patient/Observation.read", True),
        ("user/Observation.read", True),
        ("system/*.*", True),
        ("launch patient/Observation.*", True),
        ("patient/Observation.rs", True),
        ("patient/*.cruds", True),
        ("patient/Observation.s", True),
        ("openid patient/Observation.write", False),
        ("patient/Observation.cu", False),
        ("patient/Observation.r", False),
        ("patient/Observation.rs?category=laboratory", False),
        ("patient/Condition.rs", False),
        ("patient/observation.rs", True),
        ("user/Observation.Read user/Condition.Read", True),
        ("CONDITION.READ OBSERVATION.READ", True),
        ("CONDITION.READ OBSERVATION.WRITE", False),
    ],
)
def test_scopes_of_smart_1_and_2_decide_what_is_even_asked(
    hospital: Hospital, scope: str, is_fetched: bool
) -> None:
    most = {key: value for key, value in WHOLE.items() if key != "observations"}
    cards = hospital.cards(prefetch=most, **hospital.access(scope=scope))
    assert [path.partition("?")[0] for path in fhir_paths(hospital)] == ([LAB] if is_fetched else [])
    assert unavailable(cards) == ([] if is_fetched else ["observations"])


@pytest.mark.ch("CH-064")
@pytest.mark.parametrize(("client_id", "status"), [("aa-cds", 200), ("another-service", 412), (None, 200)])
def test_a_token_made_out_to_another_service_is_not_used(client_id: str | None, status: int) -> None:
    with open_hospital(listed={"fhir_client_id": client_id}) as hospital:
        reply = hospital.call(**hospital.access(subject="aa-cds"))
        assert reply.status_code == status
        assert bool(fhir_paths(hospital)) is (status == 200)
        assert hospital.cards(prefetch=WHOLE, **hospital.access(subject="aa-cds"))


@pytest.mark.ch("CH-066", "CH-132", "CH-148")
def test_the_token_is_told_to_nobody_else(hospital: Hospital, log: Any, capfd: Any) -> None:
    replies = [
        hospital.call(**hospital.access(access_token=TOKEN)),
        hospital.call(prefetch=WHOLE, **hospital.access(access_token=TOKEN, patient="p2")),
        hospital.call(**hospital.access(access_token=TOKEN, token_type="mac")),
    ]
    hospital.fhir.gives("ResearchSubject", {"resourceType": "OperationOutcome"}, status=500)
    replies.append(hospital.call(**hospital.access(access_token=TOKEN)))
    assert [reply.status_code for reply in replies] == [200, 400, 400, 412]
    told = "".join(f"{reply.headers}{reply.text}" for reply in replies)
    assert len(log()) >= len(replies)
    assert TOKEN not in told + str(log()) + "".join(capfd.readouterr())


@pytest.mark.ch("CH-067", "CH-066")
def test_nothing_is_asked_after_the_answer(hospital: Hospital) -> None:
    hospital.cards(**hospital.access(access_token=TOKEN))
    asked = len(hospital.fhir.asked)
    hospital.cards(prefetch=WHOLE)
    time.sleep(0.2)
    assert len(hospital.fhir.asked) == asked


@pytest.mark.ch("CH-067", "CH-031", "CH-043")
def test_nothing_is_asked_for_a_call_that_ran_out_of_time(hospital: Hospital) -> None:
    for part in Part:
        path = "Patient/p1" if part is Part.PATIENT else TYPES[part]
        hospital.fhir.answers[f"/fhir/{path}"] = sleeps(2.3, says(searchset()))
    refusal(hospital.call(**hospital.access(access_token=TOKEN)), 412)
    asked = len(hospital.fhir.asked)
    time.sleep(0.6)
    assert len(hospital.fhir.asked) == asked == len(PARTICIPANTS.parts)


# ---------------------------------------------------------------- which server


@pytest.mark.ch("CH-059", "CH-056")
def test_an_open_server_of_the_site_is_asked_without_a_token(hospital: Hospital) -> None:
    assert hospital.cards(fhirServer=hospital.fhir.base) == hospital.cards(prefetch=WHOLE)
    assert tokens(hospital) == {None}


@pytest.mark.ch("CH-059", "CH-026")
@pytest.mark.parametrize(
    "server",
    [
        "http://169.254.169.254/latest",
        "http://127.0.0.1:9/fhir",
        "https://ehr.hospital.example/fhir",
        "file:///etc/passwd",
        "ftp://127.0.0.1/fhir",
        "//127.0.0.1/fhir",
        "{base}/../admin",
        "{base}%2f..",
        "{base}@evil.example/fhir",
        "{base}\\@evil.example",
        "{base}evil",
        "",
        " ",
        "not a url",
    ],
)
def test_a_server_that_is_not_listed_is_not_asked(hospital: Hospital, server: str) -> None:
    asked = server.format(base=hospital.fhir.base)
    refusal(hospital.call(fhirServer=asked), 412)
    assert hospital.cards(fhirServer=asked, prefetch=WHOLE) == hospital.cards(prefetch=WHOLE)
    assert fhir_paths(hospital) == []


@pytest.mark.ch("CH-059")
def test_a_redirect_is_not_followed(hospital: Hospital) -> None:
    with running() as elsewhere:
        hospital.fhir.answers[f"/fhir/{LAB}"] = says({}, 302, Location=f"{elsewhere.base}/{LAB}")
        assert unavailable(hospital.cards(**hospital.access())) == ["observations"]
        assert elsewhere.asked == []


@pytest.mark.ch("CH-043", "CH-070", "CH-034", "CH-131")
@pytest.mark.parametrize("status", [400, 401, 403, 404, 429, 500, 503])
@pytest.mark.parametrize("part", [*DECISIVE_PARTS, Part.OBSERVATIONS])
def test_a_server_that_refuses_is_412_for_what_decides_and_named_for_the_rest(
    hospital: Hospital, status: int, part: Part
) -> None:
    path = "Patient/p1" if part is Part.PATIENT else TYPES[part]
    hospital.fhir.gives(path, {"resourceType": "OperationOutcome"}, status=status)
    reply = hospital.call(**hospital.access())
    if part in (Part.PATIENT, Part.RESEARCH_SUBJECTS):
        assert part.value in refusal(reply, 412)
    else:
        assert unavailable(reply.json()["cards"]) == [part.value]


# ---------------------------------------------------------------- pages


def paged(hospital: Hospital, next_link: str) -> Json:
    first = searchset(CHART[Part.OBSERVATIONS], next_link=next_link)
    hospital.fhir.gives("Observation?page=2", searchset({**CHART[Part.OBSERVATIONS], "id": "o2"}))
    return {**WHOLE, "observations": first}


@pytest.mark.ch("CH-037")
@pytest.mark.parametrize(
    "link", ["{base}/Observation?page=2", "Observation?page=2", "/fhir/Observation?page=2"]
)
def test_a_page_in_prefetch_is_followed_on_the_same_server(hospital: Hospital, link: str) -> None:
    prefetch = paged(hospital, link.format(base=hospital.fhir.base))
    assert unavailable(hospital.cards(prefetch=prefetch, **hospital.access())) == []
    assert fhir_paths(hospital) == ["Observation?page=2"]


@pytest.mark.ch("CH-037", "CH-041")
@pytest.mark.parametrize(
    "link", ["http://127.0.0.1:9/fhir/Observation?page=2", "https://evil.example/", "{root}/x"]
)
def test_a_page_elsewhere_is_not_followed_and_the_first_is_never_taken_for_all(
    hospital: Hospital, link: str
) -> None:
    prefetch = paged(hospital, link.format(root=hospital.fhir.root))
    assert unavailable(hospital.cards(prefetch=prefetch, **hospital.access())) == ["observations"]
    assert fhir_paths(hospital) == []


@pytest.mark.ch("CH-037")
def test_a_page_without_a_server_is_never_taken_for_all(hospital: Hospital) -> None:
    prefetch = paged(hospital, f"{hospital.fhir.base}/Observation?page=2")
    assert unavailable(hospital.cards(prefetch=prefetch)) == ["observations"]


@pytest.mark.ch("CH-069", "CH-042")
def test_for_a_patient_whom_the_trial_cannot_concern_nothing_more_is_fetched(hospital: Hospital) -> None:
    decisive = {part.value: NOBODY[part.value] for part in DECISIVE_PARTS}
    assert hospital.cards(prefetch=decisive, **hospital.access()) == []
    assert fhir_paths(hospital) == []
