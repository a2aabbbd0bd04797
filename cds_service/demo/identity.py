"""The demo's identity provider: OpenID Connect by Authlib, for the study team's page; no passwords."""

from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from authlib.integrations.flask_oauth2 import AuthorizationServer
from authlib.oauth2 import OAuth2Error
from flask import Blueprint, Flask, Response, jsonify, request, send_from_directory
from jinja2 import Environment, FileSystemLoader
from joserfc.jwk import ECKey, KeySet

from cds_service.demo.oauth_parts import DemoClient, IdToken, code_server
from cds_service.pages import STATIC, TEMPLATES

PATH = "/identity"
_OWN_TEMPLATES = Path(__file__).parent / "templates"


@dataclass(frozen=True, slots=True)
class Account:
    """Somebody with an account at the demo's hospital."""

    name: str
    words: str
    roles: tuple[str, ...] = ()
    called: str = ""


CLIENT = "aa-cds-research"
"""The client id of the study team's page, at the demo's identity provider."""

ROLE = "aa-trial-study-team"
SIGNING_ROLE = "aa-trial-signer"
ACCOUNTS = (
    Account("study-nurse", "Study nurse (has the role)", (ROLE,), "林护士 Lin (study nurse)"),
    Account(
        "haematologist",
        "Haematologist (may sign the rules)",
        (ROLE, SIGNING_ROLE),
        "张医师 Zhang (haematologist)",
    ),
    Account("ward-clerk", "Ward clerk (has no role)"),
)


def add_identity(
    app: Flask, origin: str, clients: Mapping[str, DemoClient], accounts: tuple[Account, ...] = ACCOUNTS
) -> None:
    """Add the provider to an app that answers at `origin`; its issuer is `origin` with "/identity"."""
    issuer = f"{origin}{PATH}"
    key = ECKey.generate_key("P-384", {"use": "sig", "kid": "identity"})
    routes = Blueprint("identity", __name__, url_prefix=PATH)
    _add_documents(routes, issuer, key)
    _add_endpoints(routes, _server(app, issuer, clients, key), issuer, accounts)
    app.register_blueprint(routes)


def _server(app: Flask, issuer: str, clients: Mapping[str, DemoClient], key: ECKey) -> AuthorizationServer:
    def describe(account: Account) -> Mapping[str, Any]:
        return {"sub": account.name, "name": account.called, "roles": list(account.roles)}

    return code_server(app, clients, lambda token, asked: None, IdToken(issuer, describe, key))


def _add_documents(routes: Blueprint, issuer: str, key: ECKey) -> None:
    document = {
        "issuer": issuer,
        "authorization_endpoint": f"{issuer}/authorize",
        "token_endpoint": f"{issuer}/token",
        "jwks_uri": f"{issuer}/jwks",
        "response_types_supported": ["code"],
        "subject_types_supported": ["public"],
        "id_token_signing_alg_values_supported": ["ES384"],
        "code_challenge_methods_supported": ["S256"],
        "token_endpoint_auth_methods_supported": ["none"],
    }
    keys = KeySet([key]).as_dict(private=False)
    routes.get("/.well-known/openid-configuration")(lambda: jsonify(document))
    routes.get("/jwks", endpoint="jwks")(lambda: jsonify(keys))
    routes.get("/static/<path:name>", endpoint="static")(lambda name: send_from_directory(STATIC, name))


def _add_endpoints(
    routes: Blueprint, server: AuthorizationServer, issuer: str, accounts: tuple[Account, ...]
) -> None:
    page = Environment(loader=FileSystemLoader([_OWN_TEMPLATES, TEMPLATES]), autoescape=True)
    by_name = {account.name: account for account in accounts}

    @routes.route("/authorize", methods=["GET", "POST"])
    def authorize() -> Response:
        try:
            grant = server.get_consent_grant()
        except OAuth2Error as error:
            refused: Response = server.handle_error_response(server.create_oauth2_request(None), error)
            return refused
        account = by_name.get(request.form.get("account", ""))
        if account is None or not request.values.get("code_challenge"):
            template = page.get_template("choose_account.html")
            return Response(template.render(language="en", static=f"{issuer}/static", accounts=accounts))
        granted: Response = server.create_authorization_response(grant_user=account, grant=grant)
        return granted

    @routes.post("/token")
    def token() -> Response:
        answer: Response = server.create_token_response()
        answer.headers["Cache-Control"] = "no-store"
        return answer
