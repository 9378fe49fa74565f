"""Traces for OpenTelemetry (the extra `otel`): imported only by who wants them, before any server or session is made.

What leaves is named here, and nothing else: no address, header, message or parameter, so no guest and no secret.
"""

import os
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from importlib.metadata import version
from typing import Any

from opentelemetry.exporter.otlp.proto.http.trace_exporter import OTLPSpanExporter
from opentelemetry.instrumentation.aiohttp_client import AioHttpClientInstrumentor
from opentelemetry.instrumentation.aiohttp_server import AioHttpServerInstrumentor
from opentelemetry.instrumentation.asyncpg import AsyncPGInstrumentor
from opentelemetry.propagate import set_global_textmap
from opentelemetry.propagators.composite import CompositePropagator
from opentelemetry.sdk.resources import Resource
from opentelemetry.sdk.trace import ReadableSpan, TracerProvider
from opentelemetry.sdk.trace.export import BatchSpanProcessor, SpanExporter, SpanExportResult
from opentelemetry.trace import SpanKind, Status

KEPT = frozenset(
    {
        *("http.request.method", "http.response.status_code", "http.route", "error.type"),
        *("db.system.name", "db.namespace", "db.query.text"),  # with $1 for what was asked
    }
)
WHOM = frozenset({"server.address", "server.port"})
"""Of calls that go out; of those that come in, the caller says it."""

STOP_SECONDS = 3

PARTS: tuple[Callable[[], Any], ...] = (  # their base ships no types
    AsyncPGInstrumentor,
    AioHttpClientInstrumentor,
    AioHttpServerInstrumentor,
)


class Discreet(SpanExporter):
    """Hands on what is known to be harmless."""

    def __init__(self, onward: SpanExporter) -> None:
        self._onward = onward

    def export(self, spans: Sequence[ReadableSpan]) -> SpanExportResult:
        """Without what was not asked for, whatever a library may add."""
        return self._onward.export([_reduced(span) for span in spans])

    def shutdown(self) -> None:
        """Nothing more comes."""
        self._onward.shutdown()


def _reduced(span: ReadableSpan) -> ReadableSpan:
    told = dict(span.attributes or {})
    kept = KEPT | WHOM if span.kind is SpanKind.CLIENT else KEPT
    return ReadableSpan(
        name=_name(span, told),
        context=span.get_span_context(),
        parent=span.parent,
        resource=span.resource,
        attributes={key: value for key, value in told.items() if key in kept},
        kind=span.kind,
        status=Status(span.status.status_code),  # its text quotes the exception
        start_time=span.start_time,
        end_time=span.end_time,
        instrumentation_scope=span.instrumentation_scope,
    )


def _name(span: ReadableSpan, told: Mapping[str, object]) -> str:
    """A query's first word: ours begin with a comment, which would be the name of them all."""
    lines = str(told.get("db.query.text", "")).splitlines()
    words = " ".join(line for line in lines if not line.startswith("--")).split()
    return words[0].lower() if words else span.name


def sending() -> SpanExporter:
    """To where the standard variables say, by OTLP over HTTP; a stop does not wait longer for who is not there."""
    os.environ.setdefault("OTEL_EXPORTER_OTLP_TIMEOUT", str(STOP_SECONDS))
    return OTLPSpanExporter()


@contextmanager
def tracing(service: str, exporter: SpanExporter) -> Iterator[None]:
    """Requests that come in, calls that go out, and queries, until the block ends; then what is left is sent."""
    resource = Resource.create({"service.name": service, "service.version": version("holdfast")})
    provider = TracerProvider(resource=resource)
    provider.add_span_processor(BatchSpanProcessor(Discreet(exporter)))
    # the names of `KEPT`: without it, those of years ago
    os.environ.setdefault("OTEL_SEMCONV_STABILITY_OPT_IN", "http,database")
    if (
        "OTEL_PROPAGATORS" not in os.environ
    ):  # no stranger joins our traces, no channel is told of them
        set_global_textmap(CompositePropagator([]))
    parts = [part() for part in PARTS]
    for part in parts:
        part.instrument(tracer_provider=provider)
    try:
        yield
    finally:
        for part in parts:
            part.uninstrument()
        provider.shutdown()
