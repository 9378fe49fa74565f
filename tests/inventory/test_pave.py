"""pave: against every choice of offers there is."""

from collections.abc import Sequence
from datetime import datetime, timedelta
from itertools import combinations
from time import process_time

from hypothesis import given
from tests.inventory.made import DAY, STEP, patient, some_spans, span, spans, steps, text

from holdfast.inventory.cover import common, joined
from holdfast.inventory.model import Span
from holdfast.inventory.pave import pave

Price = tuple[int, timedelta, int, timedelta]
Where = tuple[Sequence[Span], Sequence[Span], Sequence[Span]]
"""What is closed, what is ours, what is busy."""


def quarters(several: Sequence[Span]) -> set[datetime]:
    """The starts of all quarters of an hour that these take."""
    return {one.start + n * STEP for one in several for n in range(one.length // STEP)}


def price(chosen: Sequence[Span], where: Where) -> Price:
    """Offers, time taken doubly, new offers, time beyond what is closed."""
    closed, ours, busy = where
    doubly = sum((c.length for c in chosen), timedelta(0)) - len(quarters(chosen)) * STEP
    doubly += sum((common(c, joined(busy)) for c in chosen), timedelta(0))
    beyond = sum((c.length - common(c, joined(closed)) for c in chosen), timedelta(0))
    return len(chosen), doubly, len([c for c in chosen if c not in ours]), beyond


def cheapest(offers: Sequence[Span], where: Where) -> Price:
    closed, ours, _ = where
    everything = sorted({*offers, *ours})
    needed = quarters(closed) & quarters(everything)
    for size in range(len(everything) + 1):
        prices = [
            price(chosen, where)
            for chosen in combinations(everything, size)
            if needed <= quarters(chosen)
        ]
        if prices:
            return min(prices)
    raise AssertionError("all of them together do")


@patient
@given(some_spans(3), some_spans(9), some_spans(3), some_spans(2))
def test_nothing_closed_stays_on_sale_and_no_choice_is_cheaper(
    closed: list[Span], offers: list[Span], ours: list[Span], busy: list[Span]
) -> None:
    chosen = pave(closed, offers, ours, busy)
    assert set(chosen) <= {*offers, *ours}
    assert quarters(closed) & quarters([*offers, *ours]) <= quarters(chosen)
    where = (closed, ours, busy)
    assert price(chosen, where) == cheapest(offers, where)


@patient
@given(some_spans(3), some_spans(12), some_spans(4), some_spans(2))
def test_what_was_chosen_is_chosen_again_once_it_stands(
    closed: list[Span], offers: list[Span], ours: list[Span], busy: list[Span]
) -> None:
    chosen = pave(closed, offers, ours, busy)
    assert pave(closed, offers, [*ours, *chosen], busy) == chosen


@patient
@given(some_spans(3), some_spans(9), some_spans(3))
def test_the_order_in_which_offers_are_told_changes_nothing(
    closed: list[Span], offers: list[Span], ours: list[Span]
) -> None:
    assert pave(closed[::-1], offers[::-1], ours[::-1]) == pave(closed, offers, ours)


def dense(first: int, last: int, length: int) -> list[Span]:
    """A start every quarter of an hour."""
    return [steps(start, length) for start in range(first, last + 1)]


def test_dense_starts_are_paved_end_to_end_without_a_gap() -> None:
    chosen = pave([span("14:00-18:00")], dense(32, 80, 6))
    assert text(chosen) == "13:30-15:00 15:00-16:30 16:30-18:00"


def test_hourly_slots_are_taken_one_by_one() -> None:
    offers = spans("09:00-10:00 10:00-11:00 11:00-12:00 12:00-13:00 13:00-14:00")
    assert text(pave([span("10:30-12:30")], offers)) == "10:00-11:00 11:00-12:00 12:00-13:00"


def test_where_the_grid_leaves_no_other_way_neighbours_overlap() -> None:
    # starts every half hour, and a turn of 45 minutes
    offers = [steps(start, 3) for start in range(40, 60, 2)]
    chosen = pave([span("12:00-13:30")], offers)
    assert text(chosen) == "12:00-12:45 12:30-13:15 13:00-13:45"


def test_time_that_is_not_sold_needs_no_block() -> None:
    offers = spans("12:00-13:30 18:00-19:30")
    assert text(pave([span("13:00-18:30")], offers)) == "12:00-13:30 18:00-19:30"
    assert pave([span("14:00-18:00")], offers) == ()
    assert pave([], offers) == ()


def test_blocks_that_stand_are_kept_rather_than_shifted() -> None:
    ours = spans("14:00-15:30 15:30-17:00 17:00-18:30")
    assert list(pave([span("14:00-18:00")], dense(32, 80, 6), ours)) == ours


def test_time_that_is_busy_counts_for_every_link_of_the_chain() -> None:
    ours = spans("12:00-14:00 13:45-14:15 14:00-14:30")
    chosen = pave([span("12:15-14:15")], [], ours, spans("14:00-14:30"))
    assert text(chosen) == "12:00-14:00 13:45-14:15"


def test_a_thousand_offers_are_paved_at_once() -> None:
    offers = [Span.of(DAY + n * STEP, 6 * STEP) for n in range(1_000)]
    began = process_time()
    chosen = pave([Span.of(DAY, 1_000 * STEP)], offers)
    assert process_time() - began < 2
    assert len(chosen) == 167
