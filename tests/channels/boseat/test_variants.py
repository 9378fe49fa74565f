"""One booking's life, and one guest's, over every value of every switch of the simulator."""

from collections.abc import Iterator
from datetime import timedelta

import pytest

from holdfast.channel import Gone, Rejected, Taken
from holdfast.channels.boseat.simulator.switches import CHOICES
from holdfast.inventory.model import OCCUPYING, Absent

from .desk import SALON, START, Desk, hour, opened, ours

NUMBERS = {"lag_seconds": "20", "expires_in": "7", "webhook_auto_disable": "3"}
WIDE = {"reads_per_minute": "500", "writes_per_minute": "500"}
FAULTS = {"page_fault"}
"""Not variants: test_paging.py has them."""


def variants() -> Iterator[tuple[str, str]]:
    for name, values in CHOICES.items():
        for value in () if name in FAULTS else values:
            yield name, (NUMBERS | WIDE).get(name, value) if value == "n" else value


@pytest.fixture(params=variants(), ids=lambda pair: f"{pair[0]}={pair[1]}")
def variant(request: pytest.FixtureRequest) -> dict[str, str]:
    name, value = request.param
    return {name: value}


async def test_a_block_lives_and_dies_in_every_variant(variant: dict[str, str]) -> None:
    async with opened(variant) as desk:
        channel = desk.channel
        placed = await channel.hold(SALON, hour(4), ours("b1"))
        desk.clock.advance(30)
        found = await channel.find(SALON, hour(4), ours("b1"), START)
        assert [seen.external_id for seen in found] == [placed.external_id]
        await channel.commit(SALON, placed.external_id, ours("b1"))
        await channel.commit(SALON, placed.external_id, ours("b1"))
        desk.clock.advance(1000)
        seen = await desk.seen(placed.external_id)
        assert (seen.status in OCCUPYING, seen.marker, seen.listing) == (True, "b1", "salon")
        await _released(desk, placed.external_id, variant)


async def _released(desk: Desk, ref: str, variant: dict[str, str]) -> None:
    if variant.get("cancel_confirmed", "allowed") != "allowed":
        with pytest.raises(Rejected):
            await desk.channel.release(ref, True, ours("b1"))
        return
    await desk.channel.release(ref, True, ours("b1"))
    await desk.channel.release(ref, True, ours("b1"))
    assert await desk.taken(1) == []


async def test_a_hold_that_lapsed_is_known_in_every_variant(variant: dict[str, str]) -> None:
    """Whatever Boseat shows: the slot is offered, confirming fails, releasing is done."""
    async with opened(variant) as desk:
        channel = desk.channel
        placed = await channel.hold(SALON, hour(4), ours("b1"))
        desk.clock.advance(910)
        seen = await channel.fetch(placed.external_id, "salon")
        assert isinstance(seen, Absent) or seen.status not in OCCUPYING
        with pytest.raises(Gone):
            await channel.commit(SALON, placed.external_id, ours("b1"))
        await channel.release(placed.external_id, False, ours("b1"))
        assert not await channel.find(SALON, hour(4), ours("b1"), START)
        await channel.hold(SALON, hour(4), ours("b2"))


async def test_a_guests_booking_is_seen_in_every_variant(variant: dict[str, str]) -> None:
    async with opened(variant) as desk:
        ref = await desk.guest(1, hour(4))
        desk.clock.advance(30)
        seen = await desk.seen(ref)
        assert (seen.status in OCCUPYING, seen.span) == (True, hour(4).span)
        assert (seen.listing, seen.marker) == ("salon", None)
        pages = await desk.scan(SALON)
        assert {row.external_id for page in pages for row in page.bookings} >= {ref}
        assert [page.complete for page in pages][-1:] == [True]
        if "capacity_many" not in variant.values():
            with pytest.raises(Taken):
                await desk.channel.hold(SALON, hour(4), ours("b1"))


async def test_a_webhook_is_believed_in_every_variant(variant: dict[str, str]) -> None:
    async with opened(variant) as desk:
        ref = await desk.guest(1, hour(4))
        for headers, body in await desk.hooks.wait(1):
            (hint,) = desk.channel.read_webhook(headers, body, desk.clock.now())
            assert hint.external_id in (ref, None)
        hints = [
            desk.channel.read_webhook(headers, body, desk.clock.now())[0]
            for headers, body in desk.hooks.got
        ]
        assert any(hint.external_id == ref for hint in hints)


PATIENT = {"status_after_create": "PENDING", "pending_expires": "never"}


async def test_a_pending_hold_that_never_lapses_stays_held_without_a_deadline() -> None:
    async with opened(PATIENT) as desk:
        ref = await desk.guest(1, hour(4), confirm=False)
        before = await desk.seen(ref, "salon")
        assert before.held_until == START + timedelta(minutes=15)
        desk.clock.advance(1000)
        (late,) = (await desk.scan(SALON))[-1].bookings
        for seen in (late, await desk.seen(ref, "salon")):
            assert (seen.status, seen.held_until) == ("held", None)


async def test_our_pending_hold_that_never_lapses_can_be_confirmed_late() -> None:
    async with opened(PATIENT) as desk:
        placed = await desk.channel.hold(SALON, hour(4), ours("b1"))
        desk.clock.advance(1000)
        assert (await desk.channel.commit(SALON, placed.external_id, ours("b1"))).booked


async def test_a_refused_confirmation_past_the_deadline_means_that_the_hold_is_gone() -> None:
    async with opened(PATIENT) as desk:
        placed = await desk.channel.hold(SALON, hour(4), ours("b1"))
        desk.clock.advance(1000)
        await desk.control("POST", "faults", {"method": "PATCH", "status": 422})
        with pytest.raises(Gone):
            await desk.channel.commit(SALON, placed.external_id, ours("b1"))


SHOWN = {"expired_hold": "still_RESERVED_15_MIN_but_slot_free"}


async def test_a_lapsed_hold_that_is_still_shown_is_expired_to_fetch_and_scan() -> None:
    async with opened(SHOWN) as desk:
        ref = await desk.guest(1, hour(4), confirm=False)
        desk.clock.advance(910)
        pages = await desk.scan(SALON)
        (late,) = pages[-1].bookings
        assert pages[-1].complete
        for seen in (late, await desk.seen(ref, "salon")):
            assert (seen.status, seen.raw_status) == ("expired", "RESERVED_15_MIN")


async def test_a_lapsed_hold_whose_slot_somebody_else_took_is_expired_as_well() -> None:
    async with opened(SHOWN) as desk:
        ref = await desk.guest(1, hour(4), confirm=False)
        desk.clock.advance(910)
        await desk.guest(1, hour(4))
        statuses = {row.status for row in (await desk.scan(SALON))[-1].bookings}
        assert (await desk.seen(ref, "salon")).status == "expired"
        assert statuses == {"expired"}


async def test_a_lapsed_hold_whose_slot_has_begun_is_expired() -> None:
    async with opened(SHOWN) as desk:
        ref = await desk.guest(1, hour(0), confirm=False)
        desk.clock.advance(45 * 60)
        assert (await desk.seen(ref, "salon")).status == "expired"
