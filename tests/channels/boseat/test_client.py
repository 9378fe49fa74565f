"""The channel against the simulator on a real socket: one booking's life, both sides told apart."""

from datetime import timedelta

import pytest

from holdfast.channel import HOLD_MARGIN, Gone, Rejected, Taken
from holdfast.inventory.model import Absent, Span

from .desk import SALON, START, Desk, hour, ours


async def test_a_hold_takes_the_slot_until_it_lapses_with_nobody_looking(desk: Desk) -> None:
    placed = await desk.channel.hold(SALON, hour(4), ours("b1"))
    assert not placed.booked
    assert placed.expires_at == START + timedelta(minutes=15) - HOLD_MARGIN
    assert [row["email"] for row in await desk.taken(1)] == ["house+hf-b1@glasshouse.example"]
    desk.clock.advance(900)
    assert await desk.taken(1) == []
    assert isinstance(await desk.channel.fetch(placed.external_id, "salon"), Absent)


async def test_a_hold_that_lapsed_cannot_be_confirmed(desk: Desk) -> None:
    placed = await desk.channel.hold(SALON, hour(4), ours("b1"))
    desk.clock.advance(901)
    with pytest.raises(Gone):
        await desk.channel.commit(SALON, placed.external_id, ours("b1"))


async def test_a_confirmed_hold_stays(desk: Desk) -> None:
    placed = await desk.channel.hold(SALON, hour(4), ours("b1"))
    booked = await desk.channel.commit(SALON, placed.external_id, ours("b1"))
    assert booked.booked
    assert booked.expires_at is None
    desk.clock.advance(3600)
    seen = await desk.seen(booked.external_id)
    assert (seen.status, seen.marker, seen.listing) == ("confirmed", "b1", "salon")


async def test_a_released_block_gives_its_slot_back_and_may_be_released_again(desk: Desk) -> None:
    placed = await desk.channel.hold(SALON, hour(4), ours("b1"))
    await desk.channel.commit(SALON, placed.external_id, ours("b1"))
    for _ in range(2):
        await desk.channel.release(placed.external_id, True, ours("b1"))
    assert await desk.taken(1) == []
    await desk.channel.hold(SALON, hour(4), ours("b2"))


async def test_a_slot_that_a_guest_has_is_taken(desk: Desk) -> None:
    await desk.guest(1, hour(4))
    with pytest.raises(Taken):
        await desk.channel.hold(SALON, hour(4), ours("b1"))


async def test_offers_are_the_free_slots_of_the_window(desk: Desk) -> None:
    await desk.guest(1, hour(1))
    window = Span.of(START, timedelta(hours=4))
    sheet = await desk.channel.offers(SALON, window)
    assert [offer.span for offer in sheet.offers] == [hour(n).span for n in (0, 2, 3)]
    assert sheet.complete
    assert sheet.read_at == START


async def test_a_webhook_leads_to_the_guests_booking(desk: Desk) -> None:
    ref = await desk.guest(1, hour(4))
    headers, body = (await desk.hooks.wait(2))[1]
    (hint,) = desk.channel.read_webhook(headers, body, desk.clock.now())
    assert (hint.external_id, hint.raw_type) == (ref, "booking.updated")
    seen = await desk.seen(ref)
    assert (seen.status, seen.span, seen.listing) == ("confirmed", hour(4).span, "salon")
    assert seen.guest.email == "guest@example.test"


async def test_moving_is_refused_for_good(desk: Desk) -> None:
    ref = await desk.guest(1, hour(4))
    with pytest.raises(Rejected):
        await desk.channel.move(SALON, ref, hour(5), 2)
