"""Each documented ambiguity of the provider, one switch at a time: the channel does the same in all."""

from datetime import timedelta
from pathlib import Path

import pytest

from holdfast.channel import (
    Contact,
    Gone,
    Limited,
    Malformed,
    NotSent,
    Rejected,
    Taken,
    Unauthorised,
    Unknown,
)
from holdfast.channels.mozrest.simulator.switches import CHOICES
from holdfast.inventory.marker import mark
from holdfast.inventory.model import OCCUPYING, Absent, Seen, Span

from .rig import (
    HOUSE,
    MONDAY,
    SALON,
    SALON_LISTING,
    VENUE,
    Rig,
    at,
    listing,
    offer,
    rigged,
)

ADDRESS: dict[str, object] = {"address": {"country": "FR"}}
SETTINGS: dict[tuple[str, str], dict[str, object]] = {
    ("slot_time_zone", "utc"): {"slot_clock": "utc"},
    ("address", "mandatory"): ADDRESS,
}
"""What an operator has to set for a value; all others need nothing."""

OWN_TEST = {
    *("example_epoch_error", "payment_word", "payment_answer_id", "payment_hold", "payment_time"),
    *("payment_signal", "commit_expired", "commit_repeated", "hold_taken", "hold_quota"),
    *("hold_kept", "amend_confirmed", "cancel_twice", "cancel_late", "area_missing"),
    *("venue_param", "availability_lag", "horizon", "horizon_answer", "read_lag", "limit_zero"),
    *(
        "rate_limit",
        "rate",
        "reads_per_minute",
        "writes_per_minute",
        "key",
        "venue_link",
        "webhook_fault",
        "webhook_auth",
        "wrong_method",
    ),
    *("undocumented_release", "one_step_create", "amend_fields"),
}
"""Switches that change an outcome, or that are about calls which we never make."""

TOLERATED = [
    (name, "60" if value == "n" else value)
    for name, values in CHOICES.items()
    for value in values
    if name not in OWN_TEST and (name, value) != ("availability_extras", "durations")
]


async def live(rig: Rig) -> None:
    """One block and one guest's booking, from the first offer to the last release."""
    sheet = await rig.offers()
    assert sheet.complete
    assert [one.span.start for one in sheet.offers] == await sold(rig)
    held = await rig.channel.hold(SALON_LISTING, offer("12:00"), HOUSE)
    block = await rig.channel.commit(SALON_LISTING, held.external_id, HOUSE)
    await check_seen(rig, block.external_id, "12:00", marker="b-1")
    guest = await rig.guest_books(at("18:00"))
    found, complete = await rig.scanned()
    assert complete
    assert {one.external_id for one in found} == {block.external_id, guest}
    await follow_move(rig, guest)
    await rig.channel.move(SALON_LISTING, guest, offer("20:00"), 3)
    await check_seen(rig, guest, "20:00", marker=None)
    await rig.channel.cancel(guest, "clash", HOUSE)
    await rig.channel.release(block.external_id, True, HOUSE)
    await rig.channel.release(block.external_id, True, HOUSE)
    assert await rig.taken() == []


async def sold(rig: Rig) -> list[object]:
    told = await rig.control("GET", "/offers?days=2")
    place, day = f"{VENUE}/{SALON}", at("12:00").date().isoformat()
    return [
        at(one["start"][11:16], day) + timedelta(hours=1)
        for one in told
        if one["place"] == place and one["start"].startswith(day)
    ]


async def check_seen(rig: Rig, ref: str, start: str, marker: str | None) -> None:
    seen = await rig.channel.fetch(ref, "salon")
    assert isinstance(seen, Seen)
    assert (seen.span, seen.marker, seen.listing) == (offer(start).span, marker, "salon")
    assert seen.status in OCCUPYING


async def follow_move(rig: Rig, guest: str) -> None:
    """The guest moves; a webhook tells, and the booking read after it shows where to."""
    to = {"start": at("17:00").isoformat(), "end": at("19:00").isoformat()}
    await rig.control("POST", f"/guest/{guest}/move", to)
    heard = await rig.hears()
    hints = rig.channel.read_webhook(heard[0].headers, heard[0].body, MONDAY)
    assert [hint.external_id for hint in hints] == [guest]
    await check_seen(rig, guest, "17:00", marker=None)


@pytest.mark.parametrize(("name", "value"), TOLERATED)
async def test_the_channel_does_the_same_whatever_is_meant(name: str, value: str) -> None:
    account = SETTINGS.get((name, value))
    async with rigged(switches={name: value}, account=account) as rig:
        await live(rig)


def test_every_switch_is_turned_in_some_test() -> None:
    texts = "".join(path.read_text() for path in Path(__file__).parent.glob("test_*.py"))
    silent = [name for name in OWN_TEST if texts.count(name) < 2]
    assert silent == []


@pytest.mark.parametrize("code", CHOICES["commit_expired"])
@pytest.mark.parametrize("body", CHOICES["error_body"])
async def test_committing_a_lapsed_hold_is_gone_by_any_code(code: str, body: str) -> None:
    """A web page with 404 or 410 may be from some other server on the way: then it is looked at, not believed."""
    switches = {"commit_expired": code, "error_body": body}
    async with rigged(switches=switches) as rig:
        held = await rig.channel.hold(SALON_LISTING, offer("12:00"), HOUSE)
        rig.clock.advance(420)
        with pytest.raises(Unknown if _from_anywhere(code, body) else Gone):
            await rig.channel.commit(SALON_LISTING, held.external_id, HOUSE)


def _from_anywhere(code: str, body: str) -> bool:
    return body == "html" and code in ("404", "410")


async def test_a_commit_refused_while_the_hold_must_still_live_is_rejected() -> None:
    async with rigged(switches={"commit_expired": "400", "hold_kept": "half"}) as rig:
        held = await rig.channel.hold(SALON_LISTING, offer("12:00"), HOUSE)
        rig.clock.advance(300)
        with pytest.raises(Rejected):
            await rig.channel.commit(SALON_LISTING, held.external_id, HOUSE)


async def test_an_old_hold_that_nobody_remembers_is_rejected_not_guessed() -> None:
    async with rigged(switches={"commit_expired": "400"}) as rig:
        ref = await rig.guest_books(at("12:00"), confirm=False)
        rig.clock.advance(500)
        with pytest.raises(Rejected):
            await rig.channel.commit(SALON_LISTING, ref, HOUSE)


@pytest.mark.parametrize("code", CHOICES["hold_taken"])
@pytest.mark.parametrize("body", CHOICES["error_body"])
async def test_a_start_that_somebody_has_is_taken_by_any_code(code: str, body: str) -> None:
    async with rigged(switches={"hold_taken": code, "error_body": body}) as rig:
        await rig.guest_books(at("12:00"), confirm=False)
        with pytest.raises(Unknown if _from_anywhere(code, body) else Taken):
            await rig.channel.hold(SALON_LISTING, offer("12:00"), HOUSE)


async def test_a_hold_refused_though_its_start_is_still_sold_is_rejected() -> None:
    async with rigged() as rig:
        await rig.fault(path=".*/pending-booking", status=400, count=1)
        with pytest.raises(Rejected):
            await rig.channel.hold(SALON_LISTING, offer("12:00"), HOUSE)


async def test_a_refused_hold_that_cannot_be_explained_may_be_tried_again() -> None:
    async with rigged() as rig:
        await rig.fault(path=".*/pending-booking", status=400)
        await rig.fault(path=".*/availability", status=502)
        with pytest.raises(NotSent):
            await rig.channel.hold(SALON_LISTING, offer("12:00"), HOUSE)


async def test_a_taken_start_looks_rejected_for_as_long_as_availability_is_stale() -> None:
    async with rigged(switches={"hold_taken": "400", "availability_lag": "30"}) as rig:
        await rig.fault(path=".*/pending-booking", status=400, count=1)
        with pytest.raises(Rejected):
            await rig.channel.hold(SALON_LISTING, offer("12:00"), HOUSE)
        await rig.guest_books(at("12:00"))
        with pytest.raises(Rejected):
            await rig.channel.hold(SALON_LISTING, offer("12:00"), HOUSE)
        rig.clock.advance(31)
        with pytest.raises(Taken):
            await rig.channel.hold(SALON_LISTING, offer("12:00"), HOUSE)


async def test_too_many_holds_are_refused_as_taken() -> None:
    async with rigged(switches={"hold_quota": "1"}) as rig:
        await rig.channel.hold(SALON_LISTING, offer("12:00"), HOUSE)
        with pytest.raises(Taken):
            await rig.channel.hold(SALON_LISTING, offer("16:00"), HOUSE)


async def test_the_told_holding_time_counts_not_the_usual_one() -> None:
    async with rigged(switches={"holding_time": "60"}) as rig:
        held = await rig.channel.hold(SALON_LISTING, offer("12:00"), HOUSE)
        assert held.expires_at == MONDAY + timedelta(seconds=55)


@pytest.mark.parametrize(
    ("value", "failure"), [("404", Gone), ("402", Gone), ("same", None), ("second", None)]
)
async def test_a_repeated_commit_is_gone_or_answered_with_a_booking(
    value: str, failure: type[Exception] | None
) -> None:
    async with rigged(switches={"commit_repeated": value}) as rig:
        held = await rig.channel.hold(SALON_LISTING, offer("12:00"), HOUSE)
        first = await rig.channel.commit(SALON_LISTING, held.external_id, HOUSE)
        if failure is None:
            again = await rig.channel.commit(SALON_LISTING, held.external_id, HOUSE)
            assert (again.external_id == first.external_id) == (value == "same")
        else:
            with pytest.raises(failure):
                await rig.channel.commit(SALON_LISTING, held.external_id, HOUSE)
        found = await rig.channel.find(SALON_LISTING, offer("12:00"), HOUSE, MONDAY)
        assert first.external_id in {one.external_id for one in found}


def paying_world() -> dict[str, object]:
    area = {"id": SALON, "name": "salon", "booking_type": "t", "card": True, "amount": 2000}
    tables = {"tables": [{"id": "salon", "seats": 12}], "turn": 120}
    return {
        "keys": [{"key": "mozrest-example-key", "channel": "c"}],
        "venues": [{"id": VENUE, "name": "Glasshouse", "areas": [{**area, **tables}]}],
    }


@pytest.mark.parametrize("word", CHOICES["payment_word"])
@pytest.mark.parametrize("answer", CHOICES["payment_answer_id"])
async def test_a_block_never_pays(word: str, answer: str) -> None:
    switches = {"payment_word": word, "payment_answer_id": answer}
    async with rigged(switches=switches, world=paying_world()) as rig:
        held = await rig.channel.hold(SALON_LISTING, offer("12:00"), HOUSE)
        with pytest.raises(Rejected, match="payment"):
            await rig.channel.commit(SALON_LISTING, held.external_id, HOUSE)
        (left,) = await rig.channel.find(SALON_LISTING, offer("12:00"), HOUSE, MONDAY)
        assert (left.status, left.payment, left.marker) == ("pending", "due", "b-1")


@pytest.mark.parametrize("keeps", CHOICES["payment_hold"])
@pytest.mark.parametrize("signal", CHOICES["payment_signal"])
async def test_a_guests_payment_is_seen_by_reading(keeps: str, signal: str) -> None:
    switches = {"payment_hold": keeps, "payment_signal": signal, "payment_time": "600"}
    async with rigged(switches=switches, world=paying_world()) as rig:
        ref = await rig.guest_books(at("12:00"))
        due = await rig.channel.fetch(ref, None)
        assert isinstance(due, Seen)
        assert (due.status, due.payment) == ("pending", "due")
        assert len(await rig.taken()) == (0 if keeps == "released" else 1)
        await rig.control("POST", f"/payment/{ref}/pay")
        paid = await rig.channel.fetch(ref, None)
        assert isinstance(paid, Seen)
        assert (paid.status, paid.payment) == ("confirmed", "none")
        if signal == "webhook":
            assert len(await rig.hears()) == 1


@pytest.mark.parametrize("act", ["fail", "abandon"])
async def test_a_payment_that_never_comes_frees_the_time(act: str) -> None:
    async with rigged(world=paying_world()) as rig:
        ref = await rig.guest_books(at("12:00"))
        await rig.control("POST", f"/payment/{ref}/{act}")
        rig.clock.advance(901)
        seen = await rig.channel.fetch(ref, None)
        assert isinstance(seen, Seen)
        assert seen.status == "cancelled"
        assert await rig.taken() == []


@pytest.mark.parametrize(
    ("value", "failure"), [("400", Rejected), ("402", Taken), ("403", Rejected)]
)
async def test_a_confirmed_booking_may_refuse_to_move(value: str, failure: type[Exception]) -> None:
    async with rigged(switches={"amend_confirmed": value}) as rig:
        ref = await rig.guest_books(at("12:00"))
        with pytest.raises(failure):
            await rig.channel.move(SALON_LISTING, ref, offer("18:00"), 4)
        assert (await rig.taken())[0]["start"] == at("12:00").isoformat()


@pytest.mark.parametrize("value", CHOICES["cancel_twice"])
async def test_a_cancelling_that_somebody_was_faster_with_is_done(value: str) -> None:
    async with rigged(switches={"cancel_twice": value, "read_lag": "30"}) as rig:
        ref = await rig.guest_books(at("12:00"))
        rig.clock.advance(31)
        await rig.control("POST", f"/guest/{ref}/cancel")
        if value == "200":
            await rig.channel.cancel(ref, "clash", HOUSE)
        else:
            # The lag hides the other's cancelling from both reads, so the refusal stands for now.
            with pytest.raises((Rejected, Gone)):
                await rig.channel.cancel(ref, "clash", HOUSE)
        rig.clock.advance(31)
        await rig.channel.cancel(ref, "clash", HOUSE)


async def test_a_cancelling_refused_as_too_late_is_rejected() -> None:
    world = paying_world()
    venues = world["venues"]
    assert isinstance(venues, list)
    venues[0]["min_advance_cancelling"] = 24 * 7
    venues[0]["areas"][0]["card"] = False
    async with rigged(switches={"cancel_late": "refused"}, world=world) as rig:
        ref = await rig.guest_books(at("12:00"))
        with pytest.raises(Rejected):
            await rig.channel.cancel(ref, "clash", HOUSE)
        assert len(await rig.taken()) == 1


@pytest.mark.parametrize(("value", "offered"), [("empty", False), ("any", True), ("default", True)])
async def test_a_venue_with_areas_may_answer_a_listing_that_names_none(
    value: str, offered: bool
) -> None:
    whole = listing("whole", turn_minutes=120)
    async with rigged(switches={"area_missing": value}, listings=(whole,)) as rig:
        sheet = await rig.offers(whole)
        assert bool(sheet.offers) == offered
        assert sheet.complete


async def test_a_listing_that_should_name_an_area_is_told_so() -> None:
    whole = listing("whole", turn_minutes=120)
    async with rigged(switches={"area_missing": "400"}, listings=(whole,)) as rig:
        with pytest.raises(Rejected):
            await rig.offers(whole)


async def test_another_name_of_the_venue_parameter_is_an_error_not_an_empty_day() -> None:
    async with rigged(switches={"venue_param": "mzId"}) as rig:
        with pytest.raises(Rejected):
            await rig.offers()


async def test_a_venue_that_wants_durations_is_never_read_as_empty() -> None:
    async with rigged(switches={"availability_extras": "durations"}) as rig:
        sheet = await rig.offers()
        assert (list(sheet.offers), sheet.complete) == ([], False)


@pytest.mark.parametrize(("value", "complete"), [("empty", True), ("400", False)])
async def test_beyond_the_horizon_nothing_is_known(value: str, complete: bool) -> None:
    async with rigged(switches={"horizon": "2", "horizon_answer": value}) as rig:
        window = Span(start=MONDAY, end=MONDAY + timedelta(days=4))
        sheet = await rig.channel.offers(SALON_LISTING, window)
        assert {one.span.start.date() for one in sheet.offers} <= {
            (MONDAY + timedelta(days=number)).date() for number in range(3)
        }
        assert sheet.offers
        assert sheet.complete == complete


async def test_a_new_booking_that_reads_do_not_show_yet_is_absent_then_found() -> None:
    async with rigged(switches={"read_lag": "20"}) as rig:
        held = await rig.channel.hold(SALON_LISTING, offer("12:00"), HOUSE)
        block = await rig.channel.commit(SALON_LISTING, held.external_id, HOUSE)
        assert isinstance(await rig.channel.fetch(block.external_id, None), Absent)
        assert await rig.channel.find(SALON_LISTING, offer("12:00"), HOUSE, MONDAY) == []
        rig.clock.advance(20)
        assert isinstance(await rig.channel.fetch(block.external_id, None), Seen)


@pytest.mark.parametrize(
    ("value", "failure", "pause"),
    [
        ("429", Limited, 7.0),
        ("429_bare", Limited, 5.0),
        ("403", Rejected, None),
        ("503", NotSent, None),
    ],
)
async def test_too_many_calls_are_told_by_the_answer(
    value: str, failure: type[Exception], pause: float | None
) -> None:
    async with rigged(switches={"rate_limit": value, "rate": "3"}) as rig:
        for _ in range(3):
            await rig.guest_books(at("12:00") + timedelta(days=len(rig.journal.requests)))
            await rig.channel.fetch("b", None)
        with pytest.raises(failure) as refusal:
            await rig.channel.fetch("b", None)
        if isinstance(refusal.value, Limited):
            assert refusal.value.retry_after == pause
        rig.clock.advance(61)
        assert isinstance(await rig.channel.fetch("b", None), Absent)


async def test_a_revoked_key_stops_every_call_and_says_so() -> None:
    async with rigged() as rig:
        ref = await rig.guest_books(at("12:00"))
        await rig.switch(key="revoked")
        with pytest.raises(Unauthorised):
            await rig.channel.fetch(ref, None)
        with pytest.raises(Unauthorised):
            await rig.channel.hold(SALON_LISTING, offer("16:00"), HOUSE)


@pytest.mark.parametrize("value", ["404", "403"])
async def test_a_venue_that_was_unlinked_has_no_complete_scan(value: str) -> None:
    async with rigged() as rig:
        await rig.guest_books(at("12:00"))
        await rig.switch(venue_link=value)
        with pytest.raises((Rejected, Unauthorised)):
            await rig.scanned()
        with pytest.raises((Rejected, Unauthorised)):
            await rig.offers()


async def test_an_unlinked_venue_that_forbids_reads_makes_nothing_absent() -> None:
    async with rigged() as rig:
        ref = await rig.guest_books(at("12:00"))
        await rig.switch(venue_link="403")
        with pytest.raises(Rejected):
            await rig.channel.fetch(ref, None)


async def test_a_webhook_that_is_no_json_is_malformed() -> None:
    async with rigged(switches={"webhook_fault": "not_json"}) as rig:
        await rig.control("POST", f"/guest/{await rig.guest_books(at('12:00'))}/cancel")
        (heard,) = await rig.hears()
        with pytest.raises(Malformed):
            rig.channel.read_webhook(heard.headers, heard.body, MONDAY)


async def test_a_webhook_of_an_unknown_entity_asks_for_nothing() -> None:
    async with rigged(switches={"webhook_fault": "unknown_entity"}) as rig:
        await rig.control("POST", f"/guest/{await rig.guest_books(at('12:00'))}/cancel")
        (heard,) = await rig.hears()
        (hint,) = rig.channel.read_webhook(heard.headers, heard.body, MONDAY)
        assert (hint.external_id, hint.raw_type) == (None, "gift-card.canceled")


async def test_an_environment_that_misreads_instants_is_noticed_by_reading() -> None:
    async with rigged(switches={"example_epoch_error": "wall_clock"}) as rig:
        held = await rig.channel.hold(SALON_LISTING, offer("12:00"), HOUSE)
        block = await rig.channel.commit(SALON_LISTING, held.external_id, HOUSE)
        seen = await rig.channel.fetch(block.external_id, None)
        assert isinstance(seen, Seen)
        assert seen.span == offer("11:00").span


async def test_markers_of_other_blocks_are_not_found() -> None:
    async with rigged() as rig:
        held = await rig.channel.hold(SALON_LISTING, offer("12:00"), HOUSE)
        await rig.channel.commit(SALON_LISTING, held.external_id, HOUSE)
        other = Contact(name="House", email=mark(HOUSE.email, "b-2"), phone="1")
        assert await rig.channel.find(SALON_LISTING, offer("12:00"), other, MONDAY) == []


async def test_a_lost_cancelling_is_settled_by_cancelling_again() -> None:
    async with rigged() as rig:
        ref = await rig.guest_books(at("12:00"))
        await rig.fault(path=".*/cancel", kind="reset", when="after", count=1)
        with pytest.raises(Unknown):
            await rig.channel.cancel(ref, "clash", HOUSE)
        await rig.channel.cancel(ref, "clash", HOUSE)
        assert await rig.taken() == []
