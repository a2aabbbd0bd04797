"""The optional parts of an installation: the modules of each, and what to say where one is not installed."""

from importlib.util import find_spec

MODULES: dict[str, tuple[str, ...]] = {
    "postgres": ("psycopg",),
    "forecast": ("numpy", "scipy"),
    "screening": ("hyperscan", "duckdb", "xxhash", "rich"),
    "dask": ("distributed",),
    "demo": ("sekmet", "rich", "markdown_it", "nh3", "jsonschema"),
}
"""Extra of pyproject.toml -> the modules that it brings. `serve` needs none unless its settings say so."""


def not_installed(*extras: str) -> list[str]:
    """A sentence for each of these extras that is not installed here whole."""
    return [
        f"needs {', '.join(absent)}: pip install 'cds-service[{extra}]'"
        for extra in extras
        if (absent := [module for module in MODULES[extra] if find_spec(module) is None])
    ]
