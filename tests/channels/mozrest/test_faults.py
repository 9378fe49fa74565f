"""What goes wrong on the way: the outcome is classed, and reading settles what is not known."""

import asyncio
from datetime import timedelta

import pytest
from pydantic import BaseModel

from holdfast.channel import (
    HOLD_MARGIN,
    Listing,
    NotSent,
    Rejected,
    Taken,
    Unknown,
)
from holdfast.channels.mozrest import KIND
from holdfast.channels.mozrest.client import MozrestChannel
from holdfast.channels.mozrest.settings import AccountSettings
from holdfast.channels.mozrest.translate import settings_of
from holdfast.clock import SkewedClock
from holdfast.inventory.model import Absent, Seen
from holdfast.kind import Connection

from .rig import (
    HOUSE,
    MONDAY,
    PARIS,
    SALON_LISTING,
    Rig,
    at,
    connected,
    listing,
    offer,
    rigged,
)

SPOILT = [
    {"status": 500},
    {"status": 302, "headers": {"Location": "/elsewhere"}},
    {"kind": "html"},
    {"kind": "empty"},
    {"kind": "truncated"},
    {"kind": "reset"},
    {"kind": "hang", "seconds": 0.05},
]


async def acted(rig: Rig, act: str, ref: str) -> None:
    if act == "commit":
        await rig.channel.commit(SALON_LISTING, ref, HOUSE)
    elif act == "move":
        await rig.channel.move(SALON_LISTING, ref, offer("18:00"), 4)
    else:
        await rig.channel.cancel(ref, "clash", HOUSE)


@pytest.mark.parametrize("rule", SPOILT, ids=lambda rule: rule.get("kind", rule.get("status")))
@pytest.mark.parametrize("act", ["commit", "move", "cancel"])
@pytest.mark.parametrize("when", ["before", "after"])
async def test_a_write_with_a_spoilt_answer_is_unknown_and_settled_by_reading(
    rule: dict[str, object], act: str, when: str
) -> None:
    async with rigged() as rig:
        if act == "commit":
            ref = (await rig.channel.hold(SALON_LISTING, offer("12:00"), HOUSE)).external_id
        else:
            ref = await rig.guest_books(at("12:00"))
        await rig.fault(path=".*/(pending-)?booking/.*", method="PUT", when=when, **rule)
        with pytest.raises(Unknown):
            await acted(rig, act, ref)
        await rig.control("DELETE", "/faults")
        assert await happened(rig, act, ref) == (when == "after")


async def happened(rig: Rig, act: str, ref: str) -> bool:
    """Told by reading alone."""
    if act == "commit":
        return bool(await rig.channel.find(SALON_LISTING, offer("12:00"), HOUSE, MONDAY))
    seen = await rig.channel.fetch(ref, None)
    assert isinstance(seen, Seen)
    return seen.status == "cancelled" if act == "cancel" else seen.span == offer("18:00").span


async def test_a_write_is_sent_only_once_whatever_happens_to_it() -> None:
    async with rigged() as rig:
        ref = await rig.guest_books(at("12:00"))
        await rig.fault(path=".*/booking/.*", method="PUT", kind="reset", when="after", count=1)
        with pytest.raises(Unknown):
            await rig.channel.move(SALON_LISTING, ref, offer("18:00"), 4)
        requests = await rig.control("GET", "/requests")
        assert [one["method"] for one in requests].count("PUT") == 1


async def test_nothing_was_sent_where_nobody_listens() -> None:
    async with rigged() as rig:
        server = await asyncio.start_server(lambda reader, writer: None, "127.0.0.1", 0)
        port = server.sockets[0].getsockname()[1]
        server.close()
        await server.wait_closed()
        deaf = connected(f"http://127.0.0.1:{port}", rig.journal, rig.clock, (SALON_LISTING,), {})
        with pytest.raises(NotSent):
            await deaf.hold(SALON_LISTING, offer("12:00"), HOUSE)


async def test_the_provider_may_cancel_a_hold_by_closing_and_the_commit_then_stands_or_falls() -> (
    None
):
    async with rigged() as rig:
        held = await rig.channel.hold(SALON_LISTING, offer("12:00"), HOUSE)
        place = "619decd55bf9cb36aaa00dd6"
        await rig.control("PUT", f"/hours/{place}", {"closed_on": ["2027-03-16"]})
        block = await rig.channel.commit(SALON_LISTING, held.external_id, HOUSE)
        await rig.control("POST", f"/venue/{block.external_id}/cancel")
        seen = await rig.channel.fetch(block.external_id, None)
        assert isinstance(seen, Seen)
        assert (seen.status, seen.extra["cancel_actor"]) == ("cancelled", "restaurant")


async def test_a_block_that_the_venue_declines_at_once_is_taken() -> None:
    async with rigged() as rig:
        held = await rig.channel.hold(SALON_LISTING, offer("12:00"), HOUSE)
        body = '{"id": "b", "status": "declined"}'
        await rig.fault(path=".*/pending-booking/.*", status=200, body=body)
        with pytest.raises(Taken):
            await rig.channel.commit(SALON_LISTING, held.external_id, HOUSE)


async def test_a_commit_answered_without_an_id_is_unknown() -> None:
    async with rigged() as rig:
        held = await rig.channel.hold(SALON_LISTING, offer("12:00"), HOUSE)
        await rig.fault(path=".*/pending-booking/.*", status=200, body='{"error": "maybe"}')
        with pytest.raises(Unknown):
            await rig.channel.commit(SALON_LISTING, held.external_id, HOUSE)


async def test_a_cancelling_refused_by_a_booking_that_is_over_by_then_is_done() -> None:
    async with rigged(switches={"cancel_twice": "402"}) as rig:
        ref = await rig.guest_books(at("12:00"))
        await rig.fault(path=".*/cancel", status=402, when="after", count=1)
        await rig.channel.cancel(ref, "clash", HOUSE)
        assert await rig.taken() == []


async def test_a_failed_probe_fails_the_sheet_rather_than_shortening_it() -> None:
    async with rigged() as rig:
        await rig.offers()
        await rig.fault(path=".*/availability", status=500, count=1)
        with pytest.raises(NotSent):
            await rig.offers()


@pytest.mark.parametrize("status", [401, 429, 500])
async def test_failing_to_explain_a_refused_hold_never_hides_that_it_was_refused(
    status: int,
) -> None:
    async with rigged() as rig:
        await rig.fault(path=".*/pending-booking", status=404)
        await rig.fault(path=".*/availability", status=status)
        with pytest.raises(NotSent):
            await rig.channel.hold(SALON_LISTING, offer("12:00"), HOUSE)


async def test_a_venue_that_is_not_known_at_all_is_rejected_not_tried_for_ever() -> None:
    async with rigged() as rig:
        nowhere = listing("salon", venue_id="nowhere")
        with pytest.raises(Rejected):
            await rig.channel.hold(nowhere, offer("12:00"), HOUSE)


@pytest.mark.parametrize("seconds", [-300, 300])
async def test_a_skewed_clock_does_not_shift_what_is_told(seconds: int) -> None:
    async with rigged() as rig:
        ours = SkewedClock(rig.clock, lambda: seconds)
        skewed = reconnected(rig, ours)
        held = await skewed.hold(SALON_LISTING, offer("12:00"), HOUSE)
        assert held.expires_at == ours.now() + timedelta(seconds=420) - HOLD_MARGIN
        block = await skewed.commit(SALON_LISTING, held.external_id, HOUSE)
        seen = await skewed.fetch(block.external_id, None)
        assert isinstance(seen, Seen)
        assert (seen.read_at, seen.span) == (ours.now(), offer("12:00").span)


def reconnected(rig: Rig, clock: SkewedClock) -> MozrestChannel:
    settings = AccountSettings.model_validate({"base_url": rig.url, "api_key": {"env": "KEY"}})
    connection = Connection(
        account="skewed",
        settings=settings,
        listings=[SALON_LISTING],
        transport=rig.journal,
        clock=clock,
        environ={"KEY": "mozrest-example-key"},
    )
    return MozrestChannel(connection, settings)


class Strange(BaseModel):
    """Some other channel's settings."""


async def test_another_channels_settings_are_refused_at_once() -> None:
    async with rigged() as rig:
        strange = Connection(
            account="strange",
            settings=Strange(),
            listings=[],
            transport=rig.journal,
            clock=rig.clock,
            environ={},
        )
        with pytest.raises(TypeError, match="strange"):
            KIND.connect(strange)


def test_another_channels_listing_is_refused_at_once() -> None:
    strange = Listing(name="loft", zone=PARIS, party_size=2, settings=Strange())
    with pytest.raises(TypeError, match="loft"):
        settings_of(strange)


async def test_two_scans_at_once_do_not_disturb_each_other() -> None:
    async with rigged() as rig:
        ref = await rig.guest_books(at("12:00"))
        both = await asyncio.gather(rig.scanned(), rig.scanned())
        assert [[one.external_id for one in found] for found, _ in both] == [[ref], [ref]]


async def test_a_lapsed_hold_of_ours_leaves_no_trace() -> None:
    async with rigged() as rig:
        held = await rig.channel.hold(SALON_LISTING, offer("12:00"), HOUSE)
        rig.clock.advance(3600 * 2)
        await rig.channel.hold(SALON_LISTING, offer("12:00"), HOUSE)
        assert isinstance(await rig.channel.fetch(held.external_id, None), Absent)
        found, complete = await rig.scanned()
        assert (found, complete) == ([], True)
