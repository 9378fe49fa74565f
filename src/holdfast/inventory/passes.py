"""passes: which page of a list is read next, and whether a pass over all its pages has seen every row. No I/O.

Pages shift while they are read. A row that goes while another one comes, between two pages, can still hide a third: so
what a pass has not shown is never taken to be gone, it is asked after by its id.
"""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import asdict, dataclass, replace
from datetime import datetime
from itertools import pairwise
from typing import Any, Literal

Order = Literal["unknown", "newest_first", "oldest_first", "none"]
"""In which order a list shows its rows, by when they were made; `none`: it was seen to follow neither."""

MOST_EDGES = 3
"""How often the first page is read once more because the total grew during a pass."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Sight:
    """What one page told of its list."""

    number: int | None
    """The page that was asked for; None: the first."""
    next: int | None
    last: int | None
    total: int | None
    rows: int
    fresh: int
    """Of its rows, those that this pass had not seen."""
    readable: bool
    made: Sequence[datetime]
    """When its rows were made, in their order, as far as that is told."""
    as_before: bool = False
    """Whether the pass has seen the very rows that the one before saw; it matters where no total is told."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Pass:
    """A pass under way. `total` is what the list told last."""

    page: int | None = None
    """To be asked for next; None: the first."""
    pages: int = 0
    seen: int = 0
    total: int | None = None
    edges: int = 0
    flawed: bool = False
    order: Order = "unknown"
    """As far as this pass has seen."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Ended:
    """A pass is over. `whole`: every row was seen."""

    whole: bool
    pages: int
    order: Order


def after(so_far: Pass, sight: Sight) -> Pass | Ended:
    """The pass one page later."""
    grown = replace(
        so_far,
        pages=so_far.pages + 1,
        seen=so_far.seen + sight.fresh,
        total=sight.total,
        flawed=so_far.flawed or not sight.readable or _shrank(so_far.total, sight.total),
        order=order_of(so_far.order, sight.made),
    )
    if _goes_round(so_far, sight):
        return _ended(replace(grown, flawed=True), whole=False)
    if sight.next is not None and not so_far.edges:
        return replace(grown, page=sight.next)
    return _at_the_end(grown, sight)


def _shrank(before: int | None, total: int | None) -> bool:
    """Rows went, and those behind them moved up: some may have been passed over."""
    return before is not None and total is not None and total < before


def _goes_round(so_far: Pass, sight: Sight) -> bool:
    """A page that is not the last and brings nothing new: its list would be read for ever."""
    return sight.next is not None and not so_far.edges and not sight.fresh


def _at_the_end(grown: Pass, sight: Sight) -> Pass | Ended:
    if grown.flawed:
        return _ended(grown, whole=False)
    if sight.total is None:
        return _ended(grown, whole=grown.pages == 1 or sight.as_before)
    if grown.seen >= sight.total:
        return _ended(grown, whole=True)
    if (
        grown.pages > 1 and grown.edges < MOST_EDGES
    ):  # new rows came meanwhile: read where they appear
        number = sight.last if grown.order == "oldest_first" else None
        return replace(grown, page=number, edges=grown.edges + 1)
    return _ended(grown, whole=False)


def _ended(grown: Pass, *, whole: bool) -> Ended:
    return Ended(whole=whole, pages=grown.pages - grown.edges, order=grown.order)


def order_of(so_far: Order, made: Sequence[datetime]) -> Order:
    """What the pages so far and the rows of this one show.

    Pages are not compared with each other: two new rows push two of a page's rows to the next page, in their order.
    """
    steps = set(_steps(made))
    if so_far in ("newest_first", "oldest_first"):
        steps.add(so_far)
    if so_far == "none" or len(steps) > 1:
        return "none"
    return steps.pop() if steps else so_far


def _steps(made: Sequence[datetime]) -> Iterator[Order]:
    for one, other in pairwise(made):
        if one != other:
            yield "newest_first" if one > other else "oldest_first"


def to_plain(under_way: Pass) -> dict[str, object]:
    """As JSON."""
    return asdict(under_way)


def from_plain(told: Mapping[str, Any]) -> Pass:
    """From JSON; none is under way where nothing is told."""
    return Pass(**told)


def news_page(order: Order, last: int | None) -> int | None:
    """The page on which new rows appear, as far as is known; None: the first."""
    return last if order == "oldest_first" else None


def page_after_news(order: Order, sight: Sight, news: int) -> int | None:
    """The page to look for more news on: where all rows of this one were new. None: there is no more."""
    if news < sight.rows or not sight.rows:
        return None
    if order == "oldest_first":
        number = sight.number or 1
        return number - 1 if number > 1 else None
    return sight.next


def breaks_the_order(before: int | None, sight: Sight, news: int) -> bool:
    """Whether the list grew by other rows than the new ones that its news page showed, or shrank."""
    if before is None or sight.total is None:
        return False
    return sight.total < before or sight.total - before > news
