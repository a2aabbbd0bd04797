"""ResearchSubject -> which trial, which arm, since when (DECISIONS 14, 15)."""

from collections.abc import Generator, Iterator

from fhir_mappings.clinical_model.known_unknown import Gap
from fhir_mappings.clinical_model.studies import StudyEntry, StudyState
from fhir_mappings.readers.administration_route import agreed, folded_words
from fhir_mappings.readers.arm_text import arm_of
from fhir_mappings.readers.reading_context import ReadingContext
from fhir_mappings.readers.references import own_reference
from fhir_mappings.readers.research_subject import ResearchStudy, ResearchSubject
from fhir_mappings.readers.study_identity import is_this_trial, study_of

_STATES = {
    **dict.fromkeys(
        ("candidate", "eligible", "potential-candidate", "screening", "pending-on-study"),
        StudyState.SCREENING,
    ),
    **dict.fromkeys(
        ("on-study", "on-study-intervention", "on-study-observation", "follow-up", "pending-off-study"),
        StudyState.ENROLLED,
    ),
    "off-study": StudyState.COMPLETED,
    "withdrawn": StudyState.WITHDRAWN,
    "ineligible": StudyState.NONE,
    "not-registered": StudyState.NONE,
}
# What kind of study: ClinicalTrials.gov's study types, and words of hospital registers
_KINDS = {
    **dict.fromkeys(("interventional", "clinical trial", "干预性研究", "临床试验"), True),
    **dict.fromkeys(("observational", "registry", "patient registry", "观察性研究", "登记研究"), False),
}
_PHASES = frozenset(
    {"early-phase-1", "phase-1", "phase-1-phase-2", "phase-2", "phase-2-phase-3", "phase-3", "phase-4"}
)
_PURPOSES = frozenset({"treatment", "prevention", "supportive-care", "device-feasibility"})


def read_participation(subject: ResearchSubject, chart: ReadingContext) -> Iterator[StudyEntry | Gap]:
    """One participation; with gaps for a study that cannot be told, and an arm text nobody knows."""
    reference = own_reference(subject)
    study = study_of(subject.study, chart.bag, subject.contained)
    this_trial = is_this_trial(subject.study, study, chart.bag, chart.settings.trial)
    if this_trial is None:
        yield Gap("STUDY_UNRESOLVED", reference, chart.bag.name(subject.study) or "")
    if subject.status not in _STATES:
        yield Gap("STATUS_NOT_RECOGNISED", reference, subject.status or "")
    arm, text = None, subject.actual_arm or subject.assigned_arm
    if this_trial:
        arm = yield from _arm(subject, reference, chart)
    consent = chart.bag.name(subject.consent)
    shown = subject.study.display if subject.study else None
    yield StudyEntry(
        reference,
        this_trial,
        _is_interventional(study),
        _STATES.get(subject.status or "", StudyState.UNKNOWN),
        arm,
        text,
        start=chart.when(subject.period.start) if subject.period else None,
        end=chart.until(subject.period.end) if subject.period else None,
        consents=(consent,) if consent else (),
        fhir_status=subject.status or "",
        title=(study.title if study else None) or shown or "",
    )


def _arm(subject: ResearchSubject, reference: str, chart: ReadingContext) -> Generator[Gap, None, str | None]:
    """The arm that every arm text names; none where one is not known or they differ."""
    texts = [text for text in (subject.assigned_arm, subject.actual_arm) if text]
    arms = [arm_of(text, chart.settings.trial.arms, chart.settings.arms) for text in texts]
    for text, arm in zip(texts, arms, strict=True):
        if arm is None:
            yield Gap("ARM_NOT_RECOGNISED", reference, text)
    if len(set(arms)) == 1:
        return arms[0]
    if arms and None not in arms:
        yield Gap("ARM_CONFLICTING", reference, " / ".join(texts))
    return None


def _is_interventional(study: ResearchStudy | None) -> bool | None:
    """Told by the study's category, phase and purpose, where they tell it and agree."""
    if study is None:
        return None
    kinds = [_KINDS.get(word) for concept in study.category for word in folded_words(concept)]
    phased = True if _PHASES.intersection(folded_words(study.phase)) else None
    treats = True if _PURPOSES.intersection(folded_words(study.primary_purpose_type)) else None
    return agreed([*kinds, phased, treats])
