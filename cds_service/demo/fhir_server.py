"""The embedded FHIR R4 server of the demo: read, search, write, on the loopback address only."""

import json
from collections.abc import Callable
from dataclasses import dataclass
from functools import partial
from typing import TYPE_CHECKING, Any

from flask import Flask, Response, request
from sekmet.fhir.common import FhirError, operation_outcome
from sekmet.fhir.search_params import params_for
from sekmet.fhir.service import Result
from werkzeug.exceptions import HTTPException

from cds_service.demo.access_tokens import AccessTokens
from cds_service.demo.bulk_data import add_bulk_data
from cds_service.demo.fhir_store import TYPES, ChartStore, Parameters
from cds_service.demo.loopback import ADDRESS, NOTICE, RunningServer, guarded, origins, serve_on_loopback
from cds_service.demo.subscriptions import add_subscriptions

if TYPE_CHECKING:
    from cds_service.demo.demo_authorization import Authorization

PATH = "/fhir"
FHIR_JSON = "application/fhir+json"
_EXPORT = "http://hl7.org/fhir/uv/bulkdata/OperationDefinition/export"
LARGEST_BODY = 16 * 1024 * 1024


@dataclass(frozen=True, slots=True)
class ChartServer(RunningServer):
    """The FHIR server that is answering; `reset` brings back what it was started with."""

    reset: Callable[[], None]


def start_fhir_server(
    resources: tuple[dict[str, Any], ...],
    port: int = 0,
    page_ports: tuple[int, ...] = (),
    authorization: "Authorization | None" = None,
    reading_origins: frozenset[str] = frozenset(),
) -> ChartServer:
    """A server with these resources (each with its own id), answering at `base_url`.

    Pages served on `page_ports` of this computer may call it from a browser, those of `reading_origins` may
    read it. With an `authorization` apps
    may be launched, and what they write they must be allowed to write. Raises OSError when the port is
    taken.
    """
    stores: list[ChartStore] = []

    def build(own_port: int) -> Any:
        store = ChartStore(f"http://{ADDRESS}:{own_port}{PATH}")
        store.load(resources)
        stores.append(store)
        app = create_fhir_app(store)
        if authorization is not None:
            _open_to_apps(app, authorization, store.base_url)
        may_export = partial(_check_export, authorization)
        add_subscriptions(app, store)
        app.register_blueprint(add_bulk_data(store, store.base_url, may_export))
        app.before_request(lambda: _refuse_writes_from(reading_origins))
        return guarded(app.wsgi_app, origins(own_port, *page_ports) | reading_origins)

    running = serve_on_loopback(build, port, PATH)

    def stop() -> None:
        running.stop()
        stores[0].close()

    return ChartServer(running.base_url, running.port, stop, lambda: stores[0].start_again(resources))


def _refuse_writes_from(origins: frozenset[str]) -> None:
    """Raises FhirError."""
    reads = request.method in ("GET", "HEAD", "OPTIONS") or request.path.endswith("/_search")
    if not reads and request.headers.get("Origin") in origins:
        raise FhirError(403, "pages of this origin may only read here", "forbidden")


def _open_to_apps(app: Flask, authorization: "Authorization", base_url: str) -> None:
    # Authlib: only where apps are launched
    from cds_service.demo.demo_authorization import add_authorization
    from cds_service.demo.identity import add_identity

    add_authorization(app, authorization, base_url)
    add_identity(app, base_url.removesuffix(PATH), authorization.clients)
    app.before_request(lambda: _check_token(authorization.tokens))


def _check_token(tokens: AccessTokens) -> None:
    """What an app creates it must be allowed to create. Reading is open to everybody here. Raises FhirError.

    The words that the mini-EHR lends a CDS service are no tokens of ours, and good for reading alone.
    """
    wanted = (request.view_args or {}).get("kind")
    kind, _, word = request.headers.get("Authorization", "").partition(" ")
    if request.method != "POST" or request.path.endswith("/_search") or not wanted or kind != "Bearer":
        return
    token = tokens.find(word)
    if token is None:
        raise FhirError(401, "this token is not known, or has expired", "login")
    if not token.allows("c", wanted):
        raise FhirError(403, f"this token does not allow creating a {wanted}", "forbidden")


def _check_export(authorization: "Authorization | None", kinds: tuple[str, ...]) -> None:
    """An export wants a token where a backend service is registered. Raises FhirError."""
    if authorization is None or not authorization.backends:
        return
    kind, _, word = request.headers.get("Authorization", "").partition(" ")
    token = authorization.tokens.find(word) if kind == "Bearer" else None
    if token is None:
        raise FhirError(401, "an export needs a token, and this is none or has expired", "login")
    if closed := [one for one in kinds if not token.allows("r", one)]:
        raise FhirError(403, f"this token does not allow reading {', '.join(closed)}", "forbidden")


def create_fhir_app(store: ChartStore) -> Flask:
    """The FHIR RESTful API over `store`, under `/fhir`."""
    app = Flask(__name__)
    app.config["MAX_CONTENT_LENGTH"] = LARGEST_BODY
    app.url_map.strict_slashes = False
    _add_reads(app, store)
    _add_writes(app, store)
    app.register_error_handler(FhirError, lambda error: _reply(Result(error.status, error.outcome())))
    app.register_error_handler(HTTPException, _http_error)
    app.before_request(_refuse_other_formats)
    app.after_request(_allow_own_pages)
    return app


def _add_reads(app: Flask, store: ChartStore) -> None:
    @app.get(f"{PATH}/metadata")
    def metadata() -> Response:
        return _reply(Result(200, capability_statement(store.base_url)))

    @app.get(f"{PATH}/<kind>")
    def search(kind: str) -> Response:
        return _reply(store.search(kind, _parameters()))

    @app.post(f"{PATH}/<kind>/_search")
    def search_by_post(kind: str) -> Response:
        return _reply(store.search(kind, _parameters()))

    @app.get(f"{PATH}/<kind>/<key>")
    def read(kind: str, key: str) -> Response:
        return _reply(store.read(kind, key, if_none_match=request.headers.get("If-None-Match")))

    @app.get(f"{PATH}/<kind>/<key>/_history")
    def history(kind: str, key: str) -> Response:
        store.check_type(kind)
        return _reply(store.history(kind, key, []))

    @app.get(f"{PATH}/<kind>/<key>/_history/<version>")
    def read_version(kind: str, key: str, version: str) -> Response:
        return _reply(store.vread(kind, key, version))


def _add_writes(app: Flask, store: ChartStore) -> None:
    @app.post(PATH)
    def transaction() -> Response:
        return _reply(store.bundle(_body()))

    @app.post(f"{PATH}/<kind>")
    def create(kind: str) -> Response:
        only_if_new = request.headers.get("If-None-Exist")
        return _reply(store.create(kind, _body(), if_none_exist=only_if_new))

    @app.put(f"{PATH}/<kind>/<key>")
    def update(kind: str, key: str) -> Response:
        return _reply(store.update(kind, key, _body(), if_match=request.headers.get("If-Match")))

    @app.delete(f"{PATH}/<kind>/<key>")
    def delete(kind: str, key: str) -> Response:
        return _reply(store.delete(kind, key))


def _parameters() -> Parameters:
    """All search parameters, from the address and a form body; `_format` and `_pretty` are no part of it."""
    every = [*request.args.items(multi=True), *request.form.items(multi=True)]
    return [(name, value) for name, value in every if name not in ("_format", "_pretty")]


def _body() -> Any:
    """The JSON of the request. Raises FhirError 400 or 415."""
    if "json" not in (request.mimetype or ""):
        raise FhirError(415, f"send {FHIR_JSON}", "not-supported")
    try:
        return json.loads(request.get_data(), parse_constant=_no_such_number)
    except (ValueError, RecursionError) as error:
        raise FhirError(400, f"the body is not JSON: {error}", "structure") from error


def _no_such_number(name: str) -> None:
    raise ValueError(f"{name} is not a JSON number")


def _reply(result: Result) -> Response:
    body = b"" if result.body is None else json.dumps(result.body).encode()
    return Response(body, result.status, result.headers, content_type=f"{FHIR_JSON}; charset=utf-8")


def _http_error(error: HTTPException) -> Response:
    issue = {"severity": "error", "code": "processing", "diagnostics": error.description or error.name}
    return _reply(Result(error.code or 500, operation_outcome([issue])))


def _refuse_other_formats() -> Response | None:
    """JSON is all there is; old names of it (`application/json+fhir`) are understood."""
    accepted = request.args.get("_format") or request.headers.get("Accept", "*/*")
    if "json" in accepted or "*" in accepted or request.method == "OPTIONS":
        return None
    issue = {"severity": "error", "code": "not-supported", "diagnostics": f"cannot produce {accepted}"}
    return _reply(Result(406, operation_outcome([issue])))


def _allow_own_pages(response: Response) -> Response:
    """CORS for the demo's own pages; a foreign Origin never gets past the guard."""
    response.headers["Vary"] = "Origin"
    origin = request.headers.get("Origin")
    if origin:
        response.headers["Access-Control-Allow-Origin"] = origin
        response.headers["Access-Control-Allow-Methods"] = "GET, POST, PUT, DELETE, OPTIONS"
        response.headers["Access-Control-Allow-Headers"] = (
            "Authorization, Content-Type, Accept, If-Match, If-None-Match, If-None-Exist, Prefer"
        )
        response.headers["Access-Control-Expose-Headers"] = "Location, ETag, Last-Modified"
    return response


def capability_statement(base_url: str) -> dict[str, Any]:
    """What this server really does, type by type and parameter by parameter."""
    return {
        "resourceType": "CapabilityStatement",
        "status": "active",
        "date": "2026-01-01",
        "kind": "instance",
        "title": f"Demo FHIR server: {NOTICE}",
        "software": {"name": "cds-service demo", "version": "1"},
        "implementation": {"description": NOTICE, "url": base_url},
        "fhirVersion": "4.0.1",
        "format": ["json"],
        "rest": [
            {
                "mode": "server",
                "documentation": NOTICE,
                "resource": [_type_statement(kind) for kind in TYPES],
                "interaction": [{"code": "transaction"}, {"code": "batch"}],
                "operation": [{"name": "export", "definition": _EXPORT}],
            }
        ],
    }


def _type_statement(kind: str) -> dict[str, Any]:
    codes = ("read", "vread", "update", "delete", "history-instance", "create", "search-type")
    words = {name: parameter.kind for name, parameter in params_for(kind).items() if name != "_source"}
    words["_id"] = "token"
    return {
        "type": kind,
        "interaction": [{"code": code} for code in codes],
        "versioning": "versioned",
        "updateCreate": True,
        "conditionalCreate": True,
        "searchParam": [{"name": name, "type": words[name]} for name in sorted(words)],
    }
