"""The form a demo patient is written in: one TOML file, one course, readable by a haematologist.

Nothing here is FHIR; `expand` turns it into resources. A word that the form does not know is an error.
"""

import tomllib
from pathlib import Path
from typing import Any

import msgspec

FOLDER = Path(__file__).parent


class StoryPart(msgspec.Struct, forbid_unknown_fields=True, frozen=True):
    """Base of every part of the form."""


class Name(StoryPart, frozen=True):
    """A Chinese name and its pinyin."""

    family: str
    given: str
    pinyin: str


class StoryProblem(StoryPart, frozen=True):
    """A diagnosis; `codes` are "<system> <code> <display>"."""

    text: str
    codes: tuple[str, ...] = ()
    onset: str | None = None
    recorded: str | None = None
    clinical: str = "active"
    verification: str = "confirmed"


class StoryDrug(StoryPart, frozen=True):
    """A drug, its dose over time, and how the chart knows of it.

    `course` has the columns from, to, take ("75 mg 08:00 20:00"). `written` is how the product is named:
    "code", "text", "contained" or "reference". `sources`: which of "order", "dispense", "statement" exist.
    `given` lists moments of doses that a nurse or the patient's diary documented.
    """

    product: str
    course: str
    written: str = "code"
    sources: tuple[str, ...] = ("order", "dispense")
    study: bool = False
    supply: int = 28
    given: tuple[str, ...] = ()
    stopped_because: str | None = None
    reason: str | None = None


class Draft(StoryPart, frozen=True):
    """An order somebody is about to sign, for the order hooks."""

    story: str
    product: str
    take: str
    indicator: str


class StoryReaction(StoryPart, frozen=True):
    """An allergy, intolerance or adverse event, with the drug that is suspected."""

    drug: str
    manifestation: str
    day: str
    kind: str = "intolerance"
    severity: str = "moderate"


class StoryAttested(StoryPart, frozen=True):
    """The investigator's answers on one day."""

    day: str
    answers: dict[str, bool | int]


class StoryTrial(StoryPart, frozen=True):
    """A ResearchSubject of this trial."""

    start: str
    status: str = "on-study-intervention"
    arm: str | None = None
    consent: str | None = None


class ExpectedDose(StoryPart, frozen=True):
    """What titration must say: any of `state`; the dose proposed ("3 mg / 24 h"), if one is to be."""

    state: tuple[str, ...]
    proposed: str | None = None
    validity: str | None = None
    reason: str | None = None


class Expects(StoryPart, frozen=True):
    """What the service must say about this patient, for machines to check.

    `criteria` by number; `all_other_criteria` is "favourable" (met, absent) or "unchecked". `critical` are
    the drugs with a critical finding. `due` are monitoring tests that must be due or overdue. `cards` gives,
    for each service, the loudest indicator, or "none" for no card.
    """

    eligibility: str
    participation: str = "none"
    arm: str | None = None
    criteria: dict[str, str] = {}
    all_other_criteria: str = "unchecked"
    renal: str | None = None
    titration: dict[str, ExpectedDose] = {}
    critical: tuple[str, ...] = ()
    response: dict[str, str] = {}
    due: tuple[str, ...] = ()
    cards: dict[str, str] = {}


class PatientStory(StoryPart, frozen=True):
    """One patient's whole course."""

    id: str
    name: Name
    sex: str
    age: int
    story: str
    story_zh: str
    expects: Expects
    day_one: int | None = None
    diagnosis: tuple[StoryProblem, ...] = ()
    drug: tuple[StoryDrug, ...] = ()
    results: tuple[str, ...] = ()
    red_cells: tuple[str, ...] = ()
    platelets: tuple[str, ...] = ()
    reaction: tuple[StoryReaction, ...] = ()
    adverse_event: tuple[StoryReaction, ...] = ()
    attested: tuple[StoryAttested, ...] = ()
    trial: StoryTrial | None = None
    draft: tuple[Draft, ...] = ()


class Measure(StoryPart, frozen=True):
    """A laboratory test or score: its LOINC, how it is reported here, and the usual range by sex."""

    loinc: str
    display: str
    kind: str = "number"
    unit: str = "1"
    category: str = "laboratory"
    method: str | None = None
    specimen: str | None = None
    low: dict[str, float] = {}
    high: dict[str, float] = {}


class StoryProduct(StoryPart, frozen=True):
    """A product as a pharmacy lists it; `mg` per tablet or capsule, where that is known."""

    codes: tuple[str, ...]
    text: str
    form: str
    mg: int | float | None = None


def read_stories() -> tuple[PatientStory, ...]:
    """All patients, in the order of their file names. Raises msgspec.ValidationError naming the fault."""
    return tuple(
        msgspec.convert(_toml(path.name), PatientStory) for path in sorted(FOLDER.glob("p[0-9][0-9]_*.toml"))
    )


def read_measures() -> dict[str, Measure]:
    """The tests that a results table may have as a column."""
    return msgspec.convert(_toml("measures.toml"), dict[str, Measure])


def read_products() -> dict[str, StoryProduct]:
    """The products a course may name."""
    return msgspec.convert(_toml("products.toml"), dict[str, StoryProduct])


def _toml(name: str) -> dict[str, Any]:
    return tomllib.loads((FOLDER / name).read_text(encoding="utf-8"))
