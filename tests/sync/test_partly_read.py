"""A booking of which something cannot be read: its time is closed on the other channel, and people are told what it is."""

import json
from datetime import timedelta
from typing import Any

import aiohttp
import pytest
from structlog.testing import capture_logs
from tests.sync.test_hostile_webhooks import Post, boseat
from tests.sync.test_main_job import NOON
from tests.sync.test_poison import GUEST, JSON, good, shown_of, shows
from tests.town import BRISK, Plan, Town, town

from holdfast.store.freshness import knowledge

HOUR = timedelta(hours=1)


async def named(t: Town) -> list[str]:
    return [one.text for one in (await knowledge(t.pool, t.clock.now())).unreadable]


async def spoil(t: Town, ref: str, **changed: object) -> None:
    """What Boseat answers from now on when it is asked for this booking."""
    row = {"id": ref, "status": "CONFIRMED", "customer": {"name": GUEST}, **changed}
    rule = {"kind": "status", "status": 200, "headers": JSON, "method": "GET"}
    await t.boseat.ask(
        "POST", "/faults", {**rule, "path": f"/v1/bookings/{ref}", "body": json.dumps(row)}
    )


async def told_of(t: Town, ref: str) -> None:
    """A webhook tells of it."""
    async with aiohttp.ClientSession() as session:
        assert await Post(t, session).send("boseat", boseat(ref)) == 200
    await t.settle()


async def test_a_list_with_an_unreadable_status_closes_the_time_and_is_read_to_its_end(
    database_url: str,
) -> None:
    """The kind of fault: a field beside its time costs a booking, and the other channel goes on selling it."""
    async with town(database_url, Plan(webhooks=False, pace=BRISK)) as t:
        odd = {**good(t, "odd"), "status": {"code": GUEST}, "session": [GUEST]}
        await shows(t, odd)
        with capture_logs() as logs:
            await t.live(90)
        (row,) = await t.rows("select external_id, status, raw_status from bookings")
        assert tuple(row.values()) == ("odd", "unknown", "")
        assert {block["status"] for block in await t.boseat.ours("salon")} == {"CONFIRMED"}
        text = "booking odd of mozrest-main cannot be read (session, status; all else is read)"
        assert await named(t) == [text]
        assert text in await shown_of(t, "/")
        assert GUEST not in str(logs)
        known = await knowledge(t.pool, t.clock.now())
        assert known.states["mozrest-main"].fresh  # complete, and not the less shown
        assert not known.whole
        await t.mozrest.ask("DELETE", "/faults")
        await shows(t, good(t, "odd"))
        await t.live(60)
        assert await named(t) == []


async def test_a_read_with_an_unreadable_status_closes_the_time(database_url: str) -> None:
    async with town(database_url, Plan(webhooks=False)) as t:
        ref = await t.boseat.book("salon", NOON, 60)
        slot = {"from": NOON.isoformat(), "to": (NOON + HOUR).isoformat()}
        await spoil(t, ref, status=["CONFIRMED"], slot=slot, bookingDate="")
        await told_of(t, ref)
        (row,) = await t.rows("select status, made_at from bookings")
        assert tuple(row.values()) == ("unknown", None)
        assert await t.mozrest.ours("salon")
        text = (
            f"booking {ref} of boseat-main cannot be read (bookingDate, status; all else is read)"
        )
        assert await named(t) == [text]


@pytest.mark.parametrize(
    "slot", [{"from": NOON.isoformat()}, {"to": (NOON + 3 * HOUR).isoformat()}]
)
async def test_a_guess_takes_nothing_back_of_a_time_that_was_known(
    database_url: str, slot: dict[str, Any]
) -> None:
    """The kind of fault: doubt about a time frees some of it."""
    async with town(database_url, Plan(webhooks=False)) as t:
        ref = await t.boseat.book("salon", NOON, 60)
        whole = {"from": NOON.isoformat(), "to": (NOON + 3 * HOUR).isoformat()}
        await spoil(t, ref, slot=whole)
        await told_of(t, ref)
        before = await t.rows("select during, status from bookings")
        blocks = await t.mozrest.ours("salon")
        assert blocks
        t.clock.advance(1)
        await t.boseat.ask("DELETE", "/faults")
        await spoil(t, ref, slot=slot)
        await told_of(t, ref)
        assert await t.rows("select during, status from bookings") == before
        assert await t.mozrest.ours("salon") == blocks
        assert await named(t) == [
            f"booking {ref} of boseat-main cannot be read (slot; all else is read)"
        ]


async def test_a_channel_that_no_longer_knows_a_room_moves_nobody_out_of_it(
    database_url: str,
) -> None:
    """The kind of fault: what is not sold any more is taken for a place that is not ours, and is freed."""
    plan = Plan(webhooks=False, switches={"boseat": {"space_id_in_booking": "present"}})
    async with town(database_url, plan) as t:
        ref = await t.boseat.book("salon", NOON, 60)
        await told_of(t, ref)
        before = await t.rows("select unit_id, during from allocations")
        assert len(before) == 1
        await t.pool.execute("update listings set active = false where name = 'salon-boseat'")
        assert await t.wiring.refresh()
        for _ in range(4):
            t.clock.advance(20)
            await told_of(t, ref)
        assert await t.rows("select unit_id, during from allocations") == before
        assert await t.rows("select 1 from conflicts") == []
        assert await t.mozrest.ours("salon")


@pytest.mark.parametrize("moved", ["by its id", "by its label"])
async def test_a_booking_that_moved_to_a_room_that_is_not_ours_frees_its_own(
    database_url: str, moved: str
) -> None:
    """The kind of fault: the old room stays closed for ever, and nobody is told."""
    async with town(database_url, Plan(webhooks=False)) as t:
        await t.boseat.book("salon", NOON + 5 * HOUR, 60)
        ref = await t.boseat.book("salon", NOON, 60)
        await t.live(60)
        assert await t.mozrest.ours("salon")
        slot = {"from": NOON.isoformat(), "to": (NOON + HOUR).isoformat()}
        attic: dict[str, object] = {"label": "attic", "venue": {"label": "elsewhere"}}
        await t.boseat.ask("POST", f"/boseat/{ref}/delete")  # from the list of its room
        space = {"id": "b4e2d8e1-0000-4000-8000-00000000ffff"} if moved == "by its id" else attic
        await spoil(t, ref, slot=slot, space=space)
        await told_of(t, ref)
        await t.live(120)
        closed = await t.rows(
            "select 1 from allocations a join bookings b on b.id = a.booking_id"
            " where b.external_id = $1",
            ref,
        )
        assert closed == []
        (row,) = await t.rows("select listing_id from bookings where external_id = $1", ref)
        assert row["listing_id"] is None
        assert await t.rows("select 1 from conflicts where kind = 'unmapped'")
