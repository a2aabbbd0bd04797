"""A small synthetic hospital around the demo patients: people with aplastic anaemia, for the study list.

Each is made from their number alone, so the same on every start. They have no story: a diagnosis, counts of a
few weeks, a stay on a ward, sometimes what speaks against them.
"""

from collections.abc import Iterator
from datetime import date, timedelta
from typing import Any

from cds_service.demo.demo_patients.demo_study import PRACTITIONER, QUESTIONNAIRE
from cds_service.demo.demo_patients.elements import Json, concept, hl7_code, quantity, refer, resource

TAG: Json = {"system": "urn:aa-cds:demo", "code": "population", "display": "Part of the synthetic population"}
_FAMILIES = "赵钱孙李周吴郑王冯陈蒋沈韩杨朱秦许何吕张"
_GIVEN = "伟芳敏静丽强磊军洋勇艳杰娟涛明超霞平刚英兰国云慧琳"
_WARDS = (
    "血液科 Haematology",
    "血液科门诊 Haematology clinic",
    "全科医学科 General medicine",
    "急诊科 Emergency",
)
_COUNTS = (
    ("718-7 Hemoglobin", "g/L", (58, 66, 74, 82, 91)),
    ("777-3 Platelets", "10*9/L", (9, 14, 22, 31, 46)),
    ("26499-4 Neutrophils", "10*9/L", (0.4, 0.7, 1.1, 1.6, 0.9)),
)
_ANSWERS: dict[str, Json] = {
    **{line: {"valueBoolean": True} for line in ("I2", "I4.1", "I5", "I6", "I7")},
    "I8": {"valueInteger": 1},
    **{f"E{n}": {"valueBoolean": False} for n in range(1, 13)},
}
_AGAINST = {
    3: ("icd10 C92.0 Acute myeloblastic leukaemia", "急性髓系白血病"),
    9: ("icd10 D59.5 Paroxysmal nocturnal haemoglobinuria", "阵发性睡眠性血红蛋白尿"),
    14: ("icd10 Z94.8 Bone marrow transplant status", "骨髓移植状态"),
}
"""By number modulo 17: what speaks against some of them."""


def population(count: int, today: date) -> tuple[tuple[str, str, tuple[Json, ...]], ...]:
    """So many people: (id, name, chart), nothing in a chart later than `today`."""
    return tuple(_somebody(number, today) for number in range(1, count + 1))


def _somebody(number: int, today: date) -> tuple[str, str, tuple[Json, ...]]:
    key = f"screened-{number:03d}"
    family = _FAMILIES[number * 7 % len(_FAMILIES)]
    given = _GIVEN[number * 11 % len(_GIVEN)]
    subject, name = refer("Patient", key), f"{family}{given}"
    chart = (_patient(number, key, name, today), *_chart(number, key, subject, today))
    return key, f"{name} (synthetic)", tuple(map(_tagged, chart))


def _patient(number: int, key: str, name: str, today: date) -> Json:
    born = today.replace(day=1) - timedelta(days=365 * (16 + number * 13 % 66) + number)
    return resource(
        "Patient",
        key,
        active=True,
        identifier=[{"system": "urn:aa-cds:demo:record-number", "value": f"S{4000 + 37 * number}"}],
        name=[{"use": "official", "text": name, "family": name[0], "given": [name[1:]]}],
        gender=("female", "male")[number * 5 // 3 % 2],
        birthDate=str(born),
    )


def _chart(number: int, key: str, subject: Json, today: date) -> Iterator[Json]:
    seen = today - timedelta(days=1 + number * 19 % 40)
    yield _condition(
        f"{key}-aa", ("icd10 D61.9 Aplastic anaemia, unspecified",), "再生障碍性贫血", subject, seen
    )
    if number % 17 in _AGAINST:
        code, text = _AGAINST[number % 17]
        yield _condition(f"{key}-other", (code,), text, subject, seen - timedelta(days=200))
    yield from _counts(number, key, subject, seen)
    if number % 3:
        yield _attested(number, key, subject, today)
    yield resource(
        "Encounter",
        f"{key}-stay",
        status="finished",
        **{"class": {"system": "http://terminology.hl7.org/CodeSystem/v3-ActCode", "code": "IMP"}},
        subject=subject,
        period={"start": str(seen - timedelta(days=number % 6)), "end": str(seen)},
        serviceProvider={"display": _WARDS[number * 3 % len(_WARDS)]},
    )


def _attested(number: int, key: str, subject: Json, today: date) -> Json:
    """An investigator has answered most of the form; one to five lines are left."""
    left = {(number * 5 + 3 * step) % len(_ANSWERS) for step in range(1 + number % 5)}
    items = [
        {"linkId": line, "answer": [answer]}
        for place, (line, answer) in enumerate(_ANSWERS.items())
        if place not in left
    ]
    return resource(
        "QuestionnaireResponse",
        f"{key}-attestation",
        questionnaire=QUESTIONNAIRE,
        status="completed",
        subject=subject,
        authored=f"{today - timedelta(days=3)}T10:00:00+08:00",
        author=PRACTITIONER,
        item=items,
    )


def _counts(number: int, key: str, subject: Json, seen: date) -> Iterator[Json]:
    for week in range(4):
        for code, unit, values in _COUNTS:
            value: Any = values[(number + week) % len(values)]
            yield resource(
                "Observation",
                f"{key}-{code.partition('-')[0]}-{week}",
                status="final",
                category=[hl7_code("observation-category", "laboratory")],
                code=concept((f"loinc {code}",), code.partition(" ")[2]),
                subject=subject,
                effectiveDateTime=str(seen - timedelta(days=7 * week)),
                valueQuantity=quantity(value, unit),
            )


def _condition(key: str, codes: tuple[str, ...], text: str, subject: Json, seen: date) -> Json:
    return resource(
        "Condition",
        key,
        clinicalStatus=hl7_code("condition-clinical", "active"),
        verificationStatus=hl7_code("condition-ver-status", "confirmed"),
        category=[hl7_code("condition-category", "problem-list-item")],
        code=concept(codes, text),
        subject=subject,
        recordedDate=str(seen),
    )


def _tagged(one: Json) -> Json:
    return {**one, "meta": {**one["meta"], "tag": [*one["meta"]["tag"], TAG]}}


def is_population(one: Json) -> bool:
    """Is it one of these, and no patient with a story?"""
    return any(tag.get("code") == TAG["code"] for tag in one.get("meta", {}).get("tag", ()))
