"""What a server says that it has: believed where it refuses a type, never instead of asking it."""

import json
import threading

import pytest

from cds_service.cds_hooks.errors import DataNotAvailable
from cds_service.chart.chart_queries import ALWAYS_TOLD
from cds_service.cli.check import check_installation
from cds_service.cli.check_servers import remarks_on_servers
from cds_service.fhir_client import capability_statements as statements
from cds_service.fhir_client.base_url_allow_list import read_base
from cds_service.fhir_client.capability_statements import Statements, fetch_types
from cds_service.fhir_client.deadline import deadline_in
from cds_service.fhir_client.fhir_get import NotFetched, WhyNotFetched
from cds_service.settings.site_file import Site, read_site
from fhir_mappings.clinical_model.known_unknown import Part
from tests.fhir_client.charts import BASE, CHART, NOW, TYPES, HeldChart, a_gatherer, a_request, prefetched
from tests.fhir_client.stub import running, searchset
from tests.installation import A_KEY
from tests.standard.calls import authorization

Why = WhyNotFetched
OURS = read_base(BASE)
EVERY_TYPE = frozenset(TYPES.values())


def statement(types=EVERY_TYPE, **more):
    offered = [{"type": one, "interaction": [{"code": "search-type"}]} for one in sorted(types)]
    return {
        "resourceType": "CapabilityStatement",
        "status": "active",
        "rest": [{"mode": "server", "resource": offered}],
    } | more


class Stating:
    """A server whose statement is `said`; refuses it with a `why`. Keeps what it was asked."""

    def __init__(self, said):
        self.said = said
        self.asked = []

    def fetch(self, url, path, token, deadline):
        self.asked.append((url, token))
        if isinstance(self.said, WhyNotFetched):
            raise NotFetched(self.said, path)
        return self.said if isinstance(self.said, bytes) else json.dumps(self.said).encode()


def at_once(job):
    job()


def test_a_statement_is_asked_for_openly_and_names_the_types():
    server = Stating(statement({"Patient", "Observation"}))
    assert fetch_types(server, OURS, deadline_in(5)) == {"Patient", "Observation"}
    assert server.asked == [(f"{BASE}/metadata", None)]


PATIENT_ONLY = [{"type": "Patient"}]


@pytest.mark.parametrize(
    ("said", "types"),
    [
        (statement(rest=[{"resource": PATIENT_ONLY}]), {"Patient"}),
        (statement(rest=[{"mode": "server", "resource": [*PATIENT_ONLY, {}]}]), {"Patient"}),
        (
            statement(
                rest=[
                    {"mode": "server", "resource": PATIENT_ONLY},
                    {"mode": "client", "resource": [{"type": "Consent"}]},
                ]
            ),
            {"Patient"},
        ),
    ],
)
def test_what_a_statement_offers_as_a_server_counts(said, types):
    assert fetch_types(Stating(said), OURS, deadline_in(5)) == types


@pytest.mark.parametrize(
    ("said", "why"),
    [
        (statement({"Observation"}), Why.INCOMPLETE),
        (statement(rest=[]), Why.INCOMPLETE),
        (statement(rest=[{"mode": "client", "resource": PATIENT_ONLY}]), Why.INCOMPLETE),
        (statement(rest="nonsense"), Why.NOT_FHIR),
        (statement(resourceType="OperationOutcome"), Why.OTHER_TYPE),
        ({}, Why.NOT_FHIR),
        (b"<html>", Why.NOT_FHIR),
        (b"\xff", Why.NOT_FHIR),
        (b"[" * 99999, Why.NOT_FHIR),
        (Why.FORBIDDEN, Why.FORBIDDEN),
    ],
)
def test_a_statement_that_says_nothing_is_not_believed(said, why):
    with pytest.raises(NotFetched) as caught:
        fetch_types(Stating(said), OURS, deadline_in(5))
    assert caught.value.why is why


# ---------------------------------------------------------------- remembered


def test_nothing_is_known_until_it_came_and_it_is_asked_for_once():
    server, begun = Stating(statement()), []
    known = Statements(server, 1, begun.append)
    assert known.types_of(OURS) is None
    for _ in range(3):
        known.renew(OURS)
    (fetch,) = begun
    assert (known.types_of(OURS), server.asked) == (None, [])
    fetch()
    known.renew(OURS)
    assert known.types_of(OURS) == EVERY_TYPE
    assert len(server.asked) == 1


@pytest.mark.parametrize("again", [Why.TIMEOUT, statement({"Patient"})])
def test_an_old_one_counts_until_a_new_one_came(again):
    server = Stating(statement())
    known = Statements(server, 0, at_once)
    known.renew(OURS)
    server.said = again
    assert known.types_of(OURS) == EVERY_TYPE
    known.renew(OURS)
    assert known.types_of(OURS) == (EVERY_TYPE if again is Why.TIMEOUT else {"Patient"})


def test_a_server_that_did_not_give_it_is_not_asked_at_every_call(monkeypatch):
    server = Stating(Why.TIMEOUT)
    known = Statements(server, 1, at_once)
    for _ in range(3):
        known.renew(OURS)
    assert len(server.asked) == 1
    monkeypatch.setattr(statements, "_AGAIN_AFTER", -1.0)
    impatient = Statements(server, 1, at_once)
    for _ in range(3):
        impatient.renew(OURS)
    assert len(server.asked) == 4


def test_callers_cannot_make_it_remember_any_number_of_bases():
    server = Stating(statement())
    known = Statements(server, 1, at_once)
    bases = [read_base(f"{BASE}/{number}") for number in range(100)]
    for base in bases:
        known.renew(base)
    assert sum(known.types_of(base) is not None for base in bases) == len(server.asked) == 64


def test_it_is_fetched_by_a_thread_that_nobody_waits_for():
    ended = threading.Event()
    statements.in_background(lambda: threading.current_thread().daemon and ended.set())
    assert ended.wait(10)


# ---------------------------------------------------------------- where a type is refused


class Partial(HeldChart):
    """Refuses some types, in its own way."""

    def __init__(self, lacking, why=Why.NOT_FOUND):
        super().__init__()
        self.lacking, self.why = lacking, why

    def fetch(self, url, path, token, deadline):
        if path in self.lacking:
            self.asked.append(url.removeprefix(f"{BASE}/"))
            raise NotFetched(self.why, path)
        return super().fetch(url, path, token, deadline)


def stated(types):
    known = Statements(Stating(statement(types)), 1, at_once)
    known.renew(OURS)
    return known


def gather(server, known, **request):
    gatherer = a_gatherer(server, statements=known)
    return gatherer.gather(a_request(**request), NOW).record


NOT_TOLD = [part for part in Part if part not in ALWAYS_TOLD]


@pytest.mark.parametrize("part", NOT_TOLD)
def test_a_type_that_the_server_says_it_has_not_is_not_kept_here(part):
    server = Partial({TYPES[part]})
    record = gather(server, stated(EVERY_TYPE - {TYPES[part]}))
    assert not record.unavailable
    assert TYPES[part] in server.asked_types()  # its word is not taken for an answer
    assert record == gather(HeldChart(), None, prefetch={**prefetched(Part), part.value: None})


@pytest.mark.parametrize("part", NOT_TOLD)
def test_what_it_gives_in_spite_of_its_statement_counts(part):
    assert gather(HeldChart(), stated(EVERY_TYPE - {TYPES[part]})) == gather(HeldChart(), None)


@pytest.mark.parametrize(
    "part", [part for part in ALWAYS_TOLD if part not in (Part.PATIENT, Part.RESEARCH_SUBJECTS)]
)
def test_its_word_alone_never_clears_what_advice_rests_on(part):
    record = gather(Partial({TYPES[part]}), stated(EVERY_TYPE - {TYPES[part]}))
    assert record.unavailable == {part}


def test_its_word_alone_never_makes_anybody_a_stranger_to_the_trial():
    with pytest.raises(DataNotAvailable):
        gather(Partial({"ResearchSubject"}), stated(EVERY_TYPE - {"ResearchSubject"}))


@pytest.mark.parametrize(
    ("why", "is_lost"),
    [
        (why, why not in (Why.NOT_FOUND, Why.REFUSED, Why.FORBIDDEN, Why.NO_SCOPE, Why.NOT_KEPT))
        for why in Why
    ],
)
def test_a_fault_is_a_fault_whatever_is_stated(why, is_lost):
    record = gather(Partial({"Consent"}, why), stated(EVERY_TYPE - {"Consent"}))
    assert (Part.CONSENTS in record.unavailable) is is_lost


@pytest.mark.parametrize("known", [None, Statements(Stating(Why.TIMEOUT), 1, at_once), stated(EVERY_TYPE)])
def test_without_such_a_statement_what_could_not_be_had_is_said(known):
    assert gather(Partial({"Consent"}), known).unavailable == {Part.CONSENTS}


def test_a_scope_that_was_never_given_is_no_gap_where_there_is_no_such_type():
    scope = " ".join(f"patient/{one}.rs" for one in (*EVERY_TYPE - {"Consent"}, "Medication"))
    token = authorization(scope=scope)
    assert not gather(HeldChart(), stated(EVERY_TYPE - {"Consent"}), fhirAuthorization=token).unavailable
    assert gather(HeldChart(), stated(EVERY_TYPE), fhirAuthorization=token).unavailable == {Part.CONSENTS}


def test_what_came_in_part_is_not_there_for_nothing():
    brought = searchset(CHART[Part.CONSENTS], next_link="Consent?page=2")
    record = gather(
        Partial({"Consent"}),
        stated(EVERY_TYPE - {"Consent"}),
        prefetch={**prefetched(Part), Part.CONSENTS.value: brought},
    )
    assert record.unavailable == {Part.CONSENTS}
    assert record.consents


def test_a_chart_that_a_client_brings_asks_nobody_for_a_statement():
    server = Stating(statement())
    gather(
        HeldChart(), Statements(server, 1, at_once), prefetch=prefetched(Part) | {"medicationRequests": None}
    )
    assert server.asked == []


# ---------------------------------------------------------------- said once, by check


@pytest.fixture
def ehr():
    with running() as stub:
        yield stub


def a_site(tmp_path, ehr, more=""):
    path = tmp_path / "site.toml"
    path.write_text(f'[[fhir_servers]]\nbase = "{ehr.base}"\n{more}')
    return path


@pytest.mark.parametrize(
    ("types", "more", "remarks"),
    [
        (EVERY_TYPE, "", []),
        (
            EVERY_TYPE - {"Consent", "AdverseEvent"},
            "",
            [" has no AdverseEvent, Consent: charts count as having none of it (not_kept saves asking)"],
        ),
        (EVERY_TYPE - {"Consent"}, "[ehr]\nnot_kept = ['Consent']", []),
        (
            EVERY_TYPE - {"ResearchSubject"},
            "",
            [" has no ResearchSubject: where no client brings it, each call says that"],
        ),
        (EVERY_TYPE - {"ResearchSubject"} | {"Flag"}, "[participation]\nflag = [{name = 'Flag/1'}]", []),
    ],
)
def test_check_says_once_what_is_not_kept(tmp_path, ehr, types, more, remarks):
    ehr.gives("metadata", statement(types))
    assert remarks_on_servers(read_site(a_site(tmp_path, ehr, more))) == [ehr.base + one for one in remarks]


def test_check_says_that_a_statement_could_not_be_had(tmp_path, ehr):
    (remark,) = remarks_on_servers(read_site(a_site(tmp_path, ehr)))
    assert remark == f"{ehr.base}: its CapabilityStatement could not be had (not-found)"
    assert remarks_on_servers(Site()) == []


def test_check_asks_the_servers_of_the_settings_and_none_for_a_file_alone(tmp_path, ehr, monkeypatch):
    ehr.gives("metadata", statement(EVERY_TYPE - {"Consent"}))
    path = a_site(tmp_path, ehr)
    told = f"{ehr.base} has no Consent: charts count as having none of it (not_kept saves asking)"
    assert told not in check_installation(str(path)).notes
    assert ehr.stated == []
    monkeypatch.setenv("CDS_SITE_FILE", str(path))
    monkeypatch.setenv("CDS_ENVIRONMENT", "development")
    monkeypatch.setenv("CDS_PSEUDONYM_KEY", A_KEY)
    monkeypatch.setenv("CDS_DATABASE_URL", f"sqlite:///{tmp_path}/x.sqlite3")
    assert told in check_installation(None).notes
