"""Each code and each term of the lists as the product reads it today, beside a copy that was kept: none goes unseen.

`every_row.tsv` has a line for each: what was asked, and what it means. A list that is changed on purpose is kept anew
by `python -m tests.mapping.test_every_row`, and the difference is what a clinician reviews.
"""

import csv
from collections.abc import Iterator
from pathlib import Path

from fhir_mappings.value_sets import load_code_lists
from fhir_mappings.value_sets.listed import csv_files
from fhir_mappings.vocabulary.code_systems import SYSTEMS

KEPT = Path(__file__).parent / "every_row.tsv"
LISTS = load_code_lists()
URI = {name: uri for uri, name in reversed(SYSTEMS.items())}


def _means(system: str, code: str) -> str:
    """The concepts and ingredients of a code, or of words; "-" for none of ours, "?" for nobody knows it."""
    codings, text = ([], code) if system == "text" else ([(URI[system], code, None)], None)
    seen = LISTS.recognise(codings, text)
    if seen is None:
        return "?"
    told = [*sorted(seen.concepts), *sorted(seen.ingredients)]
    return " ".join([*told, *(["history"] if seen.is_history else [])]) or "-"


def _measures(code: str) -> str:
    """What a LOINC code measures, and all that it says of specimen, timing and unit."""
    found = LISTS.analytes.get(code)
    if found is None:
        return "?"
    details = found.level
    said = [details.timing, details.specimen, details.assay] if details else []
    return " ".join([found.analyte, str(found.molar), *map(str, said)])


def _made_of(code: str) -> str:
    found = LISTS.products.get(code)
    return f"{found.ingredient} {found.strength_mg} {found.form} {found.systemic}" if found else "?"


def asked() -> Iterator[tuple[str, str]]:
    """Every code and term of every list, with its system."""
    for file in csv_files(frozenset()):
        lines = [line for line in file.read_text("utf-8").splitlines() if not line.startswith("#")]
        for row in csv.DictReader(lines):
            if "match" in row:
                codes = row["code"].split(
                    "|" if row["system"] == "text" else "-" if row["match"] in ("range", "except") else "\0"
                )
                yield from ((row["system"], code) for code in codes)
            elif file.name in ("analytes.csv", "products.csv"):
                yield file.name.removesuffix(".csv"), row["code"]


def read(kind: str, code: str) -> str:
    """What the product reads there."""
    return {"analytes": _measures, "products": _made_of}.get(kind, lambda c: _means(kind, c))(code)


def kept() -> dict[tuple[str, str], str]:
    lines = (line.split("\t") for line in KEPT.read_text("utf-8").splitlines())
    return {(kind, code): means for kind, code, means in lines}


def test_each_kept_code_and_term_means_what_it_did() -> None:
    assert {key: read(*key) for key in kept()} == kept()


def test_each_code_and_term_of_the_lists_is_kept() -> None:
    assert sorted(set(asked()) - kept().keys()) == []
    assert len(kept()) > 1_500


if __name__ == "__main__":
    told = sorted({(kind, code, read(kind, code)) for kind, code in asked()})
    KEPT.write_text("".join("\t".join(line) + "\n" for line in told), "utf-8")
