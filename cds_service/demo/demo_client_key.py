"""The mini-EHR's own key: made at start, kept in memory, published as a JWK Set (CH-135 to CH-143)."""

import secrets
from datetime import datetime, timedelta

import jwt
from cryptography.hazmat.primitives.asymmetric import ec
from jwt.algorithms import ECAlgorithm

from cds_service.demo.json_http import Json

ALGORITHM = "ES384"
LIFETIME = timedelta(minutes=5)


class DemoClientKey:
    """One ES384 key pair; the private half never leaves this object."""

    def __init__(self) -> None:
        self._private = ec.generate_private_key(ec.SECP384R1())
        self.id = secrets.token_hex(8)

    def key_set(self) -> Json:
        """The public half, as a JWK Set."""
        public: Json = ECAlgorithm.to_jwk(self._private.public_key(), as_dict=True)
        more = {"kid": self.id, "alg": ALGORITHM, "use": "sig", "key_ops": ["verify"]}
        return {"keys": [public | more]}

    def token(self, issuer: str, audience: str, now: datetime, key_set_address: str) -> str:
        """A client JWT for one request to `audience`."""
        claims = {
            "iss": issuer,
            "aud": audience,
            "iat": int(now.timestamp()),
            "exp": int((now + LIFETIME).timestamp()),
            "jti": secrets.token_urlsafe(16),
        }
        head = {"kid": self.id, "jku": key_set_address, "typ": "JWT"}
        return jwt.encode(claims, self._private, ALGORITHM, headers=head)
