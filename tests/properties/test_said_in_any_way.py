"""One fact in words, by code, or by a local code with words never gets answers that contradict each other."""

from typing import Any

import pytest
from msgspec.structs import replace

from cds_service.rules.verdict import Verdict, reverse
from cds_service.trials.nct06802055.criteria.unknowns import clearing
from fhir_mappings.clinical_model.record import ClinicalRecord
from tests.builders import attested
from tests.mapping.charts import Json
from tests.mapping.entries import chart, concept, condition
from tests.rule_tables.eligibility_cases import of

WHO = "http://hl7.org/fhir/sid/icd-10"
LOCAL = "http://hospital.example/diagnoses"
# item, code, words, and how many days ago the answer was given (the fact is of three days before TODAY)
FACTS = [
    ("I5", "J18.9", "肺炎"),
    ("I5", "K61.0", "Perianal abscess"),
    ("I5", "A41.9", "败血症"),
    ("I5", "U07.1", "COVID-19"),
    ("E7", "K92.2", "消化道出血"),
    ("E7", "R04.0", "Epistaxis"),
    ("E8", "K74.6", "肝硬化"),
    ("E8", "K76.6", "Portal hypertension"),
    ("E9", "C50.9", "乳腺癌"),
    ("E10", "I26.9", "肺栓塞"),
    ("E10", "I63.9", "脑梗死"),
    ("E10", "I82.4", "Deep vein thrombosis"),
    ("I2", "D61.9", "再生障碍性贫血"),
    ("I2", "D61.9", "Aplastic anaemia"),
]


def told(code: Json) -> Json:
    return condition(code, recordedDate="2026-02-27", onsetDateTime="2026-02-27")


def ways(code: str, words: str) -> dict[str, ClinicalRecord]:
    return {
        "code": chart(told(concept(WHO, code))),
        "code and words": chart(told(concept(WHO, code, words))),
        "words": chart(told({"text": words})),
        "local code": chart(told(concept(LOCAL, "X1", words))),
        "local code, text": chart(told(concept(LOCAL, "X1", text=words))),
    }


def answered(record: ClinicalRecord, item: str, ago: int | None) -> Verdict:
    answers: dict[str, Any] = {item: item.startswith("I")}
    forms = () if ago is None else (attested(ago, **answers),)
    return of(item, replace(record, attestations=forms)).verdict


@pytest.mark.parametrize("ago", [None, 1, 5], ids=["not answered", "answered since", "answered before"])
@pytest.mark.parametrize(("item", "code", "words"), FACTS)
def test_no_two_ways_to_say_it_contradict_each_other(
    item: str, code: str, words: str, ago: int | None
) -> None:
    found = {way: answered(record, item, ago) for way, record in ways(code, words).items()}
    assert not {clearing(item), reverse(clearing(item))} <= set(found.values()), found
    assert found["words"] is found["local code"] is found["local code, text"]
    assert found["code"] is found["code and words"]
    if ago is None:
        assert clearing(item) not in found.values()


@pytest.mark.parametrize(("item", "code", "words"), [f for f in FACTS if f[0] not in ("I2",)])
def test_in_whatever_words_it_is_seen(item: str, code: str, words: str) -> None:
    for record in ways(code, words).values():
        assert of(item, record).evidence
        assert of(item, record).against
