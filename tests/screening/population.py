"""A hospital's people with known truth, the same for the same seed: whose each line is, and what is so of them.

Most are ill of something else. Every way in which a chart may name aplastic anaemia or a trial is lived by
somebody; the candidates' charts are those of the demo, and short ones.
"""

import json
import random
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from typing import Any

from tests.scenarios.fhir_charts import (
    condition,
    icd,
    observation,
    participation,
    period,
    snomed,
    study,
    text,
)
from tests.scenarios.visits import PATIENTS

Json = dict[str, Any]
TIGHT = (",", ":")
HARMLESS = (
    icd("I10", "Essential hypertension"),
    icd("E11.9", "2型糖尿病"),
    icd("D50.9", "Iron deficiency anaemia"),
    icd("D46.9", "Myelodysplastic syndrome"),
    snomed("38341003", "Hypertensive disorder"),
    text("缺铁性贫血"),
    text("pancytopenia"),
    text("Café-au-lait spot"),
    {},
)


@dataclass(frozen=True)
class Person:
    """One inhabitant: the lines of an export that are theirs, and whether the chart may make a candidate.

    `lines` are bytes of JSON, or what a crash has left of it.
    """

    id: str
    lines: tuple[bytes, ...]
    has_evidence: bool


def line(resource: Json, *, escaped: bool = False, spaced: bool = False) -> bytes:
    """A resource as one line, in one of the spellings of JSON."""
    return json.dumps(resource, ensure_ascii=escaped, separators=None if spaced else TIGHT).encode()


def someone(number: int, **more: Any) -> Json:
    """A Patient with a hospital number."""
    base = {"resourceType": "Patient", "id": f"p{number}", "birthDate": f"{1950 + number % 50}-03-04"}
    return base | {"gender": "female", "identifier": [{"system": "urn:mrn", "value": mrn(number)}]} | more


def mrn(number: int) -> str:
    return f"住院-{number:06d}"


def of(number: int, resource: Json, member: str = "subject", **reference: Any) -> Json:
    """The resource of this inhabitant."""
    return resource | {member: reference or {"reference": f"Patient/p{number}"}}


def healthy(number: int, chance: random.Random) -> Person:
    """Somebody ill of something else, with a few results."""
    lines = [line(someone(number))]
    lines += (
        line(of(number, condition(chance.choice(HARMLESS), onset=chance.randrange(900))))
        for _ in range(chance.randrange(3))
    )
    lines += _results(number, chance, chance.randrange(6))
    return Person(f"p{number}", tuple(lines), has_evidence=False)


def _results(number: int, chance: random.Random, count: int) -> Iterator[bytes]:
    for _ in range(count):
        result = observation("718-7", chance.randrange(60, 160), "g/L", when=chance.randrange(300))
        yield line(of(number, result), escaped=chance.random() < 0.2, spaced=chance.random() < 0.1)


def demo(number: int, chance: random.Random) -> Person:
    """A whole chart of the demo."""
    name = chance.choice(sorted(PATIENTS))
    told = json.dumps(PATIENTS[name].resources, ensure_ascii=False).replace(name, f"p{number}")
    resources = json.loads(told)
    lines = (line(resource, escaped=chance.random() < 0.3) for resource in resources)
    return Person(f"p{number}", tuple(lines), has_evidence=True)


AA = icd("D61.9")
_WORDS = (
    "aplastic anaemia",
    "Aplastic anemia, severe",
    "再生障碍性贫血",
    "重型再障",
    "SAA (severe aplastic anemia)",
)


def named(way: Callable[[int, random.Random], list[bytes]], evidence: bool = True) -> Any:
    """Somebody with a Patient line and results, named by one way."""

    def made(number: int, chance: random.Random) -> Person:
        lines = [line(someone(number)), *_results(number, chance, 4), *way(number, chance)]
        return Person(f"p{number}", tuple(lines), evidence)

    return made


def _aa(number: int, **reference: Any) -> Json:
    return of(number, condition(AA), **reference)


def _torn(number: int, _: random.Random) -> list[bytes]:
    return [
        f'{{"resourceType":"Condition","id":"t{number}","subject":{{"reference":"Patient/p{number}"}},"co'.encode()
    ]


def _broken_inside(number: int, _: random.Random) -> list[bytes]:
    return [line(_aa(number)).replace(b'"code":{', b'"code":{{')]


WAYS: dict[str, Callable[[int, random.Random], Person]] = {
    "a code": named(lambda n, c: [line(_aa(n))]),
    "a code of another edition": named(lambda n, c: [line(of(n, condition(snomed("306058006"))))]),
    "words": named(lambda n, c: [line(of(n, condition(text(c.choice(_WORDS)))))]),
    "words escaped": named(lambda n, c: [line(of(n, condition(text(c.choice(_WORDS)))), escaped=True)]),
    "letters escaped": named(
        lambda n, c: [line(of(n, condition(text("aplastic anaemia")))).replace(b"aplas", b"\\u0061plas")]
    ),
    "the patient escaped": named(lambda n, c: [line(_aa(n)).replace(b"Patient/p", b"Patient\\/\\u0070")]),
    "a slash escaped": named(lambda n, c: [line(_aa(n)).replace(b"Patient/", b"Patient\\/")]),
    "an address": named(lambda n, c: [line(_aa(n, reference=f"https://ehr.example/fhir/Patient/p{n}"))]),
    "a version": named(lambda n, c: [line(_aa(n, reference=f"Patient/p{n}/_history/2"))]),
    "urn:uuid": named(lambda n, c: [line(_aa(n, reference=f"urn:uuid:p{n}"))]),
    "the hospital's number": named(
        lambda n, c: [line(_aa(n, identifier={"system": "urn:mrn", "value": mrn(n)}))]
    ),
    "the number escaped": named(
        lambda n, c: [line(_aa(n, identifier={"system": "urn:mrn", "value": mrn(n)}), escaped=True)]
    ),
    "a torn line": named(_torn),
    "a line broken inside": named(_broken_inside),
    "a code that is no list": named(lambda n, c: [line(_aa(n) | {"code": {"coding": "D61.9"}})]),
    "no content at all": named(lambda n, c: [line(_aa(n) | {"code": [], "onsetDateTime": 5})]),
    "a modifier": named(
        lambda n, c: [line(_aa(n) | {"modifierExtension": [{"url": "urn:x", "valueBoolean": True}]})]
    ),
    "the future": named(lambda n, c: [line(of(n, condition(AA, onset=-30)))]),
    "a Bundle on a line": named(
        lambda n, c: [line({"resourceType": "Bundle", "type": "collection", "entry": [{"resource": _aa(n)}]})]
    ),
    "refuted": named(lambda n, c: [line(of(n, condition(AA, verification="refuted")))], evidence=False),
    "an attestation alone": named(
        lambda n, c: [
            line(of(n, {"resourceType": "QuestionnaireResponse", "id": f"q{n}", "status": "completed"}))
        ],
        evidence=False,
    ),
    "in this trial": named(
        lambda n, c: [
            line(study(key=f"s{n}")),
            line(of(n, participation(study={"reference": f"ResearchStudy/s{n}"}), "individual")),
        ]
    ),
    "in a study that is not there": named(
        lambda n, c: [line(of(n, participation(study={"reference": f"ResearchStudy/gone{n}"}), "individual"))]
    ),
    "in another study": named(
        lambda n, c: [
            line(study("NCT00000001", key=f"s{n}")),
            line(of(n, participation(study={"reference": f"ResearchStudy/s{n}"}), "individual")),
        ],
        evidence=False,
    ),
    "another server's patient of that name": named(
        lambda n, c: [line(_aa(n, reference=f"https://elsewhere.example/fhir/Patient/p{n}"))]
    ),
    "a stay": named(
        lambda n, c: [
            line(_aa(n)),
            line(
                of(n, {"resourceType": "Encounter", "id": f"e{n}", "status": "finished"})
                | {"period": period(30, 20), "serviceProvider": {"display": "血液科"}}
            ),
        ]
    ),
    "the demo": demo,
}


def population(size: int, seed: int, share: float = 0.3) -> list[Person]:
    """So many people, of whom every way is lived by somebody where there are enough."""
    chance = random.Random(seed)
    special = [name for _ in range(1 + int(size * share) // len(WAYS) * 2) for name in WAYS]
    makers = [WAYS[name] for name in special][: int(size * share)]
    makers += [healthy] * (size - len(makers))
    chance.shuffle(makers)
    return [make(number, chance) for number, make in enumerate(makers)]
