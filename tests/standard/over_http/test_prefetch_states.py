"""Every state in which a prefetch value can come, at every key, with and without a FHIR server.

The states are data: `tests/standard/corpora/prefetch_states.json`. What was sent is used; nothing found is
nothing; everything else is unknown: fetched where it can be, named where it cannot, 412 where it decides.
"""

import json
from pathlib import Path
from typing import Any

import pytest

from fhir_mappings.clinical_model.known_unknown import Part
from tests.fhir_client.charts import CHART, SIROLIMUS, TYPES
from tests.hook_calls import HOOKS
from tests.standard.calls import context_of
from tests.standard.over_http.hospital import (
    CANDIDATE,
    TITRATION,
    WHOLE,
    Hospital,
    beside,
    refusal,
    unavailable,
)
from tests.standard.over_http.test_calls import FULL

Json = Any
STATES = json.loads((Path(__file__).parents[1] / "corpora/prefetch_states.json").read_text("utf-8"))
ORDER = {
    **CHART[Part.MEDICATION_REQUESTS],
    "medicationReference": None,
    "medicationCodeableConcept": SIROLIMUS,
}
each_state = pytest.mark.parametrize("state", STATES, ids=lambda state: state["name"])
each_key = pytest.mark.parametrize("part", Part)


def prefetch(state: Json, part: Part, whole: Json = WHOLE) -> Json:
    """The whole chart with this key in this state."""
    if state["value"] == "$absent":
        return {key: value for key, value in whole.items() if key != part.value}
    return {**whole, part.value: _filled(state["value"], part)}


def _filled(value: Json, part: Part) -> Json:
    if value == "$sent":
        return WHOLE[part.value]
    if value == "$entry":
        return {"resource": ORDER if part is Part.MEDICATION_REQUESTS else CHART[part]}
    if isinstance(value, dict):
        return {name: _filled(inner, part) for name, inner in value.items()}
    return [_filled(inner, part) for inner in value] if isinstance(value, list) else value


def meaning(state: Json, part: Part) -> str:
    """The patient of the call exists, so "no patient" is no answer."""
    return "unknown" if part is Part.PATIENT and state["means"] == "nothing" else str(state["means"])


def decides(state: Json, part: Part) -> bool:
    """Whether nobody can be advised: an enrolled patient is, without the problem list, and an enrolment that
    came in part is one (contract, section 2)."""
    came_in_part = any(word in json.dumps(state["value"]) for word in ("$sent", "$entry"))
    usable = came_in_part and state["name"] not in ("another-release", "another-type", "list-of-resources")
    return part is Part.PATIENT or (part is Part.RESEARCH_SUBJECTS and not usable)


@pytest.mark.ch("CH-040", "CH-041", "CH-043", "CH-070", "CH-038", "CH-039")
@each_key
@each_state
def test_each_key_in_each_state(hospital: Hospital, state: Json, part: Part) -> None:
    """Without a server: used, or named on a card, or 412; never silently nothing."""
    reply = hospital.call(prefetch=prefetch(state, part))
    if meaning(state, part) != "unknown":
        assert reply.status_code == 200
        assert unavailable(reply.json()["cards"]) == []
    elif decides(state, part):
        assert part.value in refusal(reply, 412)
    else:
        assert unavailable(reply.json()["cards"]) == [part.value]


@pytest.mark.ch("CH-040", "CH-041", "CH-042", "CH-032")
@each_key
@each_state
def test_each_key_in_each_state_with_a_server(hospital: Hospital, state: Json, part: Part) -> None:
    """What is unknown is fetched, once, and nothing else; what is known is not asked for again."""
    reply = hospital.call(prefetch=prefetch(state, part), **hospital.access())
    kinds = [
        path.split("/")[2].partition("?")[0] for path in hospital.fhir.paths() if path.startswith("/fhir/")
    ]
    asked = [kind for kind in kinds if kind != "Medication"]
    if meaning(state, part) == "unknown" and state.get("refetched", True):
        assert asked == [TYPES[part]]
        assert reply.json() == hospital.call(prefetch=WHOLE).json()
    else:
        assert asked == []


FOUR = {"sent", "null", "absent", "outcome-error"}
BEFORE_THE_TRIAL = ("aa-trial-eligibility", "aa-trial-diagnosis")


@pytest.mark.ch("CH-040", "CH-041", "CH-043", "CH-163", "CH-164", "CH-165", "CH-167", "CH-170")
@pytest.mark.parametrize("service", [service for service in HOOKS if service != TITRATION])
@each_key
@pytest.mark.parametrize("state", [s for s in STATES if s["name"] in FOUR], ids=lambda state: state["name"])
def test_each_key_in_the_four_states_at_every_other_service(
    hospital: Hospital, state: Json, part: Part, service: str
) -> None:
    """For a patient whom the service concerns; of a visit the cards that are given anyway say it.

    A new problem that names aplastic anaemia tells by itself what the problem list would.
    """
    whole = CANDIDATE if service in BEFORE_THE_TRIAL else WHOLE
    context = context_of(HOOKS[service], **FULL[HOOKS[service]])
    reply = hospital.call(service, context=context, prefetch=prefetch(state, part, whole))
    told = beside if service == "aa-trial-visit" else unavailable
    if meaning(state, part) != "unknown":
        assert told(reply.json()["cards"]) == []
    elif decides(state, part) or (service == "aa-trial-eligibility" and part is Part.CONDITIONS):
        assert part.value in refusal(reply, 412)
    else:
        assert told(reply.json()["cards"]) == [part.value]


def test_each_state_breaks_a_rule_of_its_own() -> None:
    assert len({state["name"] for state in STATES}) == len({state["rule"] for state in STATES}) == len(STATES)
    assert {state["means"] for state in STATES} == {"sent", "nothing", "unknown"}
