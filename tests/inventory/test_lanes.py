"""lanes: a channel that counts capacity never has more to sell than there is."""

from collections.abc import Sequence
from dataclasses import replace
from datetime import datetime

from hypothesis import given
from hypothesis import strategies as st
from tests.inventory.made import (
    STEP,
    a_block,
    a_booking,
    a_unit,
    an_outlet,
    at,
    patient,
    some_spans,
    span,
    steps,
    text,
)

from holdfast.inventory.allocate import allocate
from holdfast.inventory.known import Block, Booking, Outlet
from holdfast.inventory.lanes import lane_wishes, lanes_on
from holdfast.inventory.model import Span
from holdfast.inventory.plan import Wish, diff

UNITS = {1: a_unit(1, seats=2), 2: a_unit(2, seats=4), 3: a_unit(3, seats=4, cleanup=15)}
TABLES, SPACE, BUY_OUT, BAR = 1, 2, 3, 4
OUTLETS = {
    TABLES: an_outlet(TABLES, (1, 2, 3), takes="one"),
    SPACE: an_outlet(SPACE, (3,)),
    BUY_OUT: an_outlet(BUY_OUT, (1, 2, 3)),
    BAR: an_outlet(BAR, (1, 2), takes="one"),
}
POOL = OUTLETS[TABLES]
EVENING = [steps(start, 6) for start in range(40)]
"""A start every quarter of an hour, and a turn of ninety minutes."""


@st.composite
def bookings(draw: st.DrawFn) -> list[Booking]:
    """Up to six on one small venue."""
    return [
        a_booking(
            id=number,
            listing_id=draw(st.sampled_from([TABLES, SPACE, BUY_OUT, BAR])),
            status=draw(st.sampled_from(["confirmed", "held", "cancelled"])),
            party_size=draw(st.sampled_from([None, 2, 4, 8])),
            span=draw(st.builds(steps, st.integers(4, 30), st.integers(2, 8))),
            first_seen_at=at("08:00"),
        )
        for number in range(1, 1 + draw(st.integers(0, 6)))
    ]


def wished(
    several: Sequence[Booking],
    offers: Sequence[Span] = EVENING,
    blocks: Sequence[Block] = (),
    outlet: Outlet = POOL,
) -> list[Wish]:
    seats = allocate(several, OUTLETS, UNITS).seats
    lanes = lanes_on(outlet, several, OUTLETS, UNITS, seats)
    return lane_wishes(outlet, lanes, offers, blocks, "rehold")


def placed(known: Sequence[Block], wanted: Sequence[Wish]) -> list[Block]:
    """The blocks once the diff is written down and every call has been made."""
    standing = {block.id: block for block in known}
    for number, change in enumerate(diff(wanted, known), 100 + len(known)):
        before = change.block or a_block(id=number)
        standing[before.id] = replace(
            before,
            listing_id=change.wish.listing_id,
            span=change.wish.span,
            wants=change.wish.wants,
            wanted_until=change.wish.until,
            because=change.wish.because,
            lane=change.wish.lane,
            party=change.wish.party,
            state="booked",
        )
    return [block for block in standing.values() if block.wants != "nothing"]


def at_instant(spans: Sequence[Span], instant: datetime) -> int:
    return sum(one.start <= instant < one.end for one in spans)


@patient
@given(bookings())
def test_at_every_instant_the_channel_has_no_more_tables_to_sell_than_are_free(
    several: list[Booking],
) -> None:
    live = [b for b in several if b.occupying and b.span]
    grants = allocate(several, OUTLETS, UNITS).grants
    own = [b.span for b in live if b.listing_id == TABLES and b.span]
    blocks = [wish.span for wish in wished(several)]
    for n in range(46):
        instant = steps(n, 1).start
        free = len(UNITS) - len({g.unit_id for g in grants if at_instant([g.span], instant)})
        assert len(UNITS) - at_instant(own, instant) - at_instant(blocks, instant) <= free


@patient
@given(bookings(), some_spans(12))
def test_no_lane_leaves_a_gap_in_what_the_channel_still_sells(
    several: list[Booking], offers: list[Span]
) -> None:
    seats = allocate(several, OUTLETS, UNITS).seats
    wanted = wished(several, offers)
    for lane in lanes_on(POOL, several, OUTLETS, UNITS, seats):
        blocks = [wish.span for wish in wanted if wish.lane == lane.number]
        for n in range(60):
            instant = steps(n, 1).start
            if at_instant([part.span for part in lane.closed], instant) and at_instant(
                offers, instant
            ):
                assert at_instant(blocks, instant)
    assert len({(wish.lane, wish.span) for wish in wanted}) == len(wanted)


@patient
@given(bookings(), bookings())
def test_a_plan_that_was_carried_out_asks_for_nothing_more(
    before: list[Booking], after: list[Booking]
) -> None:
    known = placed([], wished(before))
    known = placed(known, wished(after, blocks=known))
    assert diff(wished(after, blocks=known), known) == []
    assert diff(wished(after[::-1], blocks=known[::-1]), known) == []


def test_a_booking_of_a_rooms_own_listing_takes_one_table_from_the_pool() -> None:
    wanted = wished([a_booking(listing_id=SPACE, span=span("02:00-04:45"))])
    assert text([wish.span for wish in wanted]) == "00:30-02:00 02:00-03:30 03:30-05:00"
    assert {(wish.lane, wish.party, wish.because, wish.wants) for wish in wanted} == {
        (3, 4, (1,), "booked")
    }


def test_a_buy_out_takes_every_table_in_a_lane_of_its_own() -> None:
    wanted = wished([a_booking(listing_id=BUY_OUT, span=span("02:00-03:30"))])
    assert [(wish.lane, wish.party) for wish in wanted] == [(1, 2), (2, 4), (3, 4), (3, 4)]
    assert {text([w.span]) for w in wanted if w.lane < 3} == {"02:00-03:30"}


def test_the_pools_own_booking_closes_only_the_cleaning_of_its_table() -> None:
    assert wished([a_booking(party_size=1)]) == []
    three = [a_booking(id=n, party_size=4, span=span("02:00-03:30")) for n in (1, 2)]
    # and of the guests before: they must be gone a cleaning ahead
    assert text([wish.span for wish in wished(three)]) == "00:30-02:00 03:30-05:00"


def test_where_the_channel_sells_nothing_there_is_nothing_to_close() -> None:
    assert wished([a_booking(listing_id=BUY_OUT)], offers=[]) == []


def test_a_guest_of_another_pool_without_a_table_takes_one_from_this_one_all_the_same() -> None:
    many = [a_booking(id=n, listing_id=BAR, party_size=8, span=span("02:00-03:30")) for n in (1, 2)]
    later = a_booking(id=3, listing_id=BAR, party_size=8, span=span("03:30-05:00"))
    assert [(w.lane, text([w.span])) for w in wished([*many, later])] == [
        (4, "02:00-03:30"),
        (4, "03:30-05:00"),
        (5, "02:00-03:30"),
    ]


def test_a_block_whose_table_is_free_again_serves_the_next_table_of_its_size() -> None:
    block = a_block(span=span("02:00-03:30"), lane=2, party=4)
    taken = a_booking(id=2, listing_id=SPACE, span=span("02:00-03:15"))
    wanted = wished([taken], blocks=[block])
    changes = {change.wish.span: change for change in diff(wanted, [block])}
    change = changes[block.span]
    assert (change.block, change.wish.lane, change.wish.wants) == (block, 3, "booked")


def test_blocks_of_one_span_in_different_lanes_do_not_hide_each_other() -> None:
    wanted = wished([a_booking(listing_id=BUY_OUT, span=span("02:00-03:30"))])
    known = placed([], wanted)
    assert len(known) == len(wanted)
    fewer = [wish for wish in wanted if wish.lane != 1]
    assert [(c.block and c.block.lane, c.wish.wants) for c in diff(fewer, known)] == [
        (1, "nothing")
    ]


def test_the_grid_is_that_of_the_listing_and_not_of_the_booking() -> None:
    assert all(wish.span.length == 6 * STEP for wish in wished([a_booking(listing_id=BUY_OUT)]))
