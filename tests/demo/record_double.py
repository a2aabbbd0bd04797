"""Somebody else's FHIR server, on real HTTP: it wants a token, knows its own people, and may launch apps."""

import base64
import json
import re
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from typing import Any

import jwt
from flask import Flask, Response, jsonify, request

from cds_service.demo.fhir_server import create_fhir_app
from cds_service.demo.fhir_store import ChartStore
from cds_service.demo.loopback import serve_on_loopback

Json = dict[str, Any]
CLIENT, SECRET = "demo-client", "its secret"
PRACTITIONER = {
    "resourceType": "Practitioner",
    "id": "dr-7",
    "name": [{"given": ["Mei"], "family": "Zhao"}],
}


@dataclass
class RecordDouble:
    """`word` is the token it wants, None for nobody's; `launches`: it opens launches for others.

    `key` is the public key of a client that signs its assertions. `lifetime` is said of each token.
    """

    resources: tuple[Json, ...]
    word: str | None = None
    smart: bool = False
    launches: bool = False
    key: Any = None
    lifetime: object = 300
    base: str = ""
    asked: list[tuple[str, str, str | None]] = field(default_factory=list)
    given: list[Json] = field(default_factory=list)
    opened: list[Json] = field(default_factory=list)

    def build(self, port: int) -> Any:
        """The server on this port."""
        self.base = f"http://127.0.0.1:{port}/fhir"
        store = ChartStore(self.base)
        store.load(self.resources)
        app = create_fhir_app(store)
        app.before_request(self._look)
        self._add_sign_in(app)
        return app.wsgi_app

    def _look(self) -> tuple[Response, int] | None:
        """No token, no answer; no reference to somebody who is not here."""
        if request.path.startswith(("/token", "/fhir/.well-known")):
            return None
        sent = request.headers.get("Authorization")
        self.asked.append((request.method, request.full_path, sent))
        if self.word is not None and sent != f"Bearer {self.word}":
            return _outcome("login"), 401
        here = {f"{r['resourceType']}/{r['id']}" for r in self.resources}
        text = request.get_data(as_text=True)
        here |= set(re.findall(r'"method": "PUT", "url": "(Practitioner/[\w.-]+)"', text))
        named = set(re.findall(r"Practitioner/[\w.-]+", text))
        return None if named <= here else (_outcome("not-found"), 422)

    def _add_sign_in(self, app: Flask) -> None:
        @app.get("/fhir/.well-known/smart-configuration")
        def configuration() -> tuple[Response, int]:
            if not self.smart:
                return _outcome("not-found"), 404
            root = self.base.removesuffix("/fhir")
            return jsonify(authorization_endpoint=f"{root}/authorize", token_endpoint=f"{root}/token"), 200

        @app.post("/fhir/_services/smart/Launch")
        def launch() -> tuple[Response, int]:
            if not self.launches:
                return _outcome("not-supported"), 404
            self.opened.append(request.get_json())
            return jsonify(launch_id="opened-1"), 200

        @app.post("/token")
        def token() -> tuple[Response, int]:
            form = request.form.to_dict()
            self.given.append(form)
            if form["grant_type"] != "client_credentials" or not self._is_known(form):
                return jsonify(error="invalid_client", error_description="who is that?"), 401
            return (
                jsonify(access_token=self.word, token_type="bearer", expires_in=self.lifetime),
                200,
            )

    def _is_known(self, form: Json) -> bool:
        if self.key is not None:
            claims = jwt.decode(
                form["client_assertion"],
                self.key,
                ["ES384"],
                audience=f"{self.base.removesuffix('/fhir')}/token",
            )
            return bool(claims["sub"] == claims["iss"] == CLIENT)
        word = base64.b64encode(f"{CLIENT}:{SECRET}".encode()).decode()
        return request.headers.get("Authorization") == f"Basic {word}"

    @contextmanager
    def running(self) -> Iterator[str]:
        """The server, answering at the base that is given."""
        server = serve_on_loopback(self.build, 0, "/fhir")
        try:
            yield server.base_url
        finally:
            server.stop()


def _outcome(code: str) -> Response:
    issue = {"severity": "error", "code": code, "diagnostics": code}
    body = json.dumps({"resourceType": "OperationOutcome", "issue": [issue]})
    return Response(body, content_type="application/fhir+json")
