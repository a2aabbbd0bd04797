"""The demo patients: synthetic courses, each written as one TOML file and expanded to FHIR R4 on any day."""

from dataclasses import dataclass
from datetime import date
from typing import Any

from cds_service.demo.demo_patients.demo_drugs import draft_order, medication_resources
from cds_service.demo.demo_patients.demo_person import history, patient
from cds_service.demo.demo_patients.demo_results import observations
from cds_service.demo.demo_patients.demo_study import shared_resources, study_resources
from cds_service.demo.demo_patients.elements import Json, refer
from cds_service.demo.demo_patients.story import (
    Expects,
    Measure,
    PatientStory,
    StoryProduct,
    read_measures,
    read_products,
    read_stories,
)
from cds_service.demo.demo_patients.timeline import Timeline


@dataclass(frozen=True, slots=True)
class DraftOrder:
    """An order about to be signed, and the loudest card it must meet ("none" for silence)."""

    story: str
    resource: dict[str, Any]
    indicator: str


@dataclass(frozen=True, slots=True)
class DemoPatient:
    """One synthetic patient: `id` is the Patient's, `resources` the whole chart, the trial's own included."""

    id: str
    name: str
    story: str
    story_zh: str
    resources: tuple[dict[str, Any], ...]
    drafts: tuple[DraftOrder, ...]
    expects: Expects


def demo_patients(today: date) -> tuple[DemoPatient, ...]:
    """Every demo patient as of `today` (the calendar day at the site); nothing in a chart is later."""
    measures, products = read_measures(), read_products()
    return tuple(_expand(story, today, measures, products) for story in read_stories())


def chart_of(
    story: PatientStory, today: date, measures: dict[str, Measure], products: dict[str, StoryProduct]
) -> tuple[Json, ...]:
    """The chart of a course that has come to `today`, what belongs to no single patient included."""
    days = Timeline(today, story.day_one)
    subject = refer("Patient", story.id)
    return (
        patient(story, days),
        *shared_resources(),
        *history(story, subject, days, products),
        *observations(story, subject, days, measures),
        *medication_resources(story, subject, days, products),
        *study_resources(story, subject, days),
    )


def _expand(
    story: PatientStory, today: date, measures: dict[str, Measure], products: dict[str, StoryProduct]
) -> DemoPatient:
    days = Timeline(today, story.day_one)
    subject = refer("Patient", story.id)
    drafts = tuple(
        DraftOrder(d.story, draft_order(f"{story.id}-draft-{n}", d, subject, days, products), d.indicator)
        for n, d in enumerate(story.draft, 1)
    )
    name = f"{story.name.family}{story.name.given} {story.name.pinyin}"
    chart = chart_of(story, today, measures, products)
    return DemoPatient(story.id, name, story.story, story.story_zh, chart, drafts, story.expects)
