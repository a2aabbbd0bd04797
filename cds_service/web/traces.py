"""OpenTelemetry traces, as an option: how long each step of a call took, by names and kinds of errors alone.

Nothing here is imported, and no step is wrapped, unless `CDS_TRACES_URL` is set (extra `tracing`).
"""

from collections.abc import Callable
from functools import partial, wraps
from typing import Any

from msgspec.structs import replace
from opentelemetry.exporter.otlp.proto.http.trace_exporter import OTLPSpanExporter
from opentelemetry.sdk.resources import Resource
from opentelemetry.sdk.trace import TracerProvider
from opentelemetry.sdk.trace.export import BatchSpanProcessor
from opentelemetry.trace import SpanKind, StatusCode, Tracer

from cds_service.services.handler import Installation, Steps

Work = Callable[..., Any]
_STEPS = ("gather", "assess", "cards", "store")


def tracer_to(url: str, version: str) -> Tracer:
    """Sends spans to this OTLP/HTTP address in the background; what cannot be sent is dropped."""
    # The usual detectors would add the command line and the host's user.
    provider = TracerProvider(resource=Resource({"service.name": "cds-service", "service.version": version}))
    provider.add_span_processor(BatchSpanProcessor(OTLPSpanExporter(url)))
    return provider.get_tracer("cds_service", version)


def traced(installation: Installation, tracer: Tracer) -> Installation:
    """The same installation, each step of whose calls is a span below the call's own."""
    plain = installation.steps
    own = {name: _spanned(tracer, name, getattr(plain, name)) for name in _STEPS}
    return replace(installation, steps=Steps(**own, call=partial(_call, tracer)))


def _call(tracer: Tracer, service_id: str, work: Work) -> Work:
    return _spanned(tracer, "call", work, {"cds.service": service_id}, SpanKind.SERVER)


def _spanned(
    tracer: Tracer,
    name: str,
    work: Work,
    attributes: dict[str, str] | None = None,
    kind: SpanKind = SpanKind.INTERNAL,
) -> Work:
    # An exception's own words may quote a chart, so the span gets its kind alone.
    start = partial(
        tracer.start_as_current_span,
        name,
        kind=kind,
        attributes=attributes,
        record_exception=False,
        set_status_on_exception=False,
    )

    @wraps(work)
    def spanned(*arguments: Any) -> Any:
        with start() as span:
            try:
                return work(*arguments)
            except BaseException as error:
                span.set_status(StatusCode.ERROR)
                span.set_attribute("error.type", type(error).__name__)
                raise

    return spanned
