"""What people want done once more, in a living town: events read again, dead pushes revived or dropped."""

import re

import aiohttp
import pytest
from tests.sync.test_conflict_kinds import allowed, block_lost, cancel_refused
from tests.sync.test_conflicts import kinds_in_journal, open_kinds
from tests.sync.test_main_job import NOON, SLOT
from tests.town import CALM, Plan, Town, town

from holdfast.store import journal
from holdfast.sync.replay import (
    NOTHING_TO_READ,
    WAITS,
    EventUnknown,
    Reread,
    Rereading,
    preview,
    read_again,
)
from holdfast.sync.revive import ASKED_SINCE, NOT_DEAD, NOT_WANTED, Handled, PushWish, handle

QUIET = Plan(webhooks=False, pace=CALM)


async def again(t: Town, *events: int) -> Rereading:
    wish = Reread(event_ids=events, actor="vera", reason="the guest says otherwise")
    return await read_again(t.wiring.parts, wish)


async def handled(t: Town, act: str, *pushes: int) -> Handled:
    what = PushWish(
        act="revive" if act == "revive" else "drop", push_ids=pushes, actor="vera", reason="mended"
    )
    return await handle(t.wiring.parts, what)


async def send(t: Town, path: str, form: dict[str, str]) -> str:
    """Send a form as a browser would; the page that it leads to."""
    async with (
        aiohttp.ClientSession() as browser,
        browser.post(t.web_url + path, data=form) as answer,
    ):
        assert answer.status == 200, await answer.text()
        return str(answer.url)


async def shown(t: Town, path: str) -> str:
    async with aiohttp.ClientSession() as browser, browser.get(t.web_url + path) as answer:
        assert answer.status == 200, await answer.text()
        return await answer.text()


async def moved_unheard(t: Town) -> tuple[int, str]:
    """A guest moved, and nobody told us: the event that told of the booking, and its reference."""
    ref = await t.boseat.book("salon", NOON, SLOT)
    await t.live(400)
    (event,) = await t.rows("select id from inbox where ref = $1 order by id desc limit 1", ref)
    await t.boseat.act(ref, "cancel")
    return int(event["id"]), ref


async def status(t: Town, ref: str) -> str:
    (row,) = await t.rows("select status from bookings where external_id = $1", ref)
    return str(row["status"])


async def dead_pushes(t: Town) -> list[int]:
    rows = await t.rows(
        "select id from pushes where state = 'dead' and outcome is distinct from 'dropped' order by id"
    )
    return [row["id"] for row in rows]


async def whole(t: Town) -> bool:
    async with t.pool.acquire() as connection:
        venues = await connection.fetch("select id from venues")
        return not [v for v in venues if await journal.broken_at(connection, v["id"]) is not None]


async def test_an_event_is_read_again_from_its_page_and_what_changed_meanwhile_is_found(
    database_url: str,
) -> None:
    async with town(database_url, QUIET) as t:
        event, ref = await moved_unheard(t)
        (before,) = await t.rows("select * from inbox where id = $1", event)
        assert "A read now would change this" in await _looked(t, event)
        assert await status(t, ref) == "confirmed"
        form = {"act": "replay", "reason": "the guest says otherwise"}
        url = await send(t, f"/events/{event}", form)
        await t.settle()
        assert await status(t, ref) == "cancelled"
        assert (await t.rows("select * from inbox where id = $1", event))[0] == before
        page = await shown(t, re.sub(r"^.*(/events/\d+).*$", r"\1", url))
        assert "Cancelled" in page
        assert "is to be read again: the guest says otherwise" in page
        (asked,) = await t.rows("select * from inbox where via = 'replay'")
        assert (asked["ref"], asked["outcome"]) == (ref, "applied")
        assert asked["raw_type"] == before["raw_type"]
        assert await t.boseat.ours("salon") == []
        assert await t.mozrest.ours("salon") == []
        assert await whole(t)
        assert "A read now would change nothing" in await _looked(t, event)


async def _looked(t: Town, event: int) -> str:
    async with (
        aiohttp.ClientSession() as browser,
        browser.post(f"{t.web_url}/events/{event}", data={"act": "look"}) as answer,
    ):
        return await answer.text()


async def test_looking_changes_nothing_at_all(database_url: str) -> None:
    async with town(database_url, QUIET) as t:
        event, _ = await moved_unheard(t)
        tables = ("inbox", "bookings", "blocks", "pushes", "journal", "conflicts", "allocations")
        counts = [await t.rows(f"select * from {table} order by 1, 2") for table in tables]
        found = await preview(t.wiring.parts, event)
        assert "booking.cancelled" in [entry.kind for entry in found.entries]
        assert "block.wanted_nothing" in [entry.kind for entry in found.entries]
        assert counts == [await t.rows(f"select * from {table} order by 1, 2") for table in tables]
        with pytest.raises(EventUnknown):
            await preview(t.wiring.parts, 10**9)


async def test_one_that_waits_already_is_enough_and_what_names_nothing_is_refused(
    database_url: str,
) -> None:
    async with town(database_url, QUIET) as t:
        event, _ = await moved_unheard(t)
        first, second = await again(t, event), await again(t, event)
        assert list(first.asked) == [event]
        assert second.refused == {event: WAITS}
        await t.settle()
        t.clock.advance(1)
        assert list((await again(t, event)).asked) == [event]
        account = await t.pool.fetchval("select id from accounts limit 1")
        nameless = await t.pool.fetchval(
            "insert into inbox (account_id, via, raw_type, received_at, due_at, done_at)"
            " values ($1, 'webhook', 'ping', $2, $2, $2) returning id",
            account,
            t.clock.now(),
        )
        assert (await again(t, nameless, 10**9)).refused == {nameless: NOTHING_TO_READ}


async def test_a_dead_push_is_revived_from_its_page_and_really_made_again(
    database_url: str,
) -> None:
    async with town(database_url) as t:
        await block_lost(t)
        await t.live(60)
        (push,) = await dead_pushes(t)
        assert await t.mozrest.ours("salon") == []
        await allowed(t)
        await t.live(60)
        assert await t.mozrest.ours("salon") == []  # it is not asked again by itself
        page = await shown(t, f"/pushes/{push}?act=revive")
        form = dict(re.findall(r'<input type="hidden" name="(\w+)" value="([^"]*)">', page))
        await send(t, f"/pushes/{push}", form | {"reason": "they mended it"})
        await t.live(60)
        assert len(await t.mozrest.ours("salon")) == 1
        assert await dead_pushes(t) == []
        assert await open_kinds(t) == []
        assert await kinds_in_journal(t, "push.revived") == ["push.revived"]
        assert "made once more: they mended it" in await shown(t, f"/pushes/{push}")
        assert await t.violations() == []
        assert await whole(t)


async def test_a_dropped_push_is_not_asked_again_until_something_else_is_wanted(
    database_url: str,
) -> None:
    async with town(database_url) as t:
        await block_lost(t)
        await t.live(60)
        (push,) = await dead_pushes(t)
        await allowed(t)
        await t.pool.execute("update blocks set updated_at = $1", t.clock.now())
        assert (await handled(t, "drop", push)).done == {push: push}
        assert (await handled(t, "drop", push)).refused == {push: NOT_DEAD}
        assert (await handled(t, "revive", push)).refused == {push: NOT_DEAD}
        await t.boseat.book("board-room", NOON, SLOT)  # plans the same day anew
        await t.live(300)
        assert await t.mozrest.ours("salon") == []
        (row,) = await t.rows("select journal.data from journal where kind = 'push.dropped'")
        assert '"reason":"mended"' in row["data"]
        (booking,) = await t.rows(
            "select external_id from bookings where listing_id in (select id from listings where name = 'salon-boseat')"
        )
        await t.boseat.act(booking["external_id"], "cancel")
        await t.live(60)
        assert await dead_pushes(t) == []


async def test_a_refused_cancel_is_revived_until_its_booking_is_over(database_url: str) -> None:
    async with town(database_url) as t:
        await cancel_refused(t)
        await t.live(60)
        (push,) = await dead_pushes(t)
        await allowed(t)
        done = await handled(t, "revive", push)
        assert list(done.done) == [push]
        await t.live(60)
        (row,) = await t.rows("select state, outcome from pushes where id = $1", done.done[push])
        assert (row["state"], row["outcome"]) == ("done", "done")
        (over,) = await t.rows("select status from bookings where status = 'cancelled'")
        assert over["status"] == "cancelled"


async def test_what_nobody_wants_any_more_is_not_revived(database_url: str) -> None:
    async with town(database_url) as t:
        await block_lost(t)
        await t.live(60)
        (push,) = await dead_pushes(t)
        await allowed(t)
        await handled(t, "revive", push)
        await t.pool.execute(
            "update pushes set state = 'dead', outcome = 'dead' where id = $1", push
        )
        assert (await handled(t, "revive", push, 10**9)).refused == {
            push: ASKED_SINCE,
            10**9: NOT_DEAD,
        }
        await t.live(60)
        later = "(select id from pushes where block_id is not null and id > $1)"
        await t.pool.execute(f"delete from attempts where push_id in {later}", push)
        await t.pool.execute(f"delete from pushes where id in {later}", push)
        t.clock.advance(1)
        assert (await handled(t, "revive", push)).refused == {push: NOT_WANTED}
