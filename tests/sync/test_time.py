"""Time: days of 23 and 25 hours, nights, the past, the far future, no time at all, and single microseconds."""

import copy
from collections.abc import Mapping
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
from tests.moments import PARIS
from tests.sync.test_main_job import NOON, SLOT
from tests.town import CALM, UNITS, Plan, Town, town

from holdfast.channels.boseat.simulator.world import example
from holdfast.channels.mozrest.simulator.world import EXAMPLE
from holdfast.inventory.model import Guest, Seen, Span
from holdfast.sync.absorb import apply
from holdfast.sync.decide import Observation
from holdfast.sync.operate import DirectBooking
from holdfast.sync.replan import replan
from holdfast.sync.turn import turn

TICK = timedelta(microseconds=1)


def night_worlds() -> Mapping[str, Mapping[str, object]]:
    """Both channels open at noon and close at six in the morning: every night is sold, jumps and all."""
    boseat = example().model_dump(mode="json")
    for venue in boseat["workspaces"][0]["venues"]:
        for hours in venue["hours"]:
            hours |= {"open": "12:00", "close": "06:00"}
    mozrest: dict[str, Any] = copy.deepcopy(dict(EXAMPLE))
    mozrest["venues"][0] |= {"opens": "12:00", "closes": "06:00"}
    return {"boseat": boseat, "mozrest": mozrest}


def at(text: str) -> datetime:
    return datetime.fromisoformat(text).replace(tzinfo=UTC)


async def book_directly(t: Town, start: datetime, end: datetime, unit: str = "salon") -> int:
    return await t.operator.book(
        DirectBooking(
            venue="glasshouse",
            unit=unit,
            listing=None,
            start=start,
            end=end,
            party_size=2,
            contact=Guest(),
        )
    )


@pytest.mark.parametrize(
    ("evening", "jump", "hours"),
    [("2026-03-28T17:00", "2026-03-29T01:00", 23), ("2026-10-24T17:00", "2026-10-25T01:00", 25)],
    ids=["spring", "autumn"],
)
async def test_the_night_in_which_the_clock_jumps_is_closed_instant_by_instant(
    database_url: str, evening: str, jump: str, hours: int
) -> None:
    plan = Plan(start=at(evening), pace=CALM, worlds=night_worlds())
    async with town(database_url, plan) as t:
        now = at(jump)
        # an hour before and an hour after the jump; on the wall they are two apart, or the same
        for unit, side, minutes in zip(
            UNITS, (t.boseat, t.boseat, t.mozrest), (60, 60, 90), strict=True
        ):
            start = now - timedelta(hours=1) if unit == UNITS[0] else now
            await side.book(unit, start, minutes)
        await book_directly(
            t, now - timedelta(minutes=30), now + timedelta(minutes=30), "board-room"
        )
        await t.live(400)
        assert await t.violations() == []
        blocks = await t.rows("select lower(during) s, upper(during) e from blocks")
        assert blocks
        spans = await t.rows("select lower(during) s, upper(during) e from bookings order by 1")
        assert [r["s"] for r in spans] == sorted(
            [now - timedelta(hours=1), now, now, now - timedelta(minutes=30)]
        )
        whole = await t.rows(
            "select extract(epoch from ($1::date + 1)::timestamp at time zone 'Europe/Paris'"
            " - $1::date::timestamp at time zone 'Europe/Paris') / 3600 as h",
            now.date(),
        )
        assert whole[0]["h"] == hours


async def test_a_party_that_stays_over_midnight_closes_both_days(database_url: str) -> None:
    plan = Plan(start=at("2026-11-23T17:00"), pace=CALM, worlds=night_worlds())
    async with town(database_url, plan) as t:
        late = at("2026-11-23T22:30")  # half past eleven in Paris
        await t.mozrest.book("salon", late, 120)
        await t.live(400)
        ours = await t.boseat.ours("salon")
        days = {
            datetime.fromisoformat(o[end]).astimezone(PARIS).date()
            for o in ours
            for end in ("start", "end")
        }
        assert len(ours) == 3
        assert len(days) == 2
        assert await t.violations() == []


async def test_what_is_over_is_kept_and_closes_nothing_what_runs_closes_the_rest(
    database_url: str,
) -> None:
    async with town(database_url, Plan(start=NOON, pace=CALM)) as t:
        await book_directly(t, NOON - timedelta(hours=3), NOON, "salon")
        await book_directly(t, NOON - timedelta(hours=1), NOON + timedelta(hours=2), "board-room")
        await t.live(60)
        assert len(await t.rows("select 1 from allocations")) == 2
        blocks = await t.rows(
            "select l.name, lower(b.during) s from blocks b join listings l on l.id = b.listing_id"
        )
        assert blocks
        assert {b["name"] for b in blocks} == {"board-room-boseat", "board-room-mozrest"}
        assert all(b["s"] >= NOON for b in blocks)
        assert await t.violations() == []


async def test_the_far_future_is_read_when_it_is_needed(database_url: str) -> None:
    async with town(database_url, Plan(pace=CALM)) as t:  # polls reach two days ahead
        far = NOON + timedelta(days=40)
        await t.boseat.book("salon", far, SLOT)
        await t.live(60)
        ours = await t.mozrest.ours("salon")
        assert ours
        assert all(
            abs(datetime.fromisoformat(o["start"]) - far) <= timedelta(hours=2) for o in ours
        )
        assert await t.rows("select 1 from probes") == []
        (measured,) = await t.rows("select ended_at, why from exposures")
        assert measured["ended_at"] is not None
        assert measured["why"] == "beyond_horizon"


@pytest.mark.parametrize("listing", ["salon-boseat", None])
async def test_a_booking_without_any_time_is_kept_and_stops_nothing(
    database_url: str, listing: str | None
) -> None:
    """A provider's slot of zero or negative length is no span at all."""
    async with town(database_url, Plan(pace=CALM)) as t:
        account = next(a for a in t.wiring.parts.accounts.values() if a.channel_name == "boseat")
        seen = Seen(
            external_id="b-without-time",
            listing=listing,
            status="confirmed",
            raw_status="CONFIRMED",
            span=None,
            read_at=t.clock.now(),
        )
        news = Observation(account=account, seen=seen, via="poll", heard_at=t.clock.now())
        await apply(t.wiring.parts, [news])
        (kept,) = await t.rows("select status, during from bookings")
        assert (kept["status"], kept["during"]) == ("confirmed", None)
        assert await t.rows("select 1 from allocations") == []
        await t.boseat.book("salon", NOON, SLOT)
        await t.live(60)
        assert await t.mozrest.ours("salon")


async def test_touching_ends_are_no_clash_and_one_microsecond_is(database_url: str) -> None:
    async with town(database_url, Plan(pace=CALM)) as t:
        middle, end = NOON + timedelta(hours=1), NOON + timedelta(hours=2)
        await book_directly(t, NOON, middle)
        await book_directly(t, middle, end)
        assert await t.rows("select 1 from conflicts") == []
        assert len(await t.rows("select 1 from allocations")) == 2
        await book_directly(t, end - TICK, end + timedelta(hours=1))
        assert len(await t.rows("select 1 from conflicts where closed_at is null")) == 1
        assert len(await t.rows("select 1 from allocations")) == 2


async def test_planning_the_same_moment_again_changes_nothing(database_url: str) -> None:
    async with town(database_url, Plan(pace=CALM)) as t:
        await book_directly(t, NOON, NOON + timedelta(hours=1) + TICK)
        await t.live(60)
        before = await t.rows("select id, during, state from blocks order by id")
        measured = await t.rows("select * from exposures order by id")
        async with turn(t.wiring.parts, 1, actor="clock") as current:
            for row in await t.rows("select during from bookings"):
                current.touch(Span(start=row["during"].lower, end=row["during"].upper))
            await replan(current)
        assert await t.rows("select id, during, state from blocks order by id") == before
        assert await t.rows("select * from exposures order by id") == measured
