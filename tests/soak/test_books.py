"""The checker finds each of the things that it is there for: a checker that catches nothing proves nothing."""

from dataclasses import replace
from datetime import UTC, datetime, timedelta

from holdfast.inventory.model import Span
from holdfast.soak.books import Books, Entry, Store, Stored, wrongs

NOON = datetime(2026, 11, 23, 12, tzinfo=UTC)
HOUR = timedelta(hours=1)
LUNCH, TEA = Span.of(NOON, HOUR), Span.of(NOON + 4 * HOUR, HOUR)
GUEST = Entry(ref="g1", span=LUNCH, ours=False, held=False)
BLOCK = Entry(ref="b1", span=LUNCH, ours=True, held=False)
STORED = Stored(id=1, channel="boseat", ref="g1", status="confirmed", span=LUNCH)
STORE = Store(bookings=[STORED], in_conflict=frozenset(), dead_pushes=0)


def side(*taken: Entry, offers: tuple[Span, ...] = (), twice: int = 0) -> Books:
    return Books(taken={"salon": taken}, offers={"salon": offers}, taken_twice=twice)


def found(boseat: Books, mozrest: Books, store: Store = STORE) -> str:
    return "; ".join(wrongs({"boseat": boseat, "mozrest": mozrest}, store))


def test_a_booking_that_is_blocked_elsewhere_and_stored_is_right() -> None:
    assert found(side(GUEST, offers=(TEA,)), side(BLOCK, offers=(TEA,))) == ""


def test_a_block_beside_the_taken_time_that_withdraws_an_offer_over_it_is_right() -> None:
    beside = replace(BLOCK, span=Span.of(NOON - 2 * HOUR + timedelta(minutes=1), 2 * HOUR))
    assert found(side(GUEST), side(beside)) == ""


def test_an_offer_over_taken_time_is_found() -> None:
    late = Span.of(NOON + timedelta(minutes=59), HOUR)
    assert "exposure: mozrest" in found(side(GUEST), side(BLOCK, offers=(late,)))


def test_a_block_with_nothing_behind_it_is_found() -> None:
    astray = replace(BLOCK, ref="b2", span=TEA)
    assert "orphan block: mozrest salon b2" in found(side(GUEST), side(BLOCK, astray))


def test_a_hold_of_ours_behind_a_confirmed_booking_is_found() -> None:
    assert "only held" in found(side(GUEST), side(replace(BLOCK, held=True)))


def test_a_guest_whom_the_store_does_not_know_is_found() -> None:
    assert "not in the store" in found(side(GUEST), side(BLOCK), replace(STORE, bookings=[]))


def test_a_guest_whom_the_store_knows_otherwise_is_found() -> None:
    for wrong in (replace(STORED, span=TEA), replace(STORED, status="held")):
        assert "otherwise" in found(side(GUEST), side(BLOCK), replace(STORE, bookings=[wrong]))


def test_a_booking_that_only_the_store_knows_is_found() -> None:
    assert "only in the store" in found(side(), side())


def test_a_provider_that_sold_twice_is_found() -> None:
    assert "boseat sold 1 times twice" in found(side(GUEST, twice=1), side(BLOCK))


def test_a_clash_is_found_unless_a_conflict_shows_it() -> None:
    rival = replace(GUEST, ref="g2")
    both = [STORED, Stored(id=2, channel="mozrest", ref="g2", status="confirmed", span=LUNCH)]
    hidden = replace(STORE, bookings=both)
    assert "hidden clash" in found(side(GUEST), side(rival), hidden)
    assert found(side(GUEST), side(rival), replace(hidden, in_conflict=frozenset({2}))) == ""


def test_a_call_that_was_given_up_is_found() -> None:
    assert "given up" in found(side(GUEST), side(BLOCK), replace(STORE, dead_pushes=1))


AT_THE_VENUE = Books(taken={"salon": [replace(GUEST, ref="d1")]}, offers={}, taken_twice=0)
MADE_HERE = Stored(id=3, channel="direct", ref="d1", status="confirmed", span=LUNCH)


def test_what_was_booked_at_the_venue_itself_closes_both_and_is_what_blocks_stand_for() -> None:
    direct = Store(
        bookings=[MADE_HERE], in_conflict=frozenset(), dead_pushes=0, direct=AT_THE_VENUE
    )
    other = replace(BLOCK, ref="b2")
    assert found(side(BLOCK), side(other), direct) == ""
    assert "exposure: boseat" in found(side(offers=(LUNCH,)), side(other), direct)
    both = replace(direct, bookings=[STORED, MADE_HERE])
    assert "hidden clash" in found(side(GUEST), side(BLOCK), both)
    shown = replace(both, in_conflict=frozenset({1, 3}))
    assert found(side(GUEST), side(BLOCK), shown) == ""


def test_the_pause_that_a_unit_needs_is_sold_to_nobody_and_is_taken_from_nobody() -> None:
    """The kind of fault: setup and cleanup were checked nowhere; a cleaner's quarter of an hour could be sold."""
    pauses = replace(STORE, pauses={"salon": timedelta(minutes=15)})
    after = Span.of(NOON + HOUR, HOUR)
    assert found(side(GUEST, offers=(after,)), side(BLOCK, offers=(after,))) == ""
    assert "exposure: mozrest" in found(side(GUEST), side(BLOCK, offers=(after,)), pauses)
    assert "exposure: boseat" in found(side(GUEST, offers=(after,)), side(BLOCK), pauses)
    late = Span.of(NOON + timedelta(minutes=75), HOUR)
    assert found(side(GUEST, offers=(late,)), side(BLOCK, offers=(late,)), pauses) == ""
    own = replace(BLOCK, ref="b2", span=after)
    assert "orphan block: boseat" in found(side(GUEST, own), side(BLOCK))
    assert found(side(GUEST, own), side(BLOCK), pauses) == ""
    next_one = replace(GUEST, ref="g2", span=after)
    both = [STORED, Stored(id=2, channel="boseat", ref="g2", status="confirmed", span=after)]
    again = replace(BLOCK, ref="b3", span=after)
    hidden = found(side(GUEST, next_one), side(BLOCK, again), replace(pauses, bookings=both))
    assert "hidden clash" in hidden
    assert found(side(GUEST, next_one), side(BLOCK, again), replace(STORE, bookings=both)) == ""


def test_a_booking_in_a_place_that_is_none_of_ours_is_known_and_takes_nothing() -> None:
    away = replace(side(), elsewhere=frozenset({"g1"}))
    assert found(away, side()) == ""
    assert "only in the store" in found(side(), side())
    assert "orphan block" in found(away, side(BLOCK))
