"""A copy of the reviewed folders that a test may change."""

import shutil
from pathlib import Path

from cds_service.review.reviewed_content import read_content
from cds_service.rules.thresholds import FOLDER
from fhir_mappings import value_sets

CODE_LISTS = Path(value_sets.__file__).parent


def copies(folder):
    """(protocol, code lists) under `folder`."""
    protocol, lists = folder / "protocol", folder / "lists"
    shutil.copytree(FOLDER, protocol)
    shutil.copytree(CODE_LISTS, lists, ignore=shutil.ignore_patterns("*.py", "__pycache__"))
    return protocol, lists


def content_of(places, site=None):
    return read_content(*places, site)
