"""Units: convert what was reviewed, refuse the rest."""

from decimal import Decimal

import pytest

from fhir_mappings.clinical_model.quantity import (
    CANONICAL_UNIT,
    UnitNotAllowed,
    is_viral_load_unit,
    to_canonical,
)
from fhir_mappings.clinical_model.results import Analyte
from tests.tables import Case, cases, named


@pytest.mark.parametrize(
    "case",
    cases("""
    what                            | analyte                  | value  | unit        | canonical
    haemoglobin, American           | haemoglobin              | 8.4    | g/dL        | 84
    haemoglobin, molar              | haemoglobin              | 5      | mmol/L      | 80.570
    platelets in thousands          | platelets                | 20     | 10*3/uL     | 20
    platelets as K/uL               | platelets                | 20     | K/uL        | 20
    platelets with a real mu        | platelets                | 20     | 10*3/µL     | 20
    platelets, caret                | platelets                | 20     | 10^9/L      | 20
    platelets, times sign           | platelets                | 20     | ×10^9/L     | 20
    platelets, superscript          | platelets                | 20     | 10⁹/L       | 20
    platelets, x10E9                | platelets                | 20     | x10E9/L     | 20
    platelets, giga                 | platelets                | 20     | G/L         | 20
    platelets, giga per small litre | platelets                | 20     | G/l         | 20
    platelets, a star before        | platelets                | 20     | *10^9/L     | 20
    platelets, x for power          | platelets                | 20     | 10x3/uL     | 20
    platelets, power in brackets    | platelets                | 20     | x10(3)/mcL  | 20
    platelets, Finnish              | platelets                | 20     | E9/l        | 20
    platelets, two digits of power  | platelets                | 20     | 10E+09/L    | 20
    platelets, superscript lost     | platelets                | 20     | 103/uL      | 20
    platelets, two stars            | platelets                | 20     | 10**9/L     | 20
    platelets, thousands            | platelets                | 20     | 1000/uL     | 20
    platelets in ten thousands      | platelets                | 2      | 10^4/µL     | 20
    platelets in ten thousands, 万  | platelets                | 2      | 万/μL       | 20
    platelets, full width           | platelets                | 20     | ×１０＾９／Ｌ | 20
    platelets, cubic millimetres    | platelets                | 20     | 10^3/mm³    | 20
    reticulocytes, millions         | reticulocytes            | 0.03   | M/UL        | 30
    creatinine, mu in capitals      | creatinine               | 80     | ΜMOL/L      | 80
    creatinine, spelt out           | creatinine               | 80     | MICROMOL/L  | 80
    white cells per microlitre      | white_cells              | 4100   | /uL         | 4.1
    reticulocytes in 10*12          | reticulocytes            | 0.03   | 10*12/L     | 30
    creatinine, American            | creatinine               | 1.1    | mg/dL       | 97.24
    creatinine, U+00B5              | creatinine               | 80     | µmol/L      | 80
    creatinine, U+03BC              | creatinine               | 80     | μmol/L      | 80
    creatinine in capitals          | creatinine               | 1.1    | MG/DL       | 97.24
    urea nitrogen                   | urea_nitrogen            | 14     | mg/dL       | 4.998
    magnesium, milliequivalents     | magnesium                | 1.6    | meq/L       | 0.8
    ALT in international units      | alt                      | 40     | IU/L        | 40
    ALT in microkatal               | alt                      | 1      | ukat/L      | 60
    sirolimus                       | sirolimus                | 8.4    | ng/ml       | 8.4
    sirolimus, U+00B5               | sirolimus                | 8.4    | µg/L        | 8.4
    sirolimus in mg/L               | sirolimus                | 0.0084 | mg/L        | 8.4
    sirolimus, molar                | sirolimus                | 10     | nmol/L      | 9.1417
    ciclosporin, molar              | ciclosporin              | 100    | nmol/L      | 120.26
    protein per creatinine          | urine_protein_creatinine | 100    | mg/mmol     | 884
    hCG in mIU/mL                   | hcg                      | 25     | mIU/mL      | 25
    fever in Fahrenheit             | temperature              | 100.4  | [degF]      | 38
    haematocrit as a fraction       | haematocrit              | 0.26   | L/L         | 26
    weight in pounds                | weight                   | 100    | [lb_av]     | 45.359237
    an ECOG grade                   | ecog                     | 1      | {score}     | 1
    """),
    ids=named,
)
def test_a_reviewed_unit_is_converted_exactly(case: Case) -> None:
    value = to_canonical(Analyte(case["analyte"]), Decimal(case["value"]), case["unit"])
    assert value == Decimal(case["canonical"])


@pytest.mark.parametrize(
    ("analyte", "unit"),
    [
        (Analyte.PLATELETS, "g/L"),  # grams; "G/L" is giga
        (Analyte.PLATELETS, "m/uL"),  # nobody can say; "M/uL" are millions
        (Analyte.PLATELETS, "10*9"),
        (Analyte.PLATELETS, "10/uL"),
        (Analyte.PLATELETS, "100/uL"),
        (Analyte.PLATELETS, "1003/uL"),
        (Analyte.PLATELETS, "10^5/uL"),
        (Analyte.PLATELETS, None),
        (Analyte.HAEMOGLOBIN, ""),
        (Analyte.HAEMOGLOBIN, "g"),
        (Analyte.SIROLIMUS, "ng/dL"),
        (Analyte.SIROLIMUS, "ng"),
        (Analyte.POTASSIUM, "mg/dL"),
        (Analyte.HBSAG, "IU/mL"),
        (Analyte.WEIGHT, None),
    ],
)
def test_any_other_unit_is_refused_with_what_is_read(analyte: Analyte, unit: str | None) -> None:
    with pytest.raises(UnitNotAllowed, match="it is read in") as refused:
        to_canonical(analyte, Decimal(1), unit)
    assert (refused.value.analyte, refused.value.unit) == (analyte, unit)


def test_the_refusal_names_the_units_that_are_read() -> None:
    with pytest.raises(UnitNotAllowed) as refused:
        to_canonical(Analyte.SIROLIMUS, Decimal(1), "ng/dL")
    assert refused.value.accepted == ("ng/mL", "mg/L", "nmol/L")


@pytest.mark.parametrize(
    ("unit", "molar", "read"),
    [
        ("mg/dL", False, True),
        ("mg/dL", None, True),
        ("mg/dL", True, False),
        ("umol/L", True, True),
        ("umol/L", False, False),
    ],
)
def test_a_unit_is_refused_where_it_contradicts_the_property_of_the_code(
    unit: str, molar: bool | None, read: bool
) -> None:
    if read:
        assert to_canonical(Analyte.CREATININE, Decimal(1), unit, molar) > 0
    else:
        with pytest.raises(UnitNotAllowed):
            to_canonical(Analyte.CREATININE, Decimal(1), unit, molar)


def test_a_unit_of_neither_kind_fits_a_molar_code() -> None:
    assert to_canonical(Analyte.MAGNESIUM, Decimal(2), "meq/L", molar=True) == 1


def test_a_score_needs_no_unit() -> None:
    assert to_canonical(Analyte.ECOG, Decimal(2), None) == 2


@pytest.mark.parametrize(
    ("unit", "counts"),
    [
        ("copies/mL", True),
        ("IU/mL", True),
        ("Log10 IU/mL", True),
        ("S/CO", False),
        (None, False),
        ("", False),
    ],
)
def test_a_viral_load_is_known_by_its_unit(unit: str | None, counts: bool) -> None:
    assert is_viral_load_unit(unit) is counts


def test_the_canonical_units_are_those_the_rules_quote() -> None:
    assert CANONICAL_UNIT[Analyte.HAEMOGLOBIN] == "g/L"
    assert CANONICAL_UNIT[Analyte.CREATININE] == "umol/L"
    assert CANONICAL_UNIT[Analyte.SIROLIMUS] == CANONICAL_UNIT[Analyte.CICLOSPORIN] == "ng/mL"
    assert CANONICAL_UNIT[Analyte.TEMPERATURE] == "Cel"


# ---------------------------------------------------------------- counts of virus


COUNTS_OF_VIRUS = (
    "IU/mL",
    "[iU]/mL",
    "copies/mL",
    "{copies}/mL",
    "IU/L",
    "[iU]/L",
    "copies/L",
    "log10IU/mL",
    "log10 IU/mL",
    "logIU/mL",
    "log10copies/mL",
    "log[iU]/mL",
    "{Log_IU}/mL",
)


@pytest.mark.parametrize("unit", COUNTS_OF_VIRUS)
def test_each_unit_of_a_viral_load_says_that_it_counts_virus(unit: str) -> None:
    for spelling in (unit, unit.lower(), unit.upper()):
        assert is_viral_load_unit(spelling)


@pytest.mark.parametrize("unit", [None, "", "S/CO", "COI", "mIU/mL", "ng/mL", "%", "1", "{index}", "U/L"])
def test_a_unit_of_another_kind_counts_no_virus(unit: str | None) -> None:
    assert not is_viral_load_unit(unit)
