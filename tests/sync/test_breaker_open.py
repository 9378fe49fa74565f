"""A provider that answers nothing: its calls fall to the probe's rate, nobody else waits, nothing is lost by it."""

from datetime import datetime, timedelta

from tests.sync.test_main_job import NOON
from tests.town import CALM, Plan, Side, Town, town

from holdfast.inventory.breaker import OPENS_AFTER
from holdfast.inventory.model import Guest
from holdfast.sync.operate import DirectBooking
from holdfast.sync.steer import SteerWish, steered

HOUR = timedelta(hours=1)
MINUTES = 8
PROBES = 2 * MINUTES
"""Each direction is tried once in half a minute to a minute."""


async def direct(t: Town, start: datetime) -> None:
    """Somebody at the venue books the board room, which both accounts sell."""
    wish = DirectBooking(
        venue="glasshouse",
        unit="board-room",
        listing=None,
        start=start,
        end=start + HOUR,
        party_size=4,
        contact=Guest(name="Vera", email="vera@glasshouse.example"),
    )
    await t.operator.book(wish)
    await t.settle()


async def calls(side: Side) -> int:
    found = len(await side.ask("GET", "/requests"))
    await side.ask("DELETE", "/requests")
    return found


async def open_ones(t: Town) -> set[str]:
    rows = await t.rows("select direction from breakers where opened_at is not null")
    return {row["direction"] for row in rows}


async def test_a_provider_that_answers_nothing_is_tried_now_and_then_and_found_well_at_once(
    database_url: str,
) -> None:
    async with town(database_url, Plan(pace=CALM)) as t:
        await t.boseat.ask("POST", "/faults", {"kind": "status", "status": 503})
        for hours in range(OPENS_AFTER):
            await direct(t, NOON + hours * HOUR)
        await t.boseat.book("salon", NOON, 60)  # its webhook comes, but it cannot be read
        await t.settle()
        await t.live(60)
        assert await open_ones(t) == {"in", "out"}
        before = {r["id"]: r["attempts"] for r in await t.rows("select id, attempts from pushes")}

        await calls(t.boseat)
        await t.live(MINUTES * 60)
        assert MINUTES / 2 < await calls(t.boseat) <= 2 * PROBES
        tried = {r["id"]: r["attempts"] for r in await t.rows("select id, attempts from pushes")}
        assert sum(tried.values()) - sum(before.values()) <= PROBES + 5
        assert not await t.rows("select id from pushes where state = 'dead'")

        there = len(await t.mozrest.ours("board-room"))
        await direct(t, NOON + 8 * HOUR)  # nobody else waits: no second passes
        assert len(await t.mozrest.ours("board-room")) > there

        await t.boseat.ask("DELETE", "/faults")
        wish = SteerWish(account="boseat-main", act="read_bookings", actor="eva", reason="it is up")
        await steered(t.wiring.parts, wish)
        await t.live(5)  # a call whose outcome is unknown is looked for twice
        assert await open_ones(t) == set()
        assert len(await t.boseat.ours("board-room")) == OPENS_AFTER + 1
        assert await t.mozrest.ours("salon")
        assert await t.violations() == []


async def test_one_call_that_always_fails_holds_up_no_other_for_long(database_url: str) -> None:
    async with town(database_url, Plan(pace=CALM)) as t:
        poison = {"kind": "status", "status": 500, "method": "PATCH", "path": "/v1/bookings/.*"}
        await t.boseat.ask("POST", "/faults", poison | {"count": 4 * OPENS_AFTER})
        await direct(t, NOON)
        await t.live(30)
        assert await open_ones(t) == {"out"}
        await direct(t, NOON + 4 * HOUR)
        await t.live(90)
        assert len(await t.boseat.ours("board-room")) == 2
