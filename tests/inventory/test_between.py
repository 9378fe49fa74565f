"""between: a pool's channel does not sell what no one unit is free for, against every seating there is."""

from collections.abc import Iterator, Sequence
from itertools import product

from hypothesis import given
from tests.inventory.made import a_block, a_booking, patient, span, text
from tests.inventory.test_lanes import (
    EVENING,
    OUTLETS,
    POOL,
    SPACE,
    TABLES,
    UNITS,
    bookings,
    placed,
)

from holdfast.inventory.allocate import allocate
from holdfast.inventory.between import Floor, between_wishes
from holdfast.inventory.demand import padded
from holdfast.inventory.known import Block, Booking
from holdfast.inventory.lanes import lane_wishes, lanes_on
from holdfast.inventory.model import Span
from holdfast.inventory.plan import Wish, diff, sold_here


def wished(
    several: Sequence[Booking], offers: Sequence[Span] = EVENING, blocks: Sequence[Block] = ()
) -> tuple[list[Wish], list[Wish]]:
    """In lanes, and beside them."""
    seats = allocate(several, OUTLETS, UNITS).seats
    lanes = lanes_on(POOL, several, OUTLETS, UNITS, seats)
    wanted = lane_wishes(POOL, lanes, offers, blocks, "rehold")
    closed = [part for lane in lanes for part in lane.closed]
    floor = Floor(outlet=POOL, bookings=several, outlets=OUTLETS, units=UNITS, seats=seats)
    return wanted, between_wishes(floor, wanted, closed, offers, blocks, "rehold")


def direct(id: int, unit: int, when: str) -> Booking:
    return a_booking(id=id, listing_id=None, unit_ids=(unit,), span=span(when))


def ways(booking: Booking) -> list[tuple[int, ...]]:
    outlet = OUTLETS.get(booking.listing_id or 0)
    if outlet is None or outlet.takes == "all":
        return [outlet.unit_ids if outlet else booking.unit_ids]
    return [(u,) for u in outlet.unit_ids if UNITS[u].seats >= (booking.party_size or 1)]


def seatings(several: Sequence[Booking]) -> Iterator[list[tuple[int, Span]]]:
    """Every way to seat all of them."""
    for chosen in product(*(ways(booking) for booking in several)):
        takes = [
            (unit, padded(booking.span, UNITS[unit]))
            for booking, units in zip(several, chosen, strict=True)
            for unit in units
            if booking.span
        ]
        if not any(
            unit == other and one.overlaps(two)
            for n, (unit, one) in enumerate(takes)
            for other, two in takes[n + 1 :]
        ):
            yield takes


def has_room(several: Sequence[Booking], offer: Span) -> bool:
    guest = a_booking(id=99, listing_id=TABLES, party_size=None, span=offer)
    return next(seatings([*several, guest]), None) is not None


def left(several: Sequence[Booking], wanted: Sequence[Wish], offer: Span) -> int:
    """The most tables that the channel can have free throughout."""
    here = [b.span for b in several if b.listing_id == TABLES and b.span and b.occupying]
    taken = [*here, *(wish.span for wish in wanted)]
    over = [one for one in taken if one.overlaps(offer)]
    starts = [max(one.start, offer.start) for one in over]
    return len(UNITS) - max((sum(o.start <= at < o.end for o in over) for at in starts), default=0)


@patient
@given(bookings())
def test_whatever_nobody_could_be_seated_for_is_taken_as_often_as_the_channel_has_it(
    several: list[Booking],
) -> None:
    wanted, beside = wished(several)
    seats = allocate(several, OUTLETS, UNITS)
    lost = {clash.booking_id for clash in seats.clashes}
    live = [b for b in several if b.occupying and b.id not in lost]
    for offer in EVENING if not lost else ():
        closed = any(o.listing_id != TABLES and o.span and o.span.overlaps(offer) for o in live)
        many = sum(wish.span.overlaps(offer) for wish in beside)
        if closed and not has_room(live, offer):
            assert many >= left(several, wanted, offer)
    assert all(has_room(live, w.span) is False for w in beside if not lost)
    assert all(wish.because for wish in beside)


@patient
@given(bookings(), bookings())
def test_a_plan_that_was_carried_out_asks_for_nothing_more(
    before: list[Booking], after: list[Booking]
) -> None:
    known = placed([], [*wished(before)[0], *wished(before)[1]])
    for _ in range(2):
        wanted = [*wished(after, blocks=known)[0], *wished(after, blocks=known)[1]]
        known = placed(known, wanted)
    assert diff(wanted, known) == []


def test_what_fits_between_no_bookings_of_any_one_unit_is_taken_once() -> None:
    """One unit is free at first, another one later, and the third is taken."""
    several = [
        direct(1, 1, "02:00-03:30"),
        direct(2, 2, "03:30-05:00"),
        a_booking(id=3, listing_id=SPACE, span=span("02:00-05:00")),
    ]
    _, beside = wished(several)
    assert [(wish.lane, wish.party, wish.wants) for wish in beside] == [(-1, None, "booked")]
    assert text([wish.span for wish in beside]) in ("02:15-03:45", "02:30-04:00", "02:45-04:15")
    assert wished(several[:2]) == (wished(several[:2])[0], [])


def test_what_is_not_on_sale_any_more_is_not_taken_a_second_time() -> None:
    """A block that stands keeps its span known, but its channel has nothing left to take there."""
    several = [
        direct(1, 1, "02:00-03:30"),
        direct(2, 2, "03:30-05:00"),
        a_booking(id=3, listing_id=SPACE, span=span("02:00-05:00")),
    ]
    (wish,) = wished(several)[1]
    stands = a_block(span=wish.span, lane=-1, listing_id=POOL.id)
    assert [w.lane for w in wished(several, offers=[], blocks=[stands])[1]] == [-1]


def test_guests_of_the_pool_who_could_change_tables_are_no_reason() -> None:
    several = [
        direct(1, 1, "02:00-03:30"),
        a_booking(id=2, party_size=2, span=span("03:30-05:00")),
        a_booking(id=3, listing_id=SPACE, span=span("02:00-05:00")),
    ]
    assert wished(several)[1] == []
    assert sold_here(POOL, several) == []
