"""A list counts as read whole only if it was, however its rows move meanwhile."""

from datetime import UTC, date, datetime, timedelta

import pytest

from holdfast.channel import Broken, ChannelError
from holdfast.channels.mozrest.paging import MOST_PAGES, Chain, venue_days
from holdfast.channels.mozrest.replies import BookingPage
from holdfast.channels.mozrest.wire import Booking
from holdfast.inventory.model import Span

from .rig import (
    BOARD,
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


def page(*ids: str, total: int | None, unreadable: int = 0) -> BookingPage:
    bookings = [Booking.model_validate({"id": one}) for one in ids]
    return BookingPage(bookings=bookings, rows=len(ids) + unreadable, total=total)


def read(*pages: BookingPage) -> Chain:
    chain = Chain()
    for one in pages:
        assert not chain.done
        chain.take(one)
    return chain


def test_a_list_ends_at_its_total() -> None:
    chain = read(page("a", "b", total=3), page("c", total=3))
    assert (chain.done, chain.whole, chain.offset) == (True, True, 3)


def test_a_list_without_a_total_ends_at_an_empty_page() -> None:
    chain = read(page("a", total=None), page("b", total=None), page(total=None))
    assert (chain.done, chain.whole) == (True, True)


def test_an_empty_page_before_the_total_is_not_whole() -> None:
    chain = read(page("a", total=3), page(total=3))
    assert (chain.done, chain.whole) == (True, False)


def test_a_total_that_changes_is_not_whole() -> None:
    assert not read(page("a", "b", total=3), page("c", "d", total=4)).whole


def test_rows_that_repeat_hide_others_so_it_is_not_whole() -> None:
    assert not read(page("a", "b", total=3), page("b", total=3)).whole


def test_an_unreadable_row_is_not_whole_but_loses_nothing_else() -> None:
    chain = read(page("a", total=2, unreadable=1))
    assert (chain.done, chain.whole) == (True, False)


def test_a_list_without_end_is_left_and_not_whole() -> None:
    chain = Chain()
    for number in range(MOST_PAGES):
        assert not chain.done
        chain.take(page(f"b{number}", total=10**6))
    assert (chain.done, chain.whole) == (True, False)


NIGHT = Span(start=at("00:30"), end=at("23:30"))


def test_days_of_both_clocks_are_asked_for_while_theirs_is_unknown() -> None:
    assert venue_days([SALON_LISTING], NIGHT, None) == [
        (VENUE, date(2027, 3, 15)),
        (VENUE, date(2027, 3, 16)),
    ]


def test_the_days_of_a_known_clock_are_enough() -> None:
    day = Span(start=at("03:00"), end=at("23:30"))
    assert venue_days([SALON_LISTING], day, "venue") == [(VENUE, date(2027, 3, 16))]
    late = Span(start=at("00:00"), end=at("00:45"))
    assert venue_days([SALON_LISTING], late, "utc") == [(VENUE, date(2027, 3, 15))]


def test_one_venue_is_asked_about_once_for_all_its_listings() -> None:
    day = Span(start=at("03:00"), end=at("23:30"))
    assert len(venue_days([SALON_LISTING, listing("chefs-table")], day, "venue")) == 1


def test_a_window_that_ends_at_midnight_does_not_ask_for_the_next_day() -> None:
    day = Span(start=at("03:00"), end=at("00:00", "2027-03-17"))
    assert venue_days([SALON_LISTING], day, "venue") == [(VENUE, date(2027, 3, 16))]


def test_the_longest_turn_reaches_back_over_midnight() -> None:
    long = listing("long", turn_minutes={"2": 60, "8": 300})
    day = Span(start=at("04:00"), end=at("12:00"))
    assert venue_days([long], day, "venue")[0] == (VENUE, date(2027, 3, 15))


def crowded_world() -> dict[str, object]:
    tables = [{"id": f"t{number}", "seats": 4} for number in range(70)]
    area = {"id": SALON, "name": "salon", "booking_type": "t", "tables": tables}
    return {
        "keys": [{"key": "mozrest-example-key", "channel": "c"}],
        "venues": [{"id": VENUE, "name": "v", "areas": [area]}],
    }


async def crowd(rig: Rig) -> set[str]:
    return {await rig.guest_books(at(start)) for start in ("12:00", "19:00") for _ in range(60)}


@pytest.mark.parametrize("order", ["by_date", "stable"])
async def test_a_busy_day_is_read_page_by_page_and_whole(order: str) -> None:
    async with rigged(switches={"list_order": order}, world=crowded_world()) as rig:
        booked = await crowd(rig)
        found, complete = await rig.scanned()
        assert complete
        assert [one.external_id for one in found] == list(
            dict.fromkeys(one.external_id for one in found)
        )
        assert {one.external_id for one in found} == booked
        assert rig.journal.operations() == ["scan"] * 4


@pytest.mark.parametrize("order", ["random", "moving"])
async def test_a_list_whose_rows_move_is_never_called_complete_with_rows_missing(
    order: str,
) -> None:
    async with rigged(switches={"list_order": order}, world=crowded_world()) as rig:
        booked = await crowd(rig)
        for _ in range(5):
            found, complete = await rig.scanned()
            ids = {one.external_id for one in found}
            assert len(ids) == len(found)
            assert ids <= booked
            assert complete == (ids == booked)


async def test_a_page_that_fails_in_the_middle_ends_the_scan() -> None:
    async with rigged(world=crowded_world()) as rig:
        await crowd(rig)
        pages = rig.channel.scan([SALON_LISTING], Span(start=at("03:00"), end=at("23:00")))
        assert not (await anext(pages)).complete
        await rig.fault(path=".*/booking", status=500)
        with pytest.raises(ChannelError):
            _ = [one async for one in pages]


async def test_a_block_is_not_called_absent_by_a_list_that_was_not_read_whole() -> None:
    async with rigged() as rig:
        body = '{"total": 2, "data": [{"id": "b1", "date": "soon"}, {"id": "b2"}]}'
        await rig.fault(path=".*/booking", status=200, body=body)
        with pytest.raises(Broken):
            await rig.channel.find(SALON_LISTING, offer("12:00"), HOUSE, MONDAY)


async def test_each_page_bears_the_moment_its_own_read_began() -> None:
    async with rigged(world=crowded_world()) as rig:
        await crowd(rig)
        moments = set()
        async for one in rig.channel.scan(
            [SALON_LISTING], Span(start=at("03:00"), end=at("23:00"))
        ):
            moments |= {seen.read_at for seen in one.bookings}
            rig.clock.advance(10)
        assert len(moments) == 3


async def test_a_scan_of_nothing_asks_nothing_and_is_complete() -> None:
    async with rigged() as rig:
        window = Span(start=at("03:00"), end=at("23:00"))
        pages = [page async for page in rig.channel.scan([], window)]
        assert [page.complete for page in pages] == [True]
        assert rig.journal.requests == []


async def test_bookings_of_areas_that_are_not_ours_are_seen_without_a_listing() -> None:
    async with rigged(switches={"area_in_booking": "present"}) as rig:
        await rig.guest_books(at("12:00"), area=BOARD)
        (seen,), complete = await rig.scanned()
        assert (seen.listing, seen.span, complete) == (None, None, True)


NIGHTLY = {
    "keys": [{"key": "mozrest-example-key", "channel": "c"}],
    "venues": [
        {
            "id": VENUE,
            "name": "bar",
            "opens": "20:00",
            "closes": "05:00",
            "areas": [
                {"id": SALON, "name": "bar", "tables": [{"id": "t", "seats": 9}], "turn": 60}
            ],
        }
    ],
}


@pytest.mark.parametrize("night", ["2027-03-27", "2027-10-30", "2027-06-12"])
@pytest.mark.parametrize("zone", ["venue", "utc"])
async def test_a_night_in_which_the_clock_is_changed_is_offered_rightly(
    night: str, zone: str
) -> None:
    bar = listing("bar", area_id=SALON, turn_minutes=60)
    switches = {"slot_time_zone": zone, "horizon": "none"}
    async with rigged(
        world=NIGHTLY, switches=switches, listings=(bar,), account={"slot_clock": zone}
    ) as rig:
        rig.clock.advance((at("12:00", night) - rig.clock.now()).total_seconds())
        begin = at("12:00", night)
        sheet = await rig.channel.offers(bar, Span(start=begin, end=begin + timedelta(days=1)))
        told = await rig.control("GET", "/offers?days=1")
        assert [one.span.start.isoformat() for one in sheet.offers] == [o["start"] for o in told]
        # In the hour that comes twice a single HH:MM may be either, so such a night is never sure.
        assert sheet.complete == ((night, zone) != ("2027-10-30", "venue"))


async def test_a_booking_after_midnight_is_found_whoever_s_day_the_list_means() -> None:
    bar = listing("bar", area_id=SALON, turn_minutes=60)
    for zone in ("venue", "utc"):
        async with rigged(world=NIGHTLY, switches={"list_day_zone": zone}, listings=(bar,)) as rig:
            ref = await rig.guest_books(datetime(2027, 3, 16, 23, 30, tzinfo=UTC))
            window = Span(start=at("00:00", "2027-03-17"), end=at("02:00", "2027-03-17"))
            pages = [page async for page in rig.channel.scan([bar], window)]
            assert [one.external_id for page in pages for one in page.bookings] == [ref]
