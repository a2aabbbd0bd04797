"""Which study a reference means: this trial, another one, or nobody can tell."""

from collections.abc import Iterable

import msgspec

from fhir_mappings.readers.fhir_types import Identifier, Reference, Resource
from fhir_mappings.readers.reader_settings import TrialIdentity
from fhir_mappings.readers.references import Bag, contained
from fhir_mappings.readers.research_subject import ResearchStudy, ResearchSubject


def study_of(
    reference: Reference | None, bag: Bag, inside: tuple[msgspec.Raw, ...] = ()
) -> ResearchStudy | None:
    """The ResearchStudy that a reference points at, in the chart or contained; never a modified one."""
    if reference is None:
        return None
    if reference.reference and reference.reference.startswith("#"):
        found: Resource | None = contained(inside, reference.reference, ResearchStudy)
    else:
        found = bag.get(reference)
    return found if type(found) is ResearchStudy and not found.is_modified else None


def is_this_trial(
    reference: Reference | None, study: ResearchStudy | None, bag: Bag, trial: TrialIdentity
) -> bool | None:
    """True when anything names this trial; False when the study is identified as another; else None."""
    if reference is None:
        return None
    told = [reference.identifier] if reference.identifier else []
    told += study.identifier if study else ()
    if not told and not trial.study_references:  # nearly all references are to something else than a study
        return None
    if bag.name(reference) in {bag.home.presumed_name(name) for name in trial.study_references}:
        return True
    if any(names_trial(i, trial) for i in told):
        return True
    return False if any(i.value for i in told) else None


def names_trial(identifier: Identifier | None, trial: TrialIdentity) -> bool:
    """The identifier's value is one of the trial's, in any case."""
    return identifier is not None and is_trial_name(identifier.value, trial)


def is_trial_name(text: str | None, trial: TrialIdentity) -> bool:
    """The text is a name of the trial, or an address that ends in one (`.../study/NCT01234567`)."""
    if not text:
        return False
    last = text.strip().casefold().rsplit("/", 1)[-1].rsplit(":", 1)[-1]
    return last in trial.identifiers


def any_names_trial(references: Iterable[Reference | None], bag: Bag, trial: TrialIdentity) -> bool:
    """One of the references means this trial, or a participation in it."""
    for reference in references:
        found = bag.get(reference)
        if type(found) is ResearchSubject:
            reference, found = found.study, bag.get(found.study)
        study = found if type(found) is ResearchStudy and not found.is_modified else None
        if is_this_trial(reference, study, bag, trial):
            return True
    return False
