"""The inbox: no fact twice, none lost, and nobody works on what another one has in hand."""

import asyncio
from collections.abc import Sequence
from datetime import timedelta

import asyncpg
from tests.store.conftest import House
from tests.store.soon import next_due
from tests.web.rows import HOUR, NOW, Rows

from holdfast.store import agenda, inbox
from holdfast.store.inbox import Claimed, Incoming

SECOND = timedelta(seconds=1)


def incoming(account: int | None, ref: str | None = "b-1", **values: str) -> Incoming:
    return Incoming(
        account_id=account,
        via="webhook",
        ref=ref,
        raw_type=values.get("raw_type", "booking.updated"),
        received_at=NOW,
        delivery_id=values.get("delivery_id"),
        headers={"content-type": "application/json"},
        body=values.get("body", "{}").encode(),
    )


async def claim(pool: asyncpg.Pool, account: int, limit: int = 100) -> list[Claimed]:
    async with pool.acquire() as connection:
        return await inbox.claim(connection, account, NOW, limit)


async def lapse(pool: asyncpg.Pool, ids: Sequence[int]) -> None:
    """As if the half minute of the lease had passed."""
    await pool.execute(
        "update inbox set lease_until = clock_timestamp() - interval '1 ms' where id = any($1)", ids
    )


async def test_a_delivery_that_comes_twice_is_one_row(
    connection: asyncpg.Connection, house: House
) -> None:
    rows = [incoming(house.rooms, delivery_id="d-1")] * 2
    assert len(await inbox.add(connection, rows)) == 1
    assert len(await inbox.add(connection, rows)) == 0
    assert await connection.fetchval("select count(*) from inbox") == 1


async def test_one_id_for_all_events_drops_only_the_very_same_event(
    connection: asyncpg.Connection, house: House
) -> None:
    """The kind of fault: a provider's number is taken to be what it is not, and a cancellation is dropped."""
    events = [
        incoming(house.rooms, delivery_id="wh_1", raw_type=kind, body=body)
        for kind in ("booking.created", "booking.updated")
        for body in ("{}", '{"party": 4}', '{"party": 2}')
    ]
    assert len(await inbox.add(connection, events)) == 6
    assert len(await inbox.add(connection, events)) == 0
    assert len(await inbox.take_in(connection, events[:1], NOW)) == 0
    assert await connection.fetchval("select count(*) from inbox") == 6


async def test_the_same_delivery_id_of_another_account_is_another_delivery(
    connection: asyncpg.Connection, house: House
) -> None:
    rows = [incoming(a, delivery_id="d-1") for a in (house.rooms, house.tables)]
    assert len(await inbox.add(connection, rows)) == 2


async def test_one_delivery_about_two_bookings_is_a_row_for_each(
    connection: asyncpg.Connection, house: House
) -> None:
    rows = [incoming(house.rooms, ref, delivery_id="d-1") for ref in ("b-1", "b-2")]
    assert len(await inbox.add(connection, rows)) == 2
    assert len(await inbox.add(connection, rows)) == 0


async def test_without_a_delivery_id_every_delivery_is_kept(
    connection: asyncpg.Connection, house: House
) -> None:
    rows = [incoming(house.rooms)] * 3
    assert len(await inbox.add(connection, rows)) == 3
    assert len(await inbox.add(connection, rows)) == 3
    assert await connection.fetchval("select count(*) from inbox") == 6


async def test_the_same_deliveries_from_many_sides_at_once_neither_double_nor_deadlock(
    pool: asyncpg.Pool, house: House
) -> None:
    rows = [incoming(house.rooms, f"b-{n}", delivery_id=f"d-{n}") for n in range(50)]

    async def add(turned: int) -> int:
        async with pool.acquire() as connection:
            return len(await inbox.add(connection, rows[turned:] + rows[:turned]))

    added = await asyncio.gather(*(add(turned) for turned in range(0, 48, 3)))
    assert sum(added) == 50
    assert await pool.fetchval("select count(*) from inbox") == 50


async def test_what_came_is_kept_byte_for_byte(
    connection: asyncpg.Connection, house: House
) -> None:
    body = b'{"name": "\xff\x00"}\n'
    row = Incoming(
        account_id=house.rooms,
        via="webhook",
        ref=None,
        raw_type="",
        received_at=NOW,
        headers={"Content-Type": "x"},
        body=body,
    )
    await inbox.add(connection, [row])
    kept = await connection.fetchrow("select * from inbox")
    assert kept["body"] == body
    assert (kept["due_at"], kept["done_at"], kept["attempts"]) == (NOW, None, 0)


async def test_eight_who_claim_at_once_never_get_the_same_row(
    pool: asyncpg.Pool, rows: Rows, house: House
) -> None:
    ids = {await rows.event(house.rooms, ref=f"b-{n}") for n in range(200)}
    claims = await asyncio.gather(*(claim(pool, house.rooms, 30) for _ in range(8)))
    got = [row.id for batch in claims for row in batch]
    assert len(got) == len(set(got))
    rest = [row.id for row in await claim(pool, house.rooms, 1000)]
    assert set(got) | set(rest) == ids
    assert len(got) + len(rest) == 200


async def test_the_oldest_is_claimed_first_and_never_before_it_is_due(
    pool: asyncpg.Pool, rows: Rows, house: House
) -> None:
    late = await rows.event(house.rooms, ref="b-1", due_at=NOW)
    early = await rows.event(house.rooms, ref="b-2", due_at=NOW - HOUR)
    await rows.event(house.rooms, ref="b-3", due_at=NOW + SECOND)
    assert [row.id for row in await claim(pool, house.rooms, 1)] == [early]
    assert [row.id for row in await claim(pool, house.rooms)] == [late]


async def test_what_was_never_read_goes_first_then_the_soonest_start_and_last_what_is_over(
    pool: asyncpg.Pool, rows: Rows, house: House
) -> None:
    for ref, start in {"far": 30 * HOUR, "over": -5 * HOUR, "near": 2 * HOUR}.items():
        listing = house.salon_rooms
        await rows.booking(house.venue, listing, external_id=ref, start=NOW + start)
    await rows.block(house.salon_rooms, [], external_id="ours", start=NOW + 9 * HOUR)
    for ref in ("over", "far", "ours", "near", "new"):
        await rows.event(house.rooms, ref=ref)
    in_turn = [row.ref for _ in range(5) for row in await claim(pool, house.rooms, 1)]
    assert in_turn == ["new", "near", "ours", "far", "over"]
    await pool.execute("update inbox set lease_until = null")
    assert [row.ref for row in await claim(pool, house.rooms)] == in_turn


async def test_all_that_waits_for_a_booking_is_taken_together_even_what_was_put_off(
    pool: asyncpg.Pool, rows: Rows, house: House
) -> None:
    put_off = await rows.event(house.rooms, ref="b-1", due_at=NOW + HOUR, attempts=3)
    told = [await rows.event(house.rooms, ref=ref) for ref in ("b-1", "b-2", "b-1", "b-2", "b-1")]
    first = await claim(pool, house.rooms, 1)
    assert [row.id for row in first] == [put_off, told[0], told[2], told[4]]
    assert [row.attempts for row in first] == [4, 1, 1, 1]
    assert [row.id for row in await claim(pool, house.rooms, 1)] == [told[1], told[3]]


async def test_what_asks_for_nothing_is_taken_with_the_rest_once_it_is_due(
    pool: asyncpg.Pool, rows: Rows, house: House
) -> None:
    booking = await rows.event(house.rooms, ref="b-1")
    empty = await rows.event(house.rooms)
    await rows.event(house.rooms, due_at=NOW + SECOND)
    assert [row.id for row in await claim(pool, house.rooms, 1)] == [empty, booking]


async def test_only_the_accounts_own_news_is_claimed(
    pool: asyncpg.Pool, connection: asyncpg.Connection, rows: Rows, house: House
) -> None:
    id = await rows.event(house.rooms)
    await rows.event(house.tables, due_at=NOW + SECOND)
    await rows.event(None)
    assert (await agenda.look(connection, NOW, [])).heard == [house.rooms]
    assert await claim(pool, house.tables) == []
    assert [row.id for row in await claim(pool, house.rooms)] == [id]
    assert (await agenda.look(connection, NOW, [])).heard == []


async def test_a_claim_tells_everything_that_is_needed(
    pool: asyncpg.Pool, rows: Rows, house: House
) -> None:
    id = await rows.event(house.rooms, ref="b-9", via="poll", raw_type="missing_from_scan")
    assert await claim(pool, house.rooms) == [
        Claimed(
            id=id,
            account_id=house.rooms,
            via="poll",
            ref="b-9",
            raw_type="missing_from_scan",
            received_at=NOW,
            attempts=1,
        )
    ]


async def test_what_is_claimed_comes_back_when_its_lease_lapses(
    pool: asyncpg.Pool, rows: Rows, house: House
) -> None:
    id = await rows.event(house.rooms)
    assert [row.attempts for row in await claim(pool, house.rooms)] == [1]
    assert await claim(pool, house.rooms) == []
    await lapse(pool, [id])
    assert [row.attempts for row in await claim(pool, house.rooms)] == [2]


async def test_the_lease_lasts_half_a_minute(pool: asyncpg.Pool, rows: Rows, house: House) -> None:
    await rows.event(house.rooms)
    await claim(pool, house.rooms)
    left = await pool.fetchval("select lease_until - clock_timestamp() from inbox")
    assert timedelta(seconds=20) < left <= timedelta(seconds=30)


async def test_what_is_finished_is_never_claimed_again(
    pool: asyncpg.Pool, connection: asyncpg.Connection, rows: Rows, house: House
) -> None:
    id = await rows.event(house.rooms)
    await inbox.finish(connection, [id], NOW, "applied")
    await lapse(pool, [id])
    assert await claim(pool, house.rooms) == []


async def test_who_comes_second_to_a_finished_row_changes_nothing(
    connection: asyncpg.Connection, rows: Rows, house: House
) -> None:
    id = await rows.event(house.rooms)
    await inbox.finish(connection, [id], NOW, "applied")
    before = await connection.fetchrow("select * from inbox")
    await inbox.finish(connection, [id], NOW + HOUR, "noop")
    await inbox.later(connection, [id], NOW + HOUR, "broken: again")
    assert await connection.fetchrow("select * from inbox") == before


async def test_what_is_put_off_waits_with_its_reason_and_keeps_its_count(
    pool: asyncpg.Pool, connection: asyncpg.Connection, rows: Rows, house: House
) -> None:
    id = await rows.event(house.rooms)
    await claim(pool, house.rooms)
    await inbox.later(connection, [id], NOW + SECOND, "limited: too many")
    row = await connection.fetchrow("select * from inbox")
    assert (row["error"], row["due_at"], row["attempts"]) == ("limited: too many", NOW + SECOND, 1)
    assert await claim(pool, house.rooms) == []
    assert await next_due(connection) == NOW + SECOND
    await inbox.finish(connection, [id], NOW, "applied")
    assert await connection.fetchval("select error from inbox") is None
    assert await next_due(connection) is None


async def test_an_accounts_last_webhook_never_goes_back_in_time_and_is_told_to_the_second(
    connection: asyncpg.Connection, house: House
) -> None:
    for at in (NOW - SECOND * 5, NOW, NOW - HOUR, NOW + SECOND / 2):
        assert len(await inbox.take_in(connection, [incoming(house.rooms, "b-1")], at)) == 1
    last = dict(await connection.fetch("select id, last_webhook_at from accounts"))
    assert last == {house.rooms: NOW, house.tables: None}


async def test_a_webhook_is_missed_only_for_news_that_it_could_have_told(
    connection: asyncpg.Connection, house: House
) -> None:
    made = {"old": NOW - timedelta(hours=2), "new": NOW, "told": NOW, "undated": None}
    await inbox.add(connection, [incoming(house.rooms, "told")])
    assert await inbox.untold(connection, house.rooms, made) == set()  # nothing was ever read
    await connection.execute(
        "insert into cursors (account_id, task, next_due_at, last_complete_at)"
        " values ($1, 'bookings', $2, $3)"
        " on conflict (account_id, task) do update set last_complete_at = excluded.last_complete_at",
        house.rooms,
        NOW,
        NOW - timedelta(hours=1),
    )
    assert await inbox.untold(connection, house.rooms, made) == {"new", "undated"}


async def test_with_a_claim_goes_what_must_be_known_before_the_read(
    pool: asyncpg.Pool, rows: Rows, house: House
) -> None:
    await rows.booking(house.venue, house.salon_rooms, external_id="b-1")
    flies = await rows.block(house.salon_rooms, [], external_id="x-1", updated_at=NOW)
    await rows.push(flies, state="in_flight")
    ended = {"state": "absent", "external_id": None, "last_ref": "x-2", "updated_at": NOW - HOUR}
    await rows.block(house.salon_rooms, [], start=NOW + HOUR, **ended)
    for ref in ("b-1", "x-1", "x-2", "b-2", None):
        await rows.event(house.rooms, ref=ref)
    told = {
        row.ref: (row.listing_id, row.read_at, row.ours_flies, row.ours_at)
        for row in await claim(pool, house.rooms)
    }
    assert told == {
        "b-1": (house.salon_rooms, NOW, False, None),
        "x-1": (None, None, True, NOW),
        "x-2": (None, None, False, NOW - HOUR),
        "b-2": (None, None, False, None),
        None: (None, None, False, None),
    }


async def test_nothing_is_taken_at_once_while_the_provider_is_in_doubt(
    connection: asyncpg.Connection, rows: Rows, house: House
) -> None:
    for account in (house.rooms, house.tables):
        await rows.event(account, ref="b-1")
    await connection.execute(
        "insert into breakers (account_id, direction, failures) values ($1, 'out', 1), ($2, 'in', 0)",
        house.rooms,
        house.tables,
    )
    assert await inbox.claim_undoubted(connection, house.rooms, NOW, 8) is None
    assert len(await inbox.claim_undoubted(connection, house.tables, NOW, 8) or []) == 1
    assert await inbox.claim_undoubted(connection, house.tables, NOW, 8) == []
    assert len(await inbox.claim(connection, house.rooms, NOW, 8)) == 1


async def test_few_of_very_many_are_the_riskiest_whatever_came_first(
    pool: asyncpg.Pool, rows: Rows, house: House
) -> None:
    await pool.execute(
        "insert into inbox (account_id, via, ref, raw_type, received_at, due_at)"
        " select $1, 'webhook', 'b-' || n / 2, '', $2::timestamptz, $2::timestamptz + n * interval '1 ms' from generate_series(2, 901) n",
        house.rooms,
        NOW - HOUR,
    )
    for number in (2, 3, 4):
        start = NOW + (9 - number) * HOUR
        booked = {"external_id": f"b-{number}", "start": start, "end": start + HOUR}
        await rows.booking(house.venue, house.salon_rooms, **booked)
    first = await claim(pool, house.rooms, 3)
    assert [row.ref for row in first] == ["b-1"] * 2 + ["b-5"] * 2 + ["b-6"] * 2
    rest = []
    while taken := await claim(pool, house.rooms, 100):
        rest += list(dict.fromkeys(row.ref for row in taken))
    assert rest == [*(f"b-{n}" for n in range(7, 451)), "b-4", "b-3", "b-2"]
