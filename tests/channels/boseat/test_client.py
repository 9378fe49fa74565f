"""The channel against the simulator on a real socket: one booking's life, both sides told apart."""

from datetime import timedelta

import pytest

from holdfast.channel import HOLD_MARGIN, Broken, Gone, Rejected, Taken
from holdfast.inventory.model import Absent, Span

from .desk import SALON, START, Desk, hour, opened, ours


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


async def test_the_channel_says_what_it_can(desk: Desk) -> None:
    capabilities = desk.channel.capabilities
    assert (capabilities.hold_seconds, capabilities.moves) == (900, False)
    assert capabilities.releases_holds
    assert capabilities.reads_holds
    assert capabilities.announces == {"created", "updated", "cancelled"}


async def test_offers_of_many_days_are_read_in_chunks_of_thirty(desk: Desk) -> None:
    await desk.turn(slots_max_days="31_refused")
    sheet = await desk.channel.offers(SALON, Span.of(START, timedelta(days=65, hours=1)))
    days = [dict(one.query)["to"] for one in desk.wire.requests if one.operation == "offers"]
    assert days == ["30", "30", "6"]
    assert len({offer.span for offer in sheet.offers}) == len(sheet.offers) == 977


async def test_the_other_slots_path_is_tried_once_and_kept() -> None:
    async with opened({"availability_path": "spaces_availability"}) as desk:
        for _ in range(2):
            sheet = await desk.channel.offers(SALON, hour(4).span)
            assert [offer.span for offer in sheet.offers] == [hour(4).span]
        paths = [
            one.url.rpartition("/")[2] for one in desk.wire.requests if one.operation == "offers"
        ]
        assert paths == ["slots", "availability", "availability"]


async def test_slots_of_which_some_cannot_be_read_are_an_incomplete_sheet(desk: Desk) -> None:
    body = '[{"from": "2026-03-02T14:00:00Z", "to": "2026-03-02T15:00:00Z"}, {"from": "soon"}]'
    await desk.control("POST", "faults", {"path": ".*/slots", "status": 200, "body": body})
    sheet = await desk.channel.offers(SALON, hour(4).span)
    assert ([offer.span for offer in sheet.offers], sheet.complete) == ([hour(4).span], False)


async def test_a_refused_hold_is_not_called_taken_when_the_slots_are_half_read(desk: Desk) -> None:
    body = '[{"from": "soon"}]'
    await desk.control("POST", "faults", {"path": ".*/slots", "status": 200, "body": body})
    await desk.guest(1, hour(4))
    with pytest.raises(Broken):
        await desk.channel.hold(SALON, hour(4), ours("b1"))
