"""cover: against every subset there is, and in the numbers of the design."""

from collections.abc import Callable, Sequence
from datetime import timedelta
from itertools import combinations, pairwise
from random import Random
from time import perf_counter

import pytest
from hypothesis import given
from hypothesis import strategies as st
from tests.inventory.made import (
    DAY,
    STEP,
    apart,
    at,
    patient,
    some_spans,
    span,
    spans,
    steps,
    text,
)

from holdfast.inventory.cover import cover, joined
from holdfast.inventory.model import Span

Cost = tuple[int, int, timedelta]

CLOSED = some_spans(4, last=14, longest=6)
OFFERS = some_spans(9, last=16, longest=6)
STANDING = some_spans(4, last=16, longest=6).map(apart)


def bad_among(offers: Sequence[Span], closed: Sequence[Span]) -> list[Span]:
    return [offer for offer in offers if any(offer.overlaps(shut) for shut in closed)]


def takeable_among(offers: Sequence[Span], ours: Sequence[Span]) -> list[Span]:
    return [o for o in offers if o in ours or not any(o.overlaps(mine) for mine in ours)]


def is_disjoint(chosen: Sequence[Span]) -> bool:
    return not any(one.overlaps(other) for one, other in combinations(chosen, 2))


def shuts(chosen: Sequence[Span], bad: Sequence[Span]) -> bool:
    """Whether nothing bad is left to be sold."""
    return all(any(offer.overlaps(one) for one in chosen) for offer in bad)


def extra(one: Span, closed: Sequence[Span]) -> timedelta:
    """Time beyond what is closed, counted quarter by quarter."""
    quarters = [Span.of(one.start + n * STEP, STEP) for n in range(one.length // STEP)]
    return sum(
        (STEP for quarter in quarters if not any(quarter.overlaps(shut) for shut in closed)),
        timedelta(0),
    )


def cost(chosen: Sequence[Span], closed: Sequence[Span], ours: Sequence[Span]) -> Cost:
    new = sum(one not in ours for one in chosen)
    return (len(chosen), new, sum((extra(one, closed) for one in chosen), timedelta(0)))


def cheapest(
    closed: Sequence[Span], offers: Sequence[Span], ours: Sequence[Span]
) -> tuple[Cost, list[tuple[Span, ...]]]:
    """The least cost over all subsets, and every choice that has it."""
    everything = sorted({*offers, *ours})
    bad = bad_among(everything, closed)
    takeable = takeable_among(everything, ours)
    choices = [
        chosen
        for size in range(len(takeable) + 1)
        for chosen in combinations(takeable, size)
        if is_disjoint(chosen) and shuts(chosen, bad)
    ]
    least = min(cost(chosen, closed, ours) for chosen in choices)
    return least, [chosen for chosen in choices if cost(chosen, closed, ours) == least]


@patient
@given(CLOSED, OFFERS, STANDING)
def test_no_choice_of_any_size_is_better(
    closed: list[Span], offers: list[Span], ours: list[Span]
) -> None:
    chosen = cover(closed, offers, ours)
    assert is_disjoint(chosen)
    assert shuts(chosen, bad_among([*offers, *ours], closed))
    least, choices = cheapest(closed, offers, ours)
    assert cost(chosen, closed, ours) == least
    assert chosen in choices


@patient
@given(CLOSED, OFFERS)
def test_among_equally_good_choices_the_one_that_starts_first_is_taken(
    closed: list[Span], offers: list[Span]
) -> None:
    _, choices = cheapest(closed, offers, [])
    chosen = cover(closed, offers)
    assert [one.start for one in chosen] == min([one.start for one in way] for way in choices)


@patient
@given(CLOSED, OFFERS, STANDING)
def test_only_what_is_offered_or_ours_is_taken_and_nothing_new_beside_ours(
    closed: list[Span], offers: list[Span], ours: list[Span]
) -> None:
    for one in cover(closed, offers, ours):
        assert one in ours or (one in offers and not any(one.overlaps(mine) for mine in ours))


@patient
@given(CLOSED, OFFERS, STANDING, st.randoms())
def test_the_order_of_what_is_given_changes_nothing(
    closed: list[Span], offers: list[Span], ours: list[Span], random: Random
) -> None:
    before = cover(closed, offers, ours)
    doubled = [*offers, *offers]
    for several in (closed, doubled, ours):
        random.shuffle(several)
    assert cover(closed, doubled, ours) == before


@patient
@given(CLOSED, OFFERS)
def test_what_was_taken_is_taken_again(closed: list[Span], offers: list[Span]) -> None:
    chosen = cover(closed, offers)
    assert cover(closed, offers, chosen) == chosen


@patient
@given(CLOSED, OFFERS, STANDING)
def test_taking_what_is_told_comes_to_rest_without_ever_growing(
    closed: list[Span], offers: list[Span], ours: list[Span]
) -> None:
    everything = [*offers, *ours]
    sizes = []
    while True:
        chosen = list(cover(closed, everything, ours))
        sizes.append(len(chosen))
        if chosen == ours:
            break
        ours = chosen
    assert sizes == sorted(sizes, reverse=True)
    assert len(sizes) <= len(everything) + 2


@patient
@given(CLOSED, OFFERS, some_spans(4))
def test_blocks_of_ours_that_overlap_each_other_never_leave_closed_time_open(
    closed: list[Span], offers: list[Span], ours: list[Span]
) -> None:
    chosen = cover(closed, offers, ours)
    assert is_disjoint(chosen)
    assert shuts(chosen, bad_among([*offers, *ours], closed))


def test_two_blocks_of_ours_that_overlap_are_not_both_given_up() -> None:
    closed, offers = spans("10:00-10:15 13:00-13:15"), spans("09:30-11:00 12:30-14:00")
    ours = spans("10:45-12:00 11:45-12:45")
    assert text(cover(closed, offers, ours)) == "09:30-11:00 11:45-12:45"


def test_hourly_slots_that_a_booking_touches_are_taken() -> None:
    chosen = cover(spans("19:30-21:00"), spans("19:00-20:00 20:00-21:00 21:00-22:00"))
    assert text(chosen) == "19:00-20:00 20:00-21:00"


def test_two_tables_turns_shut_four_hours_of_quarterly_starts() -> None:
    starts = [Span.of(at("09:00") + n * STEP, timedelta(minutes=90)) for n in range(45)]
    closed = spans("14:00-18:00")
    chosen = cover(closed, starts)
    assert text(chosen) == "14:00-15:30 16:30-18:00"
    shut = [one.start for one in starts if any(one.overlaps(taken) for taken in chosen)]
    assert (shut[0], shut[-1], len(shut)) == (at("12:45"), at("17:45"), 21)


@pytest.mark.parametrize(
    ("closed", "offers", "taken"),
    [
        pytest.param("", "12:00-13:00", "", id="nothing is closed"),
        pytest.param("12:00-13:00", "", "", id="nothing is offered"),
        pytest.param("12:00-13:00", "11:00-12:00 13:00-14:00", "", id="touching ends"),
        pytest.param("12:00-13:00", "11:00-12:01", "11:00-12:01", id="one minute is enough"),
        pytest.param("12:00-12:30", "09:00-18:00", "09:00-18:00", id="an offer longer than all"),
        pytest.param(
            "10:00-13:00",
            "10:00-11:00 12:00-13:00 13:00-14:00",
            "10:00-11:00 12:00-13:00",
            id="a gap in the offers",
        ),
        pytest.param(
            "10:00-11:00 15:00-16:00",
            "10:00-11:00 12:00-13:00 15:00-16:00",
            "10:00-11:00 15:00-16:00",
            id="a gap in the closed time",
        ),
        pytest.param(
            "10:00-11:00 11:00-12:00",
            "10:00-11:00 11:00-12:00 10:00-12:00",
            "10:00-12:00",
            id="one long offer before two short ones",
        ),
        pytest.param(
            "12:00-13:00",
            "12:00-13:00 12:00-14:00 11:00-13:00",
            "12:00-13:00",
            id="the one that takes nothing beyond",
        ),
        pytest.param(
            "10:00-11:00 13:00-14:00",
            "10:30-11:45 12:15-13:15 11:30-12:30",
            "11:30-12:30",
            id="one harmless offer that withdraws two bad ones",
        ),
    ],
)
def test_cover_by_example(closed: str, offers: str, taken: str) -> None:
    assert text(cover(spans(closed), spans(offers))) == taken


@pytest.mark.parametrize(
    ("ours", "taken"),
    [
        pytest.param("12:30-14:00", "12:30-14:00", id="what stands is enough"),
        pytest.param("12:45-14:15", "12:45-14:15", id="worse than another, but it stands"),
        pytest.param("17:00-18:30", "12:00-13:30", id="what stands elsewhere is left"),
    ],
)
def test_what_stands_already_is_kept_before_anything_new(ours: str, taken: str) -> None:
    starts = [Span.of(at("10:00") + n * STEP, timedelta(minutes=90)) for n in range(20)]
    bad_start = span("12:00-13:00")
    only = [one for one in starts if one.start >= bad_start.start]
    assert text(cover([bad_start], only, spans(ours))) == taken


def test_what_stands_is_kept_though_something_new_would_take_less_time() -> None:
    offers = spans("11:30-12:30 12:20-12:40")
    chosen = cover(spans("12:10-12:20"), offers, spans("10:00-12:00"))
    assert text(chosen) == "10:00-12:00"


def test_one_that_is_new_is_better_than_two_that_stand() -> None:
    offers = spans("11:30-12:30 12:35-13:30 12:20-12:45")
    chosen = cover(spans("12:10-12:20 12:50-13:00"), offers, spans("10:00-12:00 13:10-15:00"))
    assert text(chosen) == "12:20-12:45"


@given(some_spans(8))
def test_what_is_joined_neither_overlaps_nor_touches_and_means_the_same(
    several: list[Span],
) -> None:
    union = joined(several)
    assert all(a.end < b.start for a, b in pairwise(union))
    quarters = [steps(n, 1) for n in range(60)]
    for quarter in quarters:
        before = any(quarter.overlaps(one) for one in several)
        assert any(quarter.overlaps(one) for one in union) == before


@pytest.mark.parametrize(("every", "turn"), [(60, 60), (15, 90), (15, 240), (5, 180)])
def test_a_thousand_offers_are_covered(
    every: int, turn: int, record_property: Callable[[str, object], None]
) -> None:
    length = timedelta(minutes=turn)
    offers = [Span.of(DAY + n * timedelta(minutes=every), length) for n in range(1000)]
    closed = [Span(start=offers[0].start, end=offers[-1].end)]
    began = perf_counter()
    chosen = cover(closed, offers)
    record_property("milliseconds", round(1000 * (perf_counter() - began), 1))
    assert is_disjoint(chosen)
    assert shuts(chosen, offers)
