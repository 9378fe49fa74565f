"""A pass over a list is called whole only if it saw every row, however rows come, go and move meanwhile."""

from collections.abc import Sequence
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from random import Random

import pytest
from hypothesis import given
from hypothesis import strategies as st
from tests.inventory.made import patient

from holdfast.inventory.passes import (
    Ended,
    Order,
    Pass,
    Sight,
    after,
    breaks_the_order,
    from_plain,
    news_page,
    order_of,
    page_after_news,
    to_plain,
)

BEGAN = datetime(2026, 1, 1, tzinfo=UTC)
ROWS = 3
"""On a page."""


def made(number: int) -> datetime:
    return BEGAN + timedelta(minutes=number)


class Book:
    """A provider's list; numbers are given in the order of making."""

    def __init__(self, rows: int, order: Order, *, totals: bool = True) -> None:
        self.rows, self.order, self.totals = list(range(rows)), order, totals
        self.next = rows
        self.random = Random(rows)

    def shown(self) -> list[int]:
        if self.order == "oldest_first":
            return sorted(self.rows)
        if self.order == "newest_first":
            return sorted(self.rows, reverse=True)
        return self.random.sample(self.rows, len(self.rows))

    def add(self) -> None:
        self.rows.append(self.next)
        self.next += 1

    def remove(self) -> None:
        if self.rows:
            self.rows.remove(self.random.choice(self.rows))

    def page(self, number: int | None) -> tuple[list[int], Sight]:
        at = number or 1
        shown = self.shown()
        rows = shown[(at - 1) * ROWS : at * ROWS]
        pages = max(1, -(-len(shown) // ROWS))
        return rows, Sight(
            number=number,
            next=at + 1 if at < pages else None,
            last=pages if self.totals else None,
            total=len(shown) if self.totals else None,
            rows=len(rows),
            fresh=0,
            readable=True,
            made=[made(row) for row in rows],
        )


def run(
    book: Book, changes: Sequence[str], before: set[int] | None = None
) -> tuple[Ended, set[int]]:
    """One pass, while the list changes after each page; what it saw."""
    state, seen, left = Pass(), set[int](), list(changes)
    for _ in range(200):
        rows, sight = book.page(state.page)
        fresh = len(set(rows) - seen)
        seen |= set(rows)
        told = replace(sight, fresh=fresh, as_before=seen == before)
        result = after(from_plain(to_plain(state)), told)
        if isinstance(result, Ended):
            return result, seen
        state = result
        if left:
            getattr(book, left.pop(0), lambda: None)()
    raise AssertionError("it never ended")


orders = st.sampled_from(["newest_first", "oldest_first"])
changes = st.lists(st.sampled_from(["add", "remove", "stay"]), max_size=30)


@patient
@given(st.integers(0, 20), st.sampled_from(["newest_first", "oldest_first", "none"]))
def test_a_list_that_stands_still_is_seen_whole_if_its_rows_do(rows: int, order: Order) -> None:
    ended, seen = run(Book(rows, order), [])
    assert ended.whole == (seen == set(range(rows)))
    if order != "none":
        assert ended.whole
        assert ended.order in (order, "unknown")
        assert ended.pages == max(1, -(-rows // ROWS))


@patient
@given(st.integers(0, 20), orders, changes)
def test_whole_means_that_every_row_was_seen_that_was_there_all_the_time(
    rows: int, order: Order, changes: list[str]
) -> None:
    book = Book(rows, order)
    ended, seen = run(book, changes)
    if ended.whole:
        there_all_the_time = {row for row in book.rows if row < rows}
        assert there_all_the_time <= seen


@patient
@given(st.integers(4, 20), st.lists(st.sampled_from(["add", "stay"]), max_size=3))
def test_new_bookings_alone_do_not_keep_a_pass_from_being_whole(
    rows: int, changes: list[str]
) -> None:
    for order in ("newest_first", "oldest_first"):
        book = Book(rows, order)
        ended, seen = run(book, changes)
        assert ended.whole
        assert seen >= set(range(rows))


def test_a_list_that_ignores_its_page_number_is_not_read_for_ever() -> None:
    sight = Sight(number=1, next=2, last=None, total=None, rows=3, fresh=3, readable=True, made=())
    going_on = after(Pass(), sight)
    assert isinstance(going_on, Pass)
    ended = after(going_on, replace(sight, number=2, next=3, fresh=0))
    assert ended == Ended(whole=False, pages=2, order="unknown")


def test_without_totals_two_passes_must_agree() -> None:
    book = Book(7, "newest_first", totals=False)
    first, seen = run(book, [])
    assert not first.whole
    assert run(book, [], before=seen)[0].whole
    book.add()
    assert not run(book, [], before=seen)[0].whole
    assert run(Book(2, "newest_first", totals=False), [])[0].whole, "one page needs no second"


def test_an_unreadable_row_makes_no_list_whole() -> None:
    sight = Sight(number=None, next=None, last=1, total=2, rows=2, fresh=2, readable=False, made=())
    assert after(Pass(), sight) == Ended(whole=False, pages=1, order="unknown")


@pytest.mark.parametrize(
    ("numbers", "order"),
    [([], "unknown"), ([1], "unknown"), ([3, 2, 2, 1], "newest_first"), ([1, 5], "oldest_first")],
)
def test_the_order_is_learned_from_when_rows_were_made(numbers: list[int], order: str) -> None:
    assert order_of("unknown", [made(n) for n in numbers]) == order


def test_an_order_that_is_broken_once_is_none() -> None:
    assert order_of("newest_first", [made(2), made(4)]) == "none"
    assert order_of("none", [made(3), made(2)]) == "none"
    assert order_of("newest_first", [made(3), made(1)]) == "newest_first"


@pytest.mark.parametrize("order", ["newest_first", "oldest_first"])
def test_rows_that_several_new_ones_push_to_the_next_page_do_not_break_the_order(
    order: Order,
) -> None:
    """Found by the bench of reads: the list was then read as a whole again and again, and its news late."""
    book = Book(12, order)
    state, seen = Pass(), set[int]()
    for _ in range(20):
        rows, sight = book.page(state.page)
        result = after(state, replace(sight, fresh=len(set(rows) - seen)))
        seen |= set(rows)
        if isinstance(result, Ended):
            break
        state = result
        if state.pages < 4:
            book.add()
            book.add()
    assert isinstance(result, Ended)
    assert result.order == order


def test_news_are_looked_for_where_new_rows_appear_until_a_page_has_a_known_one() -> None:
    assert (news_page("newest_first", 9), news_page("oldest_first", 9)) == (None, 9)
    sight = Sight(number=9, next=None, last=9, total=25, rows=3, fresh=3, readable=True, made=())
    assert page_after_news("oldest_first", sight, news=3) == 8
    assert page_after_news("oldest_first", sight, news=2) is None
    first = replace(sight, number=None, next=2)
    assert page_after_news("newest_first", first, news=3) == 2
    assert page_after_news("newest_first", replace(first, rows=0), news=0) is None


def test_a_list_that_grew_elsewhere_or_shrank_is_read_as_a_whole() -> None:
    sight = Sight(number=None, next=2, last=9, total=25, rows=3, fresh=3, readable=True, made=())
    assert not breaks_the_order(24, sight, news=1)
    assert breaks_the_order(23, sight, news=1)
    assert breaks_the_order(26, sight, news=0)
    assert not breaks_the_order(None, sight, news=0)
