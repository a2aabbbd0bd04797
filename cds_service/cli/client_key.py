"""`cds-service new-client-key FILE`: a key by which this service proves who it is to a server."""

import json
import os
import sys
from pathlib import Path
from uuid import uuid4

from cds_service.cli.report import fail

ALGORITHM = "ES384"
"""Of the two that SMART servers must know, the one with the short keys."""


def new_client_key(file: str) -> int:
    """Make the private key in a new file, print the public half as a JWK Set. Exit code 2 if it exists."""
    from joserfc.jwk import ECKey

    key = ECKey.generate_key("P-384", {"kid": str(uuid4()), "alg": ALGORITHM, "use": "sig"}, private=True)
    try:
        opened = os.open(Path(file), os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600)
    except OSError as error:
        return fail(f"{file}: {error.strerror}")
    with os.fdopen(opened, "w") as private:
        json.dump(key.as_dict(private=True), private)
    sys.stdout.write(json.dumps({"keys": [key.as_dict(private=False)]}) + "\n")
    return 0
