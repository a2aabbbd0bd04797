"""Calls the service as an EHR would, with a token signed by a key of your own: a try before the EHR is there.

python deploy/call_as_ehr.py --key try.jwk.json --iss https://try.hospital.example URL [REQUEST.json]
The token names URL; `--at http://127.0.0.1:8080` sends the call there instead, past the proxy.
"""

import argparse
import json
import sys
import time
import urllib.error
import urllib.request
from http.client import HTTPException
from pathlib import Path
from urllib.parse import urlsplit
from uuid import uuid4

from joserfc import jwt
from joserfc.jwk import ECKey

ALGORITHM, SECONDS = "ES384", 300
"""What `cds-service new-client-key` makes keys for; how long a token is good, at most 1,200 s are allowed."""


def token(key: ECKey, issuer: str, url: str) -> str:
    """A token for one call of this URL, as the CDS Hooks standard wants it."""
    now = int(time.time())  # noqa: TID251 - the service's own clock is not asked
    claims = {"iss": issuer, "aud": url, "iat": now, "exp": now + SECONDS, "jti": str(uuid4())}
    return jwt.encode({"alg": ALGORITHM, "typ": "JWT", "kid": key.kid}, claims, key, algorithms=[ALGORITHM])


def call(url: str, at: str | None, bearer: str, body: bytes | None) -> tuple[int, str]:
    """Status and answer; a GET without a body. Raises OSError or HTTPException where nobody answers."""
    address = f"{at}{urlsplit(url).path}" if at else url
    headers = {"Authorization": f"Bearer {bearer}", "Content-Type": "application/json"}
    try:
        request = urllib.request.Request(address, body, headers)  # noqa: S310 - typed by whoever runs it
        with urllib.request.urlopen(request) as answer:  # noqa: S310
            return answer.status, answer.read().decode()
    except urllib.error.HTTPError as refused:
        return refused.code, refused.read().decode()


def main(arguments: list[str]) -> int:
    """Print the status, then the answer. Exit code 1 where it is not 200, 2 where there is none."""
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("--key", required=True, type=Path, help="private JSON Web Key")
    parser.add_argument("--iss", required=True, help="as it stands in [[trusted_clients]]")
    parser.add_argument("--at", help="address to send the call to, e.g. http://127.0.0.1:8080")
    parser.add_argument("url", help="CDS_PUBLIC_BASE_URL and the path")
    parser.add_argument(
        "request", nargs="?", type=Path, help="body of a hook call; without it discovery is asked"
    )
    told = parser.parse_args(arguments)
    key = ECKey.import_key(json.loads(told.key.read_text(encoding="utf-8")))
    body = told.request.read_bytes() if told.request else None
    try:
        status, answer = call(told.url, told.at, token(key, told.iss, told.url), body)
    except (OSError, HTTPException) as error:
        sys.stderr.write(f"{told.at or told.url}: {error}\n")
        return 2
    sys.stdout.write(f"{status}\n{answer}\n")
    return 0 if status == 200 else 1


if __name__ == "__main__":
    raise SystemExit(main(sys.argv[1:]))
