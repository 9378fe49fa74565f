"""What an observation means of which something is a guess."""

from dataclasses import replace

import pytest
from tests.inventory.made import DAY, a_booking, a_seen, span

from holdfast.inventory.audit import Believed, compare
from holdfast.inventory.doubt import as_large_as_may_be, beside_what_is_known, left_what_is_sold
from holdfast.inventory.known import Outlet, Unit
from holdfast.inventory.model import Guess, Seen

UNITS = [
    Unit(id=number, name=f"table-{number}", seats=seats)
    for number, seats in ((1, 2), (2, 6), (3, 10))
]
POOL = Outlet(id=1, name="tables", account_id=1, takes="one", unit_ids=(1, 2), releases_holds=True)


def seen(when: str, *guessed: Guess) -> Seen:
    return Seen(
        external_id="b1",
        listing="tables",
        status="confirmed",
        raw_status="confirmed",
        span=span(when),
        read_at=DAY,
        guessed=guessed,
    )


@pytest.mark.parametrize(
    ("known", "guess", "taken"),
    [
        ("19:00-22:00", "19:00-20:00", "19:00-22:00"),
        ("19:00-20:00", "19:30-20:30", "19:00-20:30"),
        ("19:00-20:00", "18:00-21:00", "18:00-21:00"),
        ("19:00-20:00", "20:00-21:00", "20:00-21:00"),
        ("19:00-20:00", "12:00-13:00", "12:00-13:00"),
    ],
)
def test_a_guessed_time_frees_nothing_that_it_overlaps(known: str, guess: str, taken: str) -> None:
    assert beside_what_is_known(seen(guess, "time"), span(known)).span == span(taken)


def test_a_time_that_is_told_is_taken_as_told() -> None:
    for guessed in ((), ("party",)):
        told = seen("19:00-20:00", *guessed)
        assert beside_what_is_known(told, span("18:00-22:00")) is told
    assert beside_what_is_known(seen("19:00-20:00", "time"), None).span == span("19:00-20:00")
    timeless = replace(seen("19:00-20:00", "time"), span=None)
    assert beside_what_is_known(timeless, span("18:00-22:00")) is timeless


def test_a_party_that_cannot_be_read_gets_the_largest_unit_of_its_pool() -> None:
    """The kind of fault: what is not known counts as little, here as one guest at the smallest table."""
    told = seen("19:00-20:00", "party")
    assert as_large_as_may_be(told, None, POOL, UNITS).party_size == 6
    assert as_large_as_may_be(told, a_booking(party_size=None), POOL, UNITS).party_size == 6


def test_a_party_that_was_known_stays_and_one_that_is_not_told_is_not_made_up() -> None:
    told, silent = seen("19:00-20:00", "party"), seen("19:00-20:00")
    assert as_large_as_may_be(told, a_booking(party_size=3), POOL, UNITS) is told
    assert as_large_as_may_be(silent, None, POOL, UNITS) is silent
    assert as_large_as_may_be(told, None, replace(POOL, takes="all"), UNITS) is told
    assert as_large_as_may_be(told, None, None, UNITS) is told
    assert as_large_as_may_be(told, None, POOL, []).party_size is None


@pytest.mark.parametrize(
    ("told", "is_sold", "left"),
    [(True, True, True), (True, False, False), (False, True, False), (False, False, False)],
)
def test_nothing_leaves_a_listing_that_its_channel_no_longer_knows(
    told: bool, is_sold: bool, left: bool
) -> None:
    """The kind of fault: a channel that was not told of a room says that what is there is elsewhere."""
    found = left_what_is_sold(replace(seen("19:00-20:00"), elsewhere=told), is_sold=is_sold)
    assert found.elsewhere == left


def test_an_audit_finds_no_difference_in_what_is_only_a_guess() -> None:
    known = a_booking(span=span("12:00-15:00"))
    believed = Believed(
        bookings={"b-1": known}, blocks={}, expected=["b-1"], busy=(), listings={1: "salon"}
    )
    guess = a_seen(guessed=("time",), unread=("slot",))
    assert compare(believed, [guess], complete=True) == []
    (found,) = compare(believed, [a_seen()], complete=True)
    assert found.kind == "differing"
