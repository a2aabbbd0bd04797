"""A synthetic haematology department: everybody whom an export would hold, for the recruitment funnel alone.

Each is written as a course in the form of the demo patients and expanded like one. Whatever is drawn of a
person follows from their number and from what is asked: a department is the same on every start, and one
question more changes no other answer.
"""

import tomllib
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from datetime import date, timedelta
from hashlib import blake2b
from typing import TypeVar

import msgspec
from msgspec.structs import replace

from cds_service.demo.demo_patients import chart_of
from cds_service.demo.demo_patients.elements import Json
from cds_service.demo.demo_patients.story import (
    FOLDER,
    Expects,
    Name,
    PatientStory,
    StoryAttested,
    StoryDrug,
    StoryPart,
    StoryProblem,
    StoryReaction,
    read_measures,
    read_products,
    read_stories,
)

T = TypeVar("T")
_FAMILIES = "王李张刘陈杨黄赵吴周徐孙马朱胡郭何林高罗"
_GIVEN = "安宁文清子晨雨欣宇轩思远嘉怡志明秀兰建华玉梅国强海燕春生"
_NOT_FORETOLD = Expects("")
"""What the rules say of these people is counted, not expected."""
_COUNTED_EVERY, _MOST_COUNTS = 28, 10
_FORM: dict[str, bool | int] = {
    **dict.fromkeys(("I2", "I4.1", "I5", "I6", "I7"), True),
    **dict.fromkeys(("E1", "E2", "E4", "E5", "E6", "E7", "E8", "E9", "E10", "E11", "E12"), False),
}


class Shares(StoryPart, frozen=True):
    """Of those with aplastic anaemia, from 0 to 1; the file says of whom where it is not of all of them."""

    in_the_trial: float
    congenital: float
    younger_than_18: float
    seen_lately: float
    no_ciclosporin: float
    short_ciclosporin: float
    stopped_for_harm: float
    responds: float
    serology: float
    hepatitis_b: float
    pnh_measured: float
    large_clone: float
    small_clone: float
    ecog: float
    bedridden: float
    earlier_sirolimus: float
    work_up: float
    form_complete: float


class DepartmentShares(StoryPart, frozen=True):
    """How many of everybody have the disease, and what holds of these."""

    aplastic_anaemia: float
    aplastic: Shares


class CodedProblem(StoryPart, frozen=True):
    """A diagnosis that some have; `days` since it was recorded."""

    code: str
    text: str
    share: float
    days: int = 60


class Department(StoryPart, frozen=True):
    """`hospital.toml`: how many people, how long ago seen at most, who has what."""

    people: int
    most_days: int
    share: DepartmentShares
    beside: tuple[CodedProblem, ...]
    other: tuple[CodedProblem, ...]


@dataclass(frozen=True, slots=True)
class Fate:
    """What is so of one person, by number."""

    number: int

    def drawn(self, what: str) -> float:
        """At least 0 and less than 1, evenly spread."""
        digest = blake2b(f"{self.number}: {what}".encode(), digest_size=8).digest()
        return int.from_bytes(digest) / 2**64

    def between(self, what: str, low: int, high: int) -> int:
        """A whole number from `low` to `high`, both included."""
        return low + int(self.drawn(what) * (high - low + 1))

    def one_of(self, what: str, choices: Sequence[T]) -> T:
        """One of the choices."""
        return choices[int(self.drawn(what) * len(choices))]


def read_department() -> Department:
    """The department as it is written. Raises msgspec.ValidationError naming the fault."""
    text = (FOLDER / "hospital.toml").read_text(encoding="utf-8")
    return msgspec.convert(tomllib.loads(text), Department)


def department_charts(today: date, department: Department) -> Iterator[tuple[Json, ...]]:
    """Everybody's chart, nothing in it later than `today` (the calendar day at the site)."""
    measures, products = read_measures(), read_products()
    participants = [story for story in read_stories() if story.expects.participation == "enrolled"]
    for number in range(1, department.people + 1):
        fate = Fate(number)
        story = _somebody(fate, department, participants)
        yield chart_of(story, today - timedelta(days=_since(fate, department)), measures, products)


def _since(fate: Fate, department: Department) -> int:
    """Days since the last visit."""
    lately = fate.drawn("seen lately") < department.share.aplastic.seen_lately
    return fate.between("last visit", *((0, 9) if lately else (10, department.most_days)))


def _somebody(fate: Fate, department: Department, participants: Sequence[PatientStory]) -> PatientStory:
    shares = department.share.aplastic
    if fate.drawn("aplastic anaemia") >= department.share.aplastic_anaemia:
        return _with_something_else(fate, department.other)
    if fate.drawn("in the trial") < shares.in_the_trial:
        course = fate.one_of("course", participants)
        somebody = _story(fate, fate.between("age", 19, 74), course.diagnosis)
        return replace(course, id=somebody.id, name=somebody.name, age=somebody.age)
    return _with_aplastic_anaemia(fate, department)


def _with_something_else(fate: Fate, diseases: Sequence[CodedProblem]) -> PatientStory:
    left = fate.drawn("disease") * sum(one.share for one in diseases)
    disease = diseases[-1]
    for one in diseases:
        if left < one.share:
            disease = one
            break
        left -= one.share
    haemoglobin, creatinine = fate.between("haemoglobin", 72, 140), fate.between("creatinine", 48, 104)
    results = f"day | haemoglobin | platelets | creatinine\n-1 | {haemoglobin} | 180 | {creatinine}"
    return replace(_story(fate, fate.between("age", 18, 86), (_problem(disease),)), results=(results,))


def _with_aplastic_anaemia(fate: Fate, department: Department) -> PatientStory:
    shares = department.share.aplastic
    days_on = _days_on_ciclosporin(fate, shares)
    responds = days_on >= 100 and fate.drawn("responds") < shares.responds
    harmed = days_on > 0 and fate.drawn("harm") < shares.stopped_for_harm
    problems = (_anaemia(fate, shares, days_on), *_beside(fate, department.beside))
    for_work_up = len(problems) == 1 and not responds and (days_on >= 90 or harmed)
    return replace(
        _story(fate, _age(fate, shares), problems),
        results=(_counts(fate, days_on, responds), *_work_up_results(fate, shares)),
        drug=tuple(_drugs(fate, shares, days_on, harmed)),
        reaction=(_harm(),) if harmed else (),
        red_cells=() if responds else tuple(f"-{day}" for day in range(12, min(days_on, 200) + 13, 25)),
        attested=tuple(_attested(fate, shares, harmed)) if for_work_up else (),
    )


def _story(fate: Fate, age: int, diagnosis: tuple[StoryProblem, ...]) -> PatientStory:
    key, name = f"department-{fate.number:04d}", _name(fate)
    return PatientStory(key, name, _sex(fate), age, "", "", _NOT_FORETOLD, diagnosis=diagnosis)


def _name(fate: Fate) -> Name:
    given = fate.one_of("given", _GIVEN) + fate.one_of("second", _GIVEN)
    return Name(fate.one_of("family", _FAMILIES), given, f"No. {fate.number}")


def _sex(fate: Fate) -> str:
    return fate.one_of("sex", ("female", "male"))


def _age(fate: Fate, shares: Shares) -> int:
    """Two peaks, as the disease has: the young, and those over sixty."""
    if fate.drawn("young") < shares.younger_than_18:
        return fate.between("age", 9, 17)
    return fate.between("age", *fate.one_of("peak", ((18, 30), (18, 60), (58, 82))))


def _problem(one: CodedProblem) -> StoryProblem:
    return StoryProblem(one.text, (one.code,), recorded=f"-{one.days}")


def _anaemia(fate: Fate, shares: Shares, days_on: int) -> StoryProblem:
    onset = f"-{days_on + fate.between('before treatment', 8, 90)}"
    if fate.drawn("congenital") < shares.congenital:
        return StoryProblem("范可尼贫血 (Fanconi anaemia)", ("icd10cm D61.03 Fanconi anemia",), onset)
    code = fate.one_of("code", ("D61.3 Idiopathic aplastic anaemia", "D61.9 Aplastic anaemia, unspecified"))
    return StoryProblem("再生障碍性贫血 (aplastic anaemia)", (f"icd10 {code}",), onset)


def _beside(fate: Fate, problems: Sequence[CodedProblem]) -> Iterator[StoryProblem]:
    for one in problems:
        if fate.drawn(one.code) < one.share:
            yield _problem(one)


def _days_on_ciclosporin(fate: Fate, shares: Shares) -> int:
    drawn = fate.drawn("ciclosporin") - shares.no_ciclosporin
    if drawn < 0:
        return 0
    return fate.between("days on", *((20, 80) if drawn < shares.short_ciclosporin else (100, 420)))


def _counts(fate: Fate, days_on: int, responds: bool) -> str:
    """Every four weeks; who responds comes up to where nothing is low."""
    days = range(min(days_on // _COUNTED_EVERY, _MOST_COUNTS) * _COUNTED_EVERY + 1, 0, -_COUNTED_EVERY)
    low = (fate.between("hb", 55, 88), fate.between("platelets", 7, 42), fate.between("anc", 25, 95))
    rows = ["day | haemoglobin | platelets | neutrophils | reticulocytes"]
    for step, day in enumerate(days):
        rise = step / max(len(days) - 1, 1) if responds else 0
        waver = fate.between(f"wavers {day}", -3, 3)
        red, plates, white = (
            round(value + rise * (well - value)) for value, well in zip(low, (132, 120, 210), strict=True)
        )
        rows.append(f"-{day} | {red + waver} | {plates + waver} | {(white + waver) / 100:.2f} | {24 + waver}")
    return "\n".join(rows)


def _work_up_results(fate: Fate, shares: Shares) -> Iterator[str]:
    yield f"day | creatinine | alt\n-1 | {fate.between('creatinine', 46, 98)} | {fate.between('alt', 12, 44)}"
    if fate.drawn("clone measured") < shares.pnh_measured:
        yield f"day | pnh_granulocytes\n-{fate.between('clone day', 3, 60)} | {_clone(fate, shares)}"
    if fate.drawn("serology") < shares.serology:
        hbsag = "positive" if fate.drawn("hepatitis B") < shares.hepatitis_b else "negative"
        yield (
            "day | hiv | hbsag | anti_hbc | anti_hcv\n"
            f"-{fate.between('serology day', 3, 60)} | negative | {hbsag} | {hbsag} | negative"
        )
    if fate.drawn("ECOG") < shares.ecog:
        score = 3 if fate.drawn("bedridden") < shares.bedridden else fate.one_of("score", (0, 1, 1, 2))
        yield f"day | ecog\n-1 | {score}"
    if _sex(fate) == "female":
        yield "day | hcg\n-1 | negative"


def _clone(fate: Fate, shares: Shares) -> str:
    """Percent of granulocytes."""
    drawn = fate.drawn("clone")
    if drawn < shares.large_clone:
        return str(fate.between("large", 52, 95))
    small = drawn < shares.large_clone + shares.small_clone
    return str(fate.between("small", 1, 38)) if small else f"0.{fate.between('trace', 0, 9)}"


def _drugs(fate: Fate, shares: Shares, days_on: int, harmed: bool) -> Iterator[StoryDrug]:
    if days_on:
        amount = 25 * fate.between("capsules", 3, 6)
        course = f"from | to | take\n-{days_on} | {-20 if harmed else ''} | {amount} mg 08:00 20:00"
        why = "adverse event: renal impairment 不良反应：肾功能损害" if harmed else None
        yield StoryDrug("ciclosporin-25mg", course, stopped_because=why)
    if fate.drawn("sirolimus") < shares.earlier_sirolimus:
        yield StoryDrug(
            "sirolimus-1mg", "from | to | take\n-900 | -780 | 2 mg 08:00", stopped_because="ineffective"
        )


def _harm() -> StoryReaction:
    return StoryReaction("ciclosporin", "renal impairment 肾功能损害", "-20")


def _attested(fate: Fate, shares: Shares, harmed: bool) -> Iterator[StoryAttested]:
    """The investigator's form: whole, or with one to four lines left open."""
    if fate.drawn("work-up") >= shares.work_up:
        return
    whole = fate.drawn("whole form") < shares.form_complete
    left = {fate.one_of(f"left {n}", tuple(_FORM)) for n in range(0 if whole else fate.between("left", 1, 4))}
    answers = {("I4.2" if harmed and line == "I4.1" else line): answer for line, answer in _FORM.items()}
    answers = {line: answer for line, answer in answers.items() if line not in left} | {"I8": 1}
    yield StoryAttested("-1", answers)
