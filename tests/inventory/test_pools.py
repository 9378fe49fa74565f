"""allocate with pools: against every seating there is."""

from collections.abc import Iterator, Mapping, Sequence
from itertools import combinations, product
from random import Random
from time import process_time

import pytest
from hypothesis import given
from hypothesis import strategies as st
from tests.inventory.made import DAY, STEP, a_booking, a_unit, an_outlet, at, patient, span, steps

from holdfast.inventory.allocate import Clash, Grant, Seating, allocate, place_of
from holdfast.inventory.known import Booking, Outlet, Unit

UNITS = {
    1: a_unit(1, seats=2),
    2: a_unit(2, seats=4),
    3: a_unit(3, seats=4, cleanup=15),
    4: a_unit(4, seats=6),
}
TABLES, SPACE, BUY_OUT, BAR = 1, 2, 3, 4
OUTLETS = {
    TABLES: an_outlet(TABLES, (1, 2, 3, 4), takes="one"),
    SPACE: an_outlet(SPACE, (3,)),
    BUY_OUT: an_outlet(BUY_OUT, (1, 2, 3, 4)),
    BAR: an_outlet(BAR, (1, 2), takes="one"),
}
Tables = tuple[dict[int, Unit], dict[int, Outlet]]


@st.composite
def bookings(draw: st.DrawFn) -> list[Booking]:
    """Up to seven; no two were heard of at the same moment."""
    listings = st.sampled_from([TABLES, TABLES, TABLES, BAR, SPACE, BUY_OUT, None])
    made = []
    for number in range(1, 1 + draw(st.integers(0, 7))):
        listing = draw(listings)
        made.append(
            a_booking(
                id=number,
                listing_id=listing,
                unit_ids=(draw(st.sampled_from([2, 4])),) if listing is None else (),
                status=draw(st.sampled_from(["confirmed", "confirmed", "held"])),
                party_size=draw(st.sampled_from([None, 1, 2, 3, 4, 5, 6, 7])),
                span=draw(st.builds(steps, st.integers(0, 6), st.integers(1, 6))),
                made_at=None,
                first_seen_at=DAY + draw(st.integers(0, 3)) * STEP,
            )
        )
    return made


@st.composite
def seats_of(draw: st.DrawFn, several: Sequence[Booking]) -> list[Grant]:
    """Where they sit now, however badly."""
    pooled = [b for b in several if b.listing_id in (TABLES, BAR)]
    return [
        Grant(
            booking_id=b.id, unit_id=draw(st.sampled_from(sorted(UNITS))), span=span("08:00-09:00")
        )
        for b in pooled
        if draw(st.booleans())
    ]


SCENES = bookings().flatmap(lambda several: st.tuples(st.just(several), seats_of(several)))


def choices(booking: Booking) -> list[tuple[int, ...]]:
    """All the ways in which it can be seated."""
    outlet = OUTLETS.get(booking.listing_id or 0)
    if outlet is None:
        return [booking.unit_ids]
    if outlet.takes == "all":
        return [outlet.unit_ids]
    return [(u,) for u in outlet.unit_ids if UNITS[u].seats >= (booking.party_size or 1)]


def grants_of(booking: Booking, units: Sequence[int]) -> list[Grant]:
    assert booking.span is not None
    return [
        Grant(
            booking_id=booking.id,
            unit_id=unit,
            span=booking.span.padded(UNITS[unit].setup, UNITS[unit].cleanup),
        )
        for unit in units
    ]


def collides(one: Grant, other: Grant) -> bool:
    return one.unit_id == other.unit_id and one.span.overlaps(other.span)


def seatings(several: Sequence[Booking]) -> Iterator[list[Grant]]:
    """Every way to seat all of them."""
    for chosen in product(*(choices(booking) for booking in several)):
        pairs = zip(several, chosen, strict=True)
        grants = [grant for booking, units in pairs for grant in grants_of(booking, units)]
        if not any(collides(*pair) for pair in combinations(grants, 2)):
            yield grants


def admitted(several: Sequence[Booking]) -> list[Booking]:
    """In order of precedence, each who can be seated with all who were admitted before."""
    order = sorted(several, key=lambda b: (b.status == "held", b.first_seen_at, b.id))
    inside: list[Booking] = []
    for booking in order:
        if next(seatings([*inside, booking]), None) is not None:
            inside.append(booking)
    return inside


def moves(grants: Sequence[Grant], current: Sequence[Grant]) -> int:
    """How many of a pool do not sit where they sat."""
    sat = {grant.booking_id: grant.unit_id for grant in current}
    return sum(sat.get(grant.booking_id, grant.unit_id) != grant.unit_id for grant in grants)


def seat(*several: Booking, current: Mapping[int, int] | None = None) -> Seating:
    now = [
        Grant(booking_id=b.id, unit_id=(current or {})[b.id], span=b.span)
        for b in several
        if b.span and b.id in (current or {})
    ]
    return allocate(several, OUTLETS, UNITS, now)


@patient
@given(SCENES)
def test_as_many_are_seated_as_precedence_allows_with_the_fewest_moves(
    scene: tuple[list[Booking], list[Grant]],
) -> None:
    several, current = scene
    seating = allocate(several, OUTLETS, UNITS, current)
    inside = admitted(several)
    assert {g.booking_id for g in seating.grants} == {booking.id for booking in inside}
    fewest = min((moves(grants, current) for grants in seatings(inside)), default=0)
    assert moves(seating.grants, current) == fewest


@patient
@given(SCENES)
def test_everybody_has_a_unit_that_fits_or_is_in_a_clash_and_no_unit_is_granted_twice(
    scene: tuple[list[Booking], list[Grant]],
) -> None:
    several, current = scene
    seating = allocate(several, OUTLETS, UNITS, current)
    clashes = {clash.booking_id: clash for clash in seating.clashes}
    for booking in several:
        units = tuple(g.unit_id for g in seating.grants if g.booking_id == booking.id)
        assert (booking.id in clashes) == (units not in choices(booking))
        if booking.id in clashes:
            assert not units
            assert clashes[booking.id].kind == (
                "double_booking" if choices(booking) else "too_small"
            )
            assert bool(clashes[booking.id].against) == bool(choices(booking))
    assert [p for p in combinations(seating.grants, 2) if collides(*p)] == []


@patient
@given(SCENES)
def test_a_seating_that_was_written_down_is_kept(
    scene: tuple[list[Booking], list[Grant]],
) -> None:
    several, current = scene
    seating = allocate(several, OUTLETS, UNITS, current)
    assert allocate(several, OUTLETS, UNITS, seating.grants) == seating


@patient
@given(SCENES, st.randoms())
def test_the_order_in_which_bookings_are_told_changes_nothing(
    scene: tuple[list[Booking], list[Grant]], random: Random
) -> None:
    several, current = scene
    before = allocate(several, OUTLETS, UNITS, current)
    random.shuffle(several)
    random.shuffle(current)
    assert allocate(several, OUTLETS, UNITS, current) == before


@pytest.mark.parametrize(
    ("party", "unit"), [(None, 1), (1, 1), (2, 1), (3, 2), (4, 2), (5, 4), (6, 4)]
)
def test_a_booking_gets_the_free_unit_with_the_fewest_seats_that_are_enough(
    party: int | None, unit: int
) -> None:
    assert seat(a_booking(party_size=party)).seats == {1: unit}


def test_among_units_of_one_size_the_listings_order_decides() -> None:
    first, second = a_booking(id=1, party_size=4), a_booking(id=2, party_size=3)
    assert seat(first, second).seats == {1: 2, 2: 3}


def test_a_party_larger_than_every_unit_is_too_large_for_the_pool_and_against_nobody() -> None:
    seating = seat(a_booking(party_size=7), a_booking(id=2, listing_id=SPACE))
    assert seating.clashes == (
        Clash(booking_id=1, unit_ids=(1, 2, 3, 4), against=(), kind="too_small"),
    )
    assert place_of(a_booking(party_size=7), OUTLETS, UNITS) == (1, 2, 3, 4)


def test_a_small_party_makes_room_for_a_large_one() -> None:
    small = a_booking(id=1, party_size=2)
    large = a_booking(id=2, party_size=6)
    assert seat(small, large, current={1: 4}).seats == {1: 1, 2: 4}


def test_a_booking_of_a_room_makes_a_pools_booking_change_tables_and_not_the_reverse() -> None:
    guest = a_booking(id=1, party_size=4)
    room = a_booking(id=2, listing_id=SPACE)
    assert seat(guest, room, current={1: 3}).seats == {1: 2, 2: 3}


def test_a_direct_booking_keeps_its_unit_when_a_pool_is_full() -> None:
    direct = a_booking(id=1, listing_id=None, unit_ids=(3,))
    guests = [a_booking(id=n, party_size=3) for n in (2, 3, 4)]
    seating = seat(direct, *guests)
    assert seating.seats == {1: 3, 2: 2, 3: 4}
    (clash,) = seating.clashes
    assert (clash.booking_id, clash.unit_ids, clash.against) == (4, (2, 3, 4), (1, 2, 3))


def test_nobody_changes_tables_for_a_better_fit() -> None:
    assert seat(a_booking(party_size=1), current={1: 4}).seats == {1: 4}


def test_a_larger_party_moves_to_a_table_that_fits_it() -> None:
    assert seat(a_booking(party_size=5), current={1: 1}).seats == {1: 4}


def test_a_hold_may_make_a_confirmed_booking_change_tables_but_never_costs_it_its_place() -> None:
    confirmed = a_booking(id=1, party_size=2)
    hold = a_booking(id=2, party_size=6, status="held", first_seen_at=at("08:00"))
    assert seat(confirmed, hold, current={1: 4}).seats == {1: 1, 2: 4}
    firm = a_booking(id=3, party_size=6)
    seating = seat(confirmed, hold, firm, current={2: 4})
    assert seating.seats == {1: 1, 3: 4}
    assert [(c.booking_id, c.against) for c in seating.clashes] == [(2, (3,))]


def test_guests_change_tables_in_a_chain_where_nothing_less_will_do() -> None:
    two, four = a_booking(id=1, party_size=2), a_booking(id=2, party_size=3)
    other = a_booking(id=3, listing_id=SPACE)
    six = a_booking(id=4, party_size=6)
    seating = seat(two, four, other, six, current={1: 2, 2: 4})
    assert seating.clashes == ()
    assert seating.seats == {1: 1, 2: 2, 3: 3, 4: 4}


def evening(seed: int, tables: int, guests: int) -> tuple[list[Booking], Tables]:
    """A busy evening with more guests than there is room for."""
    random = Random(seed)
    units = {n: a_unit(n, seats=random.choice([2, 2, 4, 4, 6]), cleanup=15) for n in range(tables)}
    several = [
        a_booking(
            id=n,
            span=steps(random.randint(68, 80), random.choice([6, 6, 8])),
            party_size=random.randint(1, 6),
            first_seen_at=DAY + n * STEP,
        )
        for n in range(guests)
    ]
    return several, (units, {1: an_outlet(1, tuple(units), takes="one")})


@pytest.mark.parametrize("seed", range(3))
def test_a_crowded_evening_is_seated_within_a_moment_and_only_the_last_to_come_lose(
    seed: int,
) -> None:
    several, (units, outlets) = evening(seed, tables=14, guests=45)
    began = process_time()
    seated = allocate(several[:40], outlets, units)
    seating = allocate(several, outlets, units, seated.grants)
    assert process_time() - began < 10
    assert {g.booking_id for g in seated.grants} <= {g.booking_id for g in seating.grants}
    assert {c.booking_id for c in seated.clashes} <= {c.booking_id for c in seating.clashes}
    assert [p for p in combinations(seating.grants, 2) if collides(*p)] == []
