"""Allocations: the database's own word that no unit is granted twice, with nobody's checks in between."""

import asyncio
from collections.abc import Sequence
from datetime import UTC, datetime, timedelta
from itertools import combinations, pairwise
from random import Random

import asyncpg
import pytest
from tests.store.conftest import House
from tests.web.rows import HOUR, NOON, Rows

from holdfast.inventory.allocate import Grant
from holdfast.inventory.model import Span
from holdfast.store import seats
from holdfast.store.changes import ChangeSet
from holdfast.store.ranges import to_span

MINUTE = timedelta(minutes=1)

INSERT = """
    insert into allocations (venue_id, booking_id, unit_id, during) values ($1, $2, $3, $4)
    on conflict do nothing"""


async def bookings(rows: Rows, house: House, count: int) -> list[int]:
    return [await rows.booking(house.venue) for _ in range(count)]


async def taken(pool: asyncpg.Pool, unit: int) -> list[Span]:
    found = await pool.fetch("select during from allocations where unit_id = $1", unit)
    return sorted(to_span(row["during"]) for row in found)


def overlaps(several: Sequence[Span]) -> list[tuple[Span, Span]]:
    return [pair for pair in combinations(several, 2) if pair[0].overlaps(pair[1])]


def somewhere(random: Random) -> asyncpg.Range:
    start = NOON + random.randrange(600) * MINUTE
    return asyncpg.Range(start, start + random.randrange(1, 120) * MINUTE)


@pytest.mark.parametrize("seed", [1, 2, 3])
async def test_two_hundred_at_once_on_one_unit_leave_no_overlap_and_raise_nothing(
    pool: asyncpg.Pool, rows: Rows, house: House, seed: int
) -> None:
    random = Random(seed)
    wanted = [(id, somewhere(random)) for id in await bookings(rows, house, 200)]
    told = await asyncio.gather(
        *(pool.execute(INSERT, house.venue, id, house.salon, during) for id, during in wanted)
    )
    granted = await taken(pool, house.salon)
    assert told.count("INSERT 0 1") == len(granted) > 0
    assert overlaps(granted) == []
    refused = [d for (_, d), t in zip(wanted, told, strict=True) if t == "INSERT 0 0"]
    assert all(any(to_span(during).overlaps(one) for one in granted) for during in refused)


async def test_of_two_hundred_who_want_the_same_exactly_one_gets_it(
    pool: asyncpg.Pool, rows: Rows, house: House
) -> None:
    same = asyncpg.Range(NOON, NOON + HOUR)
    ids = await bookings(rows, house, 200)
    told = await asyncio.gather(
        *(pool.execute(INSERT, house.venue, id, house.salon, same) for id in ids)
    )
    assert sorted(told) == ["INSERT 0 0"] * 199 + ["INSERT 0 1"]


async def test_without_on_conflict_the_second_is_refused_by_the_named_constraint(
    rows: Rows, house: House
) -> None:
    first, second = await bookings(rows, house, 2)
    await rows.granted(first, house.salon)
    with pytest.raises(asyncpg.ExclusionViolationError) as refused:
        await rows.granted(second, house.salon)
    assert refused.value.constraint_name == "allocations_no_overlap"


async def test_a_grant_cannot_be_moved_onto_another_either(
    pool: asyncpg.Pool, rows: Rows, house: House
) -> None:
    first, second = await bookings(rows, house, 2)
    await rows.granted(first, house.salon)
    await rows.granted(second, house.terrace)
    with pytest.raises(asyncpg.ExclusionViolationError):
        await pool.execute(
            "update allocations set unit_id = $1 where booking_id = $2", house.salon, second
        )


async def test_different_units_do_not_disturb_each_other(
    pool: asyncpg.Pool, rows: Rows, house: House
) -> None:
    units = [await rows.unit(house.venue, f"table-{n}") for n in range(40)]
    same = asyncpg.Range(NOON, NOON + HOUR)
    ids = await bookings(rows, house, len(units))
    told = await asyncio.gather(
        *(
            pool.execute(INSERT, house.venue, id, unit, same)
            for id, unit in zip(ids, units, strict=True)
        )
    )
    assert told == ["INSERT 0 1"] * len(units)


async def test_touching_ends_are_allowed(pool: asyncpg.Pool, rows: Rows, house: House) -> None:
    ids = await bookings(rows, house, 24)
    for number, id in enumerate(ids):
        during = asyncpg.Range(NOON + number * MINUTE, NOON + (number + 1) * MINUTE)
        assert await pool.execute(INSERT, house.venue, id, house.salon, during) == "INSERT 0 1"
    granted = await taken(pool, house.salon)
    assert all(one.end == other.start for one, other in pairwise(granted))


async def test_a_microsecond_of_overlap_is_refused(
    pool: asyncpg.Pool, rows: Rows, house: House
) -> None:
    first, second = await bookings(rows, house, 2)
    await rows.granted(first, house.salon)
    early = asyncpg.Range(NOON + HOUR - timedelta(microseconds=1), NOON + 2 * HOUR)
    assert await pool.execute(INSERT, house.venue, second, house.salon, early) == "INSERT 0 0"


@pytest.mark.parametrize(
    "during",
    [
        pytest.param(asyncpg.Range(NOON, NOON), id="nothing between its ends"),
        pytest.param(asyncpg.Range(empty=True), id="empty"),
        pytest.param(asyncpg.Range(NOON, None), id="without an end"),
        pytest.param(asyncpg.Range(None, NOON), id="without a start"),
        pytest.param(asyncpg.Range(NOON, NOON + HOUR, upper_inc=True), id="with its last instant"),
        pytest.param(asyncpg.Range(NOON, NOON + HOUR, lower_inc=False), id="without its first"),
    ],
)
async def test_a_range_that_is_no_span_is_refused(
    pool: asyncpg.Pool, rows: Rows, house: House, during: asyncpg.Range
) -> None:
    (id,) = await bookings(rows, house, 1)
    with pytest.raises(asyncpg.CheckViolationError):
        await pool.execute(INSERT, house.venue, id, house.salon, during)


def a_grant(booking: int, unit: int, hour: int = 0, hours: int = 1) -> Grant:
    return Grant(booking_id=booking, unit_id=unit, span=Span.of(NOON + hour * HOUR, hours * HOUR))


async def test_what_comes_back_from_a_request_is_what_was_granted(
    connection: asyncpg.Connection, rows: Rows, house: House
) -> None:
    first, second = await bookings(rows, house, 2)
    await rows.granted(first, house.salon)
    wanted = [a_grant(second, house.salon), a_grant(second, house.terrace)]
    assert await seats.grant(ChangeSet(connection), house.venue, wanted) == {
        (second, house.terrace)
    }
    have = await seats.of_bookings(connection, [first, second])
    assert have == {a_grant(first, house.salon), a_grant(second, house.terrace)}


async def test_what_was_given_back_can_be_granted_in_the_same_transaction(
    connection: asyncpg.Connection, rows: Rows, house: House
) -> None:
    first, second = await bookings(rows, house, 2)
    await rows.granted(first, house.salon, house.terrace)
    async with connection.transaction():
        await seats.free(ChangeSet(connection), [a_grant(first, house.salon)])
        granted = await seats.grant(
            ChangeSet(connection), house.venue, [a_grant(second, house.salon)]
        )
    assert granted == {(second, house.salon)}
    assert await seats.of_bookings(connection, [first]) == {a_grant(first, house.terrace)}


async def test_two_in_one_request_that_want_the_same_are_decided_by_their_order(
    connection: asyncpg.Connection, rows: Rows, house: House
) -> None:
    first, second = await bookings(rows, house, 2)
    wanted = [a_grant(second, house.salon), a_grant(first, house.salon)]
    assert await seats.grant(ChangeSet(connection), house.venue, wanted) == {(second, house.salon)}


async def test_a_booking_that_is_deleted_gives_its_units_back(
    pool: asyncpg.Pool, rows: Rows, house: House
) -> None:
    (id,) = await bookings(rows, house, 1)
    await rows.granted(id, house.salon)
    await pool.execute("delete from bookings where id = $1", id)
    assert await taken(pool, house.salon) == []


async def test_a_conflict_that_is_told_again_is_one_conflict(
    connection: asyncpg.Connection, rows: Rows, house: House
) -> None:
    first, second = await bookings(rows, house, 2)
    now = datetime(2026, 11, 20, 12, tzinfo=UTC)

    def conflict(*against: int) -> seats.NewConflict:
        return seats.NewConflict(
            venue_id=house.venue,
            kind="double_booking",
            opened_at=now,
            booking_id=second,
            against=against,
            unit_ids=(house.salon,),
        )

    assert await seats.open_conflict(ChangeSet(connection), conflict()) is not None
    assert await seats.open_conflict(ChangeSet(connection), conflict(first)) is None
    kinds = ["double_booking", "too_small"]
    found = await seats.found(connection, [first, second], kinds)
    assert list(found.conflicts) == ["double_booking"]
    standing = found.conflicts["double_booking"]
    assert list(standing) == [second]
    against = await connection.fetchval("select against_ids from conflicts")
    assert against == [first]
    await seats.close_conflicts(ChangeSet(connection), standing.values(), now, "no longer overlaps")
    gone = await seats.found(connection, [second], kinds)
    assert gone.conflicts == {}
    assert await seats.open_conflict(ChangeSet(connection), conflict(first)) is not None
