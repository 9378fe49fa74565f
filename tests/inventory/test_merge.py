"""merge: one observation at a time, in any order, and what is left out stays known."""

from dataclasses import replace
from datetime import datetime, timedelta
from typing import get_args

import pytest
from hypothesis import given
from hypothesis import strategies as st
from tests.inventory.made import a_booking, a_seen, at, patient, span, steps

from holdfast.inventory.known import Booking, Fact, Told
from holdfast.inventory.merge import Merged, begins_anew, is_another, is_news, merge
from holdfast.inventory.model import OCCUPYING, Absent, Payment, Seen, Status

LISTINGS = {1: "salon", 2: "terrace"}
IDS = {name: id for id, name in LISTINGS.items()}
STATUSES = st.sampled_from(get_args(Status))
PAYMENTS = st.sampled_from(get_args(Payment))
MOMENTS = st.integers(0, 8).map(lambda n: at("10:00") + n * timedelta(minutes=1))
SPANS = st.none() | st.builds(steps, st.integers(0, 3), st.integers(1, 2))
PARTIES = st.none() | st.integers(1, 3)

SEEN = st.builds(
    Seen,
    external_id=st.just("b-1"),
    listing=st.none() | st.sampled_from(sorted(IDS)),
    status=STATUSES,
    raw_status=st.sampled_from(["A", "B"]),
    span=SPANS,
    read_at=MOMENTS,
    payment=PAYMENTS,
    party_size=PARTIES,
    held_until=st.none() | MOMENTS,
    made_at=st.none() | MOMENTS,
)
ABSENT = st.builds(Absent, external_id=st.just("b-1"), read_at=MOMENTS)
OBSERVED = SEEN | ABSENT
KNOWN = st.builds(
    a_booking,
    listing_id=st.none() | st.sampled_from(sorted(LISTINGS)),
    status=STATUSES,
    span=SPANS,
    party_size=PARTIES,
    payment=PAYMENTS,
    held_until=st.none() | MOMENTS,
    read_at=MOMENTS,
)


def listing_of(known: Booking | None) -> str | None:
    return LISTINGS.get(known.listing_id or 0) if known else None


def told(known: Booking | None) -> Told | None:
    return Told(*(getattr(known, name) for name in Told._fields)) if known else None


def judged(known: Booking | None, observed: Seen | Absent) -> Merged:
    return merge(known, listing_of(known), observed)


def after(known: Booking | None, observed: Seen | Absent) -> Booking | None:
    """The booking once the verdict was carried out, as the store does it."""
    merged = judged(known, observed)
    fact = merged.fact
    if fact is None:
        seen_again = known is not None and merged.verdict == "noop"
        return replace(known, read_at=observed.read_at) if known and seen_again else known
    return replace(
        known or a_booking(),
        listing_id=IDS.get(fact.listing or ""),
        status=fact.status,
        raw_status=fact.raw_status,
        payment=fact.payment,
        span=fact.span,
        party_size=fact.party_size,
        held_until=fact.held_until,
        made_at=fact.made_at,
        read_at=fact.read_at,
    )


@patient
@given(st.none() | KNOWN, SEEN)
def test_news_is_what_would_be_applied(known: Booking | None, seen: Seen) -> None:
    news = is_news(told(known), listing_of(known), seen)
    assert news == (judged(known, seen).verdict == "applied")


@patient
@given(KNOWN, OBSERVED)
def test_an_older_read_never_overwrites_a_newer_one(
    known: Booking, observed: Seen | Absent
) -> None:
    merged = judged(known, observed)
    assert (merged.verdict == "stale") == (observed.read_at < known.read_at)
    assert (merged.fact is not None) == (merged.verdict == "applied")


@patient
@given(st.none() | KNOWN, OBSERVED)
def test_the_same_observation_twice_changes_nothing_the_second_time(
    known: Booking | None, observed: Seen | Absent
) -> None:
    once = after(known, observed)
    assert judged(once, observed).verdict in ("noop", "stale")
    assert after(once, observed) == once


@patient
@given(KNOWN, st.lists(OBSERVED, min_size=1, max_size=5))
def test_news_that_comes_late_and_twice_ends_where_the_newest_says(
    known: Booking, news: list[Seen | Absent]
) -> None:
    newest = max(news, key=lambda one: one.read_at)
    older = [one for one in news if one.read_at < newest.read_at]
    current: Booking | None = known
    for one in [newest, *older, newest, *older]:
        current = after(current, one)
    assert current == after(known, newest)


@patient
@given(KNOWN, SEEN)
def test_what_a_channel_leaves_out_stays_known(known: Booking, seen: Seen) -> None:
    fact = judged(known, seen).fact
    if fact is None:
        return
    assert fact.listing == (seen.listing or LISTINGS.get(known.listing_id or 0))
    assert fact.span == (seen.span or known.span)
    assert fact.made_at == (seen.made_at or known.made_at)
    expected = known.party_size if seen.party_size is None else seen.party_size
    assert fact.party_size == expected


@patient
@given(st.none() | KNOWN, SEEN)
def test_what_a_channel_tells_is_what_becomes_known(known: Booking | None, seen: Seen) -> None:
    fact = judged(known, seen).fact
    if fact is None:
        return
    assert (fact.status, fact.raw_status, fact.payment) == (
        seen.status,
        seen.raw_status,
        seen.payment,
    )
    assert fact.read_at == seen.read_at


@pytest.mark.parametrize("status", get_args(Status))
@pytest.mark.parametrize("known", [None, *get_args(Status)])
def test_every_status_can_follow_every_other(known: Status | None, status: Status) -> None:
    before = a_booking(status=known) if known else None
    merged = judged(before, a_seen(status=status, read_at=at("11:00")))
    if known is None:
        occupying = status in OCCUPYING
        assert merged.change == ("booking.created" if occupying else "booking.recorded")
    elif known == status:
        assert (merged.verdict, merged.change) == ("noop", "booking.unchanged")
    else:
        assert (merged.verdict, merged.change) == ("applied", f"booking.{status}")


def test_a_status_that_nobody_knows_keeps_its_time_taken() -> None:
    seen = a_seen(status="unknown", raw_status="ON_THE_MOON", span=None, read_at=at("11:00"))
    booking = after(a_booking(), seen)
    assert booking is not None
    assert booking.occupying
    assert booking.strength == "booked"
    assert booking.span == span("12:00-13:00")


@pytest.mark.parametrize("status", sorted(OCCUPYING))
def test_absence_ends_whatever_keeps_time_taken(status: Status) -> None:
    merged = judged(a_booking(status=status), Absent(external_id="b-1", read_at=at("11:00")))
    assert (merged.verdict, merged.change) == ("applied", "booking.cancelled")
    assert merged.fact is not None
    assert merged.fact.raw_status == "(absent)"


@pytest.mark.parametrize("status", sorted(set(get_args(Status)) - OCCUPYING))
def test_absence_of_what_is_over_is_no_news(status: Status) -> None:
    merged = judged(a_booking(status=status), Absent(external_id="b-1", read_at=at("11:00")))
    assert (merged.verdict, merged.fact) == ("noop", None)


def test_absence_of_what_nobody_knew_is_no_news() -> None:
    assert judged(None, Absent(external_id="b-1", read_at=at("11:00"))).verdict == "noop"


def test_absence_ends_a_booking_whose_time_was_never_told() -> None:
    merged = judged(a_booking(span=None), Absent(external_id="b-1", read_at=at("11:00")))
    assert merged.change == "booking.cancelled"


@pytest.mark.parametrize(
    ("status", "held_until", "ended"),
    [
        ("held", at("10:59"), "expired"),
        ("held", at("11:00"), "expired"),
        ("pending", at("10:30"), "expired"),
        ("held", at("11:01"), "cancelled"),
        ("held", None, "cancelled"),
        ("confirmed", at("10:30"), "cancelled"),
    ],
)
def test_a_hold_that_is_absent_after_its_deadline_has_expired(
    status: Status, held_until: datetime | None, ended: Status
) -> None:
    known = a_booking(status=status, held_until=held_until)
    merged = judged(known, Absent(external_id="b-1", read_at=at("11:00")))
    assert merged.fact is not None
    assert merged.fact.status == ended
    assert merged.fact.held_until is None


@pytest.mark.parametrize("status", sorted(set(get_args(Status)) - {"held", "pending"}))
def test_only_what_is_unconfirmed_has_a_deadline(status: Status) -> None:
    fact = judged(None, a_seen(status=status, held_until=at("12:00"))).fact
    assert fact is not None
    assert fact.held_until is None


def test_a_deadline_that_is_no_longer_shown_is_no_longer_known() -> None:
    known = a_booking(status="held", held_until=at("10:15"))
    fact = judged(known, a_seen(status="held", held_until=None, read_at=at("11:00"))).fact
    assert fact is not None
    assert fact.held_until is None


def test_another_time_is_a_move() -> None:
    seen = a_seen(span=span("14:00-15:00"), read_at=at("11:00"))
    assert judged(a_booking(), seen).change == "booking.moved"


@pytest.mark.parametrize(
    "change",
    [{"party_size": 5}, {"payment": "paid"}, {"raw_status": "PAID"}, {"listing": "terrace"}],
)
def test_any_other_difference_is_an_update(change: dict[str, object]) -> None:
    merged = judged(a_booking(), a_seen(read_at=at("11:00"), **change))
    assert (merged.verdict, merged.change) == ("applied", "booking.updated")


@pytest.mark.parametrize(
    ("known", "raw", "anew"),
    [
        ("cancelled", "canceled", True),
        ("declined", "declined", True),
        ("completed", "completed", True),
        ("cancelled", "(absent)", False),
        ("expired", "held", False),
        ("confirmed", "confirmed", False),
    ],
)
def test_what_its_channel_had_ended_begins_anew(known: Status, raw: str, anew: bool) -> None:
    """What only we had ended, because we did not find it, was there all along."""
    before = a_booking(status=known, raw_status=raw)
    assert begins_anew(before, Fact.of(a_seen(status="confirmed"))) == anew
    assert not begins_anew(before, Fact.of(a_seen(status="cancelled")))


def test_another_time_of_making_is_another_booking_under_the_same_id() -> None:
    over = a_booking(status="cancelled", raw_status="(absent)", made_at=at("08:00"))
    again = Fact.of(a_seen(status="confirmed", made_at=at("09:00")))
    assert is_another(over, again)
    assert begins_anew(over, again)
    assert not is_another(replace(over, status="confirmed"), again)
    assert not is_another(over, replace(again, made_at=over.made_at))
    assert not is_another(over, replace(again, made_at=None))
