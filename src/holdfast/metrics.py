"""What Holdfast measures: label sets are closed, and every series is there from the start."""

import platform
from collections.abc import Callable, Sequence
from datetime import datetime
from importlib.metadata import version
from itertools import product

import asyncpg
from aiohttp import web
from prometheus_client import (
    CollectorRegistry,
    Gauge,
    Histogram,
    ProcessCollector,
    disable_created_metrics,
    generate_latest,
)

from holdfast.series import Maker
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
    "find",
    "offers",
    "areas",  # which parts of a house can be asked for offers
    "hold",
    "commit",
    "release",
    "cancel",
    "move",
    "token",
)
CALL_OUTCOMES = (
    "ok",
    "not_sent",
    "unknown",
    "taken",
    "gone",
    "rejected",
    "limited",
    "unauthorised",
    "held_back",
)
VIAS = ("webhook", "poll", "clock", "operator")
EVENT_TYPES = ("created", "updated", "cancelled", OTHER)
EVENT_OUTCOMES = ("applied", "noop", "stale", "echo", "unmapped", "broken")
OUTCOMES = ("done", "taken", "gone", "dead", "superseded")
RESOLUTIONS = ("operator", "expired", "by_itself")
TASKS = ("absorb", "deliver", "bookings", "probes", "offers", "background")

_without_created_series: Callable[[], None] = disable_created_metrics
"""Or every counter would come twice; the annotation is what the library's function lacks."""


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
        make = Maker(self.registry)
        self._hear(make, channels)
        self._call(make, channels)
        self._decide(make, channels)
        self._settle(make, channels)
        self._deliver(make, channels)
        self._give_up(make, channels)
        self._work(make)
        self._serve(make)

    def _hear(self, make: Maker, channels: Sequence[str]) -> None:
        channel = {"channel": channels}
        # before the account is known to us, no channel is
        nameless = [(OTHER, result) for result in ("unknown_account", "malformed", "too_large")]
        known = [result for result in WEBHOOK_RESULTS if result != "unknown_account"]
        self.webhook_requests = make.counter(
            "webhook_requests",
            "Webhook requests",
            channel | {"result": WEBHOOK_RESULTS},
            [*product(channels, known), *nameless],
        )
        self.webhook_ack_duration = make.histogram(
            "webhook_ack_duration_seconds", "From a webhook's arrival to our answer", SHORT, channel
        )
        self.poll_runs = make.counter(
            "poll_runs",
            "Polls of bookings and offers, and audits",
            channel | {"outcome": ("complete", "partial", "error", "skipped")},
        )
        self.poll_items = make.counter(
            "poll_items",
            "Bookings met by polls; missed_by_webhook: of a kind that the channel announces, and not told by then",
            channel | {"result": POLL_RESULTS},
        )

    def _call(self, make: Maker, channels: Sequence[str]) -> None:
        channel = {"channel": channels}
        self.channel_requests = make.counter(
            "channel_requests",
            "Calls to channels; held_back: our own budget had no room, nothing was sent",
            channel | {"operation": OPERATIONS, "outcome": CALL_OUTCOMES},
        )
        self.channel_request_duration = make.histogram(
            "channel_request_duration_seconds",
            "Calls to channels, the wait for our own budget included",
            SHORT,
            channel | {"operation": OPERATIONS},
        )
        self.channel_answers_unreadable = make.counter(
            "channel_answers_unreadable", "Answers of channels that could not be read", channel
        )

    def _decide(self, make: Maker, channels: Sequence[str]) -> None:
        sources = [*channels, "direct"]
        self.events_received = make.counter(
            "events_received",
            "Events that were new to us",
            {"channel": sources, "via": VIAS, "type": EVENT_TYPES},
            [*product(channels, VIAS, EVENT_TYPES), ("direct", "operator", "created")],
        )
        self.events_processed = make.counter(
            "events_processed",
            "Events worked off",
            {"channel": sources, "outcome": EVENT_OUTCOMES},
            [*product(channels, EVENT_OUTCOMES), ("direct", "applied")],
        )
        self.event_processing_duration = make.histogram(
            "event_processing_duration_seconds",
            "From an event's arrival to the commit of its effect, waits and retries included",
            LONG,
            {"channel": channels},
        )
        self.bookings_ingested = make.counter(
            "bookings_ingested",
            "Changes of bookings",
            {"source": sources, "change": CHANGES},
            [
                *product(channels, CHANGES),
                *product(["direct"], ("booking", "move", "cancellation")),
            ],
        )

    def _settle(self, make: Maker, channels: Sequence[str]) -> None:
        both = [*channels, "direct"]
        self.conflicts_detected = make.counter(
            "conflicts_detected",
            "Conflicts opened",
            {"kind": CONFLICT_KINDS, "source": both, "target": both},
        )
        by_policy = [("double_booking", "policy")]
        self.conflicts_resolved = make.counter(
            "conflicts_resolved",
            "Conflicts closed by this process; what a command settles at once is counted nowhere",
            {"kind": CONFLICT_KINDS, "resolution": (*RESOLUTIONS, "policy")},
            [*product(CONFLICT_KINDS, RESOLUTIONS), *by_policy],
        )

    def _deliver(self, make: Maker, channels: Sequence[str]) -> None:
        between = {"source": [*channels, "direct"], "target": channels}
        self.propagation_duration = make.histogram(
            "propagation_duration_seconds",
            "From first heard of to done at the other channel",
            LONG,
            between | {"change": ("hold", "booking")},
        )
        self.exposure_duration = make.histogram(
            "exposure_duration_seconds",
            "From the time being taken to its last offer on another listing being gone",
            EXPOSED,
            between,
        )

    def _give_up(self, make: Maker, channels: Sequence[str]) -> None:
        self.pushes_settled = make.counter(
            "pushes",
            "Pushes settled by their channel's answer",
            {"target": channels, "call": CALLS, "outcome": OUTCOMES},
        )
        self.dead_lettered = make.counter(
            "dead_lettered",
            "Pushes given up: refused for good, or tried in vain for a day",
            {"channel": channels, "reason": ("rejected", "given_up")},
        )
        self.block_lapses = make.counter(
            "block_lapses",
            "Blocks that lapsed and were not replaced in time, or that somebody took away (lost)",
            {"channel": channels, "reason": ("late", "taken", "refused", "lost")},
        )

    def _work(self, make: Maker) -> None:
        task = {"task": TASKS}
        self.jobs = make.counter(
            "jobs",
            "Runs of a worker's tasks, each for one account",
            task | {"outcome": ("ok", "failed", "cancelled")},
        )
        self.job_duration = make.histogram(
            "job_duration_seconds", "Runs of a worker's tasks, each for one account", LONG, task
        )

    def _serve(self, make: Maker) -> None:
        self.http_request_duration = Histogram(
            "holdfast_http_request_duration_seconds",
            "Requests to our own pages and API; route is a template, code a class such as 2xx",
            ["route", "method", "code"],
            buckets=SHORT,
            registry=self.registry,
        )
        self._served: dict[tuple[str, str, str], Histogram] = {}
        self.clock_ahead = Gauge(
            "holdfast_clock_ahead_seconds",
            "By how much this machine's own clock is ahead of the database's",
            registry=self.registry,
        )
        build = {"version": [version("holdfast")], "python": [platform.python_version()]}
        make.gauge("build_info", "What runs here", build).of(
            version=version("holdfast"), python=platform.python_version()
        ).set(1)

    def serves(self, routes: Sequence[tuple[str, str]]) -> None:
        """Make the series of every (method, route template) that this process answers."""
        for (method, route), code in product(routes, CODES):
            self._served[route, method, code] = self.http_request_duration.labels(
                route, method, code
            )

    def answered(self, route: str, method: str, status: int, seconds: float) -> None:
        """A request to this route template was answered, so long after it came."""
        which = (route, method, f"{status // 100}xx")
        series = self._served.get(which) or self.http_request_duration.labels(*which)
        series.observe(seconds)

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
