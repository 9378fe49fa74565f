"""The incidents that the brake is for: a list that is suddenly empty, a scope in which nothing is found."""

import json
from datetime import timedelta
from zoneinfo import ZoneInfo

import asyncpg
import pytest
from tests.sync.test_audit import asleep, audited
from tests.sync.test_main_job import NOON
from tests.town import Side, Town, town

from holdfast.auditing import told
from holdfast.inventory.brake import Quarantine
from holdfast.store import brake as brake_store
from holdfast.sync import brake
from holdfast.sync.operate import WishRefused
from holdfast.sync.remedy import Wish, act

HOUR = timedelta(hours=1)
JSON = {"Content-Type": "application/json"}
LISTS = {"boseat": "/v1/bookings", "mozrest": "/v1/bc/booking"}
READS = {"boseat": "/v1/bookings/[^/]+", "mozrest": "/v1/bc/booking/[^/]+"}
EMPTY = {
    "boseat": '{"data": [], "meta": {"totalItems": 0, "totalPages": 1, "hasNextPage": false}}',
    "mozrest": '{"total": 0, "data": []}',
}


async def seven_bookings(t: Town, name: str) -> list[str]:
    side, refs = t.sides[name], []
    for unit in ("salon", "chefs-table", "board-room"):
        for late in (0, 3):
            refs.append(await side.book(unit, NOON + late * HOUR, 60))
    refs.append(await side.book("salon", NOON + 24 * HOUR, 60))
    await t.live(120)
    assert len(await live(t)) == 7
    return refs


async def live(t: Town) -> list[asyncpg.Record]:
    return await t.rows("select external_id from bookings where status = 'confirmed'")


async def nothing_was_freed(t: Town, other: Side) -> None:
    """Not in the store, not on the other channel."""
    assert len(await live(t)) == 7
    assert await t.rows("select 1 from blocks where wants = 'nothing'") == []
    assert await t.rows("select 1 from pushes where call = 'release'") == []
    for unit in ("salon", "chefs-table", "board-room"):
        assert len(await other.ours(unit)) >= 2
    assert await t.rows("select 1 from conflicts where kind = 'brake' and closed_at is null")


async def empty_lists(t: Town, name: str) -> None:
    rule = {"kind": "status", "status": 200, "headers": JSON, "method": "GET"}
    await t.sides[name].ask("POST", "/faults", {**rule, "path": LISTS[name], "body": EMPTY[name]})


async def nothing_is_found(t: Town, name: str) -> None:
    rule = {"kind": "status", "status": 404, "headers": JSON, "method": "GET", "body": "{}"}
    await t.sides[name].ask("POST", "/faults", {**rule, "path": READS[name]})


async def accept(t: Town, name: str) -> int | None:
    async with t.pool.acquire() as connection:
        account = next(a for a in await brake_store.braked(connection) if a.name == name)
        return await brake.release(connection, account, "vera", "moved away", t.clock.now())


@pytest.mark.parametrize("name", ["boseat", "mozrest"])
async def test_an_empty_list_with_status_200_frees_nothing(database_url: str, name: str) -> None:
    async with town(database_url) as t:
        await seven_bookings(t, name)
        await empty_lists(t, name)
        await nothing_is_found(t, name)
        await t.live(600)
        other = t.sides["mozrest" if name == "boseat" else "boseat"]
        await nothing_was_freed(t, other)
        held = await t.rows("select error from inbox where done_at is null")
        assert len(held) >= 7
        assert all("held back by the brake" in row["error"] for row in held)
        told = await t.rows("select kind from journal where kind = 'account.braked'")
        assert len(told) == 1


@pytest.mark.soak  # half a minute each
@pytest.mark.parametrize("name", ["boseat", "mozrest"])
async def test_what_is_back_goes_on_by_itself_but_the_brake_stays(
    database_url: str, name: str
) -> None:
    async with town(database_url) as t:
        await seven_bookings(t, name)
        await empty_lists(t, name)
        await t.live(120)
        await t.sides[name].ask("DELETE", "/faults")
        await t.live(2400)
        assert len(await live(t)) == 7
        assert await t.rows("select 1 from inbox where done_at is null") == []
        assert await t.rows("select 1 from accounts where braked_at is not null")
        assert await accept(t, f"{name}-main") == 0
        await t.live(120)
        assert len(await live(t)) == 7
        assert await t.violations() == []


@pytest.mark.parametrize("name", ["boseat", "mozrest"])
async def test_a_scope_in_which_every_read_finds_nothing_frees_nothing(
    database_url: str, name: str
) -> None:
    async with town(database_url) as t:
        refs = await seven_bookings(t, name)
        await nothing_is_found(t, name)
        async with t.pool.acquire() as connection:
            await connection.execute(
                "insert into inbox (account_id, via, ref, raw_type, received_at, due_at)"
                " select a.id, 'webhook', r, 'booking.updated', $2, $2 from accounts a, unnest($1::text[]) r"
                " where a.name = $3",
                refs,
                t.clock.now() + timedelta(seconds=5),
                f"{name}-main",
            )
        await t.live(60)
        await nothing_was_freed(t, t.sides["mozrest" if name == "boseat" else "boseat"])
        (told,) = await t.rows(
            "select brake::jsonb->>'reason' as reason from accounts where braked_at is not null"
        )
        assert told["reason"] == "burst_of_absences"


async def test_what_an_operator_accepts_is_ended_and_frees_the_other_channel(
    database_url: str,
) -> None:
    async with town(database_url) as t:
        refs = await seven_bookings(t, "boseat")
        await t.boseat.ask("PUT", "/webhooks", {"lose": 1.0})
        for ref in refs:
            await t.boseat.ask("POST", f"/boseat/{ref}/delete")
        await t.live(120)
        await nothing_was_freed(t, t.mozrest)
        assert await accept(t, "boseat-main") == 7
        await t.live(300)
        assert await live(t) == []
        assert await t.rows("select 1 from accounts where braked_at is not null") == []
        assert await t.rows("select 1 from conflicts where closed_at is null") == []
        assert [await t.mozrest.ours(unit) for unit in t.mozrest.places] == [[], [], []]
        told = await t.rows("select actor from journal where kind = 'account.brake_released'")
        assert [row["actor"] for row in told] == ["vera"]
        assert await t.violations() == []


async def test_the_plan_of_an_audit_knows_of_the_brake_before_and_after_it_trips(
    database_url: str,
) -> None:
    async with town(database_url) as t:
        await seven_bookings(t, "boseat")
        await asleep(t)
        await empty_lists(t, "boseat")
        for _ in range(2):
            dry = await audited(t, "boseat", dry_run=True)
            wills = {line.rpartition("  ")[2] for line in told(dry, ZoneInfo("UTC"))[1:-1]}
            assert wills == {"will be held back by the brake"}
            await audited(t, "boseat")
        await nothing_was_freed(t, t.mozrest)


async def test_the_brakes_conflict_ends_with_the_brake_and_in_no_other_way(
    database_url: str,
) -> None:
    async with town(database_url) as t:
        await seven_bookings(t, "boseat")
        await empty_lists(t, "boseat")
        await t.live(120)
        (row,) = await t.rows("select id from conflicts where kind = 'brake'")
        with pytest.raises(WishRefused, match="one of snooze"):
            await act(t.wiring.parts, row["id"], Wish(act="accept", actor="vera", reason="-"))
        await t.boseat.ask("DELETE", "/faults")
        assert await accept(t, "boseat-main") is not None
        assert await t.rows("select 1 from conflicts where closed_at is null") == []


async def test_a_second_account_that_is_braked_is_named_and_counted_too(database_url: str) -> None:
    async with town(database_url) as t:
        for account in t.wiring.parts.accounts.values():
            verdict = Quarantine(reason="empty_listing", live=9, gone=("a", "b"))
            await brake.trip(t.wiring.parts, account, verdict)
            sample = {"kind": "brake", "source": account.channel_name}
            value = t.wiring.parts.metrics.registry.get_sample_value(
                "holdfast_conflicts_detected_total", {**sample, "target": account.channel_name}
            )
            assert value == 1
        (row,) = await t.rows("select evidence::jsonb e from conflicts where kind = 'brake'")
        both = json.loads(row["e"])
        assert {both["account"], both["and"]} == {"boseat-main", "mozrest-main"}


async def test_one_real_cancellation_is_never_braked(database_url: str) -> None:
    async with town(database_url) as t:
        refs = await seven_bookings(t, "boseat")
        await t.boseat.ask("PUT", "/webhooks", {"lose": 1.0})
        await t.boseat.ask("POST", f"/boseat/{refs[0]}/delete")
        await t.live(120)
        assert len(await live(t)) == 6
        assert await t.rows("select 1 from accounts where braked_at is not null") == []


async def test_a_release_waits_while_an_account_that_sells_the_same_unit_is_braked(
    database_url: str,
) -> None:
    async with town(database_url) as t:
        await seven_bookings(t, "boseat")
        ref = await t.mozrest.book("salon", NOON + 6 * HOUR, 120)
        await t.live(60)
        blocked = len(await t.boseat.ours("salon"))
        assert blocked
        await empty_lists(t, "boseat")
        await t.live(60)
        await t.mozrest.act(ref, "cancel")
        await t.live(300)
        assert len(await t.boseat.ours("salon")) == blocked
        await t.boseat.ask("DELETE", "/faults")
        await accept(t, "boseat-main")
        await t.live(120)
        assert await t.boseat.ours("salon") == []
