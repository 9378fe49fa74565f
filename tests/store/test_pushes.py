"""Pushes: the newest wish waits, one call flies, and only who holds the lease has the last word."""

import asyncio
from collections.abc import Sequence
from dataclasses import replace
from datetime import datetime, timedelta
from typing import Any

import asyncpg
import pytest
from tests.store.conftest import House
from tests.store.soon import next_due
from tests.web.rows import HOUR, NOON, NOW, Rows

from holdfast.inventory.model import Span
from holdfast.store import blocks as blocks_store
from holdfast.store import offers, pushes, worker_locks
from holdfast.store.blocks import by_id as blocks_by_id
from holdfast.store.changes import ChangeSet
from holdfast.store.pushes import Claimed, Delay, NewPush, Try

SECOND = timedelta(seconds=1)
DONE = Try(outcome="done")
SPOILT = Try(outcome="unknown", failure="unknown", status=503, detail="place: 503")


def wanted(house: House, block: int, **values: Any) -> NewPush:
    """To be placed on the rooms' account, since now."""
    push = NewPush(
        venue_id=house.venue,
        account_id=house.rooms,
        call="place",
        shadow=False,
        risk=10,
        starts_at=NOON,
        due_at=NOW,
        observed_at=NOW,
        block_id=block,
    )
    return replace(push, **values)


async def claim(
    pool: asyncpg.Pool, account: int, limit: int = 100, now: datetime = NOW
) -> list[Claimed]:
    async with pool.acquire() as connection:
        return await pushes.claim(connection, account, now, pushes.Wanted(limit=limit))


async def lapse(pool: asyncpg.Pool, ids: Sequence[int]) -> None:
    """As if the half minute of the lease had passed."""
    await pool.execute(
        "update pushes set lease_until = clock_timestamp() - interval '1 ms' where id = any($1)",
        list(ids),
    )


async def states(pool: asyncpg.Pool) -> dict[int, str]:
    return {row["id"]: row["state"] for row in await pool.fetch("select id, state from pushes")}


@pytest.fixture
async def block(rows: Rows, house: House) -> int:
    return await rows.block(house.salon_rooms, [], state="absent", external_id=None)


async def blocks(rows: Rows, house: House, count: int) -> list[int]:
    """One behind the other, an hour each."""
    return [
        await rows.block(
            house.salon_rooms, [], start=NOON + n * HOUR, state="absent", external_id=None
        )
        for n in range(count)
    ]


@pytest.mark.parametrize(
    ("one", "other", "constraint"),
    [
        ("waiting", "waiting", "pushes_one_waiting"),
        ("waiting", "shadow", "pushes_one_waiting"),
        ("in_flight", "in_flight", "pushes_one_flying"),
        ("in_flight", "unknown", "pushes_one_flying"),
        ("unknown", "unknown", "pushes_one_flying"),
    ],
)
async def test_a_block_never_has_two_calls_that_wait_or_two_that_fly(
    rows: Rows, block: int, one: str, other: str, constraint: str
) -> None:
    await rows.push(block, state=one)
    with pytest.raises(asyncpg.UniqueViolationError) as refused:
        await rows.push(block, state=other)
    assert refused.value.constraint_name == constraint


async def test_one_may_wait_while_another_flies_and_many_may_be_over(
    pool: asyncpg.Pool, rows: Rows, block: int
) -> None:
    for state in ("waiting", "in_flight", "done", "done", "dead", "superseded"):
        await rows.push(block, state=state)
    assert await pool.fetchval("select count(*) from pushes") == 6


@pytest.mark.parametrize("both", [True, False])
async def test_a_push_is_about_a_block_or_a_booking_and_never_about_both(
    pool: asyncpg.Pool, rows: Rows, house: House, block: int, both: bool
) -> None:
    booking = await rows.booking(house.venue)
    about = {"booking_id": booking} if both else {"block_id": None}
    with pytest.raises(asyncpg.CheckViolationError):
        await rows.push(block, **about)


async def test_the_newest_wish_replaces_the_one_that_waits(
    connection: asyncpg.Connection, house: House, block: int
) -> None:
    first = await pushes.wish(connection, wanted(house, block, risk=15))
    newest = wanted(house, block, call="release", risk=40, due_at=NOW + SECOND, reason="moved")
    assert await pushes.wish(connection, newest) == first
    row = await connection.fetchrow("select * from pushes")
    assert (row["call"], row["risk"], row["due_at"], row["reason"], row["wished_at"]) == (
        "release",
        40,
        NOW + SECOND,
        "moved",
        NOW + SECOND,
    )


async def test_a_wish_never_touches_what_is_under_way(
    pool: asyncpg.Pool, connection: asyncpg.Connection, house: House, block: int
) -> None:
    await pushes.wish(connection, wanted(house, block))
    (flying,) = await claim(pool, house.rooms)
    later = await pushes.wish(connection, wanted(house, block, call="release"))
    assert later != flying.id
    assert await states(pool) == {flying.id: "in_flight", later: "waiting"}
    assert await claim(pool, house.rooms) == []


async def test_wishes_of_two_at_the_same_moment_end_as_one(
    pool: asyncpg.Pool, house: House, block: int
) -> None:
    async def wish(call: str) -> int:
        async with pool.acquire() as connection:
            return await pushes.wish(connection, wanted(house, block, call=call))

    ids = await asyncio.gather(*(wish(call) for call in ["place", "release"] * 8))
    assert len(set(ids)) == 1


async def test_an_account_that_goes_live_sends_what_it_wished_for_in_the_shadow(
    pool: asyncpg.Pool, connection: asyncpg.Connection, house: House, block: int
) -> None:
    id = await pushes.wish(connection, wanted(house, block, shadow=True))
    assert await claim(pool, house.rooms) == []
    assert await pushes.wish(connection, wanted(house, block)) == id
    assert [push.id for push in await claim(pool, house.rooms)] == [id]


async def test_calls_go_by_risk_then_by_start_and_what_is_unknown_goes_first(
    pool: asyncpg.Pool, rows: Rows, house: House
) -> None:
    made = await blocks(rows, house, 6)
    held = await rows.push(made[0], risk=15)
    late = await rows.push(made[1], starts_at=NOON + HOUR)
    soon = await rows.push(made[2])
    commit = await rows.push(made[3], call="commit", risk=20)
    unknown = await rows.push(made[4], state="unknown", risk=40)
    await rows.push(made[5], due_at=NOW + SECOND)
    assert [push.id for push in await claim(pool, house.rooms, 3)] == [unknown, soon, late]
    assert [push.id for push in await claim(pool, house.rooms)] == [held, commit]


async def test_a_hold_about_to_lapse_is_confirmed_before_anything_else_is_placed(
    pool: asyncpg.Pool, rows: Rows, house: House
) -> None:
    """Else, with more to be placed than a hold's life has room for, all of it lapses and is placed again, for ever."""
    made = await blocks(rows, house, 1)
    place = await rows.push(made[0])
    commits = []
    for n, lapses in ((2, 110 * SECOND), (3, 100 * SECOND), (4, HOUR)):
        lapsing = {"start": NOON + n * HOUR, "state": "held", "expires_at": NOW + lapses}
        hold = await rows.block(house.salon_rooms, [], **lapsing)
        commits.append(await rows.push(hold, call="commit", risk=20))
    expected = [commits[1], commits[0], place, commits[2]]
    assert [push.id for push in await claim(pool, house.rooms)] == expected


async def test_only_the_accounts_own_calls_are_claimed(
    pool: asyncpg.Pool, rows: Rows, house: House, block: int
) -> None:
    await rows.push(block)
    assert await claim(pool, house.tables) == []


async def test_eight_who_claim_at_once_never_get_the_same_push(
    pool: asyncpg.Pool, rows: Rows, house: House
) -> None:
    made = {await rows.push(block) for block in await blocks(rows, house, 80)}
    claims = await asyncio.gather(*(claim(pool, house.rooms, 12) for _ in range(8)))
    got = [push.id for batch in claims for push in batch]
    assert len(got) == len(set(got))
    rest = [push.id for push in await claim(pool, house.rooms, 1000)]
    assert set(got) | set(rest) == made


async def test_an_attempt_is_written_before_the_call_is_made(
    pool: asyncpg.Pool, connection: asyncpg.Connection, rows: Rows, house: House, block: int
) -> None:
    await rows.push(block)
    (push,) = await claim(pool, house.rooms)
    assert (push.was, push.attempts, push.epoch, push.first_sent_at) == ("waiting", 1, 1, None)
    (attempt,) = await connection.fetch("select * from attempts")
    assert (attempt["number"], attempt["key"], attempt["sent_at"]) == (1, f"hf-{push.id}-1", NOW)
    await pushes.later(connection, push, SPOILT, Delay("unknown", NOW, 0), NOW + SECOND)
    (attempt,) = await connection.fetch("select * from attempts")
    assert (attempt["outcome"], attempt["status"], attempt["settled_at"]) == (
        "unknown",
        503,
        NOW + SECOND,
    )


async def test_the_first_result_of_an_attempt_stands(
    pool: asyncpg.Pool, connection: asyncpg.Connection, rows: Rows, house: House, block: int
) -> None:
    await rows.push(block)
    (push,) = await claim(pool, house.rooms)
    await pushes.settle(connection, push, DONE, ("done", None), NOW)
    again = Try(outcome="not_done")
    await pushes.later(connection, push, again, Delay("waiting", NOW, 0), NOW + SECOND)
    assert await connection.fetchval("select outcome from attempts") == "done"


async def test_a_release_waits_until_nothing_is_left_to_place_on_its_listing(
    pool: asyncpg.Pool, rows: Rows, house: House
) -> None:
    first, second = await blocks(rows, house, 2)
    release = await rows.push(first, call="release", risk=5)
    place = await rows.push(second, call="place")
    assert [push.id for push in await claim(pool, house.rooms)] == [place]
    assert await claim(pool, house.rooms) == []
    await pool.execute("update pushes set state = 'unknown' where id = $1", place)
    assert release not in [push.id for push in await claim(pool, house.rooms)]
    await pool.execute("update pushes set state = 'done' where id = $1", place)
    assert [push.id for push in await claim(pool, house.rooms)] == [release]


@pytest.mark.parametrize("why", ["another listing", "the same time", "not due yet", "a commit"])
async def test_a_release_waits_for_nothing_else(
    pool: asyncpg.Pool, rows: Rows, house: House, block: int, why: str
) -> None:
    other = await rows.block(
        house.salon_tables if why == "another listing" else house.salon_rooms,
        [],
        start=NOON + HOUR / 2 if why == "the same time" else NOON + 2 * HOUR,
        state="absent",
    )
    due_at = NOW + SECOND if why == "not due yet" else NOW
    await rows.push(other, call="commit" if why == "a commit" else "place", due_at=due_at)
    release = await rows.push(block, call="release", risk=40)
    assert release in [push.id for push in await claim(pool, house.rooms)]


@pytest.mark.parametrize(
    ("place", "goes"),
    [
        ({}, False),
        ({"due_at": NOW + SECOND}, True),  # refused, perhaps for want of what is to be given back
        ({"due_at": NOW + SECOND, "attempts": 1}, False),  # not answered
        ({"state": "unknown", "due_at": NOW + SECOND}, False),
    ],
    ids=["due", "refused", "not answered", "unknown"],
)
async def test_in_a_pool_a_release_waits_for_what_lies_over_it_unless_that_was_refused(
    pool: asyncpg.Pool, rows: Rows, house: House, place: dict[str, object], goes: bool
) -> None:
    """The kind: what is refused because of a block of ours waits, ever longer, and so does the giving back of that block."""
    tables = await rows.listing(
        house.venue, house.rooms, "all-rooms", [house.salon, house.terrace], takes="one"
    )
    old = await rows.block(tables, [], start=NOON)
    new = await rows.block(tables, [], start=NOON + HOUR / 2, state="absent", external_id=None)
    await rows.push(new, **place)
    release = await rows.push(old, call="release", risk=40)
    assert (release in [push.id for push in await claim(pool, house.rooms)]) is goes


async def test_a_refusal_is_forgotten_when_a_block_of_ours_is_given_back_there(
    connection: asyncpg.Connection, rows: Rows, house: House
) -> None:
    old = await rows.block(house.salon_rooms, [], start=NOON)
    new = await rows.block(house.salon_rooms, [], start=NOON + HOUR / 2, state="absent")
    await rows.push(new, state="done", outcome="taken", settled_at=NOW)
    release = await rows.push(old, call="release", state="done", outcome="done", settled_at=NOW)
    assert await pushes.refusals(connection, house.venue, NOW - SECOND)
    after = NOW + SECOND
    await connection.execute("update pushes set settled_at = $2 where id = $1", release, after)
    assert not await pushes.refusals(connection, house.venue, NOW - SECOND)


async def test_a_smaller_party_is_asked_for_at_once_where_a_larger_one_was_refused(
    connection: asyncpg.Connection, rows: Rows, house: House
) -> None:
    """A fault of the same kind: each smaller party waited for the refusals of all larger ones, two minutes in all."""
    block = await rows.block(house.salon_rooms, [], start=NOON, state="absent", party=8)
    await rows.push(block, state="done", outcome="taken", settled_at=NOW)
    assert await pushes.refusals(connection, house.venue, NOW - SECOND)
    await blocks_store.shrink(ChangeSet(connection), block, 6, NOW)
    assert not await pushes.refusals(connection, house.venue, NOW - SECOND)
    await rows.push(block, state="done", outcome="taken", settled_at=NOW + SECOND)
    (refused,) = (await pushes.refusals(connection, house.venue, NOW - SECOND)).values()
    assert refused.times == 1


async def test_what_was_refused_is_asked_for_when_a_block_of_ours_is_gone_there(
    connection: asyncpg.Connection, rows: Rows, house: House
) -> None:
    old = await rows.block(house.salon_rooms, [], start=NOON)
    over = await rows.block(house.salon_rooms, [], start=NOON + HOUR / 2, state="absent")
    apart = await rows.block(house.salon_rooms, [], start=NOON + 3 * HOUR, state="absent")
    for block in (over, apart):
        await rows.push(block, due_at=NOW + HOUR)
    gone = await blocks_by_id(connection, old)
    assert await blocks_store.hurry_over(connection, gone, NOW) == {house.rooms}
    due = await connection.fetch("select block_id from pushes where due_at = $1", NOW)
    assert [row["block_id"] for row in due] == [over]


async def test_a_release_does_not_wait_while_nobody_can_know_what_became_of_a_hold(
    pool: asyncpg.Pool, rows: Rows, house: House
) -> None:
    """A hold that no call can show is looked for again and again, for minutes, until it must have lapsed."""
    first, second = await blocks(rows, house, 2)
    release = await rows.push(first, call="release", risk=40)
    await rows.push(second, call="place", state="unknown", due_at=NOW + SECOND)
    assert [push.id for push in await claim(pool, house.rooms)] == [release]


async def test_a_release_does_not_wait_for_what_need_not_be_closed_any_more(
    pool: asyncpg.Pool, rows: Rows, house: House
) -> None:
    first, second = await blocks(rows, house, 2)
    release = await rows.push(first, call="release", risk=40)
    await rows.push(second, call="place", state="unknown")
    await pool.execute("update blocks set wants = 'nothing' where id = $1", second)
    assert release in [push.id for push in await claim(pool, house.rooms)]


async def test_lanes_that_are_refused_at_once_are_refused_once(
    pool: asyncpg.Pool, connection: asyncpg.Connection, rows: Rows, house: House
) -> None:
    """Else a pool that was full for a moment would be left on sale for minutes, long after it had room."""
    lanes = [
        await rows.block(house.salon_rooms, [], lane=n, state="absent", external_id=None)
        for n in (1, 2, 3)
    ]
    for at in (NOW, NOW + 30 * SECOND):
        for seconds, lane in enumerate(lanes):
            settled = {"state": "done", "outcome": "taken", "settled_at": at + seconds * SECOND}
            await rows.push(lane, **settled)
    (refused,) = (await pushes.refusals(connection, house.venue, NOW - SECOND)).values()
    assert (refused.times, refused.last_at) == (2, NOW + 32 * SECOND)


async def test_only_the_latest_failures_of_one_kind_lengthen_the_next_wait(
    pool: asyncpg.Pool, connection: asyncpg.Connection, rows: Rows, house: House, block: int
) -> None:
    number = await rows.push(block, attempts=4)
    for n, failure in enumerate(("limited", "unknown", "unknown", None), start=1):
        await connection.execute(
            "insert into attempts (push_id, number, key, sent_at, failure) values ($1, $2, $3, $4, $5)",
            number,
            n,
            f"hf-{number}-{n}",
            NOW,
            failure,
        )
    (push,) = await claim(pool, house.rooms)
    flying = replace(push, attempts=4)
    assert await pushes.in_a_row(connection, flying, "unknown") == 3
    assert await pushes.in_a_row(connection, flying, "limited") == 1


async def test_what_a_later_reading_found_unsold_was_rightly_refused(
    connection: asyncpg.Connection, rows: Rows, house: House
) -> None:
    block = await rows.block(house.salon_rooms, [], state="absent", external_id=None)
    await rows.push(block, state="done", outcome="taken", settled_at=NOW)
    span = await connection.fetchval("select during from blocks where id = $1", block)
    time = Span(start=span.lower, end=span.upper)
    await offers.save(connection, house.salon_rooms, [time], NOW - SECOND)
    await offers.shut(connection, house.salon_rooms, time, NOW)
    (refused,) = (await pushes.refusals(connection, house.venue, NOW - SECOND)).values()
    assert refused.times == 1
    await offers.close_absent(connection, house.salon_rooms, time, [], NOW + SECOND)
    await offers.save(connection, house.salon_rooms, [time], NOW + 2 * SECOND)
    assert not await pushes.refusals(connection, house.venue, NOW - SECOND)


async def test_a_call_whose_worker_is_gone_has_an_unknown_outcome(
    pool: asyncpg.Pool, connection: asyncpg.Connection, rows: Rows, house: House, block: int
) -> None:
    await rows.push(block)
    (push,) = await claim(pool, house.rooms)
    assert await worker_locks.lapse_leases(connection, NOW) == 0
    await lapse(pool, [push.id])
    assert await claim(pool, house.rooms) == []
    assert await worker_locks.lapse_leases(connection, NOW + SECOND) == 1
    (again,) = await claim(pool, house.rooms, now=NOW + SECOND)
    assert (again.was, again.attempts, again.epoch, again.first_sent_at) == ("unknown", 1, 2, NOW)


async def test_who_lost_the_lease_settles_nothing_but_leaves_its_record(
    pool: asyncpg.Pool, connection: asyncpg.Connection, rows: Rows, house: House, block: int
) -> None:
    await rows.push(block)
    (lost,) = await claim(pool, house.rooms)
    await lapse(pool, [lost.id])
    await worker_locks.lapse_leases(connection, NOW)
    (again,) = await claim(pool, house.rooms)
    before = await connection.fetchrow("select * from pushes")
    assert await pushes.settle(connection, lost, DONE, ("done", None), NOW) is None
    assert await pushes.later(connection, lost, DONE, Delay("waiting", NOW, 0), NOW) is False
    assert await connection.fetchrow("select * from pushes") == before
    assert await connection.fetchval("select outcome from attempts") == "done"
    settled = await pushes.settle(connection, again, DONE, ("done", None), NOW)
    assert settled == pushes.Settled(block=await blocks_by_id(connection, block))
    assert await pushes.settle(connection, again, DONE, ("dead", "why"), NOW) is None


@pytest.mark.parametrize(
    ("outcome", "state"), [("done", "done"), ("taken", "done"), ("dead", "dead")]
)
async def test_a_settled_push_says_how_it_ended_and_never_flies_again(
    pool: asyncpg.Pool,
    connection: asyncpg.Connection,
    rows: Rows,
    house: House,
    block: int,
    outcome: str,
    state: str,
) -> None:
    await rows.push(block)
    (push,) = await claim(pool, house.rooms)
    assert await pushes.settle(connection, push, DONE, (outcome, "why"), NOW)
    row = await connection.fetchrow("select * from pushes")
    assert (row["state"], row["outcome"], row["settled_at"], row["lease_until"]) == (
        state,
        outcome,
        NOW,
        None,
    )
    assert await claim(pool, house.rooms) == []


@pytest.mark.parametrize(
    ("state", "was", "attempts"), [("waiting", "waiting", 2), ("unknown", "unknown", 1)]
)
async def test_what_is_tried_later_comes_back_as_a_new_try_or_as_a_question(
    pool: asyncpg.Pool,
    connection: asyncpg.Connection,
    rows: Rows,
    house: House,
    block: int,
    state: str,
    was: str,
    attempts: int,
) -> None:
    await rows.push(block)
    (push,) = await claim(pool, house.rooms)
    assert await pushes.later(connection, push, SPOILT, Delay(state, NOW + SECOND, 1), NOW)
    assert await claim(pool, house.rooms) == []
    assert await next_due(connection, house.rooms) == NOW + SECOND
    (again,) = await claim(pool, house.rooms, now=NOW + SECOND)
    assert (again.was, again.attempts, again.absent_reads) == (was, attempts, 1)
    assert again.first_sent_at == NOW


async def test_an_old_try_makes_room_for_the_newer_wish(
    pool: asyncpg.Pool, connection: asyncpg.Connection, house: House, block: int
) -> None:
    old = await pushes.wish(connection, wanted(house, block))
    (push,) = await claim(pool, house.rooms)
    newer = await pushes.wish(connection, wanted(house, block, call="release"))
    assert await pushes.later(connection, push, SPOILT, Delay("waiting", NOW, 0), NOW)
    assert await states(pool) == {old: "superseded", newer: "waiting"}


async def test_a_question_does_not_make_room_and_the_newer_wish_waits_for_the_answer(
    pool: asyncpg.Pool, connection: asyncpg.Connection, house: House, block: int
) -> None:
    old = await pushes.wish(connection, wanted(house, block))
    (push,) = await claim(pool, house.rooms)
    newer = await pushes.wish(connection, wanted(house, block, call="release"))
    assert await pushes.later(connection, push, SPOILT, Delay("unknown", NOW, 0), NOW)
    assert [one.id for one in await claim(pool, house.rooms)] == [old]
    assert (await states(pool))[newer] == "waiting"


async def test_a_superseded_wish_is_never_sent_but_what_flies_cannot_be_superseded(
    pool: asyncpg.Pool, connection: asyncpg.Connection, rows: Rows, house: House
) -> None:
    first, second = await blocks(rows, house, 2)
    flying = await rows.push(first, state="in_flight")
    waiting = await rows.push(second)
    for id in (flying, waiting):
        await pushes.supersede(connection, id, NOW)
    assert await states(pool) == {flying: "in_flight", waiting: "superseded"}
    assert await claim(pool, house.rooms) == []


async def test_the_latest_push_of_a_block_is_what_flies_then_what_waits_then_what_ended(
    connection: asyncpg.Connection, rows: Rows, house: House
) -> None:
    flies, waits, ended, none = await blocks(rows, house, 4)
    flying = await rows.push(flies, state="unknown")
    await rows.push(flies, state="waiting")
    await rows.push(flies, state="dead")
    waiting = await rows.push(waits, state="shadow")
    await rows.push(waits, state="done")
    await rows.push(ended, state="superseded")
    dead = await rows.push(ended, state="dead", settled_at=NOW)
    latest = await pushes.open_of_blocks(connection, [flies, waits, ended, none])
    assert {block: push.id for block, push in latest.items()} == {
        flies: flying,
        waits: waiting,
        ended: dead,
    }
    assert [latest[b].waits for b in (flies, waits, ended)] == [False, True, False]


@pytest.mark.parametrize(
    ("state", "call", "placing"),
    [
        ("in_flight", "place", True),
        ("unknown", "place", True),
        ("waiting", "place", False),
        ("done", "place", False),
        ("in_flight", "release", False),
    ],
)
async def test_what_appears_where_a_block_is_just_placed_may_be_ours(
    connection: asyncpg.Connection,
    rows: Rows,
    house: House,
    block: int,
    state: str,
    call: str,
    placing: bool,
) -> None:
    await rows.push(block, state=state, call=call)
    there = asyncpg.Range(NOON, NOON + HOUR)
    assert await pushes.placing_on(connection, house.salon_rooms, there) is placing
    beside = asyncpg.Range(NOON, NOON + 2 * HOUR)
    assert await pushes.placing_on(connection, house.salon_rooms, beside) is False


async def test_a_call_that_only_a_newer_release_knows_is_left_to_it(
    pool: asyncpg.Pool, connection: asyncpg.Connection, rows: Rows, house: House, block: int
) -> None:
    await pool.execute("alter table pushes drop constraint pushes_call_check")
    await rows.push(block, call="move")
    assert await claim(pool, house.rooms) == []
    assert await next_due(connection, house.rooms) is None


@pytest.mark.parametrize(
    ("marker", "read", "goes"),
    [
        ("block-1", None, False),
        ("block-1", NOW - HOUR, False),
        ("block-1", NOW - 60 * SECOND, True),
        ("orphan-1", NOW - 60 * SECOND, False),
        ("orphan-1", NOW, True),
    ],
)
async def test_nothing_is_released_on_an_old_picture(
    pool: asyncpg.Pool,
    rows: Rows,
    house: House,
    marker: str,
    read: datetime | None,
    goes: bool,
) -> None:
    await rows.polled(house.tables)
    await pool.execute("update cursors set last_complete_at = $1", read)
    stands = await rows.block(
        house.salon_rooms, [], state="booked", wants="nothing", marker=marker, created_at=NOW
    )
    await rows.push(stands, call="release")
    assert bool(await claim(pool, house.rooms)) is goes


async def test_with_a_claim_goes_what_it_is_about(
    connection: asyncpg.Connection, rows: Rows, house: House, block: int
) -> None:
    booking = await rows.booking(house.venue, house.salon_rooms, external_id="b-9")
    await rows.push(block, block_id=None, booking_id=booking, call="cancel")
    await rows.push(block)
    cancel, place = sorted(
        await pushes.claim(connection, house.rooms, NOW, pushes.Wanted(limit=8)),
        key=lambda p: p.call,
    )
    assert (cancel.block, cancel.external_id) == (None, "b-9")
    assert (place.block, place.external_id) == (await blocks_by_id(connection, block), None)


async def test_nothing_is_taken_at_once_while_the_provider_is_in_doubt(
    connection: asyncpg.Connection, rows: Rows, house: House, block: int
) -> None:
    await rows.push(block)
    wanted = pushes.Wanted(limit=8)
    await connection.execute(
        "insert into breakers (account_id, direction, failures) values ($1, 'in', 1)", house.rooms
    )
    assert await pushes.claim_undoubted(connection, house.rooms, NOW, wanted) is None
    await connection.execute("update breakers set failures = 0")
    assert len(await pushes.claim_undoubted(connection, house.rooms, NOW, wanted) or []) == 1
    assert await pushes.claim_undoubted(connection, house.rooms, NOW, wanted) == []


SLOW = """
create schema slow;
create function slow.braked_around(block bigint) returns boolean volatile language plpgsql as
$$ begin perform pg_advisory_xact_lock(1); return false; end $$
"""


async def test_what_is_wished_anew_while_it_is_claimed_is_left_for_its_own_wake_up(
    pool: asyncpg.Pool, rows: Rows, house: House
) -> None:
    """Else it would go out as it is wished now, with its block as it was before."""
    for account in (house.rooms, house.tables):
        await rows.polled(account)
    block = await rows.block(house.salon_rooms, [], wants="nothing")
    await rows.push(block, call="release")
    await pool.execute(SLOW)
    async with pool.acquire() as one, pool.acquire() as other:
        await one.execute("set search_path = slow, public")
        await other.execute("select pg_advisory_lock(1)")
        claimed = asyncio.create_task(
            pushes.claim(one, house.rooms, NOW + 2 * SECOND, pushes.Wanted(limit=8))
        )
        waits = "select exists (select from pg_locks where locktype = 'advisory' and not granted)"
        while not await other.fetchval(waits):
            assert not claimed.done()
        await pushes.wish(other, wanted(house, block, call="place", due_at=NOW + SECOND))
        await other.execute("update pushes set wished_at = $1", NOW + SECOND)
        await other.execute("select pg_advisory_unlock(1)")
        assert await claimed == []
        await one.execute("reset search_path")
    (push,) = await claim(pool, house.rooms, now=NOW + HOUR)
    assert (push.call, push.block is not None) == ("place", True)
