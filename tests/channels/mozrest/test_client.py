"""The channel against the simulated provider, in its default manner."""

from datetime import timedelta

import pytest

from holdfast.channel import (
    HOLD_MARGIN,
    Broken,
    Forged,
    Gone,
    Limited,
    NotSent,
    Rejected,
    Taken,
    Unauthorised,
    Unknown,
)
from holdfast.inventory.model import Absent, Seen

from .rig import (
    CHEFS_LISTING,
    HOUSE,
    MONDAY,
    SALON_LISTING,
    SECRET,
    at,
    listing,
    offer,
    rigged,
)


async def test_a_hold_takes_the_offer_and_tells_when_it_may_lapse() -> None:
    async with rigged() as rig:
        placed = await rig.channel.hold(SALON_LISTING, offer("12:00"), HOUSE)
        assert not placed.booked
        assert placed.expires_at == MONDAY + timedelta(seconds=420) - HOLD_MARGIN
        (taken,) = await rig.taken()
        assert (taken["start"], taken["by"]) == (at("12:00").isoformat(), "client")
        starts = {one.span.start for one in (await rig.offers()).offers}
        assert starts.isdisjoint({at("10:15"), at("12:00"), at("13:45")})
        assert {at("10:00"), at("14:00")} <= starts


async def test_a_commit_gives_the_booking_an_id_of_its_own_and_carries_our_marker() -> None:
    async with rigged() as rig:
        held = await rig.channel.hold(SALON_LISTING, offer("12:00"), HOUSE)
        booked = await rig.channel.commit(SALON_LISTING, held.external_id, HOUSE)
        assert booked.booked
        assert booked.external_id != held.external_id
        seen = await rig.channel.fetch(booked.external_id, None)
        assert isinstance(seen, Seen)
        assert (seen.marker, seen.status, seen.listing) == ("b-1", "confirmed", "salon")
        assert seen.span == offer("12:00").span
        assert seen.read_at == MONDAY


async def test_a_hold_that_lapsed_cannot_be_confirmed_and_frees_its_time() -> None:
    async with rigged() as rig:
        held = await rig.channel.hold(SALON_LISTING, offer("12:00"), HOUSE)
        rig.clock.advance(421)
        with pytest.raises(Gone):
            await rig.channel.commit(SALON_LISTING, held.external_id, HOUSE)
        assert await rig.taken() == []


async def test_a_hold_cannot_be_read_and_cannot_be_released() -> None:
    async with rigged() as rig:
        held = await rig.channel.hold(SALON_LISTING, offer("12:00"), HOUSE)
        assert isinstance(await rig.channel.fetch(held.external_id, "salon"), Absent)
        with pytest.raises(Rejected):
            await rig.channel.release(held.external_id, False, HOUSE)


async def test_a_taken_start_cannot_be_held_again() -> None:
    async with rigged() as rig:
        await rig.guest_books(at("12:00"))
        with pytest.raises(Taken):
            await rig.channel.hold(SALON_LISTING, offer("13:00"), HOUSE)


async def test_releasing_a_booked_block_frees_its_time_and_may_be_repeated() -> None:
    async with rigged() as rig:
        held = await rig.channel.hold(SALON_LISTING, offer("12:00"), HOUSE)
        booked = await rig.channel.commit(SALON_LISTING, held.external_id, HOUSE)
        await rig.channel.release(booked.external_id, True, HOUSE)
        assert await rig.taken() == []
        assert rig.journal.operations() == ["hold", "commit", "cancel"]
        await rig.channel.release(booked.external_id, True, HOUSE)
        await rig.channel.release("no-such-booking", True, HOUSE)


async def test_a_guests_booking_can_be_cancelled_and_moved() -> None:
    async with rigged() as rig:
        ref = await rig.guest_books(at("12:00"))
        await rig.channel.move(SALON_LISTING, ref, offer("18:00"), 3)
        moved = await rig.channel.fetch(ref, None)
        assert isinstance(moved, Seen)
        assert (moved.span, moved.party_size) == (offer("18:00").span, 3)
        await rig.channel.cancel(ref, "clash", HOUSE)
        cancelled = await rig.channel.fetch(ref, None)
        assert isinstance(cancelled, Seen)
        assert (cancelled.status, cancelled.extra["cancel_actor"]) == ("cancelled", "user")


async def test_a_move_onto_taken_time_is_taken() -> None:
    async with rigged() as rig:
        ref = await rig.guest_books(at("12:00"))
        await rig.guest_books(at("18:00"))
        with pytest.raises(Taken):
            await rig.channel.move(SALON_LISTING, ref, offer("18:30"), 4)


async def test_bookings_are_told_apart_by_booking_type() -> None:
    async with rigged() as rig:
        await rig.guest_books(at("12:00"))
        await rig.guest_books(at("12:30"), area="u7Hc_4RfJd9eGqXo2ViK5w")
        found, complete = await rig.scanned()
        assert complete
        assert {one.listing for one in found} == {"salon", "chefs-table"}
        spans = {one.listing: one.span for one in found}
        assert spans["chefs-table"] == offer("12:30", minutes=90).span


async def test_a_guests_hold_shows_only_in_what_is_offered() -> None:
    async with rigged() as rig:
        ref = await rig.guest_books(at("12:00"), confirm=False)
        assert (await rig.scanned())[0] == []
        assert at("12:00") not in {one.span.start for one in (await rig.offers()).offers}
        booking = (await rig.control("POST", f"/guest/{ref}/confirm"))["ref"]
        assert booking != ref
        assert [one.external_id for one in (await rig.scanned())[0]] == [booking]


async def test_offers_are_all_starts_that_a_guest_could_book_and_no_others() -> None:
    async with rigged() as rig:
        await rig.guest_books(at("12:00"))
        sheet = await rig.offers()
        told = await rig.control("GET", "/offers?days=3")
        mine = [one for one in told if one["place"].endswith("Zk3vQ8mT2xLr-pYb0NsW1A")]
        real = [one for one in mine if one["start"].startswith("2027-03-16")]
        assert [one.span.start.isoformat() for one in sheet.offers] == [o["start"] for o in real]
        assert [one.span.end.isoformat() for one in sheet.offers] == [o["end"] for o in real]
        assert sheet.complete
        assert sheet.read_at == MONDAY


async def test_areas_are_asked_for_once_in_a_while_before_availability() -> None:
    async with rigged() as rig:
        await rig.offers()
        await rig.offers()
        assert rig.journal.operations()[0] == "areas"
        assert rig.journal.operations().count("areas") == 1
        rig.clock.advance(601)
        await rig.offers()
        assert rig.journal.operations().count("areas") == 2


async def test_offers_of_an_area_that_the_venue_does_not_name_are_not_complete() -> None:
    async with rigged(world=None) as rig:
        gone = listing("salon", area_id="no-such-area")
        with pytest.raises(Rejected):
            await rig.offers(gone)


async def test_a_lost_commit_is_found_by_its_marker() -> None:
    async with rigged() as rig:
        held = await rig.channel.hold(SALON_LISTING, offer("12:00"), HOUSE)
        await rig.fault(path=".*/pending-booking/.*", method="PUT", when="after", count=1)
        with pytest.raises(Unknown):
            await rig.channel.commit(SALON_LISTING, held.external_id, HOUSE)
        (found,) = await rig.channel.find(SALON_LISTING, offer("12:00"), HOUSE, MONDAY)
        assert (found.marker, found.span) == ("b-1", offer("12:00").span)
        await rig.channel.release(found.external_id, True, HOUSE)
        assert await rig.channel.find(SALON_LISTING, offer("12:00"), HOUSE, MONDAY) == []


async def test_a_webhook_leads_to_the_booking_as_it_is_now() -> None:
    async with rigged() as rig:
        ref = await rig.guest_books(at("12:00"))
        await rig.control("POST", f"/guest/{ref}/cancel")
        (heard,) = await rig.hears()
        (hint,) = rig.channel.read_webhook(heard.headers, heard.body, MONDAY)
        assert (hint.external_id, hint.raw_type, hint.delivery_id) == (
            ref,
            "booking.canceled",
            None,
        )


async def test_no_webhook_tells_of_a_new_booking() -> None:
    async with rigged() as rig:
        ref = await rig.guest_books(at("12:00"))
        to = {"start": at("18:00").isoformat(), "end": at("20:00").isoformat()}
        await rig.control("POST", f"/guest/{ref}/move", to)
        (heard,) = await rig.hears()
        (hint,) = rig.channel.read_webhook(heard.headers, heard.body, MONDAY)
        assert hint.raw_type == "booking.update"


async def test_a_webhook_with_another_token_is_forged() -> None:
    async with rigged() as rig:
        with pytest.raises(Forged):
            rig.channel.read_webhook({"Authorization": f"Bearer {SECRET}x"}, b"{}", MONDAY)


@pytest.mark.parametrize(
    ("rule", "failure"),
    [
        ({"status": 401}, Unauthorised),
        ({"status": 403}, Unauthorised),
        ({"status": 429, "headers": {"Retry-After": "9"}}, Limited),
        ({"status": 500}, NotSent),
        ({"status": 302}, Broken),
        ({"kind": "html"}, Broken),
        ({"kind": "empty"}, Broken),
        ({"kind": "truncated"}, NotSent),
        ({"kind": "reset"}, NotSent),
    ],
)
async def test_a_read_that_fails_is_classed(
    rule: dict[str, object], failure: type[Exception]
) -> None:
    async with rigged() as rig:
        await rig.fault(path=".*/booking", **rule)
        with pytest.raises(failure):
            await rig.scanned()


@pytest.mark.parametrize(
    ("rule", "failure"),
    [
        ({"status": 401}, Unauthorised),
        ({"status": 409}, Taken),
        ({"status": 429}, Limited),
        ({"status": 503}, Unknown),
        ({"status": 302}, Unknown),
        ({"kind": "html"}, Unknown),
        ({"kind": "empty"}, Unknown),
        ({"kind": "truncated", "when": "after"}, Unknown),
        ({"kind": "reset", "when": "after"}, Unknown),
    ],
)
async def test_a_hold_that_fails_is_classed(
    rule: dict[str, object], failure: type[Exception]
) -> None:
    async with rigged() as rig:
        await rig.fault(path=".*/pending-booking", **rule)
        with pytest.raises(failure):
            await rig.channel.hold(CHEFS_LISTING, offer("12:00", minutes=90), HOUSE)
