"""A record system that answers as it is told: everything right, but for one thing that is wrong."""

import hmac
import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field

from flask import Flask, Response, jsonify, redirect, request
from joserfc import jwt
from joserfc.jwk import ECKey, KeySet
from joserfc.util import json_b64encode, urlsafe_b64encode

from cds_service.cds_hooks.trusted_clients import TrustedClient
from cds_service.demo.loopback import serve_on_loopback
from cds_service.fhir_client.base_url_allow_list import read_base
from cds_service.settings.client_list import ListedClient
from cds_service.settings.site_file import Site
from cds_service.wiring import build_app
from tests.explain.rig import APP, Browser, smart_app
from tests.installation import an_installation

KEY = ECKey.generate_key("P-384", {"use": "sig", "kid": "its"})
OTHER_KEY = ECKey.generate_key("P-384", {"use": "sig", "kid": "its"})


@dataclass
class Forger:
    """What it answers. A member of `claims` or `token` set to None is left out."""

    base: str = ""
    cds: str = ""
    claims: dict = field(default_factory=dict)
    token: dict = field(default_factory=dict)
    configuration: dict = field(default_factory=dict)
    header: dict = field(default_factory=lambda: {"alg": "ES384", "kid": "its"})
    key: object = field(default_factory=lambda: KEY)
    paths: list[str] = field(default_factory=list)
    nonce: str = ""
    answer: Response | None = None

    def behave(self) -> None:
        """From now on, answer rightly."""
        self.claims, self.token, self.configuration, self.answer = {}, {}, {}, None
        self.header, self.key = {"alg": "ES384", "kid": "its"}, KEY

    def launch(self) -> Browser:
        """A browser that was sent here and back."""
        browser = Browser()
        browser.open(f"{self.cds}/explain/launch?iss={self.base}&launch=xyz")
        return browser

    def document(self) -> dict:
        """Its SMART configuration."""
        return _kept(
            {
                "issuer": self.base,
                "authorization_endpoint": f"{self.base}/auth/authorize",
                "token_endpoint": f"{self.base}/auth/token",
                "jwks_uri": f"{self.base}/auth/jwks",
                "code_challenge_methods_supported": ["S256"],
            },
            self.configuration,
        )

    def token_response(self) -> dict:
        """Its token response."""
        now = int(time.time())
        claims = {"iss": self.base, "aud": APP, "sub": "u", "iat": now, "exp": now + 300}
        claims |= {"nonce": self.nonce, "fhirUser": f"{self.base}/Practitioner/p"}
        return _kept(
            {
                "access_token": "its-token",
                "token_type": "Bearer",
                "expires_in": 3600,
                "scope": "launch openid fhirUser patient/*.rs",
                "patient": "p1",
                "id_token": self._signed(_kept(claims, self.claims)),
            },
            self.token,
        )

    def _signed(self, claims: dict) -> str:
        if self.header["alg"] in ("none", "HS256"):
            return by_hand(claims, self.header["alg"])
        return jwt.encode(self.header, claims, self.key, algorithms=[self.header["alg"]])


def by_hand(claims: dict, algorithm: str) -> str:
    """A token as an attacker writes it: no signature, or one with the public key's text as a shared secret."""
    parts = json_b64encode({"alg": algorithm, "kid": "its"}), json_b64encode(claims)
    secret = KEY.as_pem(private=False)
    signature = hmac.digest(secret, b".".join(parts), "sha256") if algorithm == "HS256" else b""
    return b".".join((*parts, urlsafe_b64encode(signature))).decode()


def _kept(usual: dict, other: dict) -> dict:
    return {name: value for name, value in (usual | other).items() if value is not None}


@contextmanager
def forging(**app_settings: object) -> Iterator[Forger]:
    """The record system and the service, both on loopback."""
    forger = Forger()
    record = serve_on_loopback(lambda port: _app(forger, port).wsgi_app, 0)
    base = read_base(forger.base)
    listed = ListedClient(TrustedClient(""), smart=(smart_app(base, **app_settings),))

    def build(port: int):
        site = Site(fhir_bases=(base,), trusted_clients=(listed,))
        return build_app(an_installation(site, url=f"http://127.0.0.1:{port}")).wsgi_app

    cds = serve_on_loopback(build, 0)
    forger.cds = cds.base_url
    try:
        yield forger
    finally:
        cds.stop()
        record.stop()


def _app(forger: Forger, port: int) -> Flask:
    app = Flask(__name__)
    forger.base = f"http://127.0.0.1:{port}/fhir"
    keys = KeySet([KEY]).as_dict(private=False)

    @app.before_request
    def note():
        forger.paths.append(request.path)

    @app.get("/fhir/.well-known/smart-configuration")
    def configuration():
        return jsonify(forger.document())

    @app.get("/fhir/auth/authorize")
    def authorize():
        forger.nonce = request.args["nonce"]
        return redirect(f"{request.args['redirect_uri']}?code=c&state={request.args['state']}")

    @app.post("/fhir/auth/token")
    def token():
        return forger.answer or jsonify(forger.token_response())

    @app.get("/fhir/auth/jwks")
    def jwks():
        return jsonify(keys)

    @app.get("/fhir/<path:rest>")
    def chart(rest):
        if rest == "Patient/p1":
            return jsonify({"resourceType": "Patient", "id": "p1", "name": [{"text": "One"}]})
        return jsonify({"resourceType": "Bundle", "type": "searchset", "entry": []})

    return app
