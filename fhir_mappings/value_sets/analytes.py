"""`analytes.csv`: LOINC -> what is measured, and what the code says of specimen, timing and unit."""

import msgspec
from msgspec.structs import replace

from fhir_mappings.clinical_model.codes import LOINC, NotACode, check_code
from fhir_mappings.clinical_model.results import Analyte, Assay, LevelDetails, SampleTiming, Specimen
from fhir_mappings.value_sets.listed import CsvFile

COLUMNS = (
    "code",
    "display",
    "analyte",
    "timing",
    "specimen",
    "assay",
    "method",
    "property",
    "verified",
    "source",
)
_MOLAR = {"mass": False, "molar": True, "molar-only": True, "": None}
_ALWAYS = "molar-only"
_LEVELS = (Analyte.SIROLIMUS, Analyte.CICLOSPORIN)

# Where two codes of one observation say different things, the one that unfits it for titration is believed
_TIMINGS = (
    *(SampleTiming.UNSTATED, SampleTiming.TROUGH, SampleTiming.TWELVE_HOURS),
    *(SampleTiming.NOTED_POST_DOSE, SampleTiming.POST_DOSE),
)
_SPECIMENS = (
    *(Specimen.UNSTATED, Specimen.WHOLE_BLOOD, Specimen.NAMED_SERUM),
    *(Specimen.DRIED_SPOT, Specimen.SERUM_OR_PLASMA),
)
_ASSAYS = (Assay.UNSTATED, Assay.SPECIFIC, Assay.POLYCLONAL, Assay.PARENT_AND_METABOLITE)


class AnalyteCode(msgspec.Struct, frozen=True):
    """One LOINC. `molar` is True or False where the code's property is a reviewed fact, else None.

    `level` is there for drug levels only; it says what the code says, and no more. `always_molar`: a mass
    under it would be of another substance than the factors of the unit table are for (urea, not its
    nitrogen), so a local code that stands for it is read in moles alone, too.
    """

    analyte: Analyte
    code: str
    molar: bool | None = None
    level: LevelDetails | None = None
    always_molar: bool = False

    def mapped(self, molar: bool | None) -> "AnalyteCode":
        """What a local code says that stands for this one: its unit kind is the site's to tell, not ours.

        A laboratory that reports creatinine in umol/L may well have mapped its code to the LOINC of a mass
        (DECISIONS 24): its units are converted, and refused only where the site says which kind they are.
        """
        return self if self.always_molar else replace(self, molar=molar)

    def and_also(self, other: "AnalyteCode") -> "AnalyteCode":
        """What two codes of one observation say together."""
        level = joined(self.level, other.level) if self.level and other.level else self.level
        known = {self.molar, other.molar} - {None}
        return replace(self, level=level, molar=known.pop() if len(known) == 1 else None)


def joined(one: LevelDetails, other: LevelDetails) -> LevelDetails:
    """Everything either of two descriptions of a level states; of two that differ the less fit one."""
    return LevelDetails(
        max(one.timing, other.timing, key=_TIMINGS.index),
        max(one.specimen, other.specimen, key=_SPECIMENS.index),
        max(one.assay, other.assay, key=_ASSAYS.index),
        one.method or other.method,
    )


def analytes_of(file: CsvFile, faults: list[str]) -> dict[str, AnalyteCode]:
    """The rows of the list by LOINC; what cannot be read goes to `faults`."""
    found: dict[str, AnalyteCode] = {}
    for line, row in file.rows:
        try:
            check_code(LOINC, row["code"])
            one = _analyte_code(row)
        except (NotACode, ValueError, KeyError) as error:
            faults.append(f"{file.name}:{line}: {error}")
            continue
        if row["code"] in found:
            faults.append(f"{file.name}:{line}: {row['code']} stands here twice")
        found[row["code"]] = one
    return found


def _analyte_code(row: dict[str, str]) -> AnalyteCode:
    analyte = Analyte(row["analyte"])
    level = None
    if analyte in _LEVELS:
        level = LevelDetails(
            SampleTiming(row["timing"] or "unstated"),
            Specimen(row["specimen"] or "unstated"),
            Assay(row["assay"] or "unstated"),
            row["method"] or None,
        )
    kind = row["property"]
    return AnalyteCode(analyte, row["code"], _MOLAR[kind], level, always_molar=kind == _ALWAYS)
