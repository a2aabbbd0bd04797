"""What a reader does by a short way, as nearly every entry lets it, is what the long way would do.

The short ways save time only. Each is held here beside the long one that it leaves out, over spellings that
take either: a short way that answered otherwise would drop or invent a fact of a patient.
"""

from datetime import date, datetime, timedelta
from itertools import groupby
from typing import Any

from hypothesis import given
from hypothesis import strategies as st
from msgspec.structs import replace

from fhir_mappings.clinical_model.calendar import When, by_the_clock, read_when
from fhir_mappings.clinical_model.record import ClinicalRecord, once_a_record
from fhir_mappings.clinical_model.results import Analyte, Reading
from fhir_mappings.readers.bundle import _Found, _take_entries, plain_resources
from fhir_mappings.readers.fhir_types import CodeableConcept, Coding, Identifier, Reference, Resource, Unread
from fhir_mappings.readers.links import links_elsewhere
from fhir_mappings.readers.observation import _coded, _is_of_none, _measures, _not_told_what
from fhir_mappings.readers.observation_types import Observation
from fhir_mappings.readers.ordering import deterministic, in_order
from fhir_mappings.readers.patient import Patient
from fhir_mappings.readers.patient_match import THEIRS, names_another, not_named_outright, owner_of, ownership
from fhir_mappings.readers.read_record import _asking, _whose
from fhir_mappings.readers.reading_context import ReadingContext
from fhir_mappings.readers.reference_addresses import Home
from fhir_mappings.readers.references import Bag, _by_name, _doubles, kind_of, own_reference, plainly_named
from fhir_mappings.readers.research_subject import ResearchStudy
from fhir_mappings.readers.resource_types import Bundle, BundleEntry, EntrySearch
from fhir_mappings.readers.study_identity import is_this_trial
from fhir_mappings.value_sets.said_words import remembering_words
from tests.builders import NOW, a_record, days_ago, result
from tests.mapping.charts import SETTINGS

SERVER = "ehr.example/fhir"
HERE = Home(frozenset({SERVER}))
LOINC, HIS = "http://loinc.org", "https://his.example/tests"

names = st.sampled_from(
    [
        None,
        "",
        "Patient/p1",
        "Patient/p1/",
        "Patient/p1/_history/2",
        "Patient/p2",
        "Group/p1",
        "p1",
        "#p1",
        "urn:uuid:p1",
        f"https://{SERVER}/Patient/p1",
        "https://elsewhere.example/fhir/Patient/p1",
    ]
)
urls = st.sampled_from(
    [
        None,
        "urn:uuid:o1",
        f"https://{SERVER}/Observation/o1",
        f"https://{SERVER}/Patient/p1",
        "https://elsewhere.example/fhir/Observation/o1",
        "https://elsewhere.example/fhir/Patient/p1",
    ]
)
references = st.one_of(
    st.none(), st.builds(Reference, reference=names, display=st.sampled_from([None, "Wang"]))
)
entries: st.SearchStrategy[Resource] = st.one_of(
    st.builds(Observation, full_url=urls, id=st.just("o1"), subject=references),
    st.builds(Patient, full_url=urls, id=st.sampled_from([None, "p1", "p2"])),
    st.builds(
        Unread, full_url=urls, id=st.just("o1"), kind=st.sampled_from(["", "Observation"]), subject=references
    ),
)


@given(entries, st.sampled_from([Home(), HERE]))
def test_who_is_named_outright_is_never_another(entry: Resource, home: Home) -> None:
    assert not_named_outright([entry], "Patient/p1") or not names_another(entry, "Patient/p1", home)


@given(entries, st.sampled_from([Home(), HERE]))
def test_whose_an_entry_is_does_not_hang_on_the_plain_spelling(entry: Resource, home: Home) -> None:
    bag = Bag((Patient(id="p1"), entry), home)
    owner = owner_of("Patient/p1", bag)
    assert owner.is_plain
    for one in bag.resources:
        assert ownership(one, owner, bag) == ownership(one, owner._replace(is_plain=False), bag)


@given(st.lists(entries, max_size=6), st.sampled_from([Home(), HERE]), st.sampled_from([None, "amended"]))
def test_an_observation_that_asks_for_nothing_is_theirs_and_says_nothing_else(
    several: list[Resource], home: Home, rules: str | None
) -> None:
    bag = Bag((Patient(id="p1"), *(replace(one, id=f"e{n}") for n, one in enumerate(several))), home)
    owner, chart = owner_of("Patient/p1", bag), ReadingContext(bag, SETTINGS, NOW.instant)
    for one in bag.resources:
        one.implicit_rules = rules
    plain: list[Observation] = []
    asking = _asking(bag, owner, plain)
    assert sorted(map(id, [*(one for one, _ in asking), *plain])) == sorted(map(id, bag.resources))
    for one in plain:
        assert _whose(one, owner, chart) == THEIRS
        assert list(links_elsewhere(one, chart)) == []
        assert not one.is_modified
    for one in (one for one, outright in asking if outright):
        assert _whose(one, owner, chart) == THEIRS


@given(st.lists(entries, max_size=6), st.sampled_from([Home(), HERE]))
def test_resources_with_names_of_their_own_are_found_by_them(several: list[Resource], home: Home) -> None:
    plain = plainly_named(several)
    if plain is not None:
        found, nameless = _by_name(several, home)
        assert (list(plain.items()), []) == (list(found.items()), nameless)
        assert _doubles(found) == frozenset()


wrapped = st.builds(
    BundleEntry,
    resource=st.one_of(st.none(), entries),
    full_url=urls,
    search=st.sampled_from([None, None, EntrySearch(mode="include"), EntrySearch(mode="match")]),
)


@given(st.lists(wrapped, max_size=5).map(tuple))
def test_entries_with_a_resource_alone_are_taken_as_all_are(several: tuple[BundleEntry, ...]) -> None:
    for number, entry in enumerate(several):
        if entry.resource is not None:
            entry.resource.id = f"e{number}"
    short = plain_resources(several)
    if short:
        one_by_one = _Found()
        _take_entries(Bundle(type="history", entry=several), one_by_one)  # never the short way
        assert one_by_one == _Found(short, matches=len(short))


@given(entries)
def test_an_entry_is_named_by_its_type_and_id(entry: Resource) -> None:
    assert own_reference(entry) == (f"{kind_of(entry)}/{entry.id}" if entry.id else kind_of(entry))


codings = st.builds(
    Coding,
    system=st.sampled_from([None, "", LOINC, "https://loinc.org/", HIS, "http://snomed.info/sct"]),
    code=st.sampled_from([None, "", "2823-3", "718-7", "8302-2", "33747-0", "K", "6690-2 "]),
    display=st.sampled_from([None, "Potassium", "Weight of the shoes"]),
)
concepts = st.one_of(
    st.none(),
    st.builds(
        CodeableConcept,
        coding=st.lists(codings, max_size=3).map(tuple),
        text=st.sampled_from([None, "", "Serum creatinine", "Mood"]),
    ),
)


@given(concepts)
def test_one_code_says_what_all_codes_would_say(concept: CodeableConcept | None) -> None:
    codes = SETTINGS.codes
    assert _measures(concept, codes) == codes.analyte(_coded(concept))
    measured = Observation(id="o1", status="final", code=concept, value_string="5")
    gaps: list[Any] = list(_not_told_what(measured, measured, ReadingContext(Bag(()), SETTINGS, NOW.instant)))
    if _measures(concept, codes) is None and _is_of_none(concept, codes):
        assert gaps == []


def _hours(hours: int) -> datetime:
    return NOW.instant + timedelta(hours=hours)


days = st.integers(-3, 3).map(days_ago)
moments = st.one_of(
    st.none(),
    st.builds(lambda one, other: When("some days", min(one, other), max(one, other)), days, days),
    st.integers(-60, 60).map(
        lambda hours: When(
            "an hour", *[_hours(hours).astimezone(SETTINGS.zone).date()] * 2, instant=_hours(hours)
        )
    ),
)


@given(moments)
def test_a_day_that_is_over_is_never_ahead(when: When | None) -> None:
    chart = ReadingContext(Bag(()), SETTINGS, NOW.instant)
    ahead = when is not None and (when.instant > NOW.instant if when.instant else when.first > chart.day)
    assert chart.is_ahead(when) is ahead


analytes = st.sampled_from([Analyte.POTASSIUM, Analyte.CREATININE, Analyte.PLATELETS])
results = st.builds(
    lambda analyte, value, ago, reading: replace(result(analyte, value, ago), reading=reading),
    analytes,
    st.integers(1, 9).map(str),
    st.one_of(st.none(), st.integers(0, 9)),
    st.sampled_from(Reading),
)


@given(st.lists(results, max_size=9), st.lists(analytes, max_size=3))
def test_results_of_an_analyte_are_those_of_the_chart_in_its_order(
    chart: list[Any], asked: list[Analyte]
) -> None:
    record = a_record(*chart)
    for _ in range(2):  # sorted out at the first question, remembered at the second
        found = tuple(r for r in record.results if r.analyte in asked)
        assert record.of(*asked) == found
        assert record.usable(*asked) == tuple(r for r in found if r.reading is Reading.USABLE and r.when)
    poorer = replace(record, results=record.results[1:])
    assert poorer.of(*asked) == tuple(r for r in poorer.results if r.analyte in asked)


def test_what_is_worked_out_once_hangs_on_the_record_and_on_what_was_asked() -> None:
    done: list[str] = []

    @once_a_record
    def counted(record: ClinicalRecord, analyte: Analyte) -> int:
        done.append(analyte)
        return len(record.of(analyte))

    record = a_record(result(Analyte.POTASSIUM, "4", 1))
    for _ in range(2):
        assert (counted(record, Analyte.POTASSIUM), counted(record, Analyte.CREATININE)) == (1, 0)
    assert done == [Analyte.POTASSIUM, Analyte.CREATININE]
    poorer = replace(record, results=())
    assert counted(poorer, Analyte.POTASSIUM) == 0
    assert record == replace(record)
    assert record.worked_out != replace(record).worked_out


@given(st.lists(st.builds(Observation, full_url=urls, id=st.just("o1"), subject=references), max_size=4))
def test_an_answer_of_one_type_is_looked_at_as_each_of_it_is(several: list[Resource]) -> None:
    one_by_one = [
        one for one in several for _ in not_named_outright([one, Patient(id="p1")], "Patient/p1")[:-1]
    ]
    assert not_named_outright(several, "Patient/p1") == one_by_one


@given(st.lists(st.tuples(results, st.integers(1, 3)), max_size=9))
def test_facts_of_one_moment_and_name_stand_in_a_fixed_order(several: list[tuple[Any, int]]) -> None:
    facts = [replace(fact, reference=f"Observation/{name}") for fact, name in several]
    slowly: list[Any] = []
    for _, ties in groupby(sorted(facts, key=_place), key=_place):
        slowly += sorted(ties, key=deterministic.encode)
    assert in_order(facts) == tuple(slowly)
    assert in_order(reversed(facts)) == tuple(slowly)


def _place(fact: Any) -> tuple[Any, ...]:
    when = fact.when
    return (date.min, "", fact.reference) if when is None else (when.last, str(when.instant), fact.reference)


@given(st.sampled_from(["", "12 hr after dose", "peak", "x" * 601]))
def test_words_that_are_remembered_are_read_as_before(words: str) -> None:
    read: list[str] = []

    @remembering_words
    def length(text: str) -> int:
        read.append(text)
        return len(text)

    assert (length(words), length(words)) == (len(words), len(words))
    assert len(read) == (1 if len(words) <= 600 else 2)


@given(
    st.none()
    | st.builds(Reference, reference=names, identifier=st.none() | st.builds(Identifier, value=names)),
    st.none() | st.builds(ResearchStudy, id=st.just("s1")),
)
def test_a_reference_to_something_else_than_a_study_says_nothing_of_the_trial(
    reference: Reference | None, study: ResearchStudy | None
) -> None:
    bag, trial = Bag(()), SETTINGS.trial
    asked = replace(trial, study_references=frozenset({"ResearchStudy/of-nobody"}))
    without = replace(trial, study_references=frozenset())
    assert is_this_trial(reference, study, bag, without) == is_this_trial(reference, study, bag, asked)


@given(st.lists(moments.filter(bool), max_size=6))
def test_moments_stand_by_the_clock_as_by_their_seconds(several: list[When]) -> None:
    def seconds(when: When) -> tuple[date, float]:
        return when.last, when.instant.timestamp() if when.instant else 0.0

    assert sorted(several, key=by_the_clock) == sorted(several, key=seconds)


@given(st.sampled_from(["Z", "+00:00", "+08:00", "-03:30"]), st.integers(0, 23), st.integers(0, 23))
def test_an_offset_that_many_dates_share_changes_none_of_them(offset: str, hour: int, other: int) -> None:
    texts = [f"2026-02-2{n}T{one:02}:00:00{offset}" for n, one in enumerate((hour, other))]
    first, second = (read_when(text, SETTINGS.zone).instant for text in texts)
    assert (first, second) == tuple(map(datetime.fromisoformat, texts))
    assert first is not None
    assert second is not None
    assert first.tzinfo is second.tzinfo
