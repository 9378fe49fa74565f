"""What a channel does not find is asked about again: one answer frees nothing, and what is really gone is freed soon."""

from datetime import timedelta

import pytest
from tests.sync.test_main_job import NOON
from tests.town import Plan, Town, town

JSON = {"Content-Type": "application/json"}
READS = {"boseat": "/v1/bookings/{}", "mozrest": "/v1/bc/booking/{}"}
OTHER = {"boseat": "mozrest", "mozrest": "boseat"}
NOT_FOUND = {"boseat": '{"code": "NOT_FOUND"}', "mozrest": '{"message": "Not found"}'}


async def not_found(t: Town, name: str, ref: str, times: int | None) -> None:
    """So many reads by its id find nothing; None: all of them."""
    rule = {
        "kind": "status",
        "status": 404,
        "headers": JSON,
        "method": "GET",
        "path": READS[name].format(ref),
        "body": NOT_FOUND[name],
        "count": times,
    }
    await t.sides[name].ask("POST", "/faults", rule)


async def hint(t: Town, name: str, ref: str, raw_type: str = "booking.updated") -> None:
    await t.pool.execute(
        "insert into inbox (account_id, via, ref, raw_type, received_at, due_at)"
        " select id, 'webhook', $2, $3, $4, $4 from accounts where name = $1",
        f"{name}-main",
        ref,
        raw_type,
        t.clock.now(),
    )


async def status(t: Town, ref: str) -> str:
    return str(await t.pool.fetchval("select status from bookings where external_id = $1", ref))


async def booked(t: Town, name: str) -> str:
    ref = await t.sides[name].book("salon", NOON, 60 if name == "boseat" else 120)
    await t.live(30)
    assert await t.sides[OTHER[name]].ours("salon")
    t.clock.advance(5)  # what is asked for now is no echo of the block
    return ref


@pytest.mark.parametrize("raw_type", ["booking.updated", "whatever"])
@pytest.mark.parametrize("name", ["boseat", "mozrest"])
async def test_one_read_that_finds_nothing_frees_nothing(
    database_url: str, name: str, raw_type: str
) -> None:
    """Kind: one answer that finds nothing frees everything. It stood at both channels, after every kind of hint."""
    async with town(database_url) as t:
        ref = await booked(t, name)
        await not_found(t, name, ref, times=1)
        await hint(t, name, ref, raw_type)
        for _ in range(60):
            t.clock.advance(1)
            await t.settle()
            assert await status(t, ref) == "confirmed"
            assert await t.exposures() == []
        assert await t.rows("select 1 from pushes where call = 'release'") == []
        assert await t.rows("select 1 from inbox where done_at is null") == []
        assert await t.rows("select 1 from conflicts where closed_at is null") == []


@pytest.mark.parametrize("name", ["boseat", "mozrest"])
async def test_while_a_list_shows_it_no_number_of_reads_frees_it_and_a_person_is_told(
    database_url: str, name: str
) -> None:
    """The other place of the kind: reads by id that find nothing for long, a scope that was narrowed, say."""
    async with town(database_url) as t:
        ref = await booked(t, name)
        await not_found(t, name, ref, times=None)
        await hint(t, name, ref)
        await t.live(600)
        assert await status(t, ref) == "confirmed"
        assert await t.exposures() == []
        (told,) = await t.rows("select kind, booking_id from conflicts where closed_at is null")
        assert told["kind"] == "not_found"
        await t.sides[name].ask("DELETE", "/faults")
        await t.live(120)
        assert await t.rows("select 1 from conflicts where closed_at is null") == []
        assert await status(t, ref) == "confirmed"


async def test_what_is_deleted_and_announced_is_freed_with_one_read(database_url: str) -> None:
    async with town(database_url) as t:
        ref = await booked(t, "boseat")
        await t.boseat.ask("POST", f"/boseat/{ref}/delete")
        await t.live(10)
        assert await status(t, ref) == "cancelled"
        assert await t.mozrest.ours("salon") == []


async def test_what_is_deleted_in_silence_is_freed_within_minutes(database_url: str) -> None:
    async with town(database_url, Plan(webhooks=False)) as t:
        ref = await booked(t, "boseat")
        await t.boseat.ask("POST", f"/boseat/{ref}/delete")
        await t.live(15)
        assert await status(t, ref) == "confirmed"
        await t.live(180)
        assert await status(t, ref) == "cancelled"
        assert await t.mozrest.ours("salon") == []
        assert await t.violations() == []


@pytest.mark.parametrize("name", ["boseat", "mozrest"])
async def test_a_booking_told_of_before_it_can_be_read_is_looked_for(
    database_url: str, name: str
) -> None:
    """The same kind with a booking that is not known yet: its webhook is ahead of its provider's own reads."""
    async with town(database_url, Plan(webhooks=False)) as t:
        ref = await t.sides[name].book("salon", NOON, 60 if name == "boseat" else 120)
        await not_found(t, name, ref, times=2)
        await hint(t, name, ref, "booking.created")
        await t.settle()
        for _ in range(12):
            t.clock.advance(1)
            await t.settle()
        assert await status(t, ref) == "confirmed"


async def test_what_nobody_ever_finds_is_forgotten(database_url: str) -> None:
    async with town(database_url) as t:
        await hint(t, "boseat", "00000000-0000-4000-8000-00000000dead")
        await t.live(timedelta(minutes=3).total_seconds())
        assert await t.rows("select 1 from inbox where done_at is null") == []
        assert await t.rows("select 1 from absences") == []
        assert await t.rows("select 1 from bookings") == []
