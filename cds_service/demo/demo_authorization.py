"""The authorization server of the demo's record system: SMART App Launch 2.2, by Authlib.

It stands beside the FHIR server, below the same address. A launch from the mini EHR brings the patient and
the user with it (`Launches`). Without one the person is asked which synthetic patient and which synthetic
clinician; nobody's password is.
"""

from collections import ChainMap
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from authlib.integrations.flask_oauth2 import AuthorizationServer
from authlib.oauth2 import OAuth2Error
from flask import Blueprint, Flask, Response, jsonify, request, send_from_directory
from jinja2 import Environment, FileSystemLoader
from joserfc.jwk import ECKey, KeySet

from cds_service.demo.access_tokens import AccessTokens
from cds_service.demo.backend_services import (
    ALGORITHMS,
    METHOD,
    BackendClient,
    add_backend_services,
)
from cds_service.demo.backend_services import SECONDS as BACKEND_SECONDS
from cds_service.demo.launches import Launch, Launches
from cds_service.demo.oauth_parts import DemoClient, IdToken, code_server
from cds_service.pages import STATIC, TEMPLATES

APP = "aa-cds-explain"
"""The client id of the page that explains, at the demo's record system."""

TOKEN_SECONDS = 3600
_OWN_TEMPLATES = Path(__file__).parent / "templates"
CAPABILITIES = (
    "launch-ehr",
    "launch-standalone",
    "client-public",
    "client-confidential-asymmetric",
    "authorize-post",
    "context-ehr-patient",
    "context-standalone-patient",
    "context-banner",
    "sso-openid-connect",
    "permission-patient",
    "permission-v2",
)
SCOPES = ("launch", "launch/patient", "openid", "fhirUser", "patient/*.cruds", "system/*.rs")
Choice = tuple[str, str]
"""(id, words) of a patient, (reference, words) of a clinician."""


@dataclass(frozen=True, slots=True)
class Authorization:
    """The state of the demo's authorization server; `register` names an app before it is launched.

    `patients` and `users` are offered to somebody who comes without a launch.
    """

    launches: Launches = field(default_factory=Launches)
    tokens: AccessTokens = field(default_factory=AccessTokens)
    patients: Sequence[Choice] = ()
    users: Sequence[Choice] = ()
    clients: dict[str, DemoClient] = field(default_factory=dict)
    backends: dict[str, BackendClient] = field(default_factory=dict)

    def register_backend(self, client_id: str, keys: Mapping[str, Any], scope: str = "system/*.rs") -> None:
        """Let a service have tokens by its key, of this JWK Set; from then on an export wants one."""
        self.backends[client_id] = BackendClient(client_id, keys, scope)

    def register(self, client_id: str, *redirect_uris: str) -> None:
        """Let an app come back to these addresses."""
        self.clients[client_id] = DemoClient(client_id, redirect_uris)


class _WithLaunch:
    """Puts SMART's launch context into the token response."""

    def __call__(self, grant: Any) -> None:
        grant.register_hook("after_create_token_response", _add_context)


def _add_context(grant: Any, response: tuple[int, dict[str, Any], Any]) -> None:
    launch: Launch = grant.request.user
    token = response[1]
    token["patient"] = launch.patient
    token["need_patient_banner"] = True
    if launch.app_context is not None:
        token["appContext"] = launch.app_context


def add_authorization(app: Flask, authorization: Authorization, fhir_base: str) -> None:
    """Add the endpoints to the app of the FHIR server at `fhir_base` (".../fhir"): they stand below it."""
    key = ECKey.generate_key("P-384", {"use": "sig", "kid": "demo"})
    path = "/" + fhir_base.split("/", 3)[3]
    app.config["OAUTH2_TOKEN_EXPIRES_IN"] = {
        "authorization_code": TOKEN_SECONDS,
        "client_credentials": BACKEND_SECONDS,
    }
    routes = Blueprint("authorization", __name__, url_prefix=path)
    _add_documents(routes, fhir_base, key)
    _add_endpoints(routes, _server(app, authorization, fhir_base, key), authorization, fhir_base)
    app.register_blueprint(routes)


def _server(app: Flask, authorization: Authorization, fhir_base: str, key: ECKey) -> AuthorizationServer:
    def save(token: Mapping[str, Any], asked: Any) -> None:
        authorization.tokens.keep(token["access_token"], token["scope"], token["expires_in"])

    def describe(launch: Launch) -> Mapping[str, Any]:
        return {"sub": launch.user, "fhirUser": f"{fhir_base}/{launch.user}"}

    clients: ChainMap[str, Any] = ChainMap(authorization.clients, authorization.backends)
    server = code_server(app, clients, save, IdToken(fhir_base, describe, key), _WithLaunch())
    add_backend_services(server, f"{fhir_base}/auth/token")
    return server


def _add_documents(routes: Blueprint, fhir_base: str, key: ECKey) -> None:
    document = {
        "issuer": fhir_base,
        "authorization_endpoint": f"{fhir_base}/auth/authorize",
        "token_endpoint": f"{fhir_base}/auth/token",
        "jwks_uri": f"{fhir_base}/auth/jwks",
        "grant_types_supported": ["authorization_code", "client_credentials"],
        "response_types_supported": ["code"],
        "code_challenge_methods_supported": ["S256"],
        "token_endpoint_auth_methods_supported": ["none", METHOD],
        "token_endpoint_auth_signing_alg_values_supported": list(ALGORITHMS),
        "scopes_supported": list(SCOPES),
        "capabilities": list(CAPABILITIES),
    }
    keys = KeySet([key]).as_dict(private=False)

    @routes.get("/.well-known/smart-configuration")
    def configuration() -> Response:
        return jsonify(document)

    @routes.get("/auth/jwks")
    def jwks() -> Response:
        return jsonify(keys)

    @routes.get("/auth/static/<path:name>")
    def static(name: str) -> Response:
        return send_from_directory(STATIC, name)


def _add_endpoints(
    routes: Blueprint, server: AuthorizationServer, authorization: Authorization, fhir_base: str
) -> None:
    page = Environment(loader=FileSystemLoader([_OWN_TEMPLATES, TEMPLATES]), autoescape=True).get_template

    @routes.route("/auth/authorize", methods=["GET", "POST"])
    def authorize() -> Response:
        try:
            grant = server.get_consent_grant()
            _check_smart(fhir_base)
        except OAuth2Error as error:
            return _as_response(server.handle_error_response(server.create_oauth2_request(None), error))
        launch = _launch_of(authorization)
        if launch is not None:
            return _as_response(server.create_authorization_response(grant_user=launch, grant=grant))
        if "launch" in request.values:
            return Response("This launch is not known, or was used before.", 400, content_type="text/plain")
        return Response(_choice(page, authorization, fhir_base))

    @routes.post("/auth/token")
    def token() -> Response:
        return _as_response(server.create_token_response())


def _check_smart(fhir_base: str) -> None:
    """A token for another server (`aud`) is not given, nor one without PKCE."""
    asked = request.values
    if asked.get("aud", "").rstrip("/") != fhir_base:
        raise OAuth2Error(error="invalid_request", description="aud must be this FHIR server")
    if not asked.get("code_challenge") or asked.get("code_challenge_method") != "S256":
        raise OAuth2Error(error="invalid_request", description="PKCE with S256 is required")


def _launch_of(authorization: Authorization) -> Launch | None:
    """From the mini EHR, or as the person chose."""
    if word := request.values.get("launch"):
        return authorization.launches.redeem(word)
    patient, user = request.form.get("patient"), request.form.get("user")
    if patient in dict(authorization.patients) and user in dict(authorization.users):
        return Launch(str(patient), str(user), None)
    return None


def _choice(page: Callable[[str], Any], authorization: Authorization, fhir_base: str) -> str:
    words: str = page("choose_patient.html").render(
        language="en",
        static=f"{fhir_base}/auth/static",
        patients=authorization.patients,
        users=authorization.users,
        wanted=request.args.get("patient", ""),
    )
    return words


def _as_response(answer: Any) -> Response:
    response: Response = answer
    response.headers["Cache-Control"] = "no-store"
    return response
