"""Who the patient is, what they have, what harmed them, what they were transfused."""

from collections.abc import Iterator

from dateutil.relativedelta import relativedelta

from cds_service.demo.demo_patients.demo_study import PRACTITIONER
from cds_service.demo.demo_patients.elements import Json, concept, hl7_code, refer, resource
from cds_service.demo.demo_patients.story import PatientStory, StoryProblem, StoryProduct, StoryReaction
from cds_service.demo.demo_patients.timeline import Timeline

RED_CELLS = concept(("snomed 180207008 Intravenous blood transfusion of packed cells",), "悬浮红细胞输注 2 U")
PLATELETS = concept(("snomed 12719002 Platelet transfusion",), "单采血小板输注 1 治疗量")
AFTER_BIRTHDAY = 120


def patient(story: PatientStory, days: Timeline) -> Json:
    """The Patient; the age holds on any day, because the birthday was 120 days ago."""
    name = story.name
    born = days.today - relativedelta(years=story.age) - relativedelta(days=AFTER_BIRTHDAY)
    return resource(
        "Patient",
        story.id,
        active=True,
        identifier=[{"system": "urn:aa-cds:demo:record-number", "value": story.id.upper()}],
        name=[
            {
                "use": "official",
                "text": f"{name.family}{name.given}",
                "family": name.family,
                "given": [name.given],
            },
            {"use": "usual", "text": f"{name.pinyin} (synthetic)", "given": [name.pinyin]},
        ],
        gender=story.sex,
        birthDate=str(born),
    )


def history(
    story: PatientStory, subject: Json, days: Timeline, products: dict[str, StoryProduct]
) -> Iterator[Json]:
    """Conditions, allergies and intolerances, adverse events, transfusions."""
    for serial, problem in enumerate(story.diagnosis, 1):
        yield _condition(f"{story.id}-condition-{serial}", problem, subject, days)
    for serial, reaction in enumerate(story.reaction, 1):
        yield _intolerance(f"{story.id}-allergy-{serial}", reaction, subject, days, products)
    for serial, reaction in enumerate(story.adverse_event, 1):
        yield _adverse_event(f"{story.id}-event-{serial}", reaction, subject, days, products)
    for code, name, moments in (
        (RED_CELLS, "red", story.red_cells),
        (PLATELETS, "platelets", story.platelets),
    ):
        for serial, moment in enumerate(moments, 1):
            yield resource(
                "Procedure",
                f"{story.id}-{name}-{serial}",
                status="completed",
                code=code,
                subject=subject,
                performedDateTime=days.moment(moment, "13:00"),
            )


def _condition(key: str, problem: StoryProblem, subject: Json, days: Timeline) -> Json:
    return resource(
        "Condition",
        key,
        clinicalStatus=hl7_code("condition-clinical", problem.clinical),
        verificationStatus=hl7_code("condition-ver-status", problem.verification),
        category=[hl7_code("condition-category", "problem-list-item")],
        code=concept(problem.codes, problem.text),
        subject=subject,
        onsetDateTime=str(days.day(problem.onset)) if problem.onset else None,
        recordedDate=str(days.day(problem.recorded or problem.onset or "-1")),
        recorder=PRACTITIONER,
    )


def _intolerance(
    key: str, reaction: StoryReaction, subject: Json, days: Timeline, products: dict[str, StoryProduct]
) -> Json:
    product = products[reaction.drug]
    return resource(
        "AllergyIntolerance",
        key,
        clinicalStatus=hl7_code("allergyintolerance-clinical", "active"),
        verificationStatus=hl7_code("allergyintolerance-verification", "confirmed"),
        type=reaction.kind,
        category=["medication"],
        criticality="low",
        code=concept(product.codes, product.text),
        patient=subject,
        recordedDate=str(days.day(reaction.day)),
        reaction=[{"manifestation": [{"text": reaction.manifestation}], "severity": reaction.severity}],
    )


def _adverse_event(
    key: str, reaction: StoryReaction, subject: Json, days: Timeline, products: dict[str, StoryProduct]
) -> Json:
    product = products[reaction.drug]
    medication = resource("Medication", "suspect", code=concept(product.codes, product.text))
    del medication["meta"]
    return resource(
        "AdverseEvent",
        key,
        contained=[medication],
        actuality="actual",
        event={"text": reaction.manifestation},
        subject=subject,
        date=days.moment(reaction.day, "11:00"),
        recordedDate=days.moment(reaction.day, "11:30"),
        severity=hl7_code("adverse-event-severity", reaction.severity),
        recorder=refer("Practitioner", "demo-investigator"),
        suspectEntity=[{"instance": {"reference": "#suspect"}}],
    )
