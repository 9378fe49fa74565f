"""The gauges that describe how things stand in Postgres, as one collector that is renewed as a whole."""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from itertools import product

import asyncpg
from prometheus_client.metrics_core import GaugeMetricFamily
from prometheus_client.registry import Collector

from holdfast.inventory.audit import KINDS
from holdfast.store import exposures, lineage, reading, tally
from holdfast.store.freshness import knowledge

OTHER = "other"
CALLS = ("place", "commit", "release", "cancel")
CONFLICT_KINDS = (
    "double_booking",
    "same_booking",
    "not_found",
    "kept_left",
    "block_lost",
    "cancel_refused",
    "both_edited",
    "orphan_at_channel",
    "orphan_block",
    "unmapped",
    "unlisted",
    "too_small",
    "clock",
    "brake",
)
EVENT_STATES = ("pending", "processing", "retrying", "paused")
PUSH_STATES = ("queued", "sending", "retrying", "unknown", "paused", "shadow")
PENDING = frozenset({"queued", "sending", "retrying", "unknown"})
"""Push states that should end by themselves: not paused, not shadow."""

STATES = ("fresh", "late", "blind", "down", "paused", "first")

DIRECTIONS = {"intake": "in", "pushes": "out"}

GIVEN_UP_LATELY = timedelta(hours=24)
"""So long a push that was given up counts, as on the dashboard."""


@dataclass(frozen=True, slots=True)
class Standard:
    """One gauge: what it says, and its closed label sets."""

    about: str
    labels: Mapping[str, Sequence[str]]


def standards(channels: Sequence[str]) -> dict[str, Standard]:
    """Every gauge read from Postgres. Timestamps are Unix seconds, 0 for none."""
    return {
        **_of_work(channels),
        **_of_agreement(channels),
        **_of_accounts(channels),
        "worker_heartbeat_timestamp_seconds": Standard("When any worker was last heard of", {}),
        "store_went_back_timestamp_seconds": Standard(
            "When it was last noticed that the database had gone back to an older state", {}
        ),
        "standing_read_timestamp_seconds": Standard("When these gauges were read", {}),
    }


def _of_work(channels: Sequence[str]) -> dict[str, Standard]:
    sources, target = {"channel": [*channels, "direct"]}, {"target": channels}
    return {
        "inbox_events": Standard("Events not processed yet", sources | {"state": EVENT_STATES}),
        "inbox_oldest_unprocessed_timestamp_seconds": Standard(
            "When the oldest unprocessed event came in, paused ones left out", sources
        ),
        "pushes": Standard("Pushes not settled yet", target | {"state": PUSH_STATES}),
        "push_oldest_pending_timestamp_seconds": Standard(
            "When the oldest pending push was wished, live accounts only", target | {"call": CALLS}
        ),
        "dead_letters": Standard(
            "Pushes given up in the last 24 h, with nothing tried since for the same block",
            {"channel": channels},
        ),
    }


def _of_agreement(channels: Sequence[str]) -> dict[str, Standard]:
    channel, target = {"channel": channels}, {"target": channels}
    return {
        "blocks": Standard(
            "Blocks that stand", channel | {"state": ("held", "booked", "expiring", "releasing")}
        ),
        "block_soonest_expiry_timestamp_seconds": Standard(
            "When the first of our holds may lapse", channel
        ),
        "conflicts_open": Standard("Conflicts that are not settled", {"kind": CONFLICT_KINDS}),
        "conflict_oldest_open_timestamp_seconds": Standard(
            "When the oldest open conflict that nobody snoozed was opened", {"kind": CONFLICT_KINDS}
        ),
        "exposed_offers": Standard("Offers sellable twice now, live accounts only", target),
        "exposure_oldest_timestamp_seconds": Standard(
            "When the oldest exposure that is still open began, live accounts only", target
        ),
    }


def _of_accounts(channels: Sequence[str]) -> dict[str, Standard]:
    channel = {"channel": channels}
    return {
        "accounts": Standard("Accounts", channel | {"mode": ("live", "shadow", "paused")}),
        "webhook_last_accepted_timestamp_seconds": Standard(
            "When a webhook was last accepted, 0 for never", channel
        ),
        "brakes_tripped": Standard("Accounts in quarantine", channel),
        "pauses": Standard(
            "Accounts whose intake (in) or pushes (out) a person has paused",
            channel | {"direction": tuple(DIRECTIONS.values())},
        ),
        "breakers_open": Standard(
            "Accounts that answer no reads (in) or writes (out), of which one is tried now and then",
            channel | {"direction": ("in", "out")},
        ),
        "account_freshness": Standard(
            "Accounts by how far what is known of them can be trusted; first: a first reading has its time",
            channel | {"state": STATES},
        ),
        "unreadable_bookings": Standard("Bookings shown there that cannot be read", channel),
        "unknown_exposures": Standard(
            "Bookings of which it is not known whether their time is sold elsewhere",
            {"reach": ("within", "beyond")},
        ),
        "poll_stalest_success_timestamp_seconds": Standard(
            "When the account longest without a complete poll had its last", channel
        ),
        "audit_differences": Standard(
            "Differences left after the last audit", channel | {"kind": KINDS}
        ),
        "audit_stalest_success_timestamp_seconds": Standard(
            "When the account longest without a complete audit had its last", channel
        ),
    }


class Snapshot:
    """One reading of all gauges: every series starts at zero; unknown label values add to `other`."""

    def __init__(self, gauges: Mapping[str, Standard]) -> None:
        self._gauges = gauges
        self.values = {
            name: dict.fromkeys(product(*gauge.labels.values()), 0.0)
            for name, gauge in gauges.items()
        }

    def add(self, name: str, amount: float, *labels: str) -> None:
        """Count `amount` more."""
        series, key = self.values[name], self._closed(name, labels)
        series[key] = series.get(key, 0.0) + amount

    def earliest(self, name: str, at: datetime | None, *labels: str) -> None:
        """Keep the earlier of this instant and the one already there; None changes nothing."""
        if at is None:
            return
        series, key = self.values[name], self._closed(name, labels)
        series[key] = min(series.get(key) or at.timestamp(), at.timestamp())

    def latest(self, name: str, at: datetime | None, *labels: str) -> None:
        """Keep the later of this instant and the one already there; None changes nothing."""
        if at is not None:
            series, key = self.values[name], self._closed(name, labels)
            series[key] = max(series.get(key, 0.0), at.timestamp())

    def _closed(self, name: str, labels: tuple[str, ...]) -> tuple[str, ...]:
        allowed = self._gauges[name].labels.values()
        pairs = zip(labels, allowed, strict=True)
        return tuple(label if label in values else OTHER for label, values in pairs)


class Standing(Collector):
    """Shows nothing until it was read once: a zero nobody counted would be a lie."""

    def __init__(self, channels: Sequence[str]) -> None:
        self._gauges = standards(channels)
        self._last: Snapshot | None = None

    async def refresh(self, pool: asyncpg.Pool, now: datetime) -> None:
        """Read everything anew; if that fails, the last reading stays."""
        snapshot = Snapshot(self._gauges)
        await _read_inbox(snapshot, pool)
        await _read_pushes(snapshot, pool)
        await _read_blocks(snapshot, pool, now)
        await _read_state_of_agreement(snapshot, pool, now)
        await _read_accounts(snapshot, pool, now)
        await _read_knowledge(snapshot, pool, now)
        await _read_audits(snapshot, pool)
        await _read_signs_of_life(snapshot, pool)
        snapshot.earliest("standing_read_timestamp_seconds", now)
        self._last = snapshot

    def collect(self) -> Iterator[GaugeMetricFamily]:
        """For the registry: the last reading."""
        for name, series in self._last.values.items() if self._last else ():
            gauge = self._gauges[name]
            family = GaugeMetricFamily(f"holdfast_{name}", gauge.about, labels=list(gauge.labels))
            for key, amount in series.items():
                family.add_metric(key, amount)
            yield family


async def _read_inbox(snapshot: Snapshot, pool: asyncpg.Pool) -> None:
    for row in await tally.inbox_tally(pool):
        snapshot.add("inbox_events", row.amount, row.channel, row.state)
        if row.state != "paused":
            snapshot.earliest("inbox_oldest_unprocessed_timestamp_seconds", row.since, row.channel)


async def _read_pushes(snapshot: Snapshot, pool: asyncpg.Pool) -> None:
    for row in await tally.push_tally(pool):
        snapshot.add("pushes", row.amount, row.target, row.state)
        if row.state in PENDING:
            snapshot.earliest(
                "push_oldest_pending_timestamp_seconds", row.since, row.target, row.call
            )


async def _read_blocks(snapshot: Snapshot, pool: asyncpg.Pool, now: datetime) -> None:
    for row in await tally.block_tally(pool, now):
        snapshot.add("blocks", row.amount, row.channel, row.state)
        snapshot.earliest("block_soonest_expiry_timestamp_seconds", row.since, row.channel)


async def _read_state_of_agreement(snapshot: Snapshot, pool: asyncpg.Pool, now: datetime) -> None:
    for conflict in await tally.conflict_tally(pool, now):
        snapshot.add("conflicts_open", conflict.amount, conflict.kind)
        oldest = "conflict_oldest_open_timestamp_seconds"
        snapshot.earliest(oldest, conflict.since, conflict.kind)
    for exposure in await reading.exposures(pool, now):
        if exposure.mode == "live":
            snapshot.add("exposed_offers", 1, exposure.channel)
    for channel, since in (await exposures.oldest_open(pool)).items():
        snapshot.earliest("exposure_oldest_timestamp_seconds", since, channel)


async def _read_accounts(snapshot: Snapshot, pool: asyncpg.Pool, now: datetime) -> None:
    for row in await tally.account_tally(pool):
        snapshot.add("accounts", row.amount, row.channel, row.mode)
        snapshot.add("brakes_tripped", row.braked, row.channel)
        snapshot.latest("webhook_last_accepted_timestamp_seconds", row.heard_at, row.channel)
    for pause in await tally.pause_tally(pool):
        snapshot.add("pauses", pause.amount, pause.channel, DIRECTIONS[pause.direction])
    for breaker in await tally.breaker_tally(pool, now):
        snapshot.add("breakers_open", breaker.amount, breaker.channel, breaker.direction)
    for dead in await tally.dead_tally(pool, now - GIVEN_UP_LATELY):
        snapshot.add("dead_letters", dead.amount, dead.channel)


async def _read_knowledge(snapshot: Snapshot, pool: asyncpg.Pool, now: datetime) -> None:
    """By the rule of all screens."""
    known = await knowledge(pool, now)
    for name, state in known.states.items():
        told = "first" if state.cause == "first" else state.state
        snapshot.add("account_freshness", 1, known.channels[name], told)
    for one in known.unreadable:
        snapshot.add("unreadable_bookings", 1, known.channels.get(one.account, OTHER))
    snapshot.add("unknown_exposures", len(known.unknown.within), "within")
    snapshot.add("unknown_exposures", len(known.unknown.beyond), "beyond")


async def _read_audits(snapshot: Snapshot, pool: asyncpg.Pool) -> None:
    for difference in await tally.audit_tally(pool):
        snapshot.add("audit_differences", difference.amount, difference.channel, difference.kind)
    for row in await tally.audited_tally(pool):
        snapshot.earliest("audit_stalest_success_timestamp_seconds", row.since, row.channel)


async def _read_signs_of_life(snapshot: Snapshot, pool: asyncpg.Pool) -> None:
    for row in await tally.poll_tally(pool):
        snapshot.earliest("poll_stalest_success_timestamp_seconds", row.since, row.channel)
    beat = await reading.last_beat(pool)
    snapshot.earliest("worker_heartbeat_timestamp_seconds", beat)
    store = await lineage.state(pool)
    snapshot.earliest("store_went_back_timestamp_seconds", store.went_back_at if store else None)
