"""While an outcome is unknown, workers wait for it: nothing wakes them again and again in the meantime."""

import asyncio
from datetime import timedelta

from tests.sync.test_faults import WRITES, broken
from tests.sync.test_main_job import NOON, SLOT
from tests.town import CALM, Plan, town

from holdfast.channel import HOLD_MARGIN
from holdfast.channels.mozrest.client import HOLD_SECONDS
from holdfast.store import agenda
from holdfast.sync import rounds


async def test_a_hold_that_may_be_committed_already_is_not_noticed_to_lapse_all_the_time(
    database_url: str,
) -> None:
    async with town(database_url, Plan(pace=CALM)) as t:
        parts = t.wiring.parts
        await broken(
            t, "mozrest", {"kind": "status", "status": 502, "when": "before"}, WRITES["mozrest"][1]
        )
        down = {"kind": "status", "status": 503, "method": "GET", "path": "/v1/bc/booking.*"}
        await t.mozrest.ask("POST", "/faults", down)
        await t.boseat.book("chefs-table", NOON, SLOT)
        async with asyncio.timeout(20):
            while not await t.rows("select 1 from pushes where state = 'unknown'"):
                await t.live(1)  # the webhook comes when it comes
        t.clock.advance(HOLD_SECONDS + 60)
        await rounds.due_lanes(parts)
        (push,) = await t.rows("select call from pushes where state = 'unknown'")
        (block,) = await t.rows("select state, expires_at from blocks")
        assert (push["call"], block["state"]) == ("commit", "held")
        assert block["expires_at"] < parts.now()

        wakes: list[None] = []
        parts.wake = lambda *_: wakes.append(None)
        for _ in range(3):
            await rounds.due_lanes(parts)
        believed = agenda.Scope(live=[], accounts=[], venues=[], margin=HOLD_MARGIN)
        async with t.pool.acquire() as connection:
            due = await agenda.next_due(connection, parts.now(), believed)
        assert wakes == []
        assert due is None or due > parts.now() + timedelta(seconds=1)
