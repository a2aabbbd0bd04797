"""All CSV files of this folder -> CodeLists; every fault is found before anything is refused."""

from collections.abc import Iterable, Sequence

from msgspec.structs import replace

from fhir_mappings.clinical_model.code_systems import declared_systems
from fhir_mappings.clinical_model.codes import (
    ATC,
    CVX,
    ICD9_PROCEDURES,
    ICD10,
    ICD10CM,
    ICD10PCS,
    ICD11,
    LOINC,
    RXNORM,
    SNOMED,
    NotACode,
    check_code,
)
from fhir_mappings.clinical_model.concepts import Concept
from fhir_mappings.value_sets import (
    analyte_names,
    analytes,
    blood_products,
    formulation_names,
    longer_names,
    orderables,
    plausible,
    products,
    stances,
    vaccine_names,
)
from fhir_mappings.value_sets import qualitative_answers as answers
from fhir_mappings.value_sets.code_lists import CodeLists
from fhir_mappings.value_sets.index import EXACT, EXCEPT, MATCHES, PREFIX, TEXT, CodeIndex, NotARange
from fhir_mappings.value_sets.listed import (
    CsvFile,
    FaultyCodeLists,
    ListedCode,
    csv_files,
    list_names,
    read_csv,
)
from fhir_mappings.value_sets.local_codes import LocalCode, LocalMap, UnitMap, key_of, local_map, unit_map
from fhir_mappings.value_sets.name_words import NameWords
from fhir_mappings.value_sets.said_words import Meaning, SaidWords

COLUMNS = ("concept", "system", "match", "code", "display", "role", "verified", "source")
HISTORY = "history"
_OTHER_SHAPES = {
    "analyte_names": analyte_names.COLUMNS,
    "analytes": analytes.COLUMNS,
    "answers": answers.COLUMNS,
    "blood_products": blood_products.COLUMNS,
    "products": products.COLUMNS,
    "formulation_names": formulation_names.COLUMNS,
    "orderables": orderables.COLUMNS,
    "plausible": plausible.COLUMNS,
    "stances": stances.COLUMNS,
    "longer_names": longer_names.COLUMNS,
    "vaccine_names": vaccine_names.COLUMNS,
}
_NEEDED = frozenset({"stances", "longer_names"})
"""Without them "aplastic anaemia excluded" would name the disease, and voclosporin would be ciclosporin."""
_ONE_SYSTEM = {"analytes": LOINC, "products": RXNORM}
_SYSTEMS = frozenset({SNOMED, RXNORM, ATC, CVX, ICD10, ICD10CM, ICD10PCS, ICD11, ICD9_PROCEDURES, TEXT})


def load_code_lists(
    site_maps: Sequence[LocalCode] = (),
    leave_out: frozenset[str] = frozenset(),
    systems: Iterable[tuple[str, str]] = (),
) -> CodeLists:
    """Read and check every list, and add the site's own codes.

    `leave_out` names lists ("hsct.snomed") or a kind of them ("snomed") that a site does not use.
    `systems` are further addresses of code systems, each with our short name of the system.
    Raises FaultyCodeLists with all faults: a mistyped code, an unknown concept, a missing reviewer line, a
    site code that stands for nothing we list.
    """
    faults: list[str] = []
    by_topic: dict[str, list[CsvFile]] = {}
    faults += (f"leave_out: no list is called {name!r}" for name in sorted(leave_out - list_names()))
    faults += (f"leave_out: {name!r} cannot be left out" for name in sorted(leave_out & _NEEDED))
    for entry in csv_files(leave_out):
        topic = entry.name.partition(".")[0]
        file = read_csv(entry, _OTHER_SHAPES.get(topic, COLUMNS), faults)
        by_topic.setdefault(topic, []).append(file)
    declared = declared_systems(systems, faults)
    local = local_map(site_maps, faults, declared)
    lists = replace(_lists(by_topic, local, unit_map(site_maps, faults), faults), systems=declared)
    faults += _targets_unknown(lists, site_maps)
    if faults:
        raise FaultyCodeLists(faults)
    return lists


def _lists(
    by_topic: dict[str, list[CsvFile]],
    local: LocalMap,
    units: UnitMap,
    faults: list[str],
) -> CodeLists:
    index: CodeIndex[Meaning] = CodeIndex()
    terms: list[tuple[str, Meaning]] = []
    for topic, lists in by_topic.items():
        if topic not in _OTHER_SHAPES:
            for file in lists:
                add_rows(file, index, terms, faults)
    every = [file for lists in by_topic.values() for file in lists]
    return CodeLists(
        index,
        SaidWords(
            NameWords(
                terms,
                stances.stances_of(_only(by_topic, "stances"), faults),
                longer_names.longer_names_of(_only(by_topic, "longer_names")),
            ),
            vaccine_names.vaccine_names_of(_only(by_topic, "vaccine_names"), faults),
        ),
        analytes.analytes_of(_only(by_topic, "analytes"), faults),
        answers.answers_of(by_topic.get("answers", []), faults),
        products.products_of(_only(by_topic, "products"), faults),
        plausible.spans_of(_only(by_topic, "plausible"), faults),
        local,
        units,
        tuple(_listed(every)),
        analyte_names.names_of(_only(by_topic, "analyte_names"), faults),
        formulation_names.formulation_names_of(_only(by_topic, "formulation_names"), faults),
        orderables.orderables_of(_only(by_topic, "orderables"), faults),
        blood_products.blood_products_of(_only(by_topic, "blood_products"), faults),
    )


def _only(by_topic: dict[str, list[CsvFile]], topic: str) -> CsvFile:
    return next(iter(by_topic.get(topic, ())), CsvFile(topic, ()))


def add_rows(
    file: CsvFile, index: CodeIndex[Meaning], terms: list[tuple[str, Meaning]], faults: list[str]
) -> None:
    """File the rows of a list under their codes, and its words with the terms; faults go to `faults`."""
    for line, row in file.rows:
        try:
            meaning = _meaning(row)
            if row["match"] == TEXT:
                terms += ((term.strip(), meaning) for term in row["code"].split("|"))
            else:
                index.add(file.topic, row["system"], row["match"], row["code"], meaning)
        except (NotACode, NotARange, ValueError) as error:
            faults.append(f"{file.name}:{line}: {error}")


def _meaning(row: dict[str, str]) -> Meaning:
    """Check a row and say what it gives. Raises NotACode, NotARange or ValueError."""
    system, match, code = row["system"], row["match"], row["code"]
    if system not in _SYSTEMS or match not in MATCHES or (system == TEXT) != (match == TEXT):
        raise ValueError(f"unknown system {system!r} or match {match!r}")
    if match in (EXACT, PREFIX) or (match == EXCEPT and "-" not in code):
        check_code(system, code)
    role = row["role"]
    return Meaning(Concept(row["concept"]), None if role in ("", HISTORY) else role, role == HISTORY)


def _listed(files: Iterable[CsvFile]) -> Iterable[ListedCode]:
    for file in files:
        for _, row in file.rows:
            if "code" in row:
                system = row.get("system") or _ONE_SYSTEM[file.topic]
                yield ListedCode(file.name, system, row["code"], row["display"], row["verified"])


def _targets_unknown(lists: CodeLists, site_maps: Sequence[LocalCode]) -> Iterable[str]:
    """A local code that stands for a code of no list would be mapped in vain, and nobody would notice."""
    for local in site_maps:
        target = lists.local.get(key_of(local))
        if target and not lists.knows(target.system, target.code):
            yield f"site map {local.system}|{local.code}: no list holds {target.system} {target.code}"
