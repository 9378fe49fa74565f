"""Traces: where they are asked for and cannot be made, nothing starts; and what leaves names no guest."""

import sys

import aiohttp
import asyncpg
import pytest
from aiohttp import web

from holdfast.processes import traced
from holdfast.serving import listening
from holdfast.settings import SettingsError
from holdfast.web.hooks import first
from holdfast.web_process import way_in

PHONE, KEY, TRACE = "+33612345678", "key-canary", "a" * 32
ENDPOINT = {"OTEL_EXPORTER_OTLP_ENDPOINT": "http://127.0.0.1:1"}


def test_traces_that_cannot_be_made_stop_the_start(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delitem(sys.modules, "holdfast.tracing", raising=False)
    monkeypatch.delattr("holdfast.tracing", raising=False)
    monkeypatch.setitem(sys.modules, "opentelemetry.trace", None)
    with (
        traced("holdfast-web", {}),
        traced("holdfast-web", ENDPOINT | {"OTEL_TRACES_EXPORTER": "none"}),
    ):
        assert "holdfast.tracing" not in sys.modules
    for asked in (ENDPOINT, {"OTEL_TRACES_EXPORTER": "otlp"}):
        with pytest.raises(
            SettingsError, match=rf"{next(iter(asked))}: needs .* install holdfast\[otel\]"
        ):
            traced("holdfast-web", asked)
    with pytest.raises(SettingsError, match="OTEL_TRACES_EXPORTER: expected otlp or none"):
        traced("holdfast-web", ENDPOINT | {"OTEL_TRACES_EXPORTER": "zipkin"})


def test_traced_webhooks_go_the_way_on_which_spans_are_made() -> None:
    assert way_in({}) is first
    assert way_in(ENDPOINT | {"OTEL_TRACES_EXPORTER": "none"}) is first
    assert way_in(ENDPOINT) is None


POOL = web.AppKey("pool", asyncpg.Pool)


async def _looks_up(request: web.Request) -> web.Response:
    """As ours do: a parametrised query, and a call that goes out with a key in its address."""
    pool, sought = request.app[POOL], request.query["q"]
    await pool.fetchval("-- why --\nselect $1::text", sought)
    channel = f"{request.url.origin()}/channel/{KEY}?key={KEY}"
    async with aiohttp.ClientSession() as session, session.get(channel) as answer:
        assert "traceparent" not in await answer.text()
    await pool.execute("select $1::text::int", sought)  # Postgres quotes what it refuses
    return web.Response()


async def _channel(request: web.Request) -> web.Response:
    return web.Response(text=str(dict(request.headers)))


async def _asked(database_url: str) -> None:
    """By somebody who is in no log and has a trace of his own; it ends in a fault."""
    app = web.Application()
    app.router.add_get("/bookings/{id}", _looks_up)
    app.router.add_get("/channel/{key}", _channel)
    headers = {"traceparent": f"00-{TRACE}-{'b' * 16}-00", "X-Guest": PHONE}
    async with (
        asyncpg.create_pool(database_url, min_size=1, max_size=1) as app[POOL],
        listening(app, "127.0.0.1", 0) as port,
        aiohttp.ClientSession(f"http://127.0.0.1:{port}") as session,
    ):
        address = f"/bookings/{PHONE}"
        async with session.get(address, params={"q": PHONE}, headers=headers) as answer:
            assert answer.status == 500


# the library makes a kind of application of its own, which aiohttp discourages
@pytest.mark.filterwarnings("ignore:Inheritance class:DeprecationWarning")
async def test_a_trace_tells_what_was_done_and_of_nobody(
    database_url: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    memory = pytest.importorskip("opentelemetry.sdk.trace.export.in_memory_span_exporter")
    from holdfast import tracing  # needs the extra

    monkeypatch.delenv("OTEL_PROPAGATORS", raising=False)
    kept = memory.InMemorySpanExporter()
    with tracing.tracing("holdfast-web", kept):
        await _asked(database_url)
    spans = kept.get_finished_spans()
    assert {span.resource.attributes["service.name"] for span in spans} == {"holdfast-web"}
    told = {(span.name, span.kind.name): dict(span.attributes) for span in spans}
    assert told[("GET /bookings/{id}", "SERVER")] == {
        "http.request.method": "GET",
        "http.route": "/bookings/{id}",
        "error.type": "NumericValueOutOfRangeError",
    }
    assert {("select", "CLIENT"), ("GET", "CLIENT"), ("GET /channel/{key}", "SERVER")} <= {*told}
    everything = " ".join(span.to_json() for span in spans)
    assert [canary for canary in (PHONE[1:], KEY, TRACE) if canary in everything] == []
    async with asyncpg.create_pool(database_url, min_size=1, max_size=1) as pool:
        await pool.fetchval("select 1")
    assert len(kept.get_finished_spans()) == len(spans)
