"""Health, metrics and the OpenAPI document: what other programs rely on."""

import re
from collections.abc import Iterator, Mapping
from datetime import timedelta
from typing import Any

import asyncpg
import pytest
from aiohttp.test_utils import TestClient, TestServer
from tests.web.conftest import Client, StartClient
from tests.web.rows import HOUR, NOW, Rows

from holdfast.metrics import Metrics, exposition, metrics_app
from holdfast.store import freshness
from holdfast.web.app import build_web
from holdfast.web.parts import WebParts


async def closed_pool(database_url: str) -> asyncpg.Pool:
    pool = await asyncpg.create_pool(database_url, min_size=1, max_size=1)
    await pool.close()
    return pool


async def test_alive_and_ready_are_two_questions(start: StartClient, database_url: str) -> None:
    client = await start(pool=await closed_pool(database_url))
    assert (await client.get("/healthz")).status == 200
    answer = await client.get("/readyz")
    assert (answer.status, await answer.json()) == (503, {"status": "down", "postgres": "down"})


@pytest.mark.parametrize(("redis", "status"), [(True, "ok"), (False, "degraded")])
async def test_without_redis_we_are_slower_and_still_ready(
    start: StartClient, redis: bool, status: str
) -> None:
    async def others() -> Mapping[str, bool]:
        return {"redis": redis}

    answer = await (await start(others_ready=others)).get("/readyz")
    told = {"status": status, "postgres": "ok", "redis": "ok" if redis else "down"}
    assert (answer.status, await answer.json()) == (200, told)


async def test_a_migration_that_locks_tables_leaves_us_ready(
    client: Client, pool: asyncpg.Pool
) -> None:
    async with pool.acquire() as connection, connection.transaction():
        await connection.execute("lock table workers in access exclusive mode")
        assert (await client.get("/readyz")).status == 200


async def test_a_program_is_told_to_come_again_when_the_database_is_gone(
    start: StartClient, database_url: str
) -> None:
    client = await start(pool=await closed_pool(database_url))
    answer = await client.get("/api/v1/bookings")
    assert (answer.status, answer.content_type) == (503, "application/problem+json")
    assert answer.headers["Retry-After"] == "5"


async def test_a_failure_of_ours_is_an_id_and_nothing_internal(client: Client, rows: Rows) -> None:
    booking = await rows.booking(await rows.venue(timezone="Nowhere/Secret"))
    answer = await client.get("/")
    told = await answer.json()
    assert booking
    assert answer.status == 500
    assert re.fullmatch("[0-9a-f]{12}", told["id"])
    assert "Secret" not in str(told)


@pytest.mark.parametrize("path", ["/nothing", "/api/v1/nothing", "/api/v2/bookings"])
async def test_what_is_not_there_is_a_problem(client: Client, path: str) -> None:
    answer = await client.get(path)
    assert (answer.status, answer.content_type) == (404, "application/problem+json")
    assert (await answer.json())["type"] == "urn:holdfast:problem:not-found"


async def test_a_method_that_a_path_does_not_know_names_those_it_does(client: Client) -> None:
    answer = await client.delete("/api/v1/bookings")
    assert answer.status == 405
    assert set(answer.headers["Allow"].split(",")) == {"GET", "POST"}


def references(part: object) -> Iterator[str]:
    if isinstance(part, dict):
        yield from (value for name, value in part.items() if name == "$ref")
        for value in part.values():
            yield from references(value)
    elif isinstance(part, list):
        for value in part:
            yield from references(value)


async def document(client: Client) -> dict[str, Any]:
    answer = await client.get("/openapi.json")
    told: dict[str, Any] = await answer.json()
    return told


async def test_the_document_names_exactly_the_routes_that_are_served(
    client: Client, parts: WebParts
) -> None:
    described = {
        (method.upper(), path)
        for path, operations in (await document(client))["paths"].items()
        for method in operations
    }
    served = {
        (route.method, route.resource.canonical)
        for route in build_web(parts).router.routes()
        if route.resource
        and route.resource.canonical.startswith("/api/")
        and route.method != "HEAD"
    }
    assert described == served


async def test_the_document_is_openapi_3_1_and_refers_to_nothing_that_is_not_in_it(
    client: Client,
) -> None:
    told = await document(client)
    schemas = told["components"]["schemas"]
    found = set(references(told))
    assert told["openapi"] == "3.1.0"
    assert found
    assert found <= {f"#/components/schemas/{name}" for name in schemas}
    assert "$defs" not in str(told)
    names = [op["operationId"] for path in told["paths"].values() for op in path.values()]
    assert len(names) == len(set(names))


async def test_the_document_describes_parameters_bodies_and_answers(client: Client) -> None:
    told = await document(client)
    listed = told["paths"]["/api/v1/bookings"]["get"]
    assert {p["name"] for p in listed["parameters"]} == {
        *("venue", "from", "to", "status", "cursor", "limit")
    }
    cancel = told["paths"]["/api/v1/bookings/{id}/cancel"]["post"]
    assert [(p["name"], p["in"], p["required"]) for p in cancel["parameters"]] == [
        ("id", "path", True)
    ]
    body = cancel["requestBody"]["content"]["application/json"]["schema"]
    assert body["required"] == ["reason"]
    assert set(body["properties"]) == {"reason", "expect_ref"}
    assert {"200", "202", "404", "422", "503"} <= set(cancel["responses"])
    booking = told["components"]["schemas"]["Booking"]
    assert set(booking["required"]) == set(booking["properties"])
    assert {"start", "end", "conflict", "units"} <= set(booking["properties"])


EXPECTED = {
    *(
        "webhook_requests",
        "webhook_ack_duration_seconds",
        "webhook_last_accepted_timestamp_seconds",
    ),
    *("poll_runs", "poll_items", "events_received", "events_processed", "bookings_ingested"),
    *("conflicts_detected", "propagation_duration_seconds", "block_lapses", "channel_requests"),
    *("channel_request_duration_seconds", "http_request_duration_seconds", "build_info"),
    *("inbox_events", "inbox_oldest_unprocessed_timestamp_seconds", "pushes", "blocks"),
    *("push_oldest_pending_timestamp_seconds", "block_soonest_expiry_timestamp_seconds"),
    *("conflicts_open", "exposed_offers", "worker_heartbeat_timestamp_seconds"),
    *("poll_stalest_success_timestamp_seconds", "conflicts_resolved", "jobs", "dead_letters"),
    *("event_processing_duration_seconds", "job_duration_seconds", "dead_lettered", "accounts"),
    *("conflict_oldest_open_timestamp_seconds", "channel_answers_unreadable"),
}


def series(metrics: Metrics) -> dict[str, float]:
    text = (exposition(metrics).body or b"").decode()
    lines = [line for line in text.splitlines() if not line.startswith("#")]
    found = {line.rsplit(" ", 1)[0]: float(line.rsplit(" ", 1)[1]) for line in lines}
    assert len(found) == len(lines), "the same series twice"
    return found


def name_of(line: str) -> str:
    bare = line.split("{")[0].removeprefix("holdfast_")
    return re.sub("_(total|bucket|sum|count)$", "", bare)


async def test_every_metric_has_series_from_the_start(parts: WebParts, pool: asyncpg.Pool) -> None:
    build_web(parts)
    await parts.metrics.refresh(pool, NOW)
    found = {name_of(line) for line in series(parts.metrics)}
    assert found >= EXPECTED
    assert not [line for line in series(parts.metrics) if "_created" in line]


async def test_gauges_that_nobody_has_read_are_absent_and_not_zero(parts: WebParts) -> None:
    assert not [
        line for line in series(parts.metrics) if line.startswith("holdfast_conflicts_open")
    ]


async def test_an_unknown_label_counts_as_other_and_makes_one_series(parts: WebParts) -> None:
    for name in ("mallory-1", "mallory-2"):
        parts.metrics.poll_runs.of(channel=name, outcome=name).inc()
    assert series(parts.metrics)['holdfast_poll_runs_total{channel="other",outcome="other"}'] == 2


def gauge(metrics: Metrics, name: str, **labels: str) -> float:
    inside = ",".join(f'{key}="{value}"' for key, value in sorted(labels.items()))
    return series(metrics)[f"holdfast_{name}{{{inside}}}" if labels else f"holdfast_{name}"]


async def salon(rows: Rows, mode: str = "live") -> int:
    """A listing of one unit, on the channel `rooms`."""
    venue, account = await rows.venue(), await rows.account(mode=mode)
    return await rows.listing(venue, account, "salon-rooms", [await rows.unit(venue)])


async def test_unprocessed_events_are_counted_by_how_far_they_are(
    parts: WebParts, pool: asyncpg.Pool, rows: Rows
) -> None:
    account = await rows.account()
    await rows.event(account, received_at=NOW - HOUR)
    await rows.event(account, attempts=2)
    await rows.event(account, done_at=NOW)
    await rows.event(None, lease_until=NOW + timedelta(days=36500))
    await parts.metrics.refresh(pool, NOW)
    for channel, state in (("rooms", "pending"), ("rooms", "retrying"), ("direct", "processing")):
        assert gauge(parts.metrics, "inbox_events", channel=channel, state=state) == 1
    assert gauge(parts.metrics, "inbox_events", channel="tables", state="pending") == 0
    oldest = "inbox_oldest_unprocessed_timestamp_seconds"
    assert gauge(parts.metrics, oldest, channel="rooms") == (NOW - HOUR).timestamp()
    assert gauge(parts.metrics, oldest, channel="tables") == 0


async def test_a_push_that_shadow_keeps_back_is_counted_but_never_late(
    parts: WebParts, pool: asyncpg.Pool, rows: Rows
) -> None:
    listing = await salon(rows)
    first, second = [await rows.block(listing, [], start=NOW + n * HOUR) for n in (1, 2)]
    await rows.push(first, call="commit", since=NOW - HOUR)
    await rows.push(second, call="release", state="shadow", since=NOW - 9 * HOUR)
    await parts.metrics.refresh(pool, NOW)
    assert gauge(parts.metrics, "pushes", target="rooms", state="queued") == 1
    assert gauge(parts.metrics, "pushes", target="rooms", state="shadow") == 1
    pending = "push_oldest_pending_timestamp_seconds"
    since = (NOW - HOUR).timestamp()
    assert gauge(parts.metrics, pending, target="rooms", call="commit") == since
    assert gauge(parts.metrics, pending, target="rooms", call="release") == 0


async def test_blocks_are_counted_by_what_becomes_of_them(
    parts: WebParts, pool: asyncpg.Pool, rows: Rows
) -> None:
    listing = await salon(rows)
    held = {"state": "held", "wants": "held"}
    looks: tuple[dict[str, object], ...] = (
        {**held, "expires_at": NOW + timedelta(seconds=30)},
        {**held, "expires_at": NOW + timedelta(seconds=90)},
        {},
        {"wants": "nothing"},
        {"state": "absent", "external_id": None},
    )
    for number, look in enumerate(looks):
        await rows.block(listing, [], start=NOW + number * HOUR, **look)
    await parts.metrics.refresh(pool, NOW)
    for state in ("expiring", "held", "booked", "releasing"):
        assert gauge(parts.metrics, "blocks", channel="rooms", state=state) == 1
    soonest = "block_soonest_expiry_timestamp_seconds"
    assert gauge(parts.metrics, soonest, channel="rooms") == NOW.timestamp() + 30
    assert gauge(parts.metrics, soonest, channel="tables") == 0


@pytest.mark.parametrize(("mode", "exposed"), [("live", 1), ("shadow", 0), ("paused", 0)])
async def test_exposed_offers_count_where_we_could_have_closed_them(
    parts: WebParts, pool: asyncpg.Pool, rows: Rows, mode: str, exposed: int
) -> None:
    listing = await salon(rows, mode)
    unit = await pool.fetchrow("select id, venue_id from units")
    await rows.granted(await rows.booking(unit["venue_id"]), unit["id"])
    await rows.offer(listing)
    await parts.metrics.refresh(pool, NOW)
    assert gauge(parts.metrics, "exposed_offers", target="rooms") == exposed


async def test_conflicts_polls_and_workers_show_when_somebody_must_look(
    parts: WebParts, pool: asyncpg.Pool, rows: Rows
) -> None:
    await rows.conflict(await rows.booking(await rows.venue()), [], [])
    await rows.polled(await rows.account(), NOW)
    await rows.polled(await rows.account("rooms-2"), NOW - HOUR)
    await rows.polled(await rows.account("rooms-3", mode="paused"), NOW - 99 * HOUR)
    await rows.account("tables-main", "tables")  # never polled: counts from when it was made
    await rows.worker(NOW - timedelta(seconds=7))
    await parts.metrics.refresh(pool, NOW)
    assert gauge(parts.metrics, "conflicts_open", kind="double_booking") == 1
    stalest = "poll_stalest_success_timestamp_seconds"
    assert gauge(parts.metrics, stalest, channel="rooms") == (NOW - HOUR).timestamp()
    assert gauge(parts.metrics, stalest, channel="tables") == (NOW - 24 * HOUR).timestamp()
    assert gauge(parts.metrics, "worker_heartbeat_timestamp_seconds") == NOW.timestamp() - 7
    assert gauge(parts.metrics, "standing_read_timestamp_seconds") == NOW.timestamp()


async def test_accounts_are_counted_by_how_far_what_is_known_of_them_can_be_trusted(
    parts: WebParts, pool: asyncpg.Pool, rows: Rows
) -> None:
    """By the rule of all screens. A first reading that has its time is no alarm, and what is paused is nobody's."""
    await rows.worker()
    for name, seconds in (("a", 10), ("b", 100), ("c", 200)):
        await rows.polled(await rows.account(name), NOW - timedelta(seconds=seconds))
    await rows.account("d", mode="paused")
    new = await rows.account("tables-main", "tables")
    cursor = {"account_id": new, "task": "bookings", "next_due_at": NOW}
    await rows.make("cursors", **cursor)
    await pool.execute("update accounts set created_at = $1 where id = $2", NOW - HOUR / 60, new)
    async with pool.acquire() as connection:
        await freshness.unread(connection, new, "bk-1", "date", NOW)
    await parts.metrics.refresh(pool, NOW)
    for channel, state in (
        *(("rooms", state) for state in ("fresh", "late", "blind", "paused")),
        ("tables", "first"),
    ):
        assert gauge(parts.metrics, "account_freshness", channel=channel, state=state) == 1
    assert gauge(parts.metrics, "account_freshness", channel="rooms", state="down") == 0
    assert gauge(parts.metrics, "unreadable_bookings", channel="tables") == 1
    assert gauge(parts.metrics, "unknown_exposures", reach="within") == 0
    await parts.metrics.refresh(pool, NOW + timedelta(seconds=31))
    assert gauge(parts.metrics, "account_freshness", channel="rooms", state="down") == 3


async def test_a_conflict_that_somebody_snoozed_is_open_and_not_late(
    parts: WebParts, pool: asyncpg.Pool, rows: Rows
) -> None:
    oldest = "conflict_oldest_open_timestamp_seconds"
    await rows.conflict(await rows.booking(await rows.venue()), [], [])
    await parts.metrics.refresh(pool, NOW)
    assert gauge(parts.metrics, oldest, kind="double_booking") == NOW.timestamp() - 95
    await pool.execute("update conflicts set snoozed_until = $1", NOW + HOUR)
    await parts.metrics.refresh(pool, NOW)
    assert gauge(parts.metrics, "conflicts_open", kind="double_booking") == 1
    assert gauge(parts.metrics, oldest, kind="double_booking") == 0
    await parts.metrics.refresh(pool, NOW + 2 * HOUR)
    assert gauge(parts.metrics, oldest, kind="double_booking") == NOW.timestamp() - 95


async def test_accounts_are_counted_by_mode_and_by_when_they_last_told_us_anything(
    parts: WebParts, pool: asyncpg.Pool, rows: Rows
) -> None:
    for name, mode in (("rooms-main", "live"), ("rooms-2", "live"), ("rooms-3", "shadow")):
        await rows.account(name, mode=mode)
    heard = "update accounts set last_webhook_at = $1 where name = $2"
    await pool.execute(heard, NOW - HOUR, "rooms-main")
    await pool.execute(heard, NOW - 2 * HOUR, "rooms-3")
    await pool.execute("update accounts set braked_at = $1 where name = 'rooms-2'", NOW)
    await parts.metrics.refresh(pool, NOW)
    for mode, amount in (("live", 2), ("shadow", 1), ("paused", 0)):
        assert gauge(parts.metrics, "accounts", channel="rooms", mode=mode) == amount
    assert gauge(parts.metrics, "brakes_tripped", channel="rooms") == 1
    last = "webhook_last_accepted_timestamp_seconds"
    assert gauge(parts.metrics, last, channel="rooms") == (NOW - HOUR).timestamp()
    assert gauge(parts.metrics, last, channel="tables") == 0


async def test_a_push_that_was_given_up_counts_until_something_else_is_tried(
    parts: WebParts, pool: asyncpg.Pool, rows: Rows
) -> None:
    listing = await salon(rows)
    first, second = [await rows.block(listing, [], start=NOW + n * HOUR) for n in (1, 2)]
    for block, hours in ((first, 1), (second, 25)):
        await rows.push(block, call="place", state="dead", settled_at=NOW - hours * HOUR)
    await parts.metrics.refresh(pool, NOW)
    assert gauge(parts.metrics, "dead_letters", channel="rooms") == 1
    await rows.push(first, call="place", state="waiting")
    await parts.metrics.refresh(pool, NOW)
    assert gauge(parts.metrics, "dead_letters", channel="rooms") == 0


async def test_a_reading_that_fails_leaves_the_last_one(
    parts: WebParts, pool: asyncpg.Pool, rows: Rows, database_url: str
) -> None:
    await rows.conflict(await rows.booking(await rows.venue()), [], [])
    await parts.metrics.refresh(pool, NOW)
    with pytest.raises(asyncpg.InterfaceError):
        await parts.metrics.refresh(await closed_pool(database_url), NOW + HOUR)
    found = series(parts.metrics)
    assert found['holdfast_conflicts_open{kind="double_booking"}'] == 1
    assert found["holdfast_standing_read_timestamp_seconds"] == NOW.timestamp()


async def test_requests_are_measured_by_template_and_never_by_address(
    client: Client, parts: WebParts
) -> None:
    for path in ("/api/v1/bookings/7", "/api/v1/bookings/8", "/mallory-was-here"):
        assert (await client.get(path)).status == 404
    found = series(parts.metrics)
    count = "holdfast_http_request_duration_seconds_count"
    assert found[f'{count}{{code="4xx",method="GET",route="/api/v1/bookings/{{id}}"}}'] == 2
    assert found[f'{count}{{code="4xx",method="GET",route="other"}}'] == 1
    assert not [line for line in found if "mallory" in line]


async def test_metrics_are_served_on_a_port_of_their_own_and_nothing_else_is(
    parts: WebParts,
) -> None:
    async with TestClient(TestServer(metrics_app(parts.metrics))) as client:
        answer = await client.get("/metrics")
        assert answer.headers["Content-Type"].startswith("text/plain; version=0.0.4")
        assert "holdfast_build_info" in await answer.text()
        assert (await client.get("/")).status == 404


async def test_the_web_process_reads_the_gauges_by_itself(client: Client) -> None:
    for _ in range(200):
        text = await (await client.get("/metrics")).text()
        if "holdfast_conflicts_open{" in text:
            return
    pytest.fail("the gauges were not read")


async def test_what_a_person_paused_is_counted_apart_and_is_late_for_nobody(
    parts: WebParts, rows: Rows, pool: asyncpg.Pool
) -> None:
    account, venue = await rows.account(), await rows.venue()
    listing = await rows.listing(venue, account, "salon-rooms", [await rows.unit(venue)])
    await rows.push(await rows.block(listing, [1]))
    await rows.event(account, received_at=NOW - HOUR)
    for direction in ("intake", "pushes"):
        await rows.paused(account, direction)
    await parts.metrics.refresh(pool, NOW)
    assert gauge(parts.metrics, "pauses", channel="rooms", direction="in") == 1
    assert gauge(parts.metrics, "pauses", channel="rooms", direction="out") == 1
    assert gauge(parts.metrics, "pauses", channel="tables", direction="in") == 0
    assert gauge(parts.metrics, "inbox_events", channel="rooms", state="paused") == 1
    assert gauge(parts.metrics, "pushes", target="rooms", state="paused") == 1
    for name, labels in {
        "inbox_oldest_unprocessed_timestamp_seconds": {"channel": "rooms"},
        "push_oldest_pending_timestamp_seconds": {"target": "rooms", "call": "place"},
        "poll_stalest_success_timestamp_seconds": {"channel": "rooms"},
        "audit_stalest_success_timestamp_seconds": {"channel": "rooms"},
    }.items():
        assert gauge(parts.metrics, name, **labels) == 0, name
