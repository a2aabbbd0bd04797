"""SMART scopes of both versions: what a token covers decides what is even asked for."""

import pytest

from cds_service.cds_hooks.authorization import FhirAuthorization, FhirInteraction
from tests.tables import cases, named


@pytest.mark.parametrize(
    "case",
    cases("""
        scope                                                | read | search
        patient/Observation.read                             | yes  | yes
        patient/Observation.*                                | yes  | yes
        patient/*.read                                       | yes  | yes
        user/*.*                                             | yes  | yes
        system/Observation.rs                                | yes  | yes
        patient/Observation.rs                               | yes  | yes
        patient/Observation.cruds                            | yes  | yes
        patient/Observation.r                                | yes  | no
        patient/Observation.s                                | no   | yes
        patient/Observation.write                            | no   | no
        patient/Observation.cud                              | no   | no
        patient/Observation.                                 | no   | no
        patient/Observation.sr                               | no   | no
        patient/Condition.rs                                 | no   | no
        patient/Observation.rs?category=laboratory           | no   | no
        patient/Condition.rs patient/Observation.rs          | yes  | yes
        launch openid fhirUser                               | no   | no
        Observation.rs                                       | no   | no
        *.read                                               | no   | no
        person/Observation.read                              | no   | no
        patient/observation.rs                               | yes  | yes
        user/Observation.Read                                | yes  | yes
        USER/OBSERVATION.READ                                | yes  | yes
        Observation.read                                     | yes  | yes
        OBSERVATION.READ                                     | yes  | yes
        CONDITION.READ OBSERVATION.SEARCH                    | no   | yes
        CONDITION.READ PATIENT.READ                          | no   | no
        OBSERVATION.WRITE                                    | no   | no
        OBSERVATION.CREATE                                   | no   | no
        user/Observation.Search                              | no   | yes
    """),
    ids=named,
)
def test_a_scope_covers_only_what_it_grants_whole(case):
    token = FhirAuthorization("t", "Bearer", 60, case["scope"], "client")
    assert token.covers("Observation", FhirInteraction.READ) is (case["read"] == "yes")
    assert token.covers("Observation", FhirInteraction.SEARCH) is (case["search"] == "yes")


@pytest.mark.parametrize(("seconds", "spent"), [(-1, True), (0, True), (1, False)])
def test_a_token_without_life_left_is_spent(seconds, spent):
    assert FhirAuthorization("t", "Bearer", seconds, "", "client").is_spent is spent
