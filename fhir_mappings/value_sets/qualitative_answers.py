"""`answers.csv`: the closed table of qualitative results and scores, as codes and words (DECISIONS 44, 45).

What is not in the table ("weakly positive", 弱阳性, "indeterminate") is no answer; its words are shown.
"""

import msgspec

from fhir_mappings.clinical_model.codes import NotACode, check_code, one_spelling
from fhir_mappings.clinical_model.results import Analyte, Presence
from fhir_mappings.value_sets.listed import CsvFile
from fhir_mappings.value_sets.local_codes import folded

COLUMNS = ("scope", "system", "code", "display", "answer", "verified", "source")
WORDS = "text"

_STATUSES = frozenset({Analyte.PREGNANCY_STATUS, Analyte.BREASTFEEDING_STATUS})
_NUMBERS_ONLY = frozenset({Analyte.ECOG, Analyte.KARNOFSKY})
SEROLOGY = frozenset(
    {
        Analyte.HIV_SEROLOGY,
        Analyte.HIV_IMMUNOBLOT,
        Analyte.HBSAG,
        Analyte.ANTI_HBC,
        Analyte.ANTI_HCV,
        Analyte.ANTIPHOSPHOLIPID_ANTIBODY,
    }
)
"""Tests that are positive above their limit: the laboratory's flag and range say which (DECISIONS 72)."""
FLAG = "flag"
"""Rows that say where a number of these tests lies; they answer nothing without a number."""
_SCOPES = {
    "test": frozenset(Analyte) - _STATUSES - _NUMBERS_ONLY,
    "pregnancy": frozenset({Analyte.PREGNANCY_STATUS}),
    "breastfeeding": frozenset({Analyte.BREASTFEEDING_STATUS}),
    "ecog": frozenset({Analyte.ECOG}),
}


class QualitativeAnswer(msgspec.Struct, frozen=True):
    """What one answer means: a presence, or the grade of a score."""

    presence: Presence | None = None
    grade: int | None = None


class Answers(msgspec.Struct, frozen=True):
    """The table: by analyte and code, and by analyte and words (folded, single spaces).

    `flags`: a laboratory's own flags of a number, as codes and as words, folded.
    """

    by_code: dict[tuple[Analyte, str, str], QualitativeAnswer]
    by_words: dict[tuple[Analyte, str], QualitativeAnswer]
    flags: dict[str, QualitativeAnswer] = msgspec.field(default_factory=dict)


def answers_of(lists: list[CsvFile], faults: list[str]) -> Answers:
    """The table from its lists; what cannot be read goes to `faults`."""
    table = Answers({}, {})
    for file in lists:
        for line, row in file.rows:
            try:
                _add(row, table)
            except (NotACode, ValueError, KeyError) as error:
                faults.append(f"{file.name}:{line}: {error}")
    return table


def _add(row: dict[str, str], table: Answers) -> None:
    answer = _answer(row["answer"])
    if row["scope"] == FLAG:
        table.flags.update({folded(word): answer for word in row["code"].split("|")})
        return
    for analyte in _SCOPES[row["scope"]]:
        if row["system"] == WORDS:
            table.by_words.update({(analyte, folded(w)): answer for w in row["code"].split("|")})
        else:
            check_code(row["system"], row["code"])
            table.by_code[analyte, row["system"], one_spelling(row["system"], row["code"])] = answer


def _answer(text: str) -> QualitativeAnswer:
    return (
        QualitativeAnswer(grade=int(text)) if text.isdigit() else QualitativeAnswer(presence=Presence(text))
    )
