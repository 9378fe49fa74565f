"""Exposure, measured from the provider's clock to the last offer gone, by both simulators."""

from datetime import timedelta

import aiohttp
import pytest
from tests.sync.test_main_job import NOON, SLOT
from tests.town import CALM, MORNING, Plan, Town, town

from holdfast.inventory.model import Guest
from holdfast.sync.operate import DirectBooking


async def measured(t: Town) -> list[tuple[str, str, float | None, str | None]]:
    rows = await t.rows(
        "select l.name, e.cause, e.why, extract(epoch from e.ended_at - e.began_at)::float as s"
        " from exposures e join listings l on l.id = e.listing_id order by e.id"
    )
    return [(r["name"], r["cause"], r["s"], r["why"]) for r in rows]


@pytest.mark.parametrize("source", ["boseat", "mozrest"])
async def test_it_is_measured_from_the_booking_to_the_last_offer_gone(
    database_url: str, source: str
) -> None:
    async with town(database_url, Plan(webhooks=False)) as t:
        await t.live(60)
        taken = t.clock.now()
        await t.sides[source].book("salon", NOON, SLOT if source == "boseat" else 120)
        await t.live(120)
        target = "mozrest" if source == "boseat" else "boseat"
        ((listing, cause, seconds, why),) = await measured(t)
        assert (listing, cause, why) == (f"salon-{target}", "taken", None)
        (row,) = await t.rows("select began_at, basis, ended_at from exposures")
        # one provider tells when its booking was made, the other does not
        told = source == "boseat"
        assert row["basis"] == ("provider" if told else "receipt")
        late = row["began_at"] - taken
        assert late <= timedelta(seconds=1 if told else 15)
        placed = await t.rows("select max(settled_at) at from attempts where outcome = 'done'")
        assert row["ended_at"] <= placed[0]["at"]
        assert seconds is not None
        assert (0 < seconds <= 60) if told else (0 <= seconds <= 60)


async def test_time_that_nobody_offered_was_exposed_for_no_time(database_url: str) -> None:
    async with town(database_url, Plan(pace=CALM)) as t:
        night = MORNING.replace(hour=2) + timedelta(days=1)
        wish = DirectBooking(
            venue="glasshouse",
            unit="salon",
            listing=None,
            start=night,
            end=night + timedelta(hours=1),
            party_size=2,
            contact=Guest(),
        )
        await t.operator.book(wish)
        await t.live(60)
        assert sorted(await measured(t)) == [
            ("salon-boseat", "taken", 0.0, None),
            ("salon-mozrest", "taken", 0.0, None),
        ]


async def test_a_refused_block_leaves_the_exposure_open_and_says_so(database_url: str) -> None:
    async with town(database_url, Plan(pace=CALM)) as t:
        fault = {"kind": "status", "status": 422, "method": "POST", "path": "/v1/bookings"}
        await t.boseat.ask("POST", "/faults", fault)
        await t.mozrest.book("salon", NOON, 120)
        await t.live(300)
        found = await measured(t)
        assert [(f[0], f[2], f[3]) for f in found] == [("salon-boseat", None, "refused")]
        ref = (await t.mozrest.taken("salon"))[0]["ref"]
        await t.mozrest.act(ref, "cancel")
        await t.live(240)
        ((_, _, seconds, why),) = await measured(t)
        assert seconds is not None
        assert seconds > 100  # heard of by a poll, every three minutes
        assert why == "refused"


async def test_a_moved_booking_is_measured_anew(database_url: str) -> None:
    async with town(database_url, Plan(pace=CALM)) as t:
        ref = await t.boseat.book("salon", NOON, SLOT)
        await t.live(60)
        later = NOON + timedelta(hours=5)
        end = later + timedelta(minutes=SLOT)
        await t.boseat.act(ref, "move", {"start": later.isoformat(), "end": end.isoformat()})
        await t.live(60)
        found = await measured(t)
        assert [f[1] for f in found] == ["taken", "moved"]
        assert all(f[2] is not None for f in found)


async def test_the_clock_ends_what_nothing_else_could(database_url: str) -> None:
    async with town(database_url, Plan(pace=CALM)) as t:
        async with t.pool.acquire() as connection:
            await connection.execute("update accounts set mode = 'paused' where channel = 'boseat'")
        await t.wiring.refresh()
        await t.mozrest.book("salon", NOON, 120)
        await t.live(240)
        assert [(f[2], f[3]) for f in await measured(t)] == [(None, "paused")]
        await t.live(7 * 3600)
        ((_, _, seconds, why),) = await measured(t)
        assert why == "paused"
        assert seconds is not None
        assert 4.8 * 3600 < seconds <= 6 * 3600  # from the poll that found it, whenever that was


async def test_the_api_and_the_metrics_tell_it(database_url: str) -> None:
    async with town(database_url, Plan(pace=CALM)) as t, aiohttp.ClientSession() as session:
        await t.boseat.book("salon", NOON, SLOT)
        await t.live(60)
        (booking,) = await t.rows("select id from bookings")
        async with session.get(f"{t.web_url}/api/v1/bookings/{booking['id']}") as answer:
            told = (await answer.json())["exposures"]
        assert [(e["listing"], e["cause"]) for e in told] == [("salon-mozrest", "taken")]
        assert told[0]["ended_at"] is not None
        metrics = t.wiring.parts.metrics
        await metrics.refresh(t.pool, t.clock.now())
        labels = {"source": "boseat", "target": "mozrest"}
        name = "holdfast_exposure_duration_seconds_count"
        assert metrics.registry.get_sample_value(name, labels) == 1
        oldest = "holdfast_exposure_oldest_timestamp_seconds"
        assert metrics.registry.get_sample_value(oldest, {"target": "mozrest"}) == 0
