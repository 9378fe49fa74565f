"""Exposure: since when, until when, and why it lasts."""

from datetime import timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st
from tests.inventory.made import (
    a_booking,
    a_unit,
    an_outlet,
    at,
    patient,
    some_spans,
    span,
    spans,
)
from tests.inventory.made import (
    steps as quarter,
)

from holdfast.inventory.exposure import (
    Begin,
    Claim,
    End,
    Episode,
    Go,
    Remedy,
    Shelf,
    Sight,
    began,
    claims,
    sight,
    steps,
    why,
)
from holdfast.inventory.model import Span
from holdfast.inventory.plan import closed_on

NOON = span("12:00-13:00")


def a_claim(text: str = "12:00-13:00", *, firm: bool = True) -> Claim:
    parts = tuple(spans(text))
    return Claim(booking=a_booking(span=parts[0]), listing_id=2, parts=parts, firm=firm)


def an_episode(text: str = "12:00-13:00", ended: str | None = None) -> Episode:
    return Episode(
        id=9,
        booking_id=1,
        listing_id=2,
        span=span(text),
        began_at=at("10:00"),
        ended_at=at(ended) if ended else None,
        why=None,
    )


@pytest.mark.parametrize("seen", ["offered", "not_offered", "unread"])
def test_time_that_is_newly_taken_is_recorded_and_over_at_once_if_nobody_offers_it(
    seen: Sight,
) -> None:
    (step,) = steps([(a_claim(), seen)], [], {1})
    assert isinstance(step, Begin)
    assert (step.cause, step.over) == ("taken", seen == "not_offered")


@pytest.mark.parametrize(
    ("latest", "seen", "expected"),
    [
        (an_episode(), "offered", [Go]),
        (an_episode(), "unread", [Go]),
        (an_episode(), "not_offered", [End]),
        (an_episode(ended="11:00"), "not_offered", []),
        (an_episode(ended="11:00"), "unread", []),
        (an_episode(ended="11:00"), "offered", [Begin]),
        (an_episode("15:00-16:00"), "offered", [End, Begin]),
        (an_episode("15:00-16:00", ended="11:00"), "offered", [Begin]),
    ],
)
def test_an_exposure_lasts_until_the_last_offer_is_gone(
    latest: Episode, seen: Sight, expected: list[type]
) -> None:
    assert [type(s) for s in steps([(a_claim(), seen)], [latest], {1})] == expected


def test_what_is_sold_again_and_what_moved_are_told_apart() -> None:
    for latest, cause in (
        (an_episode(ended="11:00"), "again"),
        (an_episode("15:00-16:00", ended="11:00"), "moved"),
    ):
        (step,) = steps([(a_claim(), "offered")], [latest], {1})
        assert isinstance(step, Begin)
        assert step.cause == cause


def test_a_booking_that_is_over_ends_its_exposure_and_one_not_looked_at_does_not() -> None:
    assert steps([], [an_episode()], {1}) == [End(episode=an_episode())]
    assert steps([], [an_episode()], {2}) == []
    assert steps([], [an_episode(ended="11:00")], {1}) == []


def test_a_booking_exposes_nothing_on_its_own_listing() -> None:
    outlets = {1: an_outlet(1), 2: an_outlet(2)}
    units = {1: a_unit(cleanup=15)}
    booking = a_booking(listing_id=1)
    found = [
        (claim.listing_id, claim.span)
        for outlet in outlets.values()
        for claim in claims(outlet.id, closed_on(outlet, [booking], outlets, units), {1: booking})
    ]
    assert found == [(2, span("11:45-13:15"))]


def test_touching_ends_are_no_exposure_and_a_microsecond_is() -> None:
    tick = timedelta(microseconds=1)
    before, after = span("11:00-12:00"), span("13:00-14:00")
    longer = type(before)(start=before.start, end=before.end + tick)
    assert sight(a_claim(), Shelf([before, after]), read=True) == "not_offered"
    assert sight(a_claim(), Shelf([longer, after]), read=True) == "offered"


def test_what_was_never_read_is_not_said_to_be_closed() -> None:
    assert sight(a_claim(), Shelf([]), read=False) == "unread"
    assert sight(a_claim(), Shelf([NOON]), read=False) == "offered"


@patient
@given(some_spans(12), st.integers(0, 30), st.integers(1, 8))
def test_the_shelf_finds_exactly_what_overlaps(offers: list[Span], start: int, length: int) -> None:
    wanted = quarter(start, length)
    expected = sorted(o for o in offers if o.overlaps(wanted))
    assert Shelf(offers).over(wanted) == expected


@pytest.mark.parametrize(
    ("made", "released", "read_before", "expected"),
    [
        ("08:00", None, True, ("08:00", "provider")),
        ("08:00", "08:30", True, ("08:30", "provider")),
        ("08:00", "07:00", True, ("08:00", "provider")),
        ("08:00", "09:30", True, ("09:00", "receipt")),
        ("09:30", None, True, ("09:00", "receipt")),
        ("08:00", None, False, ("09:00", "receipt")),
        (None, None, True, ("09:00", "receipt")),
    ],
)
def test_it_begins_when_the_time_was_taken_never_after_we_heard_nor_before_it_was_free(
    made: str | None, released: str | None, read_before: bool, expected: tuple[str, str]
) -> None:
    booking = a_booking(made_at=at(made) if made else None, first_seen_at=at("09:00"))
    found = began(booking, at(released) if released else None, read_before)
    assert found == (at(expected[0]), expected[1])


def a_remedy(push: str | None, failure: str | None = None) -> Remedy:
    return Remedy(listing_id=2, span=NOON, push=push, failure=failure)


@pytest.mark.parametrize(
    ("unread", "mode", "firm", "remedies", "expected"),
    [
        (True, "live", True, [], "beyond_horizon"),
        (False, "shadow", True, [a_remedy("shadow")], "shadow"),
        (False, "paused", True, [], "paused"),
        (False, "live", False, [], "holds_stay_here"),
        (False, "live", True, [], "no_offer_to_take"),
        (False, "live", True, [a_remedy("dead", "rejected")], "refused"),
        (False, "live", True, [a_remedy("dead", "broken")], "given_up"),
        (False, "live", True, [a_remedy("waiting", "limited")], "limited"),
        (False, "live", True, [a_remedy("waiting")], None),
    ],
)
def test_why_it_is_still_open(
    unread: bool, mode: str, firm: bool, remedies: list[Remedy], expected: str | None
) -> None:
    assert why(a_claim(firm=firm), unread, mode, "none", remedies) == expected


@patient
@given(
    st.lists(st.sampled_from(["offered", "not_offered", "unread"]), min_size=1, max_size=12),
)
def test_one_exposure_at_most_is_open_and_looking_twice_changes_nothing(seen: list[Sight]) -> None:
    """Play the steps on a record of episodes as the store would."""
    record: list[Episode] = []
    for sighted in seen:
        for _ in range(2):
            latest = record[-1:]
            found = steps([(a_claim(), sighted)], latest, {1})
            for step in found:
                if isinstance(step, End):
                    record[-1] = an_episode(ended="11:00")
                elif isinstance(step, Begin):
                    record.append(an_episode(ended="11:00" if step.over else None))
        assert steps([(a_claim(), sighted)], record[-1:], {1}) in ([], [_going(record, sighted)])
        assert sum(e.ended_at is None for e in record) <= 1
        assert record


def _going(record: list[Episode], sighted: Sight) -> Go:
    return Go(claim=a_claim(), episode=record[-1], sight=sighted)
