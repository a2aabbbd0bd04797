"""How the site names the trial, its arms and who is in it: `[trial]`, `[arms]` and `[participation]`.

What no chart could ever name, and what could be read in two ways, is a fault: it would be passed over.
"""

import re
from collections import Counter
from collections.abc import Iterator, Mapping

import msgspec

from cds_service.settings.shapes import ArmName
from fhir_mappings.clinical_model.studies import StudyState
from fhir_mappings.readers.arm_text import ArmTexts, arm_of, in_one_spelling
from fhir_mappings.readers.reader_settings import StandIn

_STAND_IN_KINDS = {"group": "Group", "flag": "Flag", "care_plan": "CarePlan"}
_ID = r"[A-Za-z0-9\-.]{1,64}"
_SERVER = r"(?:https?://\S+/)?"
_STUDY = re.compile(rf"{_SERVER}ResearchStudy/{_ID}")
_CODED = re.compile(r"[^\s|]*\|\S(?:.*\S)?")
_CANONICAL = re.compile(r"(?:https?|urn):\S+")


class TrialEntry(msgspec.Struct, forbid_unknown_fields=True, frozen=True):
    """`[trial]` as it is written."""

    study_references: tuple[str, ...] = ()


class StandInEntry(msgspec.Struct, forbid_unknown_fields=True, frozen=True):
    """One marker of `[participation]` as it is written."""

    name: str
    state: StudyState = StudyState.ENROLLED
    arm: ArmName | None = None


class ParticipationEntry(msgspec.Struct, forbid_unknown_fields=True, frozen=True):
    """`[participation]` as it is written."""

    group: tuple[StandInEntry, ...] = ()
    flag: tuple[StandInEntry, ...] = ()
    care_plan: tuple[StandInEntry, ...] = ()


def study_faults(entry: TrialEntry) -> list[str]:
    """What is no reference to a study."""
    return [
        f"trial.study_references: {name!r} must be ResearchStudy/<id>, or the address of one"
        for name in entry.study_references
        if not _STUDY.fullmatch(name)
    ]


def arm_faults(arms: Mapping[str, str], known: ArmTexts) -> Iterator[str]:
    """Arm texts that say nothing, that are one text, or are set to no arm, or to another than they name."""
    alike = Counter(in_one_spelling(text) for text in arms)
    yield from _unknown_arms({f"arms: {text!r}": arm for text, arm in arms.items()}, known)
    for text, arm in arms.items():
        if not text.strip():
            yield f"arms: {text!r} must be the text of an arm, as ResearchSubject has it"
        if alike[in_one_spelling(text)] > 1:
            yield f"arms: {text!r} is listed more than once"
        named = arm_of(text, known, {})
        if named not in (None, arm):
            yield f"arms: {text!r} names {named}, and is set to {arm}"


def _unknown_arms(named: Mapping[str, str], known: ArmTexts) -> Iterator[str]:
    """Where no trial could be read, no arm is known, and that fault is said already."""
    arms = ", ".join(known.drugs)
    strange = [(what, arm) for what, arm in named.items() if arms and arm not in known.drugs]
    yield from (f"{what} is set to {arm!r}; the arms are {arms}" for what, arm in strange)


def read_stand_ins(given: ParticipationEntry, known: ArmTexts, faults: list[str]) -> tuple[StandIn, ...]:
    """All of one kind: participation is one prefetch key with one query. What is wrong goes to `faults`."""
    found = [
        StandIn(kind, entry.name, entry.state, entry.arm)
        for name, kind in _STAND_IN_KINDS.items()
        for entry in getattr(given, name)
    ]
    if len({stand_in.kind for stand_in in found}) > 1:
        faults.append("participation: use one of group, flag and care_plan, not several")
    for name, times in Counter(stand_in.name for stand_in in found).items():
        if times > 1:
            faults.append(f"participation: {name} is listed more than once")
    faults += [
        f"participation: {one.name!r} must be {one.kind}/<id>, <system>|<value>, or the like"
        for one in found
        if not _names(one)
    ]
    faults += _unknown_arms({f"participation: {one.name!r}": one.arm for one in found if one.arm}, known)
    return tuple(found)


def _names(one: StandIn) -> bool:
    """Can a resource of its kind be called so? A care plan also by the canonical that it follows."""
    by_id = re.fullmatch(rf"{_SERVER}{one.kind}/{_ID}", one.name)
    canonical = _CANONICAL.fullmatch(one.name) if one.kind == "CarePlan" else None
    return bool(by_id or _CODED.fullmatch(one.name) or canonical)
