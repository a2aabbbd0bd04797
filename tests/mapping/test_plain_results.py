"""A plain result read the short way is the result that the long way reads, over observations that take either."""

from decimal import Decimal

from hypothesis import given
from hypothesis import strategies as st

from fhir_mappings.clinical_model.known_unknown import Gap
from fhir_mappings.readers.fhir_types import CodeableConcept, Coding, Meta, Quantity
from fhir_mappings.readers.observation import _read
from fhir_mappings.readers.observation_types import Component, Observation, ReferenceRange
from fhir_mappings.readers.plain_results import plain_value, plain_version
from fhir_mappings.readers.reading_context import ReadingContext
from fhir_mappings.readers.references import Bag
from fhir_mappings.readers.same_moment_results import Version, settle_duplicates
from fhir_mappings.readers.value import read_value
from tests.builders import NOW
from tests.mapping.charts import SETTINGS

LOINC, UCUM = "http://loinc.org", "http://unitsofmeasure.org"
CODES = SETTINGS.codes

numbers = st.sampled_from([None, 0, 0.0, -1, 5, 5.0, 5.10, 62, 97, 140, 1e-07, 1e9])
units = st.sampled_from([None, "umol/L", "g/L", "mmol/L", "10*9/L", "kg", "%", "ng/mL", "furlong", "K" * 300])
quantities = st.builds(
    Quantity,
    value=numbers,
    comparator=st.sampled_from([None, None, None, "<", ">="]),
    unit=units,
    code=units,
    system=st.sampled_from([None, UCUM]),
)
ranges = st.lists(
    st.builds(
        ReferenceRange,
        low=st.one_of(st.none(), quantities),
        high=st.one_of(st.none(), quantities),
        type=st.sampled_from([None, None, CodeableConcept(text="therapeutic")]),
        text=st.sampled_from([None, "57-97 umol/L", "< 40"]),
    ),
    max_size=2,
).map(tuple)
concepts = st.lists(
    st.sampled_from(
        ["14682-9", "718-7", "777-3", "2823-3", "3167-4", "87405-5", "89247-1", "20447-9", "8302-2"]
    ).map(lambda code: Coding(system=LOINC, code=code)),
    max_size=2,
).map(lambda coding: CodeableConcept(coding=tuple(coding)))
dates = st.sampled_from(
    [
        None,
        "",
        "2026-02-27T08:00:00+08:00",
        "2026-02-27",
        "2026-02",
        "2026-03-02T08:00:00+08:00",
        "2026-03-02T12:00:00Z",
        "2099-01-01",
        "yesterday",
    ]
)
observations = st.builds(
    Observation,
    id=st.sampled_from([None, "o1"]),
    status=st.sampled_from(["final", "final", "final", "amended", "preliminary", "cancelled", None]),
    code=st.one_of(st.none(), concepts),
    effective_date_time=dates,
    issued=dates,
    meta=st.one_of(st.none(), st.builds(Meta, last_updated=dates)),
    value_quantity=st.one_of(st.none(), quantities),
    value_string=st.sampled_from([None, None, "6.2 mmol/L"]),
    data_absent_reason=st.sampled_from([None, None, None, CodeableConcept(text="clotted")]),
    reference_range=ranges,
    implicit_rules=st.sampled_from([None, None, None, "urn:rules"]),
    modifier_extension=st.sampled_from([(), (), ({"url": "urn:not"},)]),
    component=st.sampled_from([(), (), (Component(value_integer=1),)]),
)


def _long_way(observation: Observation) -> tuple[list[Version], list[Gap]]:
    versions: list[Version] = []
    gaps: list[Gap] = []
    chart = ReadingContext(Bag(()), SETTINGS, NOW.instant)
    for measured in (observation, *observation.component):
        _read(measured, observation, chart, versions, gaps)
    return versions, gaps


@given(observations)
def test_a_plain_result_is_what_the_long_way_reads(observation: Observation) -> None:
    short = plain_version(observation, ReadingContext(Bag(()), SETTINGS, NOW.instant))
    if short is not None:
        assert _long_way(observation) == ([short], [])
        assert repr(_long_way(observation)[0]) == repr([short])  # 5 and 5.0 are equal, and not written alike


@given(st.sampled_from(["14682-9", "718-7", "2823-3", "29463-7"]), quantities, ranges)
def test_a_remembered_value_is_the_value(
    loinc: str, quantity: Quantity, usual: tuple[ReferenceRange, ...]
) -> None:
    code = CODES.analyte_of(LOINC, loinc)
    assert code is not None
    found = plain_value((CODES, LOINC, loinc, type(quantity.value), quantity, usual))
    if found is not None:
        analyte, short = found
        assert analyte is code.analyte
        measured = Observation(value_quantity=quantity, reference_range=usual)
        assert repr(short) == repr(read_value(code, measured, CODES, SETTINGS.zone))


def test_most_results_are_plain() -> None:
    for value, written in ((62, "62 umol/L"), (62.0, "62.0 umol/L"), (62, "62 umol/L")):
        amount = Quantity(value=value, unit="umol/L", system=UCUM, code="umol/L")
        usual = ReferenceRange(low=Quantity(value=57, unit="umol/L"), high=Quantity(value=97, unit="umol/L"))
        read = plain_version(
            Observation(
                id="o1",
                status="final",
                code=CodeableConcept(coding=(Coding(system=LOINC, code="14682-9"),)),
                effective_date_time="2026-02-27T08:00:00+08:00",
                value_quantity=amount,
                reference_range=(usual,),
            ),
            ReadingContext(Bag(()), SETTINGS, NOW.instant),
        )
        assert read is not None
        assert (read.result.number, read.result.as_written) == (Decimal(62), written)
        assert (read.result.low, read.result.high) == (Decimal(57), Decimal(97))


@given(st.lists(observations, max_size=8))
def test_results_that_end_on_different_days_settle_nothing_between_them(several: list[Observation]) -> None:
    versions = [version for one in several for version in _long_way(one)[0]]
    together = list(settle_duplicates(versions))
    apart = [
        item
        for day in {v.result.when.last if v.result.when else None for v in versions}
        for item in settle_duplicates(
            v for v in versions if (v.result.when.last if v.result.when else None) == day
        )
    ]
    assert sorted(map(repr, together)) == sorted(map(repr, apart))
