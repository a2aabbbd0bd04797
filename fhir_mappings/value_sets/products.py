"""`products.csv`: RxNorm product -> which drug, how much, in what form, and whether it is systemic.

A dose written in tablets is read by this table: 3 tablets of sirolimus 2 mg are 6 mg.
"""

from decimal import Decimal, InvalidOperation

import msgspec

from fhir_mappings.clinical_model.codes import RXNORM, NotACode, check_code
from fhir_mappings.value_sets.listed import CsvFile

COLUMNS = ("code", "display", "ingredient", "strength_mg", "form", "systemic", "verified", "source")
FORMS = frozenset({"tablet", "capsule", "solution", "injection", "gel", "drops", "unstated"})
_YES_NO = {"yes": True, "no": False}


class ListedProduct(msgspec.Struct, frozen=True):
    """A product. `strength_mg` is per tablet, capsule or vial; per mL for form "solution".

    None where the code names a brand without a strength.
    """

    ingredient: str
    strength_mg: Decimal | None
    systemic: bool
    form: str
    code: str


def products_of(file: CsvFile, faults: list[str]) -> dict[str, ListedProduct]:
    """The rows of the list by RxNorm code; what cannot be read goes to `faults`."""
    found: dict[str, ListedProduct] = {}
    for line, row in file.rows:
        try:
            check_code(RXNORM, row["code"])
            found[row["code"]] = _product(row)
        except (NotACode, ValueError, KeyError, InvalidOperation) as error:
            faults.append(f"{file.name}:{line}: {error!r}")
    return found


def _product(row: dict[str, str]) -> ListedProduct:
    if row["form"] not in FORMS:
        raise ValueError(f"unknown form {row['form']!r}")
    strength = Decimal(row["strength_mg"]) if row["strength_mg"] else None
    return ListedProduct(row["ingredient"], strength, _YES_NO[row["systemic"]], row["form"], row["code"])
