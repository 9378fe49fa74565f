"""What the channel makes of answers that are late, lost, spoilt or refused: each failure has its class."""

import asyncio
import json
from collections.abc import Mapping
from dataclasses import replace

import pytest
from aiohttp.test_utils import unused_port

from holdfast.channel import (
    Broken,
    ChannelError,
    Gone,
    Limited,
    NotSent,
    Rejected,
    Taken,
    Unauthorised,
    Unknown,
)
from holdfast.channels.boseat import KIND
from holdfast.inventory.model import Absent

from .desk import HOUSE, SALON, Desk, hour, listing, opened, ours

SPOILT: Mapping[str, Mapping[str, object]] = {
    "503": {"kind": "status", "status": 503},
    "hang": {"kind": "hang", "seconds": 0.01},
    "reset": {"kind": "reset"},
    "html": {"kind": "html"},
    "empty": {"kind": "empty"},
    "redirect": {"kind": "status", "status": 303, "headers": {"Location": "https://elsewhere"}},
}


@pytest.mark.parametrize("name", SPOILT)
@pytest.mark.parametrize("when", ["before", "after"])
async def test_a_hold_with_a_spoilt_answer_is_unknown_and_found_by_reading(
    desk: Desk, name: str, when: str
) -> None:
    fault = {"path": "/v1/bookings", "method": "POST", "when": when, "count": 1, **SPOILT[name]}
    await desk.control("POST", "faults", fault)
    with pytest.raises(Unknown):
        await desk.channel.hold(SALON, hour(4), ours("b1"))
    found = await desk.channel.find(SALON, hour(4), ours("b1"), desk.clock.now())
    assert len(found) == (when == "after")
    assert desk.wire.count("hold") == 1


async def test_a_hold_whose_answer_breaks_off_is_unknown(desk: Desk) -> None:
    fault = {"path": "/v1/bookings", "method": "POST", "when": "after", "kind": "truncated"}
    await desk.control("POST", "faults", fault)
    with pytest.raises(Unknown):
        await desk.channel.hold(SALON, hour(4), ours("b1"))
    assert len(await desk.taken(1)) == 1


@pytest.mark.parametrize(
    ("fault", "failure"),
    [
        ({"kind": "status", "status": 503}, NotSent),
        ({"kind": "reset"}, NotSent),
        ({"kind": "html"}, Broken),
        ({"kind": "empty"}, Broken),
        ({"kind": "truncated", "when": "after"}, NotSent),
        ({"kind": "status", "status": 302, "headers": {"Location": "https://x"}}, Broken),
        ({"kind": "status", "status": 403}, Unauthorised),
        ({"kind": "status", "status": 404, "body": "<html>"}, Broken),
        ({"kind": "status", "status": 429, "headers": {"Retry-After": "9"}}, Limited),
    ],
)
async def test_a_spoilt_read_is_never_absence(
    desk: Desk, fault: Mapping[str, object], failure: type[ChannelError]
) -> None:
    ref = await desk.guest(1, hour(4))
    await desk.control("POST", "faults", {"path": "/v1/.*", **fault})
    with pytest.raises(failure):
        await desk.channel.fetch(ref, None)


async def test_a_provider_that_cannot_be_reached_was_sent_nothing(desk: Desk) -> None:
    nowhere = f"http://127.0.0.1:{unused_port()}"
    settings = desk.connection.settings.model_copy(update={"base_url": nowhere})
    channel = KIND.connect(replace(desk.connection, settings=settings))
    with pytest.raises(NotSent):
        await channel.hold(SALON, hour(4), ours("b1"))
    with pytest.raises(NotSent):
        await channel.fetch("b1", None)


@pytest.mark.parametrize("status", ["400", "422", "409"])
async def test_a_slot_taken_between_the_look_and_the_hold_is_taken(desk: Desk, status: str) -> None:
    await desk.turn(taken_error=status)
    await desk.guest(1, hour(4), confirm=False)
    with pytest.raises(Taken):
        await desk.channel.hold(SALON, hour(4), ours("b1"))
    assert desk.wire.count("offers") == (status != "409")


@pytest.mark.parametrize("status", ["400", "422"])
async def test_a_hold_refused_for_another_reason_is_rejected(desk: Desk, status: str) -> None:
    await desk.turn(validation_status=status, foreign_phone="refused")
    with pytest.raises(Rejected) as caught:
        await desk.channel.hold(SALON, hour(4), replace(ours("b1"), phone="+49301234567"))
    assert caught.value.status == int(status)
    assert "+4930" not in str(caught.value)


async def test_slots_that_cannot_tell_leave_a_refused_hold_undecided(desk: Desk) -> None:
    await desk.guest(1, hour(4))
    await desk.control("POST", "faults", {"path": ".*/slots", "kind": "html"})
    with pytest.raises(Broken):
        await desk.channel.hold(SALON, hour(4), ours("b1"))


async def test_a_hold_on_a_product_that_is_not_there_is_rejected(desk: Desk) -> None:
    with pytest.raises(Rejected):
        await desk.channel.hold(listing("x", 1, "no-such-product"), hour(4), ours("b1"))
    with pytest.raises(Rejected):
        await desk.channel.offers(listing("x", 1, "no-such-product"), hour(4).span)


@pytest.mark.parametrize("answer", ["location_on_2xx", "location_on_3xx"])
@pytest.mark.parametrize("body", ["full", "empty"])
async def test_a_confirmation_that_wants_payment_is_looked_at_and_never_followed(
    answer: str, body: str
) -> None:
    """We always send `paymentEnabled: false`; this is a provider that asks for payment nevertheless."""
    async with opened({"patch_body": body}) as desk:
        placed = await desk.channel.hold(SALON, hour(4), ours("b1"))
        status = 200 if answer == "location_on_2xx" else 303
        headers = {"Location": "https://checkout.stripe.com/pay/x"}
        fault = {"method": "PATCH", "status": status, "headers": headers, "count": 1}
        await desk.control("POST", "faults", fault)
        with pytest.raises(Rejected):
            await desk.channel.commit(SALON, placed.external_id, ours("b1"))
        await desk.control("POST", "faults", {**fault, "when": "after"})
        assert (await desk.channel.commit(SALON, placed.external_id, ours("b1"))).booked


async def test_our_confirmation_never_enables_payment(desk: Desk) -> None:
    await desk.turn(payment_default="on")
    placed = await desk.channel.hold(SALON, hour(4), ours("b1"))
    await desk.channel.commit(SALON, placed.external_id, ours("b1"))
    assert (await desk.seen(placed.external_id)).status == "confirmed"
    body = next(one.body for one in desk.wire.requests if one.operation == "commit")
    assert json.loads(body or b"")["paymentEnabled"] is False


async def test_a_confirmation_answered_as_still_held_is_not_believed(desk: Desk) -> None:
    placed = await desk.channel.hold(SALON, hour(4), ours("b1"))
    body = json.dumps({"id": placed.external_id, "status": "PENDING"})
    await desk.control("POST", "faults", {"method": "PATCH", "status": 200, "body": body})
    with pytest.raises(Rejected):
        await desk.channel.commit(SALON, placed.external_id, ours("b1"))


async def test_a_confirmation_refused_although_the_hold_lives_is_rejected(desk: Desk) -> None:
    placed = await desk.channel.hold(SALON, hour(4), ours("b1"))
    await desk.control("POST", "faults", {"method": "PATCH", "status": 422})
    with pytest.raises(Rejected):
        await desk.channel.commit(SALON, placed.external_id, ours("b1"))


async def test_a_confirmation_refused_because_it_was_done_before_is_done(desk: Desk) -> None:
    placed = await desk.channel.hold(SALON, hour(4), ours("b1"))
    await desk.control("POST", "faults", {"method": "PATCH", "when": "after", "count": 1})
    with pytest.raises(Unknown):
        await desk.channel.commit(SALON, placed.external_id, ours("b1"))
    await desk.control("POST", "faults", {"method": "PATCH", "status": 409})
    assert (await desk.channel.commit(SALON, placed.external_id, ours("b1"))).booked


async def test_a_confirmation_that_is_not_understood_is_rejected_without_a_look(desk: Desk) -> None:
    placed = await desk.channel.hold(SALON, hour(4), ours("b1"))
    await desk.control("POST", "faults", {"method": "PATCH", "status": 415})
    with pytest.raises(Rejected):
        await desk.channel.commit(SALON, placed.external_id, ours("b1"))
    assert desk.wire.count("fetch") == 0


@pytest.mark.parametrize("ahead", [-300, 300])
async def test_a_lapsed_hold_is_gone_whatever_boseats_clock_shows(ahead: int) -> None:
    shown = "still_RESERVED_15_MIN_but_slot_free"
    async with opened({"expired_hold": shown}, ahead=ahead) as desk:
        placed = await desk.channel.hold(SALON, hour(4), ours("b1"))
        desk.clock.advance(901)
        with pytest.raises(Gone):
            await desk.channel.commit(SALON, placed.external_id, ours("b1"))


async def test_a_lapsed_hold_whose_slot_a_guest_has_is_gone() -> None:
    async with opened({"expired_hold": "still_RESERVED_15_MIN_but_slot_free"}) as desk:
        placed = await desk.channel.hold(SALON, hour(4), ours("b1"))
        desk.clock.advance(910)
        await desk.guest(1, hour(4))
        with pytest.raises(Gone):
            await desk.channel.commit(SALON, placed.external_id, ours("b1"))


async def test_a_release_refused_for_what_is_over_already_is_done(desk: Desk) -> None:
    placed = await desk.channel.hold(SALON, hour(4), ours("b1"))
    await desk.channel.release(placed.external_id, False, HOUSE)
    await desk.control("POST", "faults", {"method": "PATCH", "status": 422})
    await desk.channel.release(placed.external_id, False, HOUSE)


async def test_a_release_of_what_was_deleted_is_done(desk: Desk) -> None:
    placed = await desk.channel.hold(SALON, hour(4), ours("b1"))
    await desk.control("POST", f"boseat/{placed.external_id}/delete")
    await desk.channel.release(placed.external_id, False, HOUSE)


async def test_a_guests_booking_is_cancelled_in_the_guests_name(desk: Desk) -> None:
    ref = await desk.guest(1, hour(4))
    await desk.channel.cancel(ref, "double booking", HOUSE)
    seen = await desk.seen(ref)
    assert (seen.status, seen.guest.email) == ("cancelled", "guest@example.test")
    sent = next(one.body for one in desk.wire.requests if one.operation == "cancel")
    assert json.loads(sent or b"") == {
        "email": "guest@example.test",
        "phone": "+33600000000",
        "status": "CANCEL",
    }


async def test_cancelling_again_or_what_is_gone_costs_no_write(desk: Desk) -> None:
    ref = await desk.guest(1, hour(4))
    await desk.channel.cancel(ref, "double booking", HOUSE)
    await desk.channel.cancel(ref, "double booking", HOUSE)
    await desk.channel.cancel("no-such-booking", "double booking", HOUSE)
    assert desk.wire.count("cancel") == 1


async def test_the_house_stands_in_where_a_booking_tells_no_contact() -> None:
    async with opened({"customer_unconfirmed": "hidden"}) as desk:
        ref = await desk.guest(1, hour(4), confirm=False)
        await desk.channel.cancel(ref, "double booking", HOUSE)
        assert await desk.taken(1) == []


async def test_a_booking_that_the_provider_will_not_cancel_is_rejected() -> None:
    async with opened({"cancel_confirmed": "refused_422"}) as desk:
        ref = await desk.guest(1, hour(4))
        with pytest.raises(Rejected):
            await desk.channel.cancel(ref, "double booking", HOUSE)


async def test_of_many_holds_on_one_slot_one_wins(desk: Desk) -> None:
    holds = (desk.channel.hold(SALON, hour(4), ours(f"b{number}")) for number in range(8))
    results = await asyncio.gather(*holds, return_exceptions=True)
    assert sum(isinstance(one, Taken) for one in results) == 7
    assert len(await desk.taken(1)) == 1


async def test_a_new_booking_that_is_not_shown_yet_is_absent_for_a_while() -> None:
    async with opened({"lag_seconds": "20"}) as desk:
        placed = await desk.channel.hold(SALON, hour(4), ours("b1"))
        assert isinstance(await desk.channel.fetch(placed.external_id, None), Absent)
        desk.clock.advance(20)
        assert (await desk.seen(placed.external_id)).status == "held"


@pytest.mark.parametrize("form", ["seconds", "http_date"])
@pytest.mark.parametrize("headers", ["all", "retry_after_only", "x_ratelimit_only", "none"])
async def test_a_spent_budget_is_limited_with_a_wait(form: str, headers: str) -> None:
    switches = {"writes_per_minute": "2", "retry_after_form": form, "rate_headers": headers}
    async with opened(switches) as desk:
        for number in (4, 5):
            await desk.channel.hold(SALON, hour(number), ours("b1"))
        with pytest.raises(Limited) as caught:
            await desk.channel.hold(SALON, hour(6), ours("b1"))
        known = headers in ("all", "retry_after_only")
        assert caught.value.retry_after == (60 if known else 5)
        desk.clock.advance(60)
        await desk.channel.hold(SALON, hour(6), ours("b1"))
