"""A booking that is over and is told of again is a new one: its time was free meanwhile, its id may be another guest's.

The kind: what is kept of a row's first life (when it was heard of, who made it) is taken for the second one. It
stands in who came first, in when an exposure began, and in who the guest is; on both channels, whether the provider
uses an id again or a venue takes a cancellation back.
"""

from datetime import datetime, timedelta

import pytest
from tests.sync.test_main_job import NOON, SLOT, pair
from tests.town import Side, Town, town

REFUSES = {"kind": "status", "status": 503, "method": "POST"}


async def again(side: Side, ref: str, start: datetime, minutes: int, **guest: str) -> None:
    """Another guest gets the id."""
    wish = {
        "place": side.places["salon"],
        "start": start.isoformat(),
        "end": (start + timedelta(minutes=minutes)).isoformat(),
        "ref": ref,
        **guest,
    }
    assert (await side.ask("POST", "/guest/book", wish))["ref"] == ref


async def ended(t: Town, here: Side, minutes: int, **guest: str) -> str:
    """A booking of the day's last hours that its guest cancelled; everybody knows."""
    wish = {
        "place": here.places["salon"],
        "start": (NOON + timedelta(hours=6)).isoformat(),
        "end": (NOON + timedelta(hours=6, minutes=minutes)).isoformat(),
        **guest,
    }
    ref = str((await here.ask("POST", "/guest/book", wish))["ref"])
    await t.pass_time(30)
    await here.act(ref, "cancel")
    await t.pass_time(60)
    return ref


@pytest.mark.parametrize("source", ["boseat", "mozrest"])
async def test_it_is_closed_elsewhere_as_any_other(database_url: str, source: str) -> None:
    async with town(database_url) as t:
        here, there = pair(t, source)
        minutes = SLOT if source == "boseat" else 120
        ref = await ended(t, here, minutes)
        await again(here, ref, NOON, minutes)
        await t.pass_time(60)
        assert await there.ours("salon")
        assert await t.violations() == []


@pytest.mark.parametrize("source", ["boseat", "mozrest"])
async def test_it_came_when_it_was_told_of_again(database_url: str, source: str) -> None:
    async with town(database_url) as t:
        here, there = pair(t, source)
        minutes, theirs = (SLOT, 120) if source == "boseat" else (120, SLOT)
        ref = await ended(t, here, minutes)
        first = await there.book("salon", NOON, theirs)
        await here.ask(
            "POST", "/faults", REFUSES
        )  # no block of ours keeps it from being sold twice
        await t.live(20)
        at = t.clock.now()
        await again(here, ref, NOON, minutes)
        await here.ask("DELETE", "/faults")
        await t.live(20)
        (row,) = await t.rows(
            "select b.external_id, b.first_seen_at, b.firm_at from conflicts c"
            " join bookings b on b.id = c.booking_id"
            " where c.kind = 'double_booking' and c.closed_at is null"
        )
        assert row["external_id"] == ref, f"the first one, {first}, is said to have come later"
        assert at <= row["first_seen_at"]
        assert at <= row["firm_at"]
        exposed = await t.rows(
            "select e.began_at from exposures e join bookings b on b.id = e.booking_id"
            " where b.external_id = $1 and e.ended_at > $2",
            ref,
            at,
        )
        assert all(row["began_at"] >= at for row in exposed)


async def test_another_guest_is_known_by_nothing_of_the_first_one(database_url: str) -> None:
    """Boseat tells when a booking was made, which says that it is another one."""
    async with town(database_url) as t:
        ada = {"name": "Ada Example", "email": "ada@example.test", "phone": "+33611111111"}
        ref = await ended(t, t.boseat, SLOT, **ada)
        (known,) = await t.rows("select booking_id, email from guests")
        assert known["email"] == ada["email"]
        await t.rows("update guests set name = null, email = null, erased_at = now() returning 1")
        bob = {"name": "Bob Example", "email": "bob@example.test", "phone": "+33622222222"}
        await again(t.boseat, ref, NOON, SLOT, **bob)
        await t.pass_time(60)
        (known,) = await t.rows("select name, email, phone, erased_at from guests")
        assert (known["email"], known["phone"], known["erased_at"]) == (
            bob["email"],
            bob["phone"],
            None,
        )
