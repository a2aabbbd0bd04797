"""The certificate authorities that a hospital has of its own: a file in PEM form, as `ca_bundle` names it."""

import ssl
from pathlib import Path


def authority_faults(file: Path) -> list[str]:
    """Why no certificate could be proved by this file; found before the start, not at the first call."""
    if not file.is_file():
        return [f"ca_bundle: {file}: no such file"]
    try:
        ssl.SSLContext(ssl.PROTOCOL_TLS_CLIENT).load_verify_locations(file)
    except OSError:  # ssl's own errors are some
        return [f"ca_bundle: {file.name} cannot be read, holds no certificate in PEM form, or a damaged one"]
    return []
