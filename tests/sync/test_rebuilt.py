"""A venue's whole life is in its journal: the canon that its after-images make is what the store has.

Every town of the tests is compared so at its end; here it is shown that this says something.
"""

import json
from dataclasses import replace
from datetime import timedelta

import pytest
from tests.sync.test_conflicts import chosen, clash, direct
from tests.sync.test_main_job import NOON, SLOT
from tests.town import BRISK, Plan, Town, town

from holdfast.inventory.model import Seen, Span, Status
from holdfast.inventory.rebuild import TABLES, Canon, rebuilt
from holdfast.store import bookings
from holdfast.store.journal import AFTER
from holdfast.sync.absorb import apply as decided
from holdfast.sync.decide import Observation

HOUR = timedelta(hours=1)
SEEN = Seen(
    external_id="lost-1",
    listing=None,
    status="confirmed",
    raw_status="confirmed",
    span=Span.of(NOON, HOUR),
    read_at=NOON,
)


async def told(t: Town) -> Canon:
    rows = await t.rows("select data from journal where data like '%\"after\":{%' order by seq")
    return rebuilt({1: [json.loads(row["data"])[AFTER] for row in rows]})


async def counts(t: Town) -> dict[str, int]:
    found: dict[str, int] = {}
    for table in TABLES:
        ((found[table],),) = await t.rows(f"select count(*) from {table}")
    return found


async def lived(t: Town) -> None:
    """Guests book, hold, move and cancel; two clash and a person decides; a booking is made at the venue, and ended."""
    moved = await t.boseat.book("chefs-table", NOON, SLOT)
    gone = await t.mozrest.book("board-room", NOON, 90)
    await t.boseat.book("board-room", NOON + 4 * HOUR, SLOT, confirm=False)
    await t.pass_time(30)
    to = {"start": (NOON + 6 * HOUR).isoformat(), "end": (NOON + 7 * HOUR).isoformat()}
    await t.boseat.act(moved, "move", to)
    await t.mozrest.act(gone, "cancel")
    ours = await direct(t, "board-room")
    await t.pass_time(30)
    await t.operator.cancel(ours, "they called", "vera")
    assert (await chosen(t, await clash(t), "keep_both")).state == "settled"
    await t.pass_time(60)


async def test_what_the_journal_tells_is_all_that_there_is(database_url: str) -> None:
    """The kind: an entry that says what changed, in words that somebody chose, from which nobody can tell what is."""
    async with town(database_url, Plan(pace=BRISK)) as t:
        await lived(t)
        canon = await told(t)
        assert {table: len(canon[table]) for table in TABLES} == await counts(t)
        assert min((await counts(t)).values()) > 0
        assert await t.unlike() == []
        async with t.pool.acquire() as connection:
            for row in await t.rows("select id from bookings"):
                await bookings.erase_guest(connection, row["id"], t.clock.now())
        assert await t.unlike() == []


async def test_what_maps_to_no_venue_is_in_the_inbox_however_it_was_heard_of(
    database_url: str,
) -> None:
    """It has no journal. The kind: what a list showed was kept, and no event told how we came to know of it; of a booking
    at a venue there was one."""
    async with town(database_url) as t:
        account = next(iter(t.wiring.parts.accounts.values()))
        statuses: list[Status] = ["confirmed", "confirmed", "cancelled"]
        for status in statuses:
            t.clock.advance(60)
            seen = replace(SEEN, status=status, raw_status=status, read_at=t.clock.now())
            told = Observation(account=account, seen=seen, via="poll", heard_at=t.clock.now())
            await decided(t.wiring.parts, [told])
        events = await t.rows(
            "select raw_type, outcome from inbox where ref = 'lost-1' order by id"
        )
        assert [tuple(row) for row in events] == [
            ("confirmed", "unmapped"),
            ("cancelled", "unmapped"),
        ]
        assert await t.unlike() == []


async def test_no_guest_is_in_it(database_url: str) -> None:
    async with town(database_url) as t:
        await lived(t)
        guests = await t.rows("select name, email, phone from guests")
        secrets = {value for row in guests for value in row.values() if value}
        assert secrets
        told = "\n".join(row["data"] for row in await t.rows("select data from journal"))
        assert [secret for secret in secrets if secret in told] == []


async def test_a_town_that_is_written_to_past_its_journal_does_not_end_well(
    database_url: str,
) -> None:
    with pytest.raises(AssertionError, match="status is confirmed by the journal, seated in"):
        await _written_past_the_journal(database_url)


async def _written_past_the_journal(database_url: str) -> None:
    async with town(database_url) as t:
        await t.boseat.book("salon", NOON, SLOT)
        await t.settle()
        await t.pool.execute("update bookings set status = 'seated'")
