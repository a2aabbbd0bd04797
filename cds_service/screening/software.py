"""What decides on a machine, as one word: the program, its texts and code lists, and what reads for it."""

import hashlib
import sys
from functools import cache
from importlib.metadata import version
from pathlib import Path

_PACKAGES = ("cds_service", "fhir_mappings")
_KINDS = frozenset({".py", ".toml", ".csv", ".json"})
_READERS = ("msgspec", "hyperscan", "tzdata")


@cache
def installed_software() -> str:
    """The same on two machines only where they decide alike."""
    root = Path(__file__).parents[2]
    digest = hashlib.sha256(f"{sys.version_info[:2]}".encode())
    digest.update(" ".join(f"{name} {version(name)}" for name in _READERS).encode())
    for package in _PACKAGES:
        for file in sorted((root / package).rglob("*")):
            if file.suffix in _KINDS:
                digest.update(f"\n{file.relative_to(root).as_posix()}\n".encode())
                digest.update(file.read_bytes())
    return digest.hexdigest()
