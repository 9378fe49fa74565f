"""Webhooks from the simulator to the channel: every change is told, whatever happens to the deliveries."""

import asyncio
import itertools
from collections.abc import Mapping

import pytest
from tests.patience import HANGS

from holdfast.channel import Forged, Hint, Rejected, Stale
from holdfast.channels.boseat.protocol.subscriptions import (
    EVENTS,
    event_request,
    read_event,
    subscribe_request,
)
from holdfast.channels.boseat.wire import EventRecord
from holdfast.channels.boseat.workspace import subscribe

from .desk import SALON, SECRET, Desk, hour, opened, ours


async def told(desk: Desk, count: int) -> list[Hint]:
    """The hints of so many deliveries."""
    deliveries = await desk.hooks.wait(count)
    return [desk.channel.read_webhook(*one, desk.clock.now())[0] for one in deliveries]


async def test_every_change_of_a_booking_is_told(desk: Desk) -> None:
    ref = await desk.guest(1, hour(4), confirm=False)
    steps = (f"guest/{ref}/confirm", f"boseat/{ref}/pay", f"boseat/{ref}/refund")
    for step in steps:
        await desk.control("POST", step)
    await desk.control("POST", f"boseat/{ref}/delete")
    hints = await told(desk, 5)
    assert sorted(hint.raw_type for hint in hints) == [
        "booking.created",
        "booking.deleted",
        *["booking.updated"] * 3,
    ]
    assert {hint.external_id for hint in hints} == {ref}


@pytest.mark.parametrize(
    ("names", "cancel", "expected"),
    [
        ("enum", "updated_only", {"booking.created", "booking.updated"}),
        ("enum", "both", {"booking.created", "booking.updated", "booking.cancelled"}),
        (
            "booking_tutorial",
            "cancelled_only",
            {"booking.created", "booking.updated", "booking.paid", "booking.cancelled"},
        ),
        (
            "webhook_tutorial",
            "cancelled_only",
            {
                "booking.created",
                "booking.updated",
                "booking.cancelled",
                "invoice.created",
                "invoice.paid",
            },
        ),
    ],
)
async def test_the_names_of_events_are_those_of_the_chosen_page(
    names: str, cancel: str, expected: set[str]
) -> None:
    async with opened({"event_names": names, "cancel_events": cancel}) as desk:
        ref = await desk.guest(1, hour(4))
        await desk.control("POST", f"boseat/{ref}/pay")
        await desk.control("POST", f"guest/{ref}/cancel")
        deliveries = await desk.control("GET", "webhooks")
        assert {one["kind"] for one in deliveries} == expected
        hints = await told(desk, len(deliveries))
        kept = {hint.raw_type for hint in hints if hint.external_id == ref}
        assert kept == {name for name in expected if name.startswith("booking.")}


SIGNATURES = list(
    itertools.product(
        ("body", "t_dot_body"),
        ("hex", "base64"),
        ("seconds", "milliseconds", "iso"),
        ("one", "two", "extra_scheme"),
    )
)


@pytest.mark.parametrize(("signed", "encoding", "time", "values"), SIGNATURES)
async def test_every_form_of_signature_is_believed_and_every_forgery_refused(
    signed: str, encoding: str, time: str, values: str
) -> None:
    switches = {
        "signature_input": signed,
        "signature_encoding": encoding,
        "signature_t": time,
        "signature_values": values,
    }
    async with opened(switches) as desk:
        await desk.guest(1, hour(4))
        hints = await told(desk, 2)
        assert {hint.raw_type for hint in hints} == {"booking.created", "booking.updated"}
        for how in ("wrong_secret", "altered_body", "missing_header", "reserialised"):
            await _forged(desk, how)
        if signed == "t_dot_body":
            await _forged(desk, "old_time", Stale)


async def _forged(desk: Desk, how: str, refusal: type[Forged] = Forged) -> None:
    desk.hooks.got.clear()
    await desk.control("POST", "boseat/forge", {"ref": "b1", "how": how})
    ((headers, body),) = await desk.hooks.wait(1)
    with pytest.raises(refusal):
        desk.channel.read_webhook(headers, body, desk.clock.now())


async def test_a_replay_is_believed_while_fresh_and_stale_afterwards() -> None:
    async with opened({"signature_input": "t_dot_body", "signature_t_on_retry": "kept"}) as desk:
        await desk.guest(1, hour(4))
        await desk.hooks.wait(2)
        await desk.control("POST", "boseat/replay", {"number": 1})
        headers, body = (await desk.hooks.wait(3))[2]
        desk.clock.advance(300)
        assert desk.channel.read_webhook(headers, body, desk.clock.now())
        desk.clock.advance(1)
        with pytest.raises(Stale):
            desk.channel.read_webhook(headers, body, desk.clock.now())


@pytest.mark.parametrize("where", ["body_id", "body_eventId", "header"])
async def test_an_event_id_is_the_same_for_every_copy_of_a_delivery(where: str) -> None:
    async with opened({"event_id": where}) as desk:
        await desk.control("PUT", "webhooks", {"copies": 2})
        await desk.guest(1, hour(4), confirm=False)
        first, second = await told(desk, 2)
        assert first.delivery_id == second.delivery_id == "evt-1"


async def test_deliveries_may_come_out_of_order(desk: Desk) -> None:
    await desk.control("PUT", "webhooks", {"keep_back": True})
    await desk.guest(1, hour(4))
    await desk.control("POST", "webhooks/flush", {"order": "reverse"})
    assert len(await told(desk, 2)) == 2


async def test_a_receiver_that_fails_is_tried_again_and_the_event_record_shows_it(
    desk: Desk,
) -> None:
    desk.hooks.answer = 503
    await desk.guest(1, hour(4), confirm=False)
    await desk.hooks.wait(1)
    desk.hooks.answer = 204
    async with asyncio.timeout(HANGS):
        while (record := await _record(desk)).status != "delivered":
            desk.clock.advance(1)
    assert (record.type, record.response) == ("booking.created", {"status": 204})
    assert len(desk.hooks.got) == 2


async def _record(desk: Desk) -> EventRecord:
    request = event_request("whk-1", "evt-1")
    return read_event(request, await desk.caller.send(request))


@pytest.mark.parametrize("event", ["booking.updated", "booking.deleted"])
@pytest.mark.parametrize("how", ["404", "CANCEL", "still_RESERVED_15_MIN_but_slot_free"])
async def test_a_lapse_is_told_when_the_clock_passes_it_with_nobody_looking(
    event: str, how: str
) -> None:
    async with opened({"expiry_event": event, "expired_hold": how}) as desk:
        ref = await desk.guest(1, hour(4), confirm=False)
        await desk.hooks.wait(1)
        desk.clock.advance(900)
        created, lapsed = await told(desk, 2)
        assert (created.raw_type, lapsed.raw_type) == ("booking.created", event)
        assert lapsed.external_id == ref


@pytest.mark.parametrize(("echo", "count"), [("on", 2), ("off", 0)])
async def test_our_own_changes_are_told_to_us_unless_switched_off(echo: str, count: int) -> None:
    async with opened({"echo": echo}) as desk:
        placed = await desk.channel.hold(SALON, hour(4), ours("b1"))
        await desk.channel.commit(SALON, placed.external_id, ours("b1"))
        assert len(await desk.control("GET", "webhooks")) == count


async def test_a_subscription_that_fails_too_often_is_switched_off() -> None:
    async with opened({"webhook_auto_disable": "2"}) as desk:
        desk.hooks.answer = 410
        for number in (4, 5, 6):
            await desk.guest(1, hour(number), confirm=False)
            await desk.hooks.wait(min(2, number - 3))
        assert len(await desk.control("GET", "webhooks")) == 2


@pytest.mark.parametrize("field", ["events", "subscription"])
@pytest.mark.parametrize("names", ["subscriptions_path", "refuses_unknown_names"])
async def test_subscribing_finds_the_names_and_the_spelling_that_are_accepted(
    field: str, names: str
) -> None:
    async with opened({"subscription_fields": field, "subscription_api": names}) as desk:
        made = await subscribe(desk.caller, desk.hooks.url, SECRET)
        known = EVENTS if names == "subscriptions_path" else EVENTS[:3]
        assert (made.id, made.url, made.events) == ("whk-2", desk.hooks.url, known)
        await desk.guest(1, hour(4), confirm=False)
        assert len(await told(desk, 2)) == 2


async def test_where_subscriptions_have_no_api_the_operator_is_told() -> None:
    async with opened({"subscription_api": "absent"}) as desk:
        with pytest.raises(Rejected, match="dashboard"):
            await subscribe(desk.caller, desk.hooks.url, SECRET)


async def test_subscribing_that_is_refused_whatever_is_tried_says_why(desk: Desk) -> None:
    await desk.control("POST", "faults", {"path": "/v1/webhooks/.*", "status": 422})
    with pytest.raises(Rejected, match="422"):
        await subscribe(desk.caller, desk.hooks.url, SECRET)


async def test_a_subscriber_is_told_only_of_the_events_it_asked_for(desk: Desk) -> None:
    await desk.caller.send(subscribe_request(desk.hooks.url, ["booking.deleted"], SECRET))
    ref = await desk.guest(1, hour(4), confirm=False)
    await desk.control("POST", f"boseat/{ref}/delete")
    kinds = [one["kind"] for one in await desk.control("GET", "webhooks")]
    assert kinds == ["booking.created", "booking.deleted", "booking.deleted"]


PAYMENTS: Mapping[str, tuple[str, str]] = {
    "paid": ("confirmed", "paid"),
    "refunded_later": ("confirmed", "paid"),
    "abandoned": ("confirmed", "none"),
    "failed": ("confirmed", "none"),
}


@pytest.mark.parametrize("outcome", PAYMENTS)
async def test_a_payment_shows_in_the_booking(outcome: str) -> None:
    async with opened({"payment_outcome": outcome, "event_names": "webhook_tutorial"}) as desk:
        ref = await desk.guest(1, hour(4))
        await desk.control("POST", f"boseat/{ref}/pay")
        seen = await desk.seen(ref)
        assert (seen.status, seen.payment) == PAYMENTS[outcome]
        kinds = {one["kind"] for one in await desk.control("GET", "webhooks")}
        assert ("payment.failed" in kinds) == (outcome == "failed")
