"""A chart is read once a visit: only for the same client, patient and bytes, only for a short while, and alike."""

import json
from datetime import timedelta

import pytest
from msgspec.structs import replace

from cds_service.cds_hooks.service import Caller
from cds_service.chart import collected, gather
from cds_service.chart.concern import (
    ANYBODY_OF_THE_TRIAL,
    CANDIDATES,
    PARTICIPANTS,
    PARTICIPANTS_AND_CANDIDATES,
)
from cds_service.chart.visit_memory import NEVER_REMEMBERED, VisitMemory, VisitMemoryLimits
from fhir_mappings.clinical_model.known_unknown import Part
from tests.fhir_client.charts import CHART, MEDICATION, NOW, HeldChart, a_gatherer, a_request, prefetched
from tests.fhir_client.stub import searchset
from tests.standard.calls import authorization, context_of

WHOLE = {
    **prefetched(Part),
    Part.MEDICATION_REQUESTS.value: searchset(CHART[Part.MEDICATION_REQUESTS], MEDICATION),
}
EHR = Caller("https://ehr.example.org", "ward")


class Rig:
    """A gatherer with a memory, a clock that stands still, and counts of what was read and decoded."""

    def __init__(self, monkeypatch, server=None, **limits):
        self.seconds, self.read, self.decoded = 1000.0, 0, 0
        self.server = server or HeldChart()
        self.memory = VisitMemory(VisitMemoryLimits(**limits), lambda: self.seconds)
        self.gatherer = replace(a_gatherer(self.server), visits=self.memory)
        self._count(monkeypatch, gather, "read_record_until", "read")
        self._count(monkeypatch, collected, "decode", "decoded")

    def _count(self, monkeypatch, module, name, counter):
        real = getattr(module, name)

        def counted(*arguments):
            setattr(self, counter, getattr(self, counter) + 1)
            return real(*arguments)

        monkeypatch.setattr(module, name, counted)

    def record(self, request, now=NOW, caller=EHR, concern=PARTICIPANTS):
        before = self.read, self.decoded
        found = self.gatherer.gather(request, now, caller, concern).record
        self.last = self.read - before[0], self.decoded - before[1]
        assert (
            found
            == replace(self.gatherer, visits=NEVER_REMEMBERED).gather(request, now, caller, concern).record
        )
        self.read, self.decoded = before
        return found


@pytest.fixture
def rig(monkeypatch):
    return Rig(monkeypatch)


def sent(hook="patient-view", **changed):
    return a_request(hook, prefetch=WHOLE | changed, with_server=False)


def test_the_same_bytes_are_read_once_for_every_hook_and_whatever_is_asked_first(rig):
    rig.record(sent())
    assert rig.last[0]
    assert rig.last[1]
    rig.record(sent())
    assert rig.last == (0, 0)
    rig.record(sent("encounter-start"))
    assert rig.last == (0, 0)
    rig.record(sent("order-sign"), concern=PARTICIPANTS_AND_CANDIDATES)
    assert rig.last[1] == 0
    rig.record(sent("order-select"), concern=PARTICIPANTS_AND_CANDIDATES)
    assert rig.last == (0, 0)
    rig.record(sent(), concern=CANDIDATES)
    assert rig.last[1] == 0


def test_one_part_with_other_bytes_is_decoded_and_the_record_read_anew(rig):
    first = rig.record(sent())
    later = json.loads(json.dumps(WHOLE[Part.OBSERVATIONS.value]))
    later["entry"][0]["resource"]["id"] = "another"
    second = rig.record(sent(**{Part.OBSERVATIONS.value: later}))
    assert rig.last[0] >= 1
    assert rig.last[1] == 1
    assert first != second
    assert rig.record(sent()) == first


def test_a_blank_makes_other_bytes(rig):
    rig.record(sent())
    patient = rig.gatherer.visits.visit(sent(), EHR)
    (part, kept), *_ = [(key, one) for key, one in patient._answers.items() if key == Part.PATIENT.value]
    assert patient.sent(part, kept.written) is kept.decoded
    assert patient.sent(part, kept.written + b" ") is None
    assert patient.sent(Part.CONDITIONS.value, kept.written) is None


@pytest.mark.parametrize(
    "other",
    [
        {"caller": Caller("https://other.example.org", "ward")},
        {"caller": Caller("https://ehr.example.org", "another ward")},
        {"caller": Caller()},
    ],
    ids=["client", "tenant", "nobody known"],
)
def test_no_other_client_is_given_what_one_client_sent(rig, other):
    rig.record(sent())
    rig.record(sent(), **other)
    assert rig.last[1] > 0


def test_no_other_patient_and_no_other_server(rig):
    mine = rig.memory.visit(sent(), EHR)
    another = replace(sent(), context=replace(sent().context, patient_id="p2"))
    assert rig.memory.visit(sent(), EHR) is mine
    assert rig.memory.visit(another, EHR) is not mine
    assert rig.memory.visit(replace(sent(), fhir_server="https://b.example.org/fhir"), EHR) is not mine


@pytest.mark.parametrize(("after", "is_kept"), [(59.9, True), (60.0, False)])
def test_a_visit_is_remembered_for_a_minute(rig, after, is_kept):
    rig.record(sent())
    rig.seconds += after
    rig.record(sent())
    assert (rig.last == (0, 0)) is is_kept


def test_what_lay_ahead_is_a_fact_as_soon_as_its_moment_comes(rig):
    ahead = json.loads(json.dumps(WHOLE[Part.OBSERVATIONS.value]))
    at = NOW + timedelta(seconds=30)
    ahead["entry"][0]["resource"]["effectiveDateTime"] = at.isoformat()
    asked = sent(**{Part.OBSERVATIONS.value: ahead})
    first = rig.record(asked)
    rig.record(asked, NOW + timedelta(seconds=29))
    assert rig.last == (0, 0)
    assert "FUTURE_DATED" in {gap.problem for gap in first.gaps}
    then = rig.record(asked, at)
    assert rig.last[0] >= 1
    assert "FUTURE_DATED" not in {gap.problem for gap in then.gaps}


@pytest.mark.parametrize(
    "later", [timedelta(days=1), timedelta(seconds=-1)], ids=["tomorrow", "clock set back"]
)
def test_another_day_or_an_earlier_moment_reads_anew(rig, later):
    rig.record(sent())
    rig.record(sent(), NOW + later)
    assert rig.last[0] >= 1
    assert rig.last[1] == 0


def test_switched_off_nothing_is_kept(monkeypatch):
    rig = Rig(monkeypatch, seconds=0)
    rig.record(sent())
    rig.record(sent())
    assert rig.last[0]
    assert rig.last[1]
    assert not rig.memory._visits


def test_a_chart_larger_than_all_may_be_is_not_kept(monkeypatch):
    rig = Rig(monkeypatch, all_bytes=100)
    rig.record(sent())
    rig.record(sent())
    assert rig.last[0]
    assert rig.last[1]
    visit = rig.memory.visit(sent(), EHR)
    assert visit.size <= 100
    assert not visit._records


def test_the_oldest_visits_make_room(rig):
    rig.record(sent())
    size = rig.memory.visit(sent(), EHR).size
    rig.memory._limits = replace(rig.memory._limits, all_bytes=2 * size)
    for number in range(5):
        rig.record(sent(), caller=Caller(f"https://{number}.example.org"))
        assert sum(one.size for one in rig.memory._visits.values()) <= 3 * size  # the newest may be one more
    assert rig.record(sent(), caller=Caller("https://4.example.org")) is not None
    assert rig.last == (0, 0)
    rig.record(sent())
    assert rig.last[1] > 0


def test_a_worker_that_nobody_calls_forgets_too(monkeypatch):
    rig = Rig(monkeypatch, seconds=60)
    armed = []

    class Later:
        def __init__(self, seconds, work):
            armed.append((seconds, work))

        def start(self):
            pass

    monkeypatch.setattr("cds_service.chart.visit_memory.Timer", Later)
    rig.record(sent())
    ((seconds, work),) = armed
    assert seconds == 60
    rig.seconds += 60
    work()
    assert not rig.memory._visits
    assert len(armed) == 1
    rig.record(sent())
    rig.seconds += 30
    armed[1][1]()
    assert len(armed) == 3  # something is left: it looks again


def test_clearing_forgets_everything(rig):
    rig.record(sent())
    rig.memory.clear()
    rig.record(sent())
    assert rig.last[1] > 0


# ---------------------------------------------------------------- fetched


@pytest.fixture
def fetching(monkeypatch):
    return Rig(monkeypatch, HeldChart())


def asked(rig, request, concern=PARTICIPANTS):
    before = len(rig.server.asked)
    rig.gatherer.gather(request, NOW, EHR, concern)
    return len(rig.server.asked) - before


VISIT = ("encounter-start", "order-select")


@pytest.mark.parametrize(("after", "is_kept"), [(4.9, True), (5.0, False)])
def test_what_was_fetched_serves_the_same_visit_for_five_seconds(fetching, after, is_kept):
    assert asked(fetching, a_request()) > 5
    fetching.seconds += after
    assert (asked(fetching, a_request("encounter-start")) == 0) is is_kept


def test_a_token_of_the_same_user_and_scopes_is_as_good(fetching):
    asked(fetching, a_request())
    renewed = authorization(scope="user/*.rs", access_token="the-next-one")
    assert asked(fetching, a_request("encounter-start", fhirAuthorization=renewed)) == 0


def test_every_service_of_a_visit_is_served_and_whoever_looks_again_asks_again(fetching):
    whole = asked(fetching, a_request())
    assert asked(fetching, a_request(), ANYBODY_OF_THE_TRIAL) == 0
    assert [asked(fetching, a_request(hook)) for hook in VISIT] == [0, 0]
    assert asked(fetching, a_request()) == whole
    assert [asked(fetching, a_request(hook)) for hook in VISIT] == [0, 0]


@pytest.mark.parametrize(
    "other",
    [
        {"fhirAuthorization": authorization(scope="user/*.read")},
        {"fhirAuthorization": authorization(scope="user/*.rs", subject="another-client")},
        {"fhirAuthorization": ...},
        {"context": context_of("encounter-start", userId="Practitioner/another")},
    ],
    ids=["scopes", "subject", "no token", "user"],
)
def test_another_user_or_another_right_asks_the_server(fetching, other):
    asked(fetching, a_request())
    assert asked(fetching, a_request("encounter-start", **other)) > 5


def test_a_spent_token_is_given_nothing(fetching):
    asked(fetching, a_request())
    spent = authorization(scope="user/*.rs", expires_in=0)
    with pytest.raises(Exception, match="patient"):
        asked(fetching, a_request("encounter-start", fhirAuthorization=spent))


def test_an_order_to_sign_always_asks_and_ends_what_was_fetched(fetching):
    whole = asked(fetching, a_request())
    assert asked(fetching, a_request("order-sign")) == whole
    assert asked(fetching, a_request("encounter-start")) == whole
    assert asked(fetching, a_request()) == 0


def test_what_failed_is_asked_again(monkeypatch):
    rig = Rig(monkeypatch, HeldChart(failing=["Observation"]))
    asked(rig, a_request())
    rig.server.failing = frozenset()
    assert asked(rig, a_request("encounter-start")) == 1
