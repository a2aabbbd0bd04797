"""Which lines may make somebody more than "not a candidate": the rules of the bedside, asked about one line.

A patient is not a candidate unless one of these stands in the chart: a diagnosis of the trial's disease by
code or words, an entry that may have been one, a participation in a study that is not surely another, an
entry that may have been one. Each of these is said by a single line, so lines can be asked one by one, and
whoever has none of them need not be judged. A patient too many costs time only.
"""

from collections.abc import Iterable

import msgspec

from cds_service.cds_hooks.strict_json import NOT_JSON
from cds_service.chart.concern import may_have_disease
from cds_service.rules.as_of import AsOf
from cds_service.screening.output_names import ExportLine
from fhir_mappings.clinical_model.concepts import Concept
from fhir_mappings.clinical_model.known_unknown import Part
from fhir_mappings.readers.drug_identification import codings, drug_words
from fhir_mappings.readers.fhir_types import CodeableConcept
from fhir_mappings.readers.patient_match import home_of
from fhir_mappings.readers.read_record import read_record
from fhir_mappings.readers.reader_settings import ReaderSettings
from fhir_mappings.readers.unread import unread

_MOST_KEPT = 200_000
_NOBODY = "nobody"
NEVER_PLAIN = frozenset({"Bundle", "OperationOutcome", "Parameters"})
"""Types whose lines hold other resources, or say that something is missing: each is decoded."""


def deciding_types(settings: ReaderSettings) -> frozenset[str]:
    """The resource types that can make a candidate at this site, and those whose lines are never plain."""
    asked = {"Condition", "ResearchSubject", *(stand_in.kind for stand_in in settings.stand_ins)}
    return frozenset(asked | NEVER_PLAIN)


def may_matter(line: ExportLine, settings: ReaderSettings, disease: frozenset[Concept], now: AsOf) -> bool:
    """May somebody be more than "not a candidate" for this line? An unread line of unknown type may."""
    if line.failed and line.patients:
        return True
    return any(_matters_to(patient, line, settings, disease, now) for patient in _asked(line))


def _asked(line: ExportLine) -> Iterable[str]:
    """One resource says the same of everybody whom it names; a Bundle holds several people's."""
    named = sorted(line.patients) or [_NOBODY]
    return named[:1] if len(line.resources) == 1 else (*named, _NOBODY)


def _matters_to(
    patient: str, line: ExportLine, settings: ReaderSettings, disease: frozenset[Concept], now: AsOf
) -> bool:
    record = read_record(line.resources, patient, now.instant, settings, home=home_of(line.resources))
    participates = any(entry.this_trial is not False for entry in record.studies)
    return participates or record.lacks(Part.RESEARCH_SUBJECTS) or may_have_disease(disease, record)


class _Coded(msgspec.Struct, gc=False, tag_field="resourceType", tag="Condition"):
    """A Condition of which only the code is looked at, and that as it was written."""

    code: msgspec.Raw = msgspec.Raw()


_coded = msgspec.json.Decoder(_Coded)
_concept = msgspec.json.Decoder(CodeableConcept)


class Diagnoses:
    """Conditions many at once: a hospital has few codes and writes each the same way again and again.

    A Condition is harmless where its code, as it is written, says something, and neither the reader of whole
    entries nor that of broken ones sees the trial's disease in it: then nothing else in the line can matter.
    """

    def __init__(self, settings: ReaderSettings, disease: frozenset[Concept]) -> None:
        self._settings, self._disease = settings, disease
        self._harmless: set[bytes] = set()

    def doubtful(self, block: bytes) -> Iterable[int] | None:
        """Which lines of a block of Conditions are not harmless; None where the block cannot be read."""
        try:
            found = _coded.decode_lines(block) if block.isascii() or block.decode() else []
        except NOT_JSON:
            return None
        if len(found) != block.count(b"\n") + (not block.endswith(b"\n")):
            return None  # two on one line
        codes = [bytes(one.code) for one in found]
        new = set(codes).difference(self._harmless)
        if not new:
            return ()
        doubted = {code for code in new if not self._is_harmless(code)}
        if len(self._harmless) > _MOST_KEPT:
            self._harmless.clear()
        self._harmless |= new - doubted
        return [place for place, code in enumerate(codes) if code in doubted]

    def _is_harmless(self, code: bytes) -> bool:
        try:
            whole = _concept.decode(code)
        except (msgspec.DecodeError, UnicodeDecodeError):
            return False
        shown = unread("Condition", {"code": msgspec.json.decode(code)}, "").concepts
        if not any(c.text or any(one.code or one.display for one in c.coding) for c in shown):
            return False
        return not any(self._is_ours(concept) for concept in (whole, *shown))

    def _is_ours(self, concept: CodeableConcept) -> bool:
        seen = self._settings.codes.recognise(codings(concept), drug_words(concept))
        return seen is not None and bool(seen.concepts & self._disease)
