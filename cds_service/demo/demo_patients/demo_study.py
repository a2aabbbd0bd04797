"""The trial as FHIR says it: the study, the subject, the consent, the investigator's attestation."""

from collections.abc import Iterator

from cds_service.demo.demo_patients.elements import HL7, Json, concept, hl7_code, refer, resource
from cds_service.demo.demo_patients.story import PatientStory
from cds_service.demo.demo_patients.timeline import Timeline

TRIAL = "NCT06802055"
REGISTRY = "https://clinicaltrials.gov"
STUDY = refer("ResearchStudy", "demo-study", TRIAL) | {"identifier": {"system": REGISTRY, "value": TRIAL}}
PRACTITIONER = refer("Practitioner", "demo-investigator", "示例医师 (demo investigator)")
QUESTIONNAIRE = "urn:aa-cds:Questionnaire/eligibility-attestation"


def shared_resources() -> tuple[Json, ...]:
    """What belongs to no single patient: the trial and its investigator."""
    study = resource(
        "ResearchStudy",
        "demo-study",
        identifier=[
            {"system": REGISTRY, "value": TRIAL},
            {"system": "urn:aa-cds:demo:hospital-study-number", "value": "I-25PJ0215"},
        ],
        title="Sirolimus with or without cyclosporin A in aplastic anaemia refractory/intolerant to CsA",
        status="active",
        primaryPurposeType=hl7_code("research-study-prim-purp-type", "treatment"),
        phase=hl7_code("research-study-phase", "phase-2"),
        period={"start": "2025-01-25", "end": "2027-01-31"},
        arm=[{"name": "Sirolimus + cyclosporin A"}, {"name": "Sirolimus"}],
    )
    investigator = resource(
        "Practitioner",
        "demo-investigator",
        active=True,
        name=[{"text": "示例医师 (demo investigator)", "family": "示例"}],
    )
    return study, investigator


def study_resources(story: PatientStory, subject: Json, days: Timeline) -> Iterator[Json]:
    """ResearchSubject, Consent and today's visit of a participant; attestations of anybody."""
    if story.trial:
        yield resource(
            "Encounter",
            f"{story.id}-visit",
            status="arrived",
            **{"class": {"system": f"{HL7}v3-ActCode", "code": "AMB", "display": "ambulatory"}},
            subject=subject,
        )
        if story.trial.consent:
            yield _consent(story, subject, days.moment(story.trial.consent, "15:00"))
        yield resource(
            "ResearchSubject",
            f"{story.id}-subject",
            status=story.trial.status,
            period={"start": str(days.day(story.trial.start))},
            study=STUDY,
            individual=subject,
            assignedArm=story.trial.arm,
            actualArm=story.trial.arm,
            consent=refer("Consent", f"{story.id}-consent") if story.trial.consent else None,
        )
    for serial, attested in enumerate(story.attested, 1):
        yield resource(
            "QuestionnaireResponse",
            f"{story.id}-attestation-{serial}",
            questionnaire=QUESTIONNAIRE,
            status="completed",
            subject=subject,
            authored=days.moment(attested.day, "16:00"),
            author=PRACTITIONER,
            item=[_item(link, answer) for link, answer in attested.answers.items()],
        )


def _consent(story: PatientStory, subject: Json, signed: str) -> Json:
    return resource(
        "Consent",
        f"{story.id}-consent",
        identifier=[{"system": REGISTRY, "value": TRIAL}],
        status="active",
        scope=hl7_code("consentscope", "research"),
        category=[concept(("loinc 59284-0 Consent Document",), "Consent Document")],
        patient=subject,
        dateTime=signed,
        policyRule={"text": f"Informed consent to {TRIAL}"},
        provision={"type": "permit", "data": [{"meaning": "related", "reference": STUDY}]},
    )


def _item(link: str, answer: bool | int) -> Json:
    value = {"valueBoolean": answer} if isinstance(answer, bool) else {"valueInteger": answer}
    return {"linkId": link, "answer": [value]}
