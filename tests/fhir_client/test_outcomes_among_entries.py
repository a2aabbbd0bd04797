"""An OperationOutcome among the entries: a remark is no entry, an error makes the answer one in part."""

import pytest

from fhir_mappings.clinical_model.known_unknown import Part
from tests.fhir_client.charts import CHART, NOW, HeldChart, a_gatherer, a_request, prefetched
from tests.fhir_client.stub import searchset
from tests.fhir_client.test_gather import WITH_MEDICATION, problems

WORDS = "Parameter _x was not understood"
SEVERITIES = [
    (("information",), False),
    (("warning",), False),
    (("success",), False),
    (("warning", "information"), False),
    (("error",), True),
    (("fatal",), True),
    (("warning", "error"), True),
    ((None,), True),
]


def with_outcome(part, severities):
    """The answer for a part, with an outcome beside its entry."""
    lines = [
        ({"severity": severity} if severity else {}) | {"code": "processing", "details": {"text": WORDS}}
        for severity in severities
    ]
    answer = searchset(CHART[part], total=1)
    outcome = {"resourceType": "OperationOutcome", "issue": lines}
    answer["entry"].append({"resource": outcome, "search": {"mode": "outcome"}})
    return answer


def by_prefetch(part, answer):
    request = a_request(prefetch=WITH_MEDICATION | {part.value: answer}, with_server=False)
    return a_gatherer(HeldChart()).gather(request, NOW).record


def by_fetching(part, answer):
    server = HeldChart()
    (path,) = (path for path, held in server.answers.items() if held == searchset(CHART[part]))
    server.answers[path] = answer
    return a_gatherer(server).gather(a_request(), NOW).record


EXPECTED = a_gatherer(HeldChart()).gather(a_request(), NOW).record


@pytest.mark.parametrize("way", [by_prefetch, by_fetching])
@pytest.mark.parametrize("part", [Part.OBSERVATIONS, Part.MEDICATION_DISPENSES, Part.ALLERGIES])
@pytest.mark.parametrize(("severities", "is_error"), SEVERITIES)
def test_only_an_error_among_the_entries_makes_an_answer_one_in_part(part, severities, is_error, way):
    record = way(part, with_outcome(part, severities))
    if not is_error:
        assert record == EXPECTED
        return
    assert record.lacks(part)
    told = [gap.detail for gap in problems(record, "SERVER_OUTCOME")]
    assert [one.endswith(f"processing: {WORDS}") for one in told] == [True]
    assert (record.results, record.medications, record.allergies) == (
        EXPECTED.results,
        EXPECTED.medications,
        EXPECTED.allergies,
    )


@pytest.mark.parametrize("way", [by_prefetch, by_fetching])
def test_a_remark_alone_is_an_answer_that_found_nothing(way):
    answer = with_outcome(Part.ALLERGIES, ["warning"])
    record = way(Part.ALLERGIES, answer | {"entry": answer["entry"][1:], "total": 0})
    assert (record.allergies, record.gaps, record.unavailable) == ((), (), frozenset())


def test_the_prefetch_of_these_tests_is_whole():
    assert by_prefetch(Part.ALLERGIES, prefetched([Part.ALLERGIES])["allergies"]) == EXPECTED
