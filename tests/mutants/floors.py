"""The floors whose mutants are counted together, and which tests could see a mutant of each."""

from dataclasses import dataclass
from functools import cache
from pathlib import Path

ROOT = Path(__file__).parents[2]


@dataclass(frozen=True, slots=True)
class Floor:
    """Files by the beginning of their path, and folders of tests, those nearest first.

    `wanted`: the share of mutants that tests are to kill.
    """

    name: str
    files: tuple[str, ...]
    tests: tuple[str, ...]
    wanted: float = 0.9


_MEDICINE = ("rule_tables", "cards", "scenarios", "properties", "cases", "limits")
FLOORS = (
    Floor(
        "settings",
        (
            "cds_service/settings",
            "cds_service/cli",
            "fhir_mappings/value_sets/likeness.py",
            "fhir_mappings/value_sets/unlisted.py",
        ),
        ("cli", "mapping", "limits"),
    ),
    Floor("vocabulary", ("fhir_mappings/clinical_model",), ("mapping", *_MEDICINE), 0.95),
    Floor("code lists", ("fhir_mappings/value_sets",), ("mapping", *_MEDICINE), 0.95),
    Floor("readers", ("fhir_mappings",), ("mapping", "fhir_client", *_MEDICINE)),
    Floor("words", ("cds_service/trials/nct06802055/reviewed/wording",), _MEDICINE, 0.95),
    Floor("limits", ("cds_service/trials/nct06802055/reviewed",), _MEDICINE, 0.95),
    Floor("figures", ("cds_service/figures", "cds_service/trials/nct06802055/figures"), ("explain",)),
    Floor("rules", ("cds_service/trials", "cds_service/rules"), _MEDICINE, 0.95),
    Floor("pharmacokinetics", ("cds_service/pharmacokinetics",), ("pharmacokinetics", "virtual_trial"), 0.95),
    Floor("hooks", ("cds_service/cds_hooks",), ("standard", "web", "live"), 0.95),
    Floor("cards", ("cds_service/cards",), ("cards", "scenarios", "standard")),
    Floor("fhir_client", ("cds_service/fhir_client",), ("fhir_client", "faults", "properties")),
    Floor("audit", ("cds_service/audit",), ("audit", "research", "review")),
    Floor("web", ("cds_service/web",), ("web", "live", "standard", "faults")),
    Floor("pages", ("cds_service/explain", "cds_service/pages", "cds_service/signin"), ("explain",)),
    Floor("research", ("cds_service/research",), ("research", "review")),
    Floor(
        "services",
        ("cds_service/services", "cds_service/chart"),
        ("scenarios", "fhir_client", "audit", "web", "review", "explain", "properties"),
    ),
    Floor("review", ("cds_service/review",), ("review", "cli")),
    Floor("study_list", ("cds_service/study_list",), ("study_list", "watch", "research", "cli")),
    Floor("watch", ("cds_service/watch",), ("watch", "study_list", "audit")),
    Floor("screening", ("cds_service/screening",), ("screening", "cli")),
    Floor("bulk_export", ("cds_service/bulk_export",), ("bulk_export", "cli")),
    Floor("demo", ("cds_service/demo",), ("demo",)),
    Floor("virtual_trial", ("cds_service/virtual_trial",), ("virtual_trial",)),
)
_SUFFIXES = {".py", ".toml", ".csv"}


def floor_of(path: Path) -> Floor | None:
    """The first floor that has the file; None for what no floor has."""
    return next((f for f in FLOORS if any(path.as_posix().startswith(own) for own in f.files)), None)


@cache
def product_files() -> tuple[Path, ...]:
    """Code, limits, words and code lists of the product, from the root of the project."""
    found = (p.relative_to(ROOT) for p in ROOT.glob("[cf]*/**/*") if p.suffix in _SUFFIXES)
    return tuple(sorted(path for path in found if "node_modules" not in path.parts))


def files(only: str) -> list[Path]:
    """Every file of a floor whose path begins with `only`."""
    kept = (p for p in product_files() if p.as_posix().startswith(only) and "migrations" not in p.parts)
    return [path for path in kept if floor_of(path)]
