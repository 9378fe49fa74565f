"""The queries that run all day never read a big table from end to end."""

import json
from collections.abc import Iterator
from datetime import timedelta
from typing import Any

import asyncpg
import pytest
from tests.store.conftest import House
from tests.web.rows import HOUR, NOON, NOW

from holdfast.store import events, queries
from holdfast.store.events import EventFilter
from holdfast.store.lists import SHORT, Stretch

MANY = 20_000

FILL = """
insert into bookings (venue_id, listing_id, account_id, channel, external_id, status, raw_status,
                      payment, during, first_seen_at, read_at, held_until)
select venue, listing, account, 'rooms', 'b-' || n,
       case n % 4 when 0 then 'confirmed' when 1 then 'held' else 'cancelled' end, '', 'none',
       tstzrange(noon + n * interval '1 hour', noon + (n + 1) * interval '1 hour'), noon, noon,
       case n % 4 when 1 then noon + n * interval '1 hour' end
  from here, generate_series(1, many) n;

insert into blocks (venue_id, listing_id, account_id, during, marker, wants, state, external_id, because,
                    closed_at, updated_at)
select venue, listing, account,
       tstzrange(noon + n * interval '1 hour', noon + (n + 1) * interval '1 hour'), 'm-' || n,
       'booked', 'booked', 'x-' || n, '{}', case when n % 100 > 1 then noon end, noon
  from here, generate_series(1, many) n;

insert into pushes (venue_id, account_id, block_id, call, state, risk, starts_at, due_at, observed_at,
                    wished_at, settled_at)
select venue, account, id, case id % 3 when 0 then 'release' else 'place' end,
       case id % 100 when 0 then 'waiting' when 1 then 'unknown' else 'done' end,
       case id % 3 when 0 then 40 else 10 end, lower(during), noon, noon, noon,
       case when id % 100 > 1 then noon end
  from here, blocks;

insert into attempts (push_id, number, key, sent_at)
select id, 1, 'hf-' || id || '-1', noon from here, pushes;

insert into inbox (account_id, via, ref, raw_type, received_at, due_at, body, done_at)
select account, 'webhook', 'b-' || n, '', noon + n * interval '1 second', noon,
       convert_to(repeat('x', 700), 'UTF8'), case when n % 100 > 0 then noon end
  from here, generate_series(1, many) n;

insert into offers (listing_id, starts_at, ends_at, open, read_at)
select listing, noon + n * interval '15 minutes', noon + (n + 6) * interval '15 minutes', n % 3 > 0, noon
  from here, generate_series(1, many) n;

insert into allocations (venue_id, booking_id, unit_id, during)
select b.venue_id, b.id, u.unit_id, b.during
  from bookings b join listing_units u using (listing_id) where b.status = 'confirmed';

insert into conflicts (venue_id, kind, booking_id, opened_at, closed_at)
select venue_id, 'double_booking', id, noon, case when id % 50 > 0 then noon end from here, bookings;

insert into exposures (booking_id, listing_id, during, cause, began_at, basis, ended_at)
select id, listing, during, 'taken', noon, 'receipt', case when id % 100 > 0 then noon end from here, bookings;

insert into journal (venue_id, seq, at, kind, actor, booking_id, data, hash)
select venue, n, noon, 'booking.created', 'webhook', n, '{}', '\\x00'
  from here, generate_series(1, many) n;

analyze;
"""


@pytest.fixture
async def crowded(connection: asyncpg.Connection, house: House) -> House:
    """A venue with years behind it; one in a hundred of everything is still open."""
    await connection.execute(
        "create temp table here as select $1::bigint as venue, $2::bigint as listing,"
        " $3::bigint as account, $4::int as many, $5::timestamptz as noon",
        house.venue,
        house.salon_rooms,
        house.rooms,
        MANY,
        NOON,
    )
    await connection.execute(FILL)
    return house


def nodes(plan: dict[str, Any]) -> Iterator[dict[str, Any]]:
    yield plan
    for below in plan.get("Plans", []):
        yield from nodes(below)


async def read_whole(connection: asyncpg.Connection, query: str, *values: object) -> set[str]:
    """The big tables that the planner means to read from end to end."""
    return await big(connection, f"explain (format json) {query}", *values)


async def big(connection: asyncpg.Connection, explain: str, *values: object) -> set[str]:
    plan = json.loads(await connection.fetchval(explain, *values))[0]["Plan"]
    scanned = {n["Relation Name"] for n in nodes(plan) if n["Node Type"] == "Seq Scan"}
    sizes = await connection.fetch("select relname, reltuples from pg_class where relkind = 'r'")
    return scanned & {row["relname"] for row in sizes if row["reltuples"] >= MANY / 20}


STRETCH = asyncpg.Range(NOON + 1000 * HOUR, NOON + 1048 * HOUR)
LATER = NOW + timedelta(days=400)

HOT: list[tuple[str, str, tuple[object, ...]]] = [
    ("inbox", "claim", (LATER, 100, "account", 5_000, True, 1)),
    ("agenda", "look", (NOON, ["account"])),
    ("agenda", "next", (NOON, ["account"], ["account"], ["venue"], HOUR, HOUR)),
    ("inbox", "finish", ([4711, 4712], LATER, "applied")),
    ("pushes", "claim", ("account", LATER, 8, ["unknown", "waiting"], False, True, 1)),
    ("worker_locks", "take_over", (LATER,)),
    ("breakers", "catch_up", ("account", NOON, "in")),
    ("pushes", "open_of_blocks", ([4711, 4712, 4713],)),
    ("worker_locks", "lapse_leases", (LATER,)),
    ("pushes", "placing_on", ("listing", STRETCH)),
    ("pushes", "in_a_row", (4711, 3, "unknown")),
    ("bookings", "by_ref", ("account", "b-4711")),
    ("bookings", "by_refs", ("account", ["b-4711", "b-4712"])),
    ("bookings", "told_by_refs", ("account", ["b-4711", "b-4712"])),
    ("bookings", "occupying_in", ("venue", STRETCH)),
    ("bookings", "live_refs", ("account", STRETCH, LATER)),
    ("bookings", "lapsing", (NOON + 10 * HOUR,)),
    ("blocks", "live_in", ("venue", STRETCH)),
    ("blocks", "by_id", (4711,)),
    ("blocks", "by_echo", ("account", "x-4711", "m-4711")),
    ("blocks", "by_refs", ("account", ["x-4711", "x-4712"])),
    ("blocks", "live_refs", ("account", STRETCH, LATER, True)),
    ("blocks", "live_on", ("venue", ["listing"])),
    ("brake", "expected", ("account", ["b-4711", "x-4712"], LATER)),
    ("brake", "open_refs", ("account", ["b-4711"])),
    ("brake", "hold_back", ("account", ["b-4711"], LATER, "x")),
    ("occupied", "grid", ("listing", STRETCH.lower, STRETCH.upper, LATER)),
    ("occupied", "taken_here", ("listing", "venue", STRETCH)),
    ("blocks", "past", (NOON,)),
    ("blocks", "finish_past", ("venue", NOON)),
    ("blocks", "uncalled", ([4711, 4712], NOON)),
    ("blocks", "lapsed", (NOON,)),
    ("blocks", "hurry_over", ("listing", STRETCH, LATER)),
    ("offers", "known_in", (["listing"], STRETCH.lower, STRETCH.upper)),
    ("ground", "ground", ("venue", ["listing"], STRETCH.lower, STRETCH.upper, ["account"], LATER)),
    ("offers", "save_closed", ("listing", STRETCH.lower, STRETCH.upper, [], [], LATER)),
    ("offers", "reopen", ("listing", STRETCH.lower, STRETCH.upper, LATER)),
    ("offers", "shut", ("listing", STRETCH.lower, STRETCH.upper, LATER)),
    ("allocations", "of_bookings", ([4711, 4712],)),
    ("allocations", "free", ([4711, 4712], [1, 2])),
    ("allocations", "found", ([4711, 4712], ["double_booking", "too_small"])),
    ("blocks", "called_in", ("venue", STRETCH)),
    ("pushes", "refusals", ("venue", LATER)),
    (
        "pushes",
        "settle",
        (4711, 1, "done", "done", None, LATER, 1, "done", None, None, None),
    ),
    ("journal", "since", ("venue", MANY - 10, 200)),
    ("stories", "entries", (4711, "venue", 500)),
    ("stories", "targets", (4711, 500)),
    ("stories", "tries", (4711, [4711], 500)),
    ("stories", "deliveries", ("account", "b-4711", 500)),
    ("events", "page", (*[None] * 9, 51)),
    ("events", "page", ("rooms-main", None, "failed", *[None] * 6, 51)),
    ("events", "page", ("rooms-main", None, None, None, "b-4711", *[None] * 4, 51)),
    ("events", "count", (None, None, "failed", *[None] * 5, 10_001)),
    ("events", "one", (4711,)),
    ("events", "effects", (4711, 200)),
    ("calls", "page", (["dead"], False, *[None] * 6, 51)),
    ("calls", "waiting", (["waiting", "unknown"], *[None] * 7, 51)),
    ("calls", "count", (["dead"], False, *[None] * 5, 10_001)),
    ("flaws", "of_bookings", ([4711, 4712, 4713], LATER, LATER)),
    ("flaws", "accounts", ([4711, 4712, 4713], LATER)),
    ("exposed", "episodes", (["salon-rooms"],)),
    ("exposed", "closings", (["salon-rooms"], LATER)),
    ("calls", "one", (4711,)),
    ("calls", "effects", (4711, 200)),
    ("operations", "tries", (LATER, LATER)),
    ("operations", "failing", (LATER, 51)),
    ("operations", "done", (LATER,)),
    ("operations", "waits", (LATER, LATER + HOUR)),
    ("operations", "sent", (LATER, LATER + HOUR)),
    ("operations", "told", (LATER,)),
    ("operations", "exposed", (LATER, LATER + HOUR)),
    ("operations", "exposed_by_hour", (LATER, LATER + HOUR)),
    ("operations", "clashes", (LATER, LATER + HOUR)),
    ("operations", "given_up", (LATER, 10_001)),
    ("cursors", "claim_probes", (LATER, 4711, HOUR, 1)),
    ("reading", "accounts", (LATER, LATER, LATER)),
    ("reading", "day_bookings", ("venue", STRETCH.lower, STRETCH.upper, 0, 51)),
    ("reading", "bookings_page", (*[None] * 5, 51, None)),
    ("reading", "exposures", (STRETCH.lower, None, None, STRETCH.upper)),
    ("search", "numbered", (4711, None)),
    ("search", "referenced", ("b-4711", None, 51)),
    ("search", "referenced", ("x-4711", ["glasshouse"], 51)),
    ("search", "named", ("sal", None, 51)),
    ("again", "heard", ([4711, 4712],)),
    ("again", "ask", ("account", "b-4711", "", LATER)),
    ("again", "dead", ([4711, 4712],)),
]


FOR_A_PERSON = (
    "events",
    "calls",
    "flaws",
    "exposed",
    "operations",
    "reading",
    "search",
    "stories",
    "again",
)
"""Web processes have these planned for what is asked."""


def meant(value: object, house: House) -> object:
    ids: dict[object, int] = {
        "account": house.rooms,
        "venue": house.venue,
        "listing": house.salon_rooms,
    }
    if isinstance(value, list):
        return [meant(one, house) for one in value]
    return ids.get(value, value) if isinstance(value, str) else value


async def test_no_query_of_the_day_reads_a_big_table_from_end_to_end(
    connection: asyncpg.Connection, crowded: House
) -> None:
    slow = {}
    for module, name, values in HOT:
        arguments = [meant(value, crowded) for value in values]
        whole = await read_whole(connection, queries.load(module)[name], *arguments)
        if whole:
            slow[f"{module}.{name}"] = whole
    assert slow == {}


async def test_nor_does_a_plan_that_a_worker_keeps_for_whatever_is_asked(
    connection: asyncpg.Connection, crowded: House
) -> None:
    """`explain (generic_plan)` would say the same, on Postgres 16 and newer only."""
    await connection.execute("set plan_cache_mode = force_generic_plan")
    slow = {}
    for module, name, _ in HOT:
        whole = module not in FOR_A_PERSON and await kept(connection, queries.load(module)[name])
        if whole:
            slow[f"{module}.{name}"] = whole
    assert slow == {}


async def kept(connection: asyncpg.Connection, query: str) -> set[str]:
    """Planned for whatever is asked, as here for nothing at all."""
    await connection.execute(f"prepare kept as {query}")
    asked = await connection.fetchval(
        "select cardinality(parameter_types) from pg_prepared_statements where name = 'kept'"
    )
    nothing = f"({', '.join(['null'] * asked)})" if asked else ""
    whole = await big(connection, f"explain (format json) execute kept{nothing}")
    await connection.execute("deallocate kept")
    return whole


async def test_a_read_from_end_to_end_is_noticed(
    connection: asyncpg.Connection, crowded: House
) -> None:
    query = "select * from bookings where raw_status = $1"
    assert await read_whole(connection, query, "x") == {"bookings"}


async def test_a_list_is_planned_for_the_filter_that_is_asked_for_however_often(
    database_url: str, crowded: House
) -> None:
    """A plan for all filters at once reads the whole table for most of them: here Postgres prefers it at once."""
    prefers = {"plan_cache_mode": "force_generic_plan"}
    async with asyncpg.create_pool(
        database_url, min_size=1, max_size=1, server_settings=prefers
    ) as pool:
        found = await events.page(pool, EventFilter(ref="b-4711"), None, 51)
        assert await events.count(pool, EventFilter(ref="b-4711")) == len(found) == 1
        plans = await pool.fetchrow(
            "select sum(generic_plans) as generic, sum(custom_plans) as custom"
            " from pg_prepared_statements"
            " where statement like '%from inbox i%' and statement not like '%pg_prepared%'"
        )
    assert (plans["generic"], plans["custom"]) == (0, 2)


async def test_two_days_long_ago_are_found_without_walking_back_to_them(
    connection: asyncpg.Connection, crowded: House
) -> None:
    """Also by the plan that Postgres keeps for whatever is asked, after some times."""
    stretch = Stretch(since=STRETCH.lower, until=STRETCH.upper)
    far = Stretch(since=STRETCH.lower, until=STRETCH.lower + SHORT + HOUR)
    assert (stretch.short, far.short, Stretch(since=NOW).short) == (True, False, False)
    await connection.execute("set plan_cache_mode = force_generic_plan")
    await connection.execute(f"prepare listed as {queries.load('reading')['bookings_within']}")
    ends = f"'{stretch.since}', '{stretch.until}'"
    for venue in ("null", "'glasshouse'"):
        explained = await connection.fetchval(
            "explain (analyze, format json)"
            f" execute listed({venue}, {ends}, array['confirmed'], null, 51, null)"
        )
        found = list(nodes(json.loads(explained)[0]["Plan"]))
        assert found[0]["Actual Rows"] == 12
        walked = [
            node["Actual Rows"] + node.get("Rows Removed by Filter", 0)
            for node in found
            if node.get("Relation Name") == "bookings"
        ]
        assert max(walked) < MANY / 100, venue
