"""What Holdfast measures: label sets are closed, and every series is there from the start."""

import platform
from collections.abc import Callable, Mapping, Sequence
from datetime import datetime
from importlib.metadata import version
from itertools import product
from typing import Generic, TypeVar

import asyncpg
from aiohttp import web
from prometheus_client import (
    CollectorRegistry,
    Counter,
    Gauge,
    Histogram,
    ProcessCollector,
    disable_created_metrics,
    generate_latest,
)
from prometheus_client.metrics import MetricWrapperBase

from holdfast.standing import CALLS, CONFLICT_KINDS, OTHER, Standing

LONG = (0.5, 1, 2.5, 5, 10, 15, 30, 60, 120, 300, 600, 1800, 3600)
EXPOSED = (0.1, 0.25, *LONG, 7200, 21600, 86400)
SHORT = (0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1, 2.5, 5, 10)

POLL_RESULTS = ("unchanged", "changed", "new", "missed_by_webhook", "unreadable", "unusable")
WEBHOOK_RESULTS = (
    "accepted",
    "forged",
    "stale",
    "malformed",
    "unknown_account",
    "too_large",
    "too_slow",
    "encoded",
    "overloaded",
    "failed",  # the database was out of reach: the provider was asked to try again
)
CHANGES = ("hold", "booking", "move", "cancellation")
CODES = ("2xx", "3xx", "4xx", "5xx")
OPERATIONS = (
    "fetch",
    "scan",
    "offers",
    "hold",
    "commit",
    "release",
    "cancel",
    "move",
    "find",
    "token",
)
FAILURES = ("not_sent", "unknown", "taken", "gone", "rejected", "limited", "unauthorised", "broken")

_without_created_series: Callable[[], None] = disable_created_metrics
"""Or every counter would come twice; the annotation is what the library's function lacks."""

Metric = TypeVar("Metric", bound=MetricWrapperBase)


class Series(Generic[Metric]):
    """A metric whose labels are closed sets; whatever is not in the set counts as `other`."""

    def __init__(self, metric: Metric, labels: Mapping[str, Sequence[str]]) -> None:
        self._metric = metric
        self._labels = {name: frozenset(values) for name, values in labels.items()}
        for values in product(*labels.values()):
            metric.labels(*values)

    def of(self, **labels: str) -> Metric:
        """The one series of these labels. Raises KeyError when a label is missing."""
        return self._metric.labels(
            *(
                labels[name] if labels[name] in allowed else OTHER
                for name, allowed in self._labels.items()
            )
        )


class Metrics:
    """Every metric of one process, in a registry of its own. Durations are seconds.

    `channels` are the names of all channels there are; a booking made at the venue counts as `direct`.
    """

    def __init__(self, channels: Sequence[str]) -> None:
        _without_created_series()
        self.registry = CollectorRegistry()
        self.standing = Standing(channels)
        self.registry.register(self.standing)
        ProcessCollector(registry=self.registry)
        self._observe(channels)
        self._decide([*channels, "direct"], channels)
        self._deliver([*channels, "direct"], channels)
        self._serve()

    def _observe(self, channels: Sequence[str]) -> None:
        channel = {"channel": channels}
        self.webhook_requests = self._counter(
            "webhook_requests", "Webhook requests", channel | {"result": WEBHOOK_RESULTS}
        )
        self.webhook_ack_duration = self._histogram(
            "webhook_ack_duration_seconds", "From a webhook's arrival to our answer", SHORT, channel
        )
        self.webhook_last_accepted = self._gauge(
            "webhook_last_accepted_timestamp_seconds", "When a webhook was last accepted", channel
        )
        self.poll_runs = self._counter(
            "poll_runs",
            "Polls",
            channel | {"outcome": ("complete", "partial", "error", "skipped")},
        )
        self.poll_items = self._counter(
            "poll_items",
            "Bookings met by polls",
            channel | {"result": POLL_RESULTS},
        )
        self.channel_requests = self._counter(
            "channel_requests",
            "Calls to channels",
            channel | {"operation": OPERATIONS, "outcome": ("ok", *FAILURES)},
        )
        self.channel_request_duration = self._histogram(
            "channel_request_duration_seconds",
            "Calls to channels",
            SHORT,
            channel | {"operation": OPERATIONS},
        )

    def _decide(self, sources: Sequence[str], targets: Sequence[str]) -> None:
        self.events_received = self._counter(
            "events_received",
            "Events, after dedupe",
            {
                "channel": sources,
                "via": ("webhook", "poll", "clock", "operator", "replay"),
                "type": ("created", "updated", "cancelled", "hold", "offers", OTHER),
            },
        )
        outcomes = ("applied", "noop", "stale", "echo", "edit_conflict", "refused", "dead")
        self.events_processed = self._counter(
            "events_processed", "Events worked off", {"channel": sources, "outcome": outcomes}
        )
        self.bookings_ingested = self._counter(
            "bookings_ingested",
            "Changes of bookings",
            {"source": sources, "change": CHANGES},
        )
        self.conflicts_detected = self._counter(
            "conflicts_detected",
            "Conflicts opened",
            {"kind": CONFLICT_KINDS, "source": sources, "target": [*targets, "direct"]},
        )

    def _deliver(self, sources: Sequence[str], targets: Sequence[str]) -> None:
        self.propagation_duration = self._histogram(
            "propagation_duration_seconds",
            "From first heard of to done at the other channel",
            LONG,
            {"source": sources, "target": targets, "change": CHANGES},
        )
        self.exposure_duration = self._histogram(
            "exposure_duration_seconds",
            "From the time being taken to its last offer on another listing being gone",
            EXPOSED,
            {"source": sources, "target": targets},
        )
        self.pushes_settled = self._counter(
            "pushes",
            "Pushes settled",
            {
                "target": targets,
                "call": CALLS,
                "outcome": ("done", "taken", "rejected", "superseded", "dead"),
            },
        )
        self.block_lapses = self._counter(
            "block_lapses",
            "Blocks that lapsed and were not replaced in time",
            {"channel": targets, "reason": ("late", "taken", "refused", "lost")},
        )

    def _serve(self) -> None:
        self.http_request_duration = Histogram(
            "holdfast_http_request_duration_seconds",
            "Requests to our own pages and API; route is a template, code a class such as 2xx",
            ["route", "method", "code"],
            buckets=SHORT,
            registry=self.registry,
        )
        self.clock_ahead = Gauge(
            "holdfast_clock_ahead_seconds",
            "By how much this machine's own clock is ahead of the database's",
            registry=self.registry,
        )
        build = {"version": [version("holdfast")], "python": [platform.python_version()]}
        self._gauge("build_info", "What runs here", build).of(
            version=version("holdfast"), python=platform.python_version()
        ).set(1)

    def serves(self, routes: Sequence[tuple[str, str]]) -> None:
        """Make the series of every (method, route template) that this process answers."""
        for (method, route), code in product(routes, CODES):
            self.http_request_duration.labels(route, method, code)

    def _counter(
        self, name: str, about: str, labels: Mapping[str, Sequence[str]]
    ) -> Series[Counter]:
        counter = Counter(f"holdfast_{name}", about, list(labels), registry=self.registry)
        return Series(counter, labels)

    def _gauge(self, name: str, about: str, labels: Mapping[str, Sequence[str]]) -> Series[Gauge]:
        gauge = Gauge(f"holdfast_{name}", about, list(labels), registry=self.registry)
        return Series(gauge, labels)

    def _histogram(
        self, name: str, about: str, buckets: Sequence[float], labels: Mapping[str, Sequence[str]]
    ) -> Series[Histogram]:
        histogram = Histogram(
            f"holdfast_{name}", about, list(labels), buckets=buckets, registry=self.registry
        )
        return Series(histogram, labels)

    async def refresh(self, pool: asyncpg.Pool, now: datetime) -> None:
        """Read the gauges from Postgres. Raises what asyncpg raises, TimeoutError; they then stay as they are."""
        await self.standing.refresh(pool, now)


def exposition(metrics: Metrics) -> web.Response:
    """All metrics in Prometheus' text format 0.0.4.

    Never OpenMetrics: there `pushes` and `pushes_total` would be one family of two types.
    """
    return web.Response(
        body=generate_latest(metrics.registry),
        headers={"Content-Type": "text/plain; version=0.0.4; charset=utf-8"},
    )


def metrics_app(metrics: Metrics) -> web.Application:
    """`GET /metrics` and nothing else, for a port of its own."""

    async def show(request: web.Request) -> web.Response:
        return exposition(metrics)

    app = web.Application()
    app.router.add_get("/metrics", show)
    return app
