"""Absurd values in otherwise good bookings: what comes through can be kept and reckoned with, the rest is shown."""

from collections.abc import Iterator, Mapping
from datetime import timedelta

import pytest
from tests.channels.liar import (
    CONTACT,
    DAY,
    NOW,
    READS,
    REF,
    SPAN,
    Liar,
    booking,
    lying,
    page,
    told,
)
from tests.channels.test_hostile_answers import CHANNELS, NOWHERE

from holdfast.channel import HOLD_MARGIN, Broken, ChannelError, NotSent, Page, Unknown
from holdfast.inventory.model import Offer, Seen

HUGE = "x" * 2**20
ABSURD: tuple[object, ...] = (
    *(None, True, 0, -1, 10**12, 10**400, 1e308, float("nan"), float("inf"), -62135596800),
    *("", "\0", "Ada\0", "\ud800", HUGE, "<script>alert(1)</script>", "'; drop table bookings; --"),
    *("0000-00-00T00:00:00Z", "0001-01-01T00:00:00+14:00", "9999-12-31T23:59:59-14:00"),
    *("2026-11-24T12:00:00", "tomorrow", [], [[]], {}, {"id": "\0"}, 253402300799999),
)


def fields(of: Mapping[str, object]) -> Iterator[tuple[str, ...]]:
    """Every field of a booking, those of the objects in it as well."""
    for name, value in of.items():
        yield (name,)
        if isinstance(value, dict):
            yield from ((name, *inner) for inner in fields(value))


def with_value(of: Mapping[str, object], path: tuple[str, ...], value: object) -> dict[str, object]:
    first, *rest = path
    inner = of[first]
    changed = with_value(inner, tuple(rest), value) if rest and isinstance(inner, dict) else value
    return {**of, first: changed}


def spoilt(liar: Liar, *, longest: int) -> list[dict[str, object]]:
    """A booking for each field and each absurd value of it, all of different ids where that is not it."""
    good = booking(liar)
    values = [value[:longest] if isinstance(value, str) else value for value in ABSURD]
    found = [with_value(good, path, value) for path in fields(good) for value in values]
    return [
        {**one, "id": f"spoilt-{number}"} if one["id"] == REF else one
        for number, one in enumerate(found)
    ]


def unfit(seen: Seen) -> list[str]:
    """What in it the store could not keep, or nobody could reckon with."""
    guest = seen.guest
    texts = [seen.external_id, seen.raw_status, guest.name, guest.email, guest.phone, guest.locale]
    texts += [seen.marker, *seen.extra.values()]
    found = [repr(text)[:40] for text in texts if text is not None and not _keepable(text)]
    moments = [seen.held_until, seen.made_at]
    moments += [seen.span.start, seen.span.end] if seen.span else []
    found += [str(at) for at in moments if at is not None and not 1970 <= at.year <= 2201]
    if seen.span is not None and seen.span.length > timedelta(days=366):
        found.append(str(seen.span))
    if seen.party_size is not None and not 0 < seen.party_size <= 10_000:
        found.append(f"party {seen.party_size}")
    return found


def _keepable(text: str) -> bool:
    try:
        return len(text.encode()) <= 2_000 and "\0" not in text
    except UnicodeEncodeError:
        return False


@pytest.mark.parametrize("name", CHANNELS)
async def test_a_list_of_absurd_bookings_shows_the_good_one_and_tells_of_all_others(
    name: str,
) -> None:
    async with lying(name, told(None)) as liar:
        rows = spoilt(liar, longest=5_000)
        body = told(page(name, *rows, booking(liar)))
        liar.reads = lambda path: told(page(name)) if NOWHERE in path else body
        pages = await READS["scan"](liar)
    assert isinstance(pages, list)
    assert all(isinstance(one, Page) for one in pages)
    seen = {one.external_id: one for each in pages for one in each.bookings}
    assert REF in seen
    assert {ref: why for ref, one in seen.items() if (why := unfit(one))} == {}
    strange = {one.raw for each in pages for one in each.strange}
    assert strange
    assert max(map(len, strange)) <= 2000
    assert {row["id"] for row in rows if str(row["id"]).startswith("spoilt")} <= {
        *seen,
        *(one.ref for each in pages for one in each.strange),
    }
    assert not pages[-1].complete


@pytest.mark.parametrize("name", CHANNELS)
async def test_an_absurd_booking_that_is_fetched_is_fit_to_be_kept_or_broken(name: str) -> None:
    found: list[str] = []
    async with lying(name, told(None)) as liar:
        for row in spoilt(liar, longest=2**20):
            liar.reads = lambda path, row=row: told(
                page(name) if "?" in path else {**row, "id": REF}
            )
            try:
                seen = await READS["fetch"](liar)
            except Broken:
                continue
            assert isinstance(seen, Seen)
            found += unfit(seen)
    assert found == []


@pytest.mark.parametrize("name", CHANNELS)
async def test_absurd_answers_to_a_hold_are_a_hold_or_of_unknown_outcome(name: str) -> None:
    async with lying(name, told(None)) as liar:
        for seconds in (*ABSURD, 1e9, "420"):
            liar.says = told({"id": REF, "holdingTime": seconds, "bookingDate": seconds})
            try:
                placed = await liar.channel.hold(liar.listing, Offer(span=SPAN), CONTACT)
            except Unknown:
                continue
            assert placed.expires_at is not None
            assert NOW - HOLD_MARGIN < placed.expires_at < NOW + timedelta(days=1)


@pytest.mark.parametrize("name", CHANNELS)
async def test_absurd_offers_are_left_out_and_make_the_sheet_incomplete(name: str) -> None:
    async with lying(name, told(None)) as liar:
        for value in ABSURD:
            liar.says = told(absurd_offers(name, value))
            try:
                sheet = await liar.channel.offers(liar.listing, DAY)
            except ChannelError:
                continue
            assert all(DAY.start <= offer.span.start < DAY.end for offer in sheet.offers)
            assert all(offer.span.length <= timedelta(days=366) for offer in sheet.offers)


def absurd_offers(name: str, value: object) -> object:
    if name == "boseat":
        start = SPAN.start.isoformat()
        return [{"from": start, "to": value}, {"from": value, "to": start}, value]
    slots = [{"time": value}, {"time": "12:00", "amount": value, "type": value}]
    return {"slots": slots, "date": value, "nextAvailability": {"date": value}}


@pytest.mark.parametrize("token", ["a\r\nHost: elsewhere", "a\0", "ü", "\ud800", "", "x" * 2**20])
async def test_a_token_that_is_more_than_a_token_is_not_used(token: str) -> None:
    async with lying("boseat", told(None)) as liar:
        liar.token = token
        with pytest.raises(NotSent):
            await READS["fetch"](liar)
        assert liar.asked == []
