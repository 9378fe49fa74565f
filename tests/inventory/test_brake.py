"""brake: it never trips for few, always for all, and what trips goes on tripping when more goes."""

import pytest
from hypothesis import given
from hypothesis import strategies as st
from tests.inventory.made import patient

from holdfast.inventory.brake import (
    MOST_AT_ONCE,
    MOST_SHARE,
    Expected,
    Proceed,
    Quarantine,
    judge_reads,
    judge_scan,
)

REFS = st.lists(
    st.builds(
        Expected,
        ref=st.uuids().map(str),
        listing_id=st.integers(1, 3),
        ours=st.booleans(),
        lapsed=st.booleans(),
    ),
    max_size=40,
)


def bookings(count: int, listing: int = 1) -> list[Expected]:
    return [Expected(ref=f"{listing}-{n}", listing_id=listing) for n in range(count)]


def blocks(count: int, listing: int = 1) -> list[Expected]:
    return [Expected(ref=f"k{listing}-{n}", listing_id=listing, ours=True) for n in range(count)]


def refs(several: list[Expected]) -> set[str]:
    return {one.ref for one in several}


@pytest.mark.parametrize("live", [1, 4, 5])
def test_a_small_venue_may_lose_everything(live: int) -> None:
    assert judge_scan(bookings(live), set()) == Proceed()


def test_three_of_four_cancelled_at_each_of_two_venues_is_no_incident() -> None:
    live = bookings(4, 1) + bookings(4, 2)
    assert isinstance(judge_scan(live, refs(live[3:4] + live[7:])), Quarantine)
    assert judge_scan(live[:4], refs(live[3:4])) == Proceed()
    assert judge_scan(live[4:], refs(live[7:])) == Proceed()


def test_one_of_many_is_never_braked() -> None:
    live = bookings(400)
    assert judge_scan(live, refs(live[1:])) == Proceed()


def test_an_empty_list_is_braked() -> None:
    assert judge_scan(bookings(6), set()) == Quarantine(
        reason="mass_disappearance", live=6, gone=tuple(f"1-{n}" for n in range(6))
    )


def test_a_listing_that_shows_nothing_is_braked_although_it_is_a_small_part() -> None:
    live = bookings(6, 1) + bookings(60, 2)
    verdict = judge_scan(live, refs(live[6:]))
    assert isinstance(verdict, Quarantine)
    assert (verdict.reason, verdict.live) == ("empty_listing", 6)


def test_many_blocks_do_not_hide_that_every_booking_went() -> None:
    live = bookings(6) + blocks(60)
    assert isinstance(judge_scan(live, refs(live[6:])), Quarantine)


def test_exactly_the_share_is_let_pass() -> None:
    live = bookings(20)
    assert judge_scan(live, refs(live[6:])) == Proceed()
    assert isinstance(judge_scan(live, refs(live[7:])), Quarantine)


def test_holds_that_lapsed_do_not_count() -> None:
    lapsed = [Expected(ref=str(n), listing_id=1, lapsed=True) for n in range(50)]
    assert judge_scan([*lapsed, *bookings(3)], set()) == Proceed()


def test_a_burst_of_absences_among_reads_is_braked() -> None:
    absent = [str(n) for n in range(6)]
    assert judge_reads(absent, read=20) == Proceed()
    assert isinstance(judge_reads(absent, read=19), Quarantine)
    assert judge_reads(absent[1:], read=5) == Proceed()


@patient
@given(REFS, st.data())
def test_never_below_the_least_and_always_with_a_reason_that_names_what_went(
    live: list[Expected], data: st.DataObject
) -> None:
    shown = data.draw(st.sets(st.sampled_from(sorted(refs(live)))) if live else st.just(set()))
    verdict = judge_scan(live, shown)
    gone = refs([one for one in live if not one.lapsed]) - shown
    if len(gone) <= MOST_AT_ONCE:
        assert verdict == Proceed()
    if len(gone) > max(MOST_AT_ONCE, MOST_SHARE * len(live)):
        assert isinstance(verdict, Quarantine)
    if isinstance(verdict, Quarantine):
        assert set(verdict.gone) <= gone
        assert len(verdict.gone) > MOST_AT_ONCE


@patient
@given(REFS, st.data())
def test_what_trips_the_brake_trips_it_when_more_is_gone(
    live: list[Expected], data: st.DataObject
) -> None:
    everything = st.sets(st.sampled_from(sorted(refs(live)))) if live else st.just(set())
    shown = data.draw(everything)
    fewer = shown & data.draw(everything)
    if isinstance(judge_scan(live, shown), Quarantine):
        assert isinstance(judge_scan(live, fewer), Quarantine)
