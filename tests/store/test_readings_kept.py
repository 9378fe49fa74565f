"""What is to be read of an account, how long a list is, and what lists and looks have shown, is kept."""

import asyncio
from dataclasses import replace
from datetime import datetime, timedelta

import asyncpg
from tests.store.conftest import House
from tests.store.soon import next_due
from tests.web.rows import HOUR, NOON, NOW, Rows

from holdfast.inventory.model import Span
from holdfast.store import readings
from holdfast.store.readings import Goal, Lane, Reading, Settled

SECOND = timedelta(seconds=1)
DAY = 24 * HOUR
TODAY = Span.of(NOON - 12 * HOUR, DAY)

READ = Settled(
    due_at=NOW + HOUR,
    page=None,
    pass_began_at=None,
    memo={},
    complete_at=NOW,
    cost=1,
    every=60,
)


async def got(connection: asyncpg.Connection, account: int, lane: Lane = "bookings") -> Reading:
    reading = await readings.claim(connection, NOW, account, lane)
    assert reading is not None
    return reading


async def test_what_is_wanted_is_seeded_once_and_what_is_no_longer_wanted_goes(
    connection: asyncpg.Connection, house: House
) -> None:
    def goal(place: str, listing: int | None = None, during: Span = TODAY) -> Goal:
        return Goal(listing_id=listing, place=place, during=during, cost=9, every=300)

    two = [goal("1"), goal("2")]
    await readings.seed(connection, house.rooms, "bookings", two, NOW)
    offers = [goal("1", house.salon_rooms)]
    await readings.seed(connection, house.rooms, "offers", offers, NOW)
    reading = await got(connection, house.rooms)
    await readings.settle(connection, reading, READ)
    tomorrow = Span.of(TODAY.end, DAY)
    await readings.seed(connection, house.rooms, "bookings", [goal("1", None, tomorrow)], NOW)
    found = await connection.fetch(
        "select task, place, lower(during) as day, due_at from readings order by task, place"
    )
    assert [tuple(row) for row in found] == [
        ("bookings", "1", tomorrow.start, NOW + HOUR),
        ("offers", "1", TODAY.start, NOW),
    ]


async def test_what_is_being_read_is_not_taken_away(
    connection: asyncpg.Connection, rows: Rows, house: House
) -> None:
    await rows.reading(house.rooms)
    reading = await got(connection, house.rooms)
    await readings.seed(connection, house.rooms, "bookings", [], NOW)
    assert await readings.settle(connection, reading, READ)
    await readings.seed(connection, house.rooms, "bookings", [], NOW)
    assert await connection.fetchval("select count(*) from readings") == 0


async def test_a_list_with_a_past_has_a_reading_of_its_own_for_it(
    connection: asyncpg.Connection, rows: Rows, house: House
) -> None:
    await rows.reading(house.rooms, complete_at=NOW - HOUR)
    first = await got(connection, house.rooms)
    going_on = replace(READ, due_at=NOW, page=2, pass_began_at=NOW, memo={"pass": {"page": 2}})
    assert not await readings.has_past(connection, first)
    assert await readings.begin_past(connection, first, going_on) is not None
    assert await readings.begin_past(connection, first, going_on) is None
    assert await readings.has_past(connection, first)
    past = await got(connection, house.rooms, "background")
    assert (past.task, past.page, past.pass_began_at) == ("past", 2, NOW)
    assert (past.memo, past.complete_at) == ({"pass": {"page": 2}}, NOW - HOUR)
    await readings.remember(connection, past, "bookings", {"order": "newest_first"})
    memo = await connection.fetchval(
        "select memo ->> 'order' from readings where id = $1", first.id
    )
    assert memo == "newest_first"
    await readings.end_past(connection, first)
    assert not await readings.has_past(connection, first)


async def test_rows_of_a_pass_are_counted_once_and_its_sum_knows_no_order(
    connection: asyncpg.Connection, rows: Rows, house: House
) -> None:
    id, other = await rows.reading(house.rooms), await rows.reading(house.tables)
    assert await readings.see(connection, id, ["a", "b", "b"]) == 2
    assert await readings.see(connection, id, ["b", "c"]) == 1
    assert await readings.see(connection, other, ["c", "a", "b"]) == 3
    told = await readings.end_pass(connection, id)
    assert told == await readings.seen(connection, other)
    assert await readings.see(connection, id, ["a"]) == 1
    assert await readings.seen(connection, id) != told


async def test_what_lists_show_of_live_bookings_and_blocks_is_kept_with_its_last_moment(
    connection: asyncpg.Connection, rows: Rows, house: House
) -> None:
    await rows.booking(house.venue, house.salon_rooms, external_id="guest")
    await rows.booking(house.venue, house.salon_rooms, external_id="over", status="cancelled")
    await rows.block(house.salon_rooms, [], external_id="ours")
    shown = ["guest", "over", "ours", "strange"]
    await readings.mark_listed(connection, house.rooms, shown, NOW)
    await readings.mark_listed(connection, house.rooms, ["guest"], NOW + SECOND)
    await readings.mark_listed(connection, house.rooms, ["guest"], NOW - SECOND)
    for since, refs in ((NOW, {"guest", "ours"}), (NOW + SECOND, {"guest"}), (NOW + HOUR, set())):
        assert await readings.listed_since(connection, house.rooms, since) == refs
    assert await readings.listed_since(connection, house.tables, NOW) == set()
    await readings.forget(connection, NOW + SECOND)
    assert await readings.listed_since(connection, house.rooms, NOW) == {"guest"}


async def test_what_no_list_shows_is_asked_after_once_in_a_while(
    pool: asyncpg.Pool, rows: Rows, house: House
) -> None:
    apart = 30 * SECOND
    await rows.polled(house.rooms)

    async def may_ask(at: datetime) -> bool:
        async with pool.acquire() as connection:
            return await readings.may_ask(connection, house.rooms, at, apart)

    assert sorted(await asyncio.gather(*(may_ask(NOW) for _ in range(4)))) == [False] * 3 + [True]
    assert not await may_ask(NOW + apart)
    assert await may_ask(NOW + apart + SECOND)


async def test_hurrying_only_ever_makes_it_sooner_and_only_what_was_named(
    connection: asyncpg.Connection, rows: Rows, house: House
) -> None:
    await rows.reading(house.rooms)
    await rows.reading(house.rooms, task="past")
    for at in (NOW + HOUR, NOW - SECOND):
        await readings.hurry(connection, house.rooms, ["past"], at)
    due = await connection.fetch("select task, due_at from readings order by task")
    assert [tuple(row) for row in due] == [("bookings", NOW), ("past", NOW - SECOND)]
    assert await next_due(connection, house.rooms) == NOW - SECOND


async def test_an_older_look_at_the_same_time_or_a_part_of_it_says_no_more(
    connection: asyncpg.Connection, house: House
) -> None:
    morning, evening = Span.of(NOON - 4 * HOUR, 4 * HOUR), Span.of(NOON, 9 * HOUR)

    async def looks() -> list[tuple[datetime, datetime, datetime]]:
        found = await connection.fetch(
            "select lower(during), upper(during), read_at from looks order by during"
        )
        return [(start, end, at) for start, end, at in found]

    await readings.look(connection, house.salon_rooms, morning, NOW)
    await readings.look(connection, house.salon_rooms, evening, NOW + HOUR)
    await readings.look(connection, house.salon_rooms, morning, NOW - SECOND)
    await readings.look(connection, house.salon_rooms, TODAY, NOW)
    assert await looks() == [
        (TODAY.start, TODAY.end, NOW),
        (evening.start, evening.end, NOW + HOUR),
    ]
    await readings.forget(connection, evening.end + SECOND)
    assert await looks() == [(TODAY.start, TODAY.end, NOW)]
