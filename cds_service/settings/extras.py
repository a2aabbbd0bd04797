"""The optional parts of an installation: the modules of each, and what to say where one is not installed."""

from importlib.util import find_spec

MODULES: dict[str, tuple[str, ...]] = {
    "postgres": ("psycopg",),
    "forecast": ("numpy", "scipy"),
    "screening": ("hyperscan", "duckdb", "xxhash", "rich"),
    "dask": ("distributed",),
    "tracing": ("opentelemetry.sdk", "opentelemetry.exporter.otlp.proto.http"),
    "demo": ("sekmet", "rich", "markdown_it", "nh3", "jsonschema"),
}
"""Extra of pyproject.toml -> the modules that it brings. `serve` needs none unless its settings say so."""


def not_installed(*extras: str) -> list[str]:
    """A sentence for each of these extras that is not installed here whole."""
    return [
        f"needs {', '.join(absent)}: pip install 'cds-service[{extra}]'"
        for extra in extras
        if (absent := [module for module in MODULES[extra] if not _is_there(module)])
    ]


def _is_there(module: str) -> bool:
    try:
        return find_spec(module) is not None
    except ModuleNotFoundError:  # not even the package that it is a part of
        return False
