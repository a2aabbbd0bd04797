"""Each word and code that the readers hold in code, as it is read today, beside a copy that was kept.

The code lists have the same in `test_every_row.py`. `every_word.tsv` has a line for each: which table, the word, what it
means. A table that is changed on purpose is kept anew by `python -m tests.mapping.test_every_word`, and the difference
is what a clinician reviews.
"""

from collections.abc import Callable, Iterable
from decimal import Decimal
from pathlib import Path

import pytest

from fhir_mappings.clinical_model import quantity as units
from fhir_mappings.clinical_model.code_systems import SYSTEMS, system_name
from fhir_mappings.clinical_model.results import Analyte
from fhir_mappings.readers import (
    administration_route,
    amounts,
    frequency_words,
    number_words,
    stop_reason,
    timing,
)
from fhir_mappings.readers.fhir_types import CodeableConcept, Coding, Quantity
from fhir_mappings.value_sets import load_code_lists

KEPT = Path(__file__).parent / "every_word.tsv"
LISTS = load_code_lists()
_MG = Decimal(1)


def _route(word: str) -> str:
    said = CodeableConcept(text=word)
    return f"{administration_route.of_route(said)}, by mouth {administration_route.by_mouth(said)}"


def _form(word: str) -> str:
    said = CodeableConcept(text=word)
    return f"{administration_route.of_form(said)}, by mouth {administration_route.form_by_mouth(said)}"


def _name(word: str) -> str:
    """Beside a local word, so that a word that takes the doubt away is seen, too."""
    said = (administration_route.of_name(word), administration_route.of_name(f"{word} gel"))
    return f"{said}, by mouth {administration_route.name_by_mouth(word)}"


def _pace(word: str) -> str:
    return " ".join(f"{count} in {hours} h" for count, hours in sorted(frequency_words.paces_said(word)))


def _not_now(word: str) -> str:
    return (
        f"{frequency_words.says_not_now(word)}, after a dose {frequency_words.says_not_now(f'2 mg {word}')}"
    )


def _rhythm(word: str) -> str:
    found = timing.rhythm_of_word(word)
    return f"{found.count} in {found.hours} h {sorted(found.times)} {sorted(found.days)}" if found else "?"


def _dose_unit(word: str) -> str:
    found = amounts.unit_of(Quantity(value=_MG, unit=word))
    return f"{found[0]} {found[1]}" if found else "?"


def _harm(word: str) -> str:
    said = (CodeableConcept(text=word), CodeableConcept(coding=(Coding(code=word),)))
    return (
        f"words {stop_reason.is_for_harm(said[:1], LISTS)}, code {stop_reason.is_for_harm(said[1:], LISTS)}"
    )


def _result_unit(word: str) -> str:
    analyte, _, unit = word.partition(" ")
    try:
        return str(units.to_canonical(Analyte(analyte), Decimal(1000), unit))
    except ValueError:
        return "?"


_Read = Callable[[str], str]
_TABLES: dict[str, tuple[_Read, Iterable[str]]] = {
    "route": (_route, administration_route._ROUTES),
    "form": (_form, administration_route._FORMS),
    "drug name": (
        _name,
        (
            *administration_route._LOCAL_WORDS,
            *administration_route._SWALLOWED_WORDS,
            *administration_route._INJECTED_WORDS,
        ),
    ),
    "ATC": (
        lambda code: str(administration_route.of_atc(code)),
        ("S01XA18", "D07AC01", *administration_route._SKIN_TABLETS, *administration_route._SKIN_OINTMENTS),
    ),
    "pace": (_pace, frequency_words._PACES),
    "not now": (_not_now, frequency_words._NOT_NOW),
    "rhythm": (_rhythm, timing.RHYTHMS),
    "unit of a dose": (_dose_unit, amounts._UNITS),
    "unit of a result": (
        _result_unit,
        [
            f"{analyte} {put}"
            for analyte, table in units.UNITS.items()
            for unit in table
            for put in {
                unit,
                unit.upper(),
                unit.lower(),
                unit[:1] + unit[1:].upper(),
            }  # M is mega, m is milli
        ],
    ),
    "unit that counts virus": (lambda unit: str(units.is_viral_load_unit(unit)), units._LOAD_UNITS),
    "sign": (lambda word: str(number_words.sign_of(word)), number_words._SIGNS),
    "stopped for harm": (_harm, (*stop_reason._TERMS, *stop_reason._CODES)),
    "code system": (lambda uri: str(system_name(uri)), SYSTEMS),
}
"""How each table's words are read, and those that it has."""


def kept() -> dict[tuple[str, str], str]:
    lines = (line.split("\t") for line in KEPT.read_text("utf-8").splitlines())
    return {(table, word): means for table, word, means in lines}


@pytest.mark.parametrize("table", _TABLES)
def test_each_kept_word_means_what_it_did(table: str) -> None:
    was = {word: means for (of, word), means in kept().items() if of == table}
    read, _ = _TABLES[table]
    assert {word: read(word) for word in was} == was
    assert was


@pytest.mark.parametrize("table", _TABLES)
def test_each_word_of_a_table_is_kept(table: str) -> None:
    assert sorted({(table, word) for word in _TABLES[table][1]} - kept().keys()) == []


if __name__ == "__main__":
    told = sorted({(table, word, read(word)) for table, (read, words) in _TABLES.items() for word in words})
    KEPT.write_text("".join("\t".join(line) + "\n" for line in told), "utf-8")
