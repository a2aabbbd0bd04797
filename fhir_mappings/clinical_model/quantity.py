"""Amounts in the canonical unit of their analyte: closed, reviewed tables of units; anything else is refused.

Factors and their sources: clinical specification, "Units (UCUM) and conversion". A unit is compared without
regard to case, blanks, full width, the code points of the Greek mu, and how a power of ten is written
("x10^9/L", "10E9/L"); where the case of the first letter tells two units apart ("G/L" is giga, "g/L" is
grams) the table says so with a leading "=".
"""

import re
import unicodedata
from collections.abc import Iterator, Mapping
from decimal import Decimal
from functools import lru_cache

import msgspec
from msgspec.structs import replace

from fhir_mappings.clinical_model.results import Analyte

A = Analyte
_NO_UNIT_NEEDED = frozenset({A.ECOG, A.KARNOFSKY})
_USUAL_LENGTH = 40  # characters of a unit


class UnitNotAllowed(ValueError):
    """A unit is not in the table of its analyte, or contradicts the code's property.

    Attributes: `analyte`, `unit` as written, `accepted` (one spelling of each unit that is read).
    """

    def __init__(self, analyte: Analyte, unit: str | None, accepted: tuple[str, ...]) -> None:
        super().__init__(
            f"{analyte.value} came in {unit!r}; with this code it is read in "
            f"{', '.join(accepted) or 'no unit'}"
        )
        self.analyte = analyte
        self.unit = unit
        self.accepted = accepted


class Unit(msgspec.Struct, frozen=True):
    """A unit of one analyte: (value - `offset`) x `times` / `per` is the value in its canonical unit.

    `molar`: True for an amount of substance, False for a mass, None where the analyte has but one kind.
    `is_canonical`: the number is the same there.
    """

    name: str
    times: Decimal
    per: Decimal = Decimal(1)
    offset: Decimal = Decimal(0)
    molar: bool | None = None
    is_canonical: bool = False

    def convert(self, value: Decimal) -> Decimal:
        """The value in the canonical unit of the analyte."""
        if self.is_canonical:
            return value
        return (value - self.offset) * self.times / self.per


# One line a unit: factor to the canonical unit (the first line), "mass" or "molar", then its spellings.
_COUNTS = """
1     | - | 10*9/L, 10*3/uL, 10*3/mcL, 10*3/mm3, 10*3/mm*3, 10*3/mm^3, 10*3/cumm, 10*3/cmm
1     | - | /nL, =G/L, Giga/L, Gpt/L
1     | - | K/uL, K/mcL, K/mm3, K/cumm, K/cmm, thou/mm3, thousand/uL, thou/uL, 1000/uL, x1000/uL, 1000/mm3
10    | - | 10*4/uL, 10*4/mcL, 10*4/mm3, 万/uL, 万/mm3
0.001 | - | /uL, cells/uL, {cells}/uL, {cell}/uL, /mm3, cells/mm3, /cumm, /mcL, 10*6/L, 个/uL
1000  | - | 10*12/L, 10*6/uL, 10*6/mcL, 10*6/mm3, =M/uL, =M/mcL, /pL
"""
_PERCENT = "1 | - | %, percent, %{WBC}, %{cells}, 百分比"
_ENZYME = """
1  | - | U/L, IU/L, [iU]/L, units/L, unit/L, 单位/L
60 | - | ukat/L
"""
_TABLES: Mapping[Analyte, str] = {
    A.HAEMOGLOBIN: """
        1      | mass  | g/L, gm/L, 克/升
        10     | mass  | g/dL, gm/dL, g%, g/100mL
        0.01   | mass  | mg/dL
        16.114 | molar | mmol/L
        """,
    A.PLATELETS: _COUNTS,
    A.NEUTROPHILS: _COUNTS,
    A.WHITE_CELLS: _COUNTS,
    A.RETICULOCYTES: _COUNTS,
    A.NEUTROPHIL_PERCENT: _PERCENT,
    A.HAEMATOCRIT: """
        1   | - | %, percent
        100 | - | L/L, {ratio}, 1
        """,
    A.CREATININE: """
        1    | molar | umol/L, mcmol/L, micromol/L, micromole/L, uM, 微摩尔/升
        88.4 | mass  | mg/dL, mg%
        1000 | molar | mmol/L
        8.84 | mass  | mg/L
        """,
    A.UREA_NITROGEN: """
        1     | molar | mmol/L
        0.357 | mass  | mg/dL, mg%
        """,
    A.POTASSIUM: """
        1 | - | mmol/L, meq/L, mM
        """,
    A.MAGNESIUM: """
        1      | molar | mmol/L, mM
        0.4114 | mass  | mg/dL
        0.5    | -     | meq/L
        """,
    A.ALT: _ENZYME,
    A.AST: _ENZYME,
    A.BILIRUBIN: """
        1    | molar | umol/L, mcmol/L, micromol/L
        17.1 | mass  | mg/dL, mg%
        """,
    A.CHOLESTEROL: """
        1       | molar | mmol/L, mM
        0.02586 | mass  | mg/dL, mg%
        """,
    A.TRIGLYCERIDES: """
        1       | molar | mmol/L, mM
        0.01129 | mass  | mg/dL, mg%
        """,
    A.GLUCOSE: """
        1       | molar | mmol/L, mM
        0.05551 | mass  | mg/dL, mg%
        """,
    A.URINE_PROTEIN_CREATININE: """
        1    | - | mg/g, mg/g{creat}, mg/g{Cre}, mg/g creat, mg/gCr, ug/mg
        1000 | - | g/g, mg/mg, g/g{creat}, mg/mg{creat}, g/gCr
        8.84 | - | mg/mmol, mg/mmol{creat}, g/mol
        8840 | - | g/mmol
        """,
    A.SIROLIMUS: """
        1       | mass  | ng/mL, ug/L, mcg/L, 纳克/毫升
        1000    | mass  | mg/L, ug/mL, mcg/mL
        0.91417 | molar | nmol/L, nM
        """,
    A.CICLOSPORIN: """
        1      | mass  | ng/mL, ug/L, mcg/L, 纳克/毫升
        1000   | mass  | mg/L, ug/mL, mcg/mL
        1.2026 | molar | nmol/L, nM
        """,
    A.PNH_GRANULOCYTES: _PERCENT,
    A.PNH_MONOCYTES: _PERCENT,
    A.PNH_GRANULOCYTES_CD59: _PERCENT,
    A.PNH_RED_CELLS: _PERCENT,
    A.HIV_RNA: "1 | - | {copies}/mL, copies/mL, [copies]/mL, cp/mL, 拷贝/mL, 拷贝/毫升",
    A.HBV_DNA: "1 | - | [iU]/mL, IU/mL, 国际单位/mL",
    A.HCV_RNA: "1 | - | [iU]/mL, IU/mL, 国际单位/mL",
    A.HCG: """
        1    | - | [iU]/L, IU/L, m[iU]/mL, mIU/mL, U/L, mU/mL
        1000 | - | [iU]/mL, IU/mL
        """,
    A.KARNOFSKY: "1 | - | {score}, 1, %, score, 分",
    A.ECOG: "1 | - | {score}, 1, score, 分",
    A.WEIGHT: """
        1          | - | kg, kilogram, 公斤, 千克
        0.001      | - | g, gram
        0.45359237 | - | [lb_av], lb, lbs
        """,
    A.HEIGHT: """
        1    | - | cm, centimeter, 厘米
        100  | - | m, meter, 米
        2.54 | - | [in_i], in, inch
        """,
    A.TEMPERATURE: """
        1          | - | Cel, degC, °C, ℃, C, 摄氏度
        (x-32)/1.8 | - | [degF], degF, °F, ℉, F
        """,
    A.SYSTOLIC: "1 | - | mm[Hg], mmHg, mm Hg, 毫米汞柱",
    A.DIASTOLIC: "1 | - | mm[Hg], mmHg, mm Hg, 毫米汞柱",
    A.ANTIPHOSPHOLIPID_ANTIBODY: "1 | - | [GPL'U], [GPL'U]/mL, GPL, GPL/mL, GPL U/mL, U/mL, CU",
}


def _read_table(table: str) -> Iterator[tuple[str, Unit]]:
    for line in table.strip().splitlines():
        factor, kind, spellings = (cell.strip() for cell in line.split("|"))
        first = spellings.split(",")[0].strip()
        offset, _, per = factor.removeprefix("(x-").partition(")/")
        unit = Unit(first, Decimal(1), Decimal(per), Decimal(offset)) if per else Unit(first, Decimal(factor))
        is_canonical = unit.times == unit.per == 1
        unit = replace(unit, molar={"molar": True, "mass": False, "-": None}[kind], is_canonical=is_canonical)
        for spelling in spellings.split(", "):
            if spelling.startswith("="):
                yield _fold_but_first(spelling.removeprefix("=")), unit
            else:
                yield from ((spelling.strip(), unit), (folded_unit(spelling), unit))


_POWER = re.compile(
    r"^[x*]?(?:10(?:(?:\*\*?|\^|x|e\+?)\(?0?|\()?|e\+?)([1-9]\d?)\)?(?=\D)", re.ASCII | re.IGNORECASE
)
"""10*9 as laboratories write it: *10^9, x10E+09, 10x9, 10(9), 10**9, 109 with the superscript lost, E9."""
_LOOKALIKES = str.maketrans({"μ": "u", "×": "x", "✕": "x", "∕": "/", "⁄": "/", "＊": "*", "∗": "*", "·": "."})


def _plain(unit: str) -> str:
    """Half width, no blanks, u for mu and x for a times sign, 10*9 for every power of ten; case as it is."""
    if not unit.isascii():
        unit = unicodedata.normalize("NFKC", unit).translate(_LOOKALIKES)
        unit = "".join(c for c in unit if unicodedata.category(c) != "Cf")
    return _POWER.sub(r"10*\1", "".join(unit.split()))


def folded_unit(unit: str) -> str:
    """One spelling whatever the case; the capital of mu is a mu, too."""
    return _remembered(unit) if len(unit) <= _USUAL_LENGTH else _folded(unit)


def _folded(unit: str) -> str:
    return _plain(unit).casefold().replace("μ", "u")


# A laboratory and a pharmacy write a few hundred units in all; no patient is told by them.
_remembered = lru_cache(maxsize=4_096)(_folded)


def _fold_but_first(unit: str) -> str:
    """The same, but for the case of the first letter."""
    plain = _plain(unit)
    return plain[:1] + folded_unit(plain[1:])


UNITS: Mapping[Analyte, Mapping[str, Unit]] = {a: dict(_read_table(table)) for a, table in _TABLES.items()}
"""Every accepted spelling of every unit, by analyte. An analyte that is not here has no numbers."""

CANONICAL_UNIT: Mapping[Analyte, str] = {a: next(iter(units.values())).name for a, units in UNITS.items()}
"""The unit, in UCUM, in which the record holds the numbers of an analyte."""


def to_canonical(analyte: Analyte, value: Decimal, unit: str | None, molar: bool | None = None) -> Decimal:
    """The value in `CANONICAL_UNIT[analyte]`, unrounded.

    `molar` is the property of the code where it is known: a mass unit under a molar code (or the reverse) is
    refused, because one of the two is wrong. A missing unit is refused except for scores. Raises
    UnitNotAllowed.
    """
    units = UNITS.get(analyte, {})
    if not unit and analyte in _NO_UNIT_NEEDED:
        return value
    found = _unit(unit, units) if unit else None
    if found is None or (molar is not None and found.molar not in (molar, None)):
        fitting = (u.name for u in units.values() if molar is None or u.molar in (molar, None))
        raise UnitNotAllowed(analyte, unit, tuple(dict.fromkeys(fitting)))
    return found.convert(value)


def _unit(unit: str, units: Mapping[str, Unit]) -> Unit | None:
    return units.get(unit) or units.get(folded_unit(unit)) or units.get(_fold_but_first(unit))


def is_known_unit(unit: str) -> bool:
    """True for a spelling that is read for one analyte at least."""
    return any(_unit(unit, units) for units in UNITS.values())


_LOAD_UNITS = frozenset(folded_unit(spelling) for a in (A.HIV_RNA, A.HBV_DNA) for spelling in UNITS[a]) | {
    "iu/l",
    "[iu]/l",
    "copies/l",
    "log10iu/ml",
    "logiu/ml",
    "log10copies/ml",
    "log[iu]/ml",
    "{log_iu}/ml",
}


def is_viral_load_unit(unit: str | None) -> bool:
    """True for a unit that counts virus in blood, even without a factor to IU: above zero, it is there."""
    return bool(unit) and folded_unit(unit or "") in _LOAD_UNITS
