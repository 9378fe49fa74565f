"""plan: what is closed, what is wished for, and the one call that comes next."""

from collections.abc import Sequence
from dataclasses import replace
from datetime import datetime, timedelta
from itertools import product
from typing import Any, get_args

import pytest
from hypothesis import given
from hypothesis import strategies as st
from tests.inventory.made import (
    STEP,
    a_block,
    a_booking,
    a_unit,
    an_outlet,
    apart,
    at,
    patient,
    some_spans,
    span,
    spans,
    steps,
    text,
)

from holdfast.inventory.known import Block, Booking, Holds, There, Wants
from holdfast.inventory.model import OCCUPYING, Span, Status
from holdfast.inventory.plan import (
    Call,
    Closed,
    Wish,
    closed_on,
    diff,
    is_enough,
    next_call,
    reach,
    risk,
    sold_here,
    wishes,
    wound_up,
)

UNITS = {1: a_unit(1), 2: a_unit(2, setup=15, cleanup=30)}
OUTLETS = {1: an_outlet(1, (1,)), 2: an_outlet(2, (2,)), 3: an_outlet(3, (1, 2))}
OUTLET = an_outlet()

BOOKINGS = st.lists(
    st.builds(
        a_booking,
        id=st.integers(1, 99),
        listing_id=st.sampled_from([None, *OUTLETS]),
        unit_ids=st.sampled_from([(1,), (2,), (1, 2), ()]),
        status=st.sampled_from(get_args(Status)),
        span=st.none() | st.builds(steps, st.integers(2, 20), st.integers(1, 6)),
    ),
    max_size=4,
)
CLOSED = st.lists(
    st.builds(
        Closed,
        booking_id=st.integers(1, 9),
        span=st.builds(steps, st.integers(0, 30), st.integers(1, 12)),
        firm=st.booleans(),
        until=st.none() | st.sampled_from([at("08:00"), at("09:00")]),
    ),
    max_size=4,
)
HOLDS = st.sampled_from(get_args(Holds))


@st.composite
def blocks(draw: st.DrawFn) -> list[Block]:
    """Up to three, of which those that stand are apart."""
    made = []
    for number, where in enumerate(apart(draw(some_spans(3)))):
        state = draw(st.sampled_from(get_args(There)))
        made.append(
            a_block(
                id=number,
                span=where,
                state=state,
                external_id=None if state == "absent" else f"x-{number}",
                wants=draw(st.sampled_from(get_args(Wants))),
                because=tuple(draw(st.lists(st.integers(1, 9), max_size=2))),
                flying=draw(st.booleans()),
            )
        )
    return made


def quarters(several: Sequence[Span]) -> set[datetime]:
    """The starts of all quarters of an hour that these take."""
    return {one.start + n * STEP for one in several for n in range(one.length // STEP)}


def shut_by(booking: Booking, listing: int) -> set[datetime]:
    """What a booking closes on a listing, quarter by quarter."""
    units = OUTLETS[booking.listing_id].unit_ids if booking.listing_id else booking.unit_ids
    if booking.span is None or booking.status not in OCCUPYING:
        return set()
    taken = [
        booking.span.padded(*[UNITS[unit].setup + UNITS[unit].cleanup] * 2)
        for unit in units
        if unit in OUTLETS[listing].unit_ids
    ]
    own = quarters([booking.span]) if booking.listing_id == listing else set()
    return quarters(taken) - own


@patient
@given(BOOKINGS, st.sampled_from(sorted(OUTLETS)))
def test_a_listing_is_closed_where_its_units_are_taken_from_elsewhere(
    bookings: list[Booking], listing: int
) -> None:
    closed = closed_on(OUTLETS[listing], bookings, OUTLETS, UNITS)
    expected = set().union(*(shut_by(booking, listing) for booking in bookings))
    assert quarters([part.span for part in closed]) == expected


def test_a_listings_own_booking_closes_only_setup_and_cleanup() -> None:
    closed = closed_on(OUTLETS[2], [a_booking(listing_id=2)], OUTLETS, UNITS)
    assert text([part.span for part in closed]) == "11:15-12:00 13:00-13:45"
    assert closed_on(OUTLETS[1], [a_booking(listing_id=1)], OUTLETS, UNITS) == []


def test_a_booking_elsewhere_closes_its_whole_time_with_setup_and_cleanup() -> None:
    closed = closed_on(OUTLETS[2], [a_booking(listing_id=3)], OUTLETS, UNITS)
    assert text([part.span for part in closed]) == "11:15-13:45"


@pytest.mark.parametrize("status", get_args(Status))
def test_only_what_occupies_closes_and_only_what_is_firm_closes_firmly(status: Status) -> None:
    booking = a_booking(listing_id=3, status=status, held_until=at("09:00"))
    closed = closed_on(OUTLETS[1], [booking], OUTLETS, UNITS)
    assert bool(closed) == (status in OCCUPYING)
    assert [part.firm for part in closed] == [status not in ("held", "pending")] * len(closed)
    assert {part.until for part in closed} <= {at("09:00")}


def test_what_is_sold_on_a_listing_is_what_occupies_there() -> None:
    bookings = [
        a_booking(id=1, span=span("10:00-11:00")),
        a_booking(id=2, span=span("11:00-12:00"), status="cancelled"),
        a_booking(id=3, span=span("12:00-13:00"), listing_id=2),
        a_booking(id=4, span=None),
    ]
    assert sold_here(OUTLET, bookings) == [span("10:00-11:00")]


def carried_over(known: list[Block], wanted: Sequence[Wish]) -> list[Block]:
    """The blocks with the changes of the diff written down, nothing called yet."""
    written = {block.span: block for block in known}
    for change in diff(wanted, known):
        before = change.block or a_block(id=100 + len(written), state="absent", external_id=None)
        written[change.wish.span] = replace(
            before,
            span=change.wish.span,
            wants=change.wish.wants,
            wanted_until=change.wish.until,
            because=change.wish.because,
        )
    return list(written.values())


@patient
@given(CLOSED, some_spans(9), blocks(), HOLDS)
def test_a_plan_that_was_written_down_asks_for_nothing_more(
    closed: list[Closed], offers: list[Span], known: list[Block], holds: Holds
) -> None:
    wanted = wishes(OUTLET, closed, offers, known, holds)
    written = carried_over(known, wanted)
    assert diff(wanted, written) == []
    assert diff(wishes(OUTLET, closed, offers, written, holds), written) == []


def called(known: list[Block], *, releases_holds: bool) -> list[Block]:
    """The blocks after each one's next call; a slot on which another block stands is refused."""
    done = list(known)
    for place, block in enumerate(done):
        call = next_call(block, releases_holds)
        if call == "place" and not any(b.stands and b.span.overlaps(block.span) for b in done):
            done[place] = replace(block, state="held", external_id=f"x-{block.id}")
        elif call == "commit":
            done[place] = replace(block, state="booked")
        elif call == "release" or (call is None and block.wants == "nothing"):
            done[place] = replace(block, state="absent", external_id=None)  # released, or lapsed
    return [block for block in done if block.wants != "nothing" or block.state != "absent"]


@patient
@given(CLOSED, some_spans(9), blocks(), HOLDS, st.booleans())
def test_carrying_out_plans_comes_to_rest_with_nothing_closed_on_sale(
    closed: list[Closed], offers: list[Span], known: list[Block], holds: Holds, gives_back: bool
) -> None:
    current = [replace(block, flying=False) for block in known]
    everything = [*offers, *(block.span for block in current)]
    for _ in range(4 * len(everything) + 4):
        before = current
        wanted = wishes(OUTLET, closed, everything, current, holds)
        current = called(carried_over(current, wanted), releases_holds=gives_back)
        if current == before:
            break
    assert current == before
    assert all(block.stands for block in current)
    shut = [part.span for part in closed if part.firm or holds != "none"]
    on_sale = [o for o in everything if not any(o.overlaps(block.span) for block in current)]
    assert [o for o in on_sale if any(o.overlaps(part) for part in shut)] == []
    firm = [block for block in current if block.wants == "booked"]
    assert [block.state for block in firm] == ["booked"] * len(firm)


@patient
@given(CLOSED, some_spans(9), HOLDS)
def test_a_wish_names_the_bookings_that_it_stands_for_and_is_as_strong_as_the_strongest(
    closed: list[Closed], offers: list[Span], holds: Holds
) -> None:
    shut = [part for part in closed if part.firm or holds != "none"]
    bad = [offer for offer in offers if any(offer.overlaps(part.span) for part in shut)]
    for wish in wishes(OUTLET, closed, offers, [], holds):
        withdrawn = [offer for offer in bad if offer.overlaps(wish.span)]
        behind = [part for part in shut if any(part.span.overlaps(o) for o in withdrawn)]
        assert wish.because == tuple(sorted({part.booking_id or 0 for part in behind}))
        assert wish.because
        firm = holds == "commit" or any(part.firm for part in behind)
        assert wish.wants == ("booked" if firm else "held")


@pytest.mark.parametrize(
    ("holds", "firm", "wants"),
    [
        ("rehold", True, "booked"),
        ("rehold", False, "held"),
        ("commit", True, "booked"),
        ("commit", False, "booked"),
        ("none", True, "booked"),
        ("none", False, None),
    ],
)
def test_a_venue_chooses_how_holds_are_answered(
    holds: Holds, firm: bool, wants: Wants | None
) -> None:
    closed = [Closed(booking_id=1, span=span("12:00-13:00"), firm=firm, until=None)]
    wanted = wishes(OUTLET, closed, spans("12:00-13:00"), [], holds)
    assert [wish.wants for wish in wanted] == ([wants] if wants else [])


@pytest.mark.parametrize(
    ("untils", "firm", "until"),
    [
        ([at("09:00")], False, at("09:00")),
        ([at("09:00"), at("10:00"), at("08:00")], False, at("10:00")),
        ([at("09:00"), None], False, None),
        ([None], False, None),
        ([at("09:00")], True, None),
    ],
)
def test_a_hold_is_wanted_until_the_last_deadline_behind_it_if_all_are_known(
    untils: list[datetime | None], firm: bool, until: datetime | None
) -> None:
    closed = [
        Closed(booking_id=n, span=span("12:00-13:00"), firm=firm, until=deadline)
        for n, deadline in enumerate(untils)
    ]
    (wish,) = wishes(OUTLET, closed, spans("12:00-13:00"), [], "rehold")
    assert wish.until == until


def test_one_block_stands_for_several_bookings_and_goes_with_the_last() -> None:
    first = Closed(booking_id=1, span=span("12:00-12:15"), firm=True, until=None)
    second = Closed(booking_id=2, span=span("12:45-13:00"), firm=False, until=None)
    both = wishes(OUTLET, [first, second], spans("12:00-13:00"), [], "rehold")
    assert [(wish.wants, wish.because) for wish in both] == [("booked", (1, 2))]
    stands = [a_block(because=(1, 2))]
    assert [w.because for w in wishes(OUTLET, [second], [], stands, "rehold")] == [(2,)]
    assert wishes(OUTLET, [], [], stands, "rehold") == []


def test_a_block_that_is_not_needed_any_more_is_wanted_no_more() -> None:
    (change,) = diff([], [a_block()])
    assert (change.block, change.wish.wants, change.wish.because) == (a_block(), "nothing", ())
    assert diff([], [a_block(wants="nothing")]) == []


@pytest.mark.parametrize(
    "change", [{"wants": "booked"}, {"until": at("10:00")}, {"until": None}, {"because": (1, 2)}]
)
def test_a_wish_that_differs_in_anything_is_written_down(change: dict[str, Any]) -> None:
    wish = Wish(
        listing_id=1, span=span("12:00-13:00"), wants="held", until=at("09:00"), because=(1,)
    )
    known = a_block(wants="held", wanted_until=at("09:00"), because=(1,))
    assert diff([wish], [known]) == []
    differing = replace(wish, **change)
    assert [(c.block, c.wish) for c in diff([differing], [known])] == [(known, differing)]


@pytest.mark.parametrize(
    ("state", "flying", "stands"),
    [
        ("absent", False, False),
        ("absent", True, True),
        ("held", False, True),
        ("booked", False, True),
    ],
)
def test_what_may_stand_already_is_kept_before_anything_new(
    state: There, flying: bool, stands: bool
) -> None:
    """A call that is under way or of unknown outcome may have placed it."""
    block = a_block(span=span("12:15-13:15"), state=state, flying=flying)
    assert block.stands is stands
    closed = [Closed(booking_id=1, span=span("12:00-13:00"), firm=True, until=None)]
    offers = spans("12:00-13:00 12:15-13:15")
    taken = [wish.span for wish in wishes(OUTLET, closed, offers, [block], "rehold")]
    assert text(taken) == ("12:15-13:15" if stands else "12:00-13:00")


def test_a_span_that_is_wished_for_again_gets_its_old_block_back() -> None:
    wish = Wish(listing_id=1, span=span("12:00-13:00"), wants="held", until=None, because=(7,))
    leaving = a_block(wants="nothing", because=())
    assert [change.block for change in diff([wish], [leaving])] == [leaving]
    assert [change.block for change in diff([wish], [])] == [None]
    assert [change.block for change in diff([wish], [a_block(listing_id=2)])] == [
        None,
        a_block(listing_id=2),
    ]


CALLS: dict[tuple[There, Wants], Call | None] = {
    ("absent", "held"): "place",
    ("absent", "booked"): "place",
    ("absent", "nothing"): None,
    ("held", "held"): None,
    ("held", "booked"): "commit",
    ("held", "nothing"): "release",
    ("booked", "held"): None,
    ("booked", "booked"): None,
    ("booked", "nothing"): "release",
}


@pytest.mark.parametrize("gives_back", [True, False])
@pytest.mark.parametrize("external_id", ["x-1", None])
@pytest.mark.parametrize(("state", "wants"), list(product(get_args(There), get_args(Wants))))
def test_the_next_call_brings_what_is_there_nearer_to_what_is_wanted(
    state: There, wants: Wants, external_id: str | None, gives_back: bool
) -> None:
    call = next_call(a_block(state=state, wants=wants, external_id=external_id), gives_back)
    expected = CALLS[state, wants]
    if state != "absent" and external_id is None:
        expected = None  # there is no id to speak of it by
    if (state, expected) == ("held", "release") and not gives_back:
        expected = None  # it lapses
    assert call == expected


def test_closing_goes_before_committing_before_releasing_and_firm_before_held() -> None:
    order: list[tuple[Call, Wants]] = [
        ("place", "booked"),
        ("place", "held"),
        ("commit", "booked"),
        ("release", "nothing"),
    ]
    risks = [risk(call, wants) for call, wants in order]
    assert risks == sorted(risks)
    assert len(set(risks)) == len(risks)


@patient
@given(some_spans(3).filter(bool), some_spans(8, last=80), st.integers(1, 8))
def test_reach_goes_on_until_nothing_taken_is_near(
    seeds: list[Span], taken: list[Span], quarters_of_margin: int
) -> None:
    margin = quarters_of_margin * STEP
    stretch = reach(seeds, taken, margin)
    for seed in seeds:
        assert stretch.covers(seed.padded(margin, margin))
    for one in taken:
        assert stretch.covers(one.padded(margin, margin)) or not stretch.overlaps(one)


@patient
@given(some_spans(3).filter(bool), some_spans(8, last=80), st.integers(1, 8))
def test_reach_goes_no_farther_than_it_must(
    seeds: list[Span], taken: list[Span], quarters_of_margin: int
) -> None:
    margin = quarters_of_margin * STEP
    stretch = reach(seeds, taken, margin)
    inner = [*seeds, *(one for one in taken if stretch.covers(one))]
    assert stretch.start == min(one.start for one in inner) - margin
    assert stretch.end == max(one.end for one in inner) + margin
    assert reach([*seeds, *inner], taken, margin) == stretch


def test_a_change_reaches_as_far_as_a_chain_of_bookings_does() -> None:
    taken = spans("09:00-10:00 11:00-12:00 13:00-14:00 20:00-21:00")
    assert reach([span("10:30-10:45")], taken, timedelta(hours=2)) == span("07:00-16:00")


@pytest.mark.parametrize(
    ("apart", "chain", "enough"),
    [
        (timedelta(0), timedelta(hours=20), True),
        (timedelta(0), timedelta(hours=28), False),
        (timedelta(days=100), timedelta(hours=28), False),
        (timedelta(days=100), timedelta(days=70), True),
    ],
)
def test_a_chain_is_loaded_to_its_end_however_far_apart_the_changes_are(
    apart: timedelta, chain: timedelta, enough: bool
) -> None:
    """Else what a block stands for is not seen, and it is given up for what is."""
    first = span("10:00-11:00")
    last = Span(start=first.start + apart, end=first.end + apart)
    loaded = Span(start=first.start, end=last.end).padded(timedelta(days=1), timedelta(days=1))
    stretch = Span(start=first.start, end=last.end + chain)
    assert is_enough(loaded, stretch, [first, last]) is enough


def test_a_listing_out_of_service_keeps_what_stands_as_long_as_a_booking_is_behind_it() -> None:
    standing = a_block(id=1, because=(1,))
    left = a_block(id=2, because=(2,))
    absent = a_block(id=3, because=(1,), state="absent")
    leaving = a_block(id=4, because=(), wants="nothing")
    several = [a_booking(id=1), a_booking(id=2, status="cancelled")]
    changes = wound_up([standing, left, absent, leaving], several)
    assert [(c.block, c.wish.wants, c.wish.because) for c in changes] == [
        (left, "nothing", ()),
        (absent, "nothing", ()),
    ]
