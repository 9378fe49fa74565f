"""What a person holds back is taken by no query, is due for nobody, and was not tried in vain meanwhile."""

from collections.abc import Sequence
from datetime import datetime, timedelta

import asyncpg
import pytest
from tests.store.conftest import House
from tests.web.rows import HOUR, NOON, NOW, Rows

from holdfast.inventory.model import Span
from holdfast.store import agenda, inbox, pushes, readings, schedule
from holdfast.store.agenda import Due, Scope
from holdfast.store.pushes import Claimed, Delay, Try
from holdfast.sync.steer import NotSteered, SteerAct, SteeredMeanwhile, SteerWish, seen_of, steer

SOON = NOW + timedelta(minutes=1)


@pytest.fixture
async def busy(pool: asyncpg.Pool, connection: asyncpg.Connection, house: House) -> House:
    """On both accounts news, a reading, an audit, a probe and a call are due."""
    rows = Rows(pool)
    for account, listing in ((house.rooms, house.salon_rooms), (house.tables, house.salon_tables)):
        await rows.event(account, ref=f"ref-{account}")
        await rows.polled(account, task="audit")
        await rows.reading(account)
        await rows.push(await rows.block(listing, [1], state="absent", external_id=None))
        await schedule.probe(connection, listing, Span.of(NOON, HOUR), NOW)
    return house


async def due(connection: asyncpg.Connection, house: House) -> Due:
    return await agenda.look(connection, SOON, [house.rooms, house.tables])


async def again(
    connection: asyncpg.Connection, accounts: Sequence[int] = (), live: Sequence[int] = ()
) -> datetime | None:
    scope = Scope(live=live, accounts=accounts, venues=[])
    return await agenda.next_due(connection, SOON, scope)


async def do(
    connection: asyncpg.Connection, act: SteerAct, at: datetime = NOW, seen: str | None = None
) -> None:
    wish = SteerWish(account="rooms-main", act=act, actor="eva", reason="works", seen=seen)
    await steer(connection, wish, at)


async def test_paused_intake_is_neither_taken_nor_due(
    connection: asyncpg.Connection, busy: House
) -> None:
    await do(connection, "pause_intake")
    assert (await due(connection, busy)).heard == [busy.tables]
    assert await inbox.claim(connection, busy.rooms, SOON, 8) == []
    assert len(await inbox.claim(connection, busy.tables, SOON, 8)) == 1
    both = [busy.rooms, busy.tables]
    lanes = await readings.lanes(connection, SOON, both)
    assert sorted(lanes) == [(lane, busy.tables) for lane in ("background", "bookings", "probes")]
    assert await readings.claim(connection, SOON, busy.rooms, "bookings") is None
    assert await readings.claim(connection, SOON, busy.tables, "bookings") is not None
    first = await schedule.claim(connection, SOON, both)
    assert (first and first.account_id, await schedule.claim(connection, SOON, both)) == (
        busy.tables,
        None,
    )
    assert await schedule.claim_probes(connection, busy.rooms, SOON) == []
    probes = await schedule.claim_probes(connection, busy.tables, SOON)
    assert [probe.listing_id for probe in probes] == [busy.salon_tables]
    await schedule.end_probes(connection, probes)
    await connection.execute("delete from inbox where account_id = $1", busy.tables)
    assert await again(connection, accounts=[busy.rooms]) is None
    assert len(await pushes.claim(connection, busy.rooms, SOON, pushes.Wanted(limit=8))) == 1

    await do(connection, "resume_intake")
    assert (await due(connection, busy)).heard == [busy.rooms]
    assert await again(connection, accounts=[busy.rooms]) == NOW
    assert len(await inbox.claim(connection, busy.rooms, SOON, 8)) == 1


async def test_paused_pushes_are_neither_taken_nor_due(
    connection: asyncpg.Connection, busy: House
) -> None:
    await connection.execute(
        "update pushes set state = 'unknown' where account_id = $1", busy.rooms
    )
    assert len(await inbox.claim(connection, busy.rooms, SOON, 8)) == 1
    await connection.execute("delete from inbox")
    await connection.execute("delete from probes")
    await do(connection, "pause_pushes")
    assert (await due(connection, busy)).wanted == [busy.tables]
    assert await again(connection, live=[busy.rooms]) is None
    assert await pushes.claim(connection, busy.rooms, SOON, pushes.Wanted(limit=8)) == []
    await do(connection, "resume_pushes")
    assert (await due(connection, busy)).wanted == [busy.rooms, busy.tables]
    assert await again(connection, live=[busy.rooms]) == NOW
    assert len(await pushes.claim(connection, busy.rooms, SOON, pushes.Wanted(limit=8))) == 1


async def taken(connection: asyncpg.Connection, house: House, at: datetime) -> Claimed:
    (push,) = await pushes.claim(connection, house.rooms, at, pushes.Wanted(limit=8))
    await pushes.later(connection, push, Try(outcome="not_done"), Delay("waiting", at, 0), at)
    return push


async def test_a_call_is_tried_since_its_first_try_or_the_end_of_the_last_pause(
    connection: asyncpg.Connection, busy: House
) -> None:
    day = timedelta(days=1)
    assert (await taken(connection, busy, NOW + 2 * day)).tried_since == NOW + 2 * day
    assert (await taken(connection, busy, NOW + 3 * day)).tried_since == NOW + 2 * day
    await do(connection, "pause_pushes", NOW + 3 * day)
    await do(connection, "resume_pushes", NOW + 5 * day)
    assert (await taken(connection, busy, NOW + 6 * day)).tried_since == NOW + 5 * day
    await connection.execute("update pushes set wished_at = $1", NOW + 7 * day)
    assert (await taken(connection, busy, NOW + 8 * day)).tried_since == NOW + 7 * day


async def test_who_acts_on_what_he_saw_acts_on_nothing_else_and_it_is_written_down(
    connection: asyncpg.Connection, house: House
) -> None:
    shown = seen_of("live", None, None)
    await do(connection, "pause_pushes", seen=shown)
    with pytest.raises(SteeredMeanwhile):
        await do(connection, "pause_intake", seen=shown)
    refused: dict[SteerAct, str] = {
        "pause_pushes": "its pushes are paused",
        "resume_intake": "its intake is not paused",
    }
    for act, why in refused.items():
        with pytest.raises(NotSteered, match=why):
            await do(connection, act)
    nobody = SteerWish(account="nobody", act="audit", actor="eva", reason="x")
    with pytest.raises(NotSteered, match="no account of this name"):
        await steer(connection, nobody, NOW)
    await do(connection, "resume_pushes", SOON)
    (pause,) = await connection.fetch("select * from pauses")
    assert (pause["direction"], pause["actor"], pause["reason"]) == ("pushes", "eva", "works")
    assert (pause["began_at"], pause["ended_at"], pause["ended_by"]) == (NOW, SOON, "eva")
    told = await connection.fetch(
        "select j.data::jsonb ->> 'act' act, j.actor, i.via, i.raw_type, i.outcome"
        " from journal j join inbox i on i.id = j.inbox_id where j.kind = 'account.steered' order by j.seq"
    )
    assert [tuple(row) for row in told] == [
        ("pause_pushes", "eva", "operator", "pause_pushes", "applied"),
        ("resume_pushes", "eva", "operator", "resume_pushes", "applied"),
    ]
