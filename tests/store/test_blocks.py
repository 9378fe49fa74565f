"""Blocks: one live block for a span of a listing, known by its id at the channel or by its marker."""

import asyncio
from dataclasses import replace
from datetime import datetime, timedelta

import asyncpg
import pytest
from tests.store.conftest import House
from tests.web.rows import HOUR, NOON, NOW, Rows

from holdfast.inventory.known import Block
from holdfast.inventory.model import Span
from holdfast.inventory.plan import Wish
from holdfast.store import blocks, offers
from holdfast.store.changes import ChangeSet

SLOT = Span.of(NOON, HOUR)
SECOND = timedelta(seconds=1)


def a_wish(house: House, span: Span = SLOT) -> Wish:
    return Wish(listing_id=house.salon_rooms, span=span, wants="held", until=NOON, because=(7, 8))


async def add(
    connection: asyncpg.Connection, house: House, marker: str, span: Span = SLOT
) -> int | None:
    home = (house.venue, house.rooms)
    return await blocks.insert(ChangeSet(connection), home, a_wish(house, span), marker, NOW)


async def refs(connection: asyncpg.Connection, house: House, window: Span, holds: bool) -> set[str]:
    return await blocks.live_refs(connection, house.rooms, window, NOW + HOUR, holds)


async def test_a_wished_block_begins_as_absent(
    connection: asyncpg.Connection, house: House
) -> None:
    id = await add(connection, house, "m-1")
    assert id is not None
    assert await blocks.by_id(connection, id) == Block(
        id=id,
        listing_id=house.salon_rooms,
        span=SLOT,
        marker="m-1",
        wants="held",
        wanted_until=NOON,
        state="absent",
        external_id=None,
        expires_at=None,
        because=(7, 8),
        changed_at=NOW,
    )


async def test_a_span_of_a_listing_has_one_live_block_at_most(
    connection: asyncpg.Connection, house: House
) -> None:
    first = await add(connection, house, "m-1")
    assert first is not None
    assert await add(connection, house, "m-2") is None
    assert await add(connection, house, "m-3", Span.of(NOON, 2 * HOUR)) is not None
    await blocks.close(ChangeSet(connection), [first], NOW)
    assert await add(connection, house, "m-4") is not None


async def test_of_many_who_add_the_same_block_at_once_one_does(
    pool: asyncpg.Pool, house: House
) -> None:
    async def one(number: int) -> int | None:
        async with pool.acquire() as connection:
            return await add(connection, house, f"m-{number}")

    added = await asyncio.gather(*(one(number) for number in range(20)))
    assert len([id for id in added if id is not None]) == 1


@pytest.mark.parametrize(("column", "value"), [("marker", "'m-1'"), ("external_id", "'x-1'")])
async def test_no_two_blocks_share_a_marker_or_an_id_at_the_channel(
    connection: asyncpg.Connection, house: House, column: str, value: str
) -> None:
    first = await add(connection, house, "m-1")
    assert first is not None
    await blocks.stands(ChangeSet(connection), first, "held", ("x-1", NOON), NOW)
    second = await add(connection, house, "m-2", Span.of(NOON, 2 * HOUR))
    with pytest.raises(asyncpg.UniqueViolationError):
        await connection.execute(f"update blocks set {column} = {value} where id = $1", second)


async def test_a_block_that_stands_is_known_by_its_id_and_by_its_marker(
    connection: asyncpg.Connection, house: House
) -> None:
    id = await add(connection, house, "m-1")
    assert id is not None
    await blocks.stands(ChangeSet(connection), id, "held", ("x-1", NOON), NOW + SECOND)
    block = await blocks.by_id(connection, id)
    assert (block.state, block.external_id, block.expires_at, block.stands) == (
        "held",
        "x-1",
        NOON,
        True,
    )
    assert await blocks.by_echo(connection, house.rooms, "x-1", None) == block
    assert await blocks.by_echo(connection, house.rooms, "other", "m-1") == block
    assert await blocks.by_echo(connection, house.tables, "x-1", "m-1") is None
    assert await blocks.by_echo(connection, house.rooms, "other", None) is None
    assert await blocks.states_by_ref(connection, house.rooms, ["x-1", "x-2"]) == {"x-1": "held"}
    assert await blocks.venue_of_ref(connection, house.rooms, "x-1") == house.venue


async def test_a_block_that_is_lost_while_it_is_wanted_leaves_a_gap_until_it_stands_again(
    connection: asyncpg.Connection, house: House
) -> None:
    id = await add(connection, house, "m-1")
    assert id is not None

    async def gap() -> datetime | None:
        return (await blocks.by_id(connection, id)).gap_since

    await blocks.gone(ChangeSet(connection), id, NOW)
    assert await gap() is None  # it never stood
    await blocks.stands(ChangeSet(connection), id, "held", ("x-1", NOON), NOW)
    await blocks.gone(ChangeSet(connection), id, NOW + SECOND)
    await blocks.gone(ChangeSet(connection), id, NOW + 2 * SECOND)
    assert await gap() == NOW + SECOND
    await blocks.stands(ChangeSet(connection), id, "held", ("x-2", NOON), NOW + 3 * SECOND)
    assert await gap() is None
    await blocks.wish(ChangeSet(connection), id, replace(a_wish(house), wants="nothing"), NOW)
    await blocks.gone(ChangeSet(connection), id, NOW + 4 * SECOND)
    assert await gap() is None


async def test_only_what_is_open_and_within_the_stretch_is_live(
    connection: asyncpg.Connection, rows: Rows, house: House
) -> None:
    inside = await rows.block(house.salon_rooms, [])
    other_listing = await rows.block(house.salon_tables, [])
    await rows.block(house.salon_rooms, [], start=NOON + HOUR)
    await rows.block(house.salon_rooms, [], start=NOON - HOUR)
    closed = await rows.block(house.salon_rooms, [], end=NOON + 2 * HOUR)
    await blocks.close(ChangeSet(connection), [closed], NOW)
    live = await blocks.live_in(connection, house.venue, SLOT)
    assert [block.id for block in live] == [inside, other_listing]
    assert await blocks.live_in(connection, house.venue + 1, SLOT) == []


@pytest.mark.parametrize(
    ("state", "flying"),
    [("in_flight", True), ("unknown", True), ("waiting", False), ("done", False)],
)
async def test_a_block_flies_while_a_call_about_it_is_under_way(
    connection: asyncpg.Connection, rows: Rows, house: House, state: str, flying: bool
) -> None:
    id = await rows.block(house.salon_rooms, [], state="absent", external_id=None)
    await rows.push(id, state=state)
    (block,) = await blocks.live_in(connection, house.venue, SLOT)
    assert (block.flying, block.stands) == (flying, flying)


async def test_a_block_is_not_closed_under_a_call_that_was_claimed_meanwhile(
    connection: asyncpg.Connection, rows: Rows, house: House
) -> None:
    id = await rows.block(house.salon_rooms, [], state="absent", external_id=None)
    push = await rows.push(id, state="in_flight")
    await blocks.close(ChangeSet(connection), [id], NOW)
    assert not (await blocks.by_id(connection, id)).closed
    await connection.execute("update pushes set state = 'done' where id = $1", push)
    await blocks.close(ChangeSet(connection), [id], NOW)
    assert (await blocks.by_id(connection, id)).closed


async def test_a_scan_is_asked_for_what_it_could_have_shown(
    connection: asyncpg.Connection, rows: Rows, house: House
) -> None:
    await rows.block(house.salon_rooms, [], external_id="booked", updated_at=NOW)
    await rows.block(
        house.salon_rooms, [], start=NOON + HOUR, external_id="held", state="held", updated_at=NOW
    )
    await rows.block(
        house.salon_rooms, [], start=NOON + 2 * HOUR, external_id="newer", updated_at=NOW + 2 * HOUR
    )
    await rows.block(
        house.salon_rooms, [], start=NOON + 30 * HOUR, external_id="far", updated_at=NOW
    )
    await rows.block(
        house.salon_rooms,
        [],
        start=NOON + 3 * HOUR,
        external_id="over",
        updated_at=NOW,
        closed_at=NOW,
    )
    await rows.block(house.salon_tables, [], external_id="elsewhere", updated_at=NOW)
    window = Span.of(NOON, 24 * HOUR)
    assert await refs(connection, house, window, holds=True) == {"booked", "held"}
    assert await refs(connection, house, window, holds=False) == {"booked"}


async def test_a_hold_lapses_at_its_time_and_a_booking_never(
    connection: asyncpg.Connection, rows: Rows, house: House
) -> None:
    held = await rows.block(house.salon_rooms, [], state="held", expires_at=NOON)
    await rows.block(house.salon_tables, [], state="booked", expires_at=None)
    assert await blocks.lapsed(connection, NOON - SECOND) == []
    assert await blocks.lapsed(connection, NOON) == [(house.venue, held)]


async def test_what_is_past_is_closed_with_what_waited_for_it_unless_a_call_flies(
    pool: asyncpg.Pool, connection: asyncpg.Connection, rows: Rows, house: House
) -> None:
    past = await rows.block(house.salon_rooms, [])
    flying = await rows.block(house.salon_rooms, [], start=NOON - HOUR)
    coming = await rows.block(house.salon_rooms, [], start=NOON + HOUR)
    waiting = await rows.push(past, call="release")
    await rows.push(flying, state="unknown")
    await rows.push(coming)
    assert await blocks.past(connection, NOON + HOUR) == [house.venue]
    assert await blocks.finish_past(ChangeSet(connection), house.venue, NOON + HOUR) == 1
    open_blocks = await pool.fetch("select id from blocks where closed_at is null order by id")
    assert [row["id"] for row in open_blocks] == [flying, coming]
    ended = await pool.fetch("select id from pushes where state = 'superseded'")
    assert [row["id"] for row in ended] == [waiting]


async def sellable(connection: asyncpg.Connection, house: House) -> list[Span]:
    found = await offers.known_in(connection, [house.salon_rooms], Span.of(NOON, 4 * HOUR))
    return sorted(found[house.salon_rooms].sellable)


async def test_what_only_a_block_of_ours_withdraws_would_be_sold_again(
    connection: asyncpg.Connection, rows: Rows, house: House
) -> None:
    half = timedelta(minutes=30)
    starts = [Span.of(NOON + n * half, HOUR) for n in range(4)]
    for one in starts:
        await rows.offer(house.salon_rooms, one.start, one.end)
    block = await rows.block(house.salon_rooms, [], start=starts[1].start)
    await offers.shut(connection, house.salon_rooms, starts[1], NOW)
    assert await sellable(connection, house) == starts
    await blocks.gone(ChangeSet(connection), block, NOW)
    assert await sellable(connection, house) == starts[3:]
    await offers.reopen(connection, house.salon_rooms, starts[1], NOW)
    assert await sellable(connection, house) == starts


async def test_a_block_elsewhere_or_of_the_past_is_no_reason(
    connection: asyncpg.Connection, rows: Rows, house: House
) -> None:
    await rows.offer(house.salon_rooms, open=False)
    await rows.block(house.salon_tables, [])
    await rows.block(house.salon_rooms, [], closed_at=NOW)
    assert await sellable(connection, house) == []
