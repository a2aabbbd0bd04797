"""Each code and each term of the lists as the product reads it today, beside a copy that was kept: none goes unseen.

`every_row.tsv` has a line for each: what was asked, and what it means. A list that is changed on purpose is kept anew
by `python -m tests.mapping.test_every_row`, and the difference is what a clinician reviews.
"""

import csv
from collections.abc import Iterator
from pathlib import Path

from fhir_mappings.clinical_model.code_systems import SYSTEMS
from fhir_mappings.value_sets import load_code_lists
from fhir_mappings.value_sets.listed import csv_files

KEPT = Path(__file__).parent / "every_row.tsv"
LISTS = load_code_lists()
URI = {name: uri for uri, name in reversed(SYSTEMS.items())}


def _means(system: str, code: str) -> str:
    """The concepts and ingredients of a code, or of words; "-" for none of ours, "?" for what no list knows or an
    "except" row takes out."""
    codings, text = ([], code) if system == "text" else ([(URI[system], code, None)], None)
    seen = LISTS.recognise(codings, text)
    if seen is None:
        return "?"
    told = [*sorted(seen.concepts), *sorted(seen.ingredients)]
    more = [word for word, is_so in (("history", seen.is_history), ("open", seen.is_open)) if is_so]
    return " ".join([*told, *more]) or "-"


def _measures(code: str) -> str:
    """What a LOINC code measures, and all that it says of specimen, timing and unit."""
    found = LISTS.analytes.get(code)
    if found is None:
        return "?"
    details = found.level
    said = [details.timing, details.specimen, details.assay] if details else []
    return " ".join([found.analyte, str(found.molar), *map(str, said)])


def _called(name: str) -> str:
    return " ".join(LISTS.names.find(name)) or "?"


def _given(name: str) -> str:
    return " ".join(sorted(LISTS.blood_products.find(name))) or "-"


def _made_of(code: str) -> str:
    found = LISTS.products.get(code)
    return f"{found.ingredient} {found.strength_mg} {found.form} {found.systemic}" if found else "?"


_AROUND = {
    "stances": ("{} aplastic anaemia", "aplastic anaemia {}", "{}再生障碍性贫血", "再生障碍性贫血{}"),
    "formulation_names": ("ciclosporin {} capsule", "环孢素{}"),
    "vaccine_names": ("measles {}", "{} vaccine"),
    "longer_names": ("{}",),
}
"""How the words of a list are put that mean nothing alone."""


def asked() -> Iterator[tuple[str, str]]:
    """Every code and term of every list, with its system."""
    for file in csv_files(frozenset()):
        lines = [line for line in file.read_text("utf-8").splitlines() if not line.startswith("#")]
        name = file.name.removesuffix(".csv")
        for row in csv.DictReader(lines):
            yield from _asked(name, row)


def _asked(name: str, row: dict[str, str]) -> Iterator[tuple[str, str]]:
    terms = next((row[column].split("|") for column in ("terms", "phrases", "names") if column in row), [])
    if "match" in row:
        is_span = row["match"] in ("range", "except")
        codes = row["code"].split("|" if row["system"] == "text" else "-" if is_span else "\0")
        yield from ((row["system"], code) for code in codes)
    elif name in ("analytes", "products"):
        yield name, row["code"]
    elif name in ("analyte_names", "blood_products"):
        yield from ((name, term) for term in terms)
    else:
        yield from (("text", put.format(term)) for put in _AROUND.get(name, ()) for term in terms)


def read(kind: str, code: str) -> str:
    """What the product reads there."""
    ways = {"analytes": _measures, "products": _made_of, "analyte_names": _called, "blood_products": _given}
    return ways.get(kind, lambda code: _means(kind, code))(code)


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
