"""SMART scopes of both versions: what a token covers decides what is even asked for."""

import json

import msgspec
import pytest

from cds_service.cds_hooks.authorization import FhirAuthorization, FhirInteraction, read_authorization
from cds_service.cds_hooks.errors import BadHookRequest
from tests.tables import cases, named


@pytest.mark.parametrize(
    "case",
    cases("""
        scope                                                | read | search | create
        patient/Observation.read                             | yes  | yes    | no
        patient/Observation.*                                | yes  | yes    | yes
        patient/*.read                                       | yes  | yes    | no
        user/*.*                                             | yes  | yes    | yes
        system/Observation.rs                                | yes  | yes    | no
        patient/Observation.rs                               | yes  | yes    | no
        patient/Observation.cruds                            | yes  | yes    | yes
        patient/Observation.r                                | yes  | no     | no
        patient/Observation.s                                | no   | yes    | no
        patient/Observation.write                            | no   | no     | yes
        patient/Observation.cud                              | no   | no     | yes
        patient/Observation.                                 | no   | no     | no
        patient/Observation.sr                               | no   | no     | no
        patient/Condition.rs                                 | no   | no     | no
        patient/Observation.rs?category=laboratory           | no   | no     | no
        patient/Condition.rs patient/Observation.rs          | yes  | yes    | no
        launch openid fhirUser                               | no   | no     | no
        Observation.rs                                       | no   | no     | no
        *.read                                               | no   | no     | no
        person/Observation.read                              | no   | no     | no
        patient/observation.rs                               | yes  | yes    | no
        user/Observation.Read                                | yes  | yes    | no
        USER/OBSERVATION.READ                                | yes  | yes    | no
        Observation.read                                     | yes  | yes    | no
        OBSERVATION.READ                                     | yes  | yes    | no
        CONDITION.READ OBSERVATION.SEARCH                    | no   | yes    | no
        CONDITION.READ PATIENT.READ                          | no   | no     | no
        OBSERVATION.WRITE                                    | no   | no     | yes
        OBSERVATION.CREATE                                   | no   | no     | yes
        user/Observation.Search                              | no   | yes    | no
    """),
    ids=named,
)
def test_a_scope_covers_only_what_it_grants_whole(case):
    token = FhirAuthorization("t", "Bearer", 60, case["scope"], "client")
    assert token.covers("Observation", FhirInteraction.READ) is (case["read"] == "yes")
    assert token.covers("Observation", FhirInteraction.SEARCH) is (case["search"] == "yes")
    assert token.covers("Observation", FhirInteraction.CREATE) is (case["create"] == "yes")


@pytest.mark.parametrize(("seconds", "spent"), [(-1, True), (0, True), (1, False)])
def test_a_token_without_life_left_is_spent(seconds, spent):
    assert FhirAuthorization("t", "Bearer", seconds, "", "client").is_spent is spent


WHOLE = {
    "access_token": "t",
    "token_type": "Bearer",
    "expires_in": 300,
    "scope": "patient/*.rs",
    "subject": "aa",
}
"""What the standard requires of `fhirAuthorization` (CH-061)."""


def read(members):
    return read_authorization(msgspec.Raw(json.dumps(members).encode()))


@pytest.mark.parametrize("nothing", [..., None, ""], ids=["left out", "null", "empty"])
@pytest.mark.parametrize("members", [*((name,) for name in WHOLE), ("scope", "subject")], ids="+".join)
def test_each_member_that_is_required_is_asked_for_by_name(members, nothing):
    changed = {**WHOLE, **dict.fromkeys(members, nothing)}
    with pytest.raises(BadHookRequest) as caught:
        read({name: value for name, value in changed.items() if value is not ...})
    assert caught.value.fields == tuple(f"fhirAuthorization.{name}" for name in members)


@pytest.mark.parametrize(
    ("sent", "counted"),
    [(-1, 0), (0, 0), (1, 1), ("300", 300), (3600, 3600), (10**9, 86_400), (86_401, 86_400)],
)
def test_a_life_counts_from_nothing_to_a_day(sent, counted):
    assert read({**WHOLE, "expires_in": sent}).expires_in == counted


@pytest.mark.parametrize(
    ("member", "value"),
    [
        ("access_token", "two words"),
        ("access_token", "ü"),
        ("access_token", "a\u007f"),
        ("token_type", "mac"),
        ("expires_in", "soon"),
        ("scope", 5),
        ("patient", 5),
    ],
)
def test_a_member_that_is_something_else_is_refused(member, value):
    with pytest.raises(BadHookRequest) as caught:
        read({**WHOLE, member: value})
    assert caught.value.fields[0].startswith("fhirAuthorization")


@pytest.mark.parametrize("kind", ["Bearer", "bearer", "BEARER"])
def test_the_type_is_bearer_in_any_case_and_the_token_is_never_shown(kind):
    found = read({**WHOLE, "token_type": kind, "access_token": "s3cret~!"})
    assert found.access_token == "s3cret~!"
    assert "s3cret" not in repr(found)
