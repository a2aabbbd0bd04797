"""A CDS service of the tests' own, on real HTTP: it remembers what it was asked and says what it was told."""

from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from typing import Any

from flask import Flask, Response, jsonify, request

from cds_service.demo.loopback import RunningServer, serve_on_loopback

Json = dict[str, Any]
HOOKS = ("patient-view", "encounter-start", "problem-list-item-create", "order-select", "order-sign")
PREFETCH = {
    "patient": "Patient/{{context.patientId}}",
    "observations": "Observation?patient={{context.patientId}}&_count=10",
    "nobody": "Patient/nobody",
    "refused": "Observation?colour={{context.patientId}}",
    "visit": "Encounter/{{context.encounterId}}",
}


@dataclass
class CdsDouble:
    """`answers`: what each service says; a service without one says no card."""

    asked: list[Json] = field(default_factory=list)
    answers: dict[str, Response | Json] = field(default_factory=dict)

    def app(self) -> Flask:
        """The service as a WSGI application."""
        app = Flask("double")

        @app.get("/cds-services")
        def discovery() -> Response:
            services = [{"id": f"s-{h}", "hook": h, "title": h, "prefetch": PREFETCH} for h in HOOKS]
            return jsonify({"services": services})

        @app.post("/cds-services/<name>")
        def call(name: str) -> Response:
            self.asked.append(request.get_json())
            answer = self.answers.get(name, {"cards": []})
            return answer if isinstance(answer, Response) else jsonify(answer)

        return app

    @contextmanager
    def running(self) -> Iterator[RunningServer]:
        """The service, answering."""
        server = serve_on_loopback(lambda _: self.app().wsgi_app, 0)
        try:
            yield server
        finally:
            server.stop()


def card(indicator: str, summary: str = "summary", **more: Any) -> Json:
    """A card as a service sends it."""
    return {"summary": summary, "indicator": indicator, "source": {"label": "label"}, **more}
