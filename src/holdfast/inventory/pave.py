"""pave: offers that lie over all of a closed stretch, end to end, so that one unit less is sold. No I/O."""

from bisect import bisect_left, bisect_right
from collections.abc import Iterable, Sequence
from datetime import datetime, timedelta

from holdfast.inventory.cover import common, joined
from holdfast.inventory.model import Span

Cost = tuple[int, timedelta, int, timedelta, tuple[datetime, ...]]
"""Offers taken, time taken doubly, of those offers not ours yet, time beyond what is closed, then starts."""


def pave(
    closed: Sequence[Span],
    offers: Iterable[Span],
    ours: Iterable[Span] = (),
    busy: Iterable[Span] = (),
) -> tuple[Span, ...]:
    """Choose offers whose union holds every closed instant that any offer holds.

    A channel that counts capacity goes on selling between two blocks, so they must leave no gap. What no
    offer holds cannot be sold and needs no block. `ours` are spans we stand on already: they may be
    chosen like offers, at no new cost; unlike for `cover`, other offers may overlap them, for each takes
    a unit of its own. `busy` is when the unit is off sale at this channel already, by bookings made there.

    The fewest offers, then the least overlap of neighbours and with `busy`, then the fewest new ones, then
    the least time beyond `closed`. Neighbours overlap only where the grid does not let one begin when the other ends: for
    that moment two units are off sale, which costs a little, where a gap would be an exposure.

    1. Candidates are the offers that hold some of the closed time, in order of their end.
    2. The best choice that ends with candidate j extends the best one ending with some i before it, where
       no closed time that could be sold lies between i and j.

    Time: O(n log n) for sorting plus the pairs (i, j) that touch, or have nothing to pave between them.
    """
    standing = frozenset(ours)
    everything = sorted(standing.union(offers))
    union = joined(closed)
    exposed = _common_parts(union, joined(everything))
    if not exposed:
        return ()
    near = [span for span in everything if common(span, exposed)]
    own = [_cost_of(span, union, joined(busy), standing) for span in near]
    return _Road(exposed, near, own).best()


def _cost_of(
    offer: Span, closed: Sequence[Span], busy: Sequence[Span], standing: frozenset[Span]
) -> Cost:
    extra = offer.length - common(offer, closed)
    return (1, common(offer, busy), 0 if offer in standing else 1, extra, (offer.start,))


def _common_parts(one: Sequence[Span], other: Sequence[Span]) -> list[Span]:
    """The time that lies in both unions."""
    return [
        Span(start=max(a.start, b.start), end=min(a.end, b.end))
        for a in one
        for b in other[bisect_right(other, a.start, key=lambda s: s.end) :]
        if b.overlaps(a)
    ]


class _Road:
    """The dynamic programme: best[j] is the cheapest chain of candidates that ends with j."""

    def __init__(
        self,
        exposed: Sequence[Span],
        candidates: Sequence[Span],
        costs: Sequence[Cost],
    ) -> None:
        order = sorted(
            zip(candidates, costs, strict=True), key=lambda pair: (pair[0].end, pair[0].start)
        )
        self._exposed = exposed
        self._candidates = [candidate for candidate, _ in order]
        self._own = [cost for _, cost in order]
        self._ends = [c.end for c in self._candidates]
        self._costs: list[Cost | None] = []
        self._before: list[int | None] = []

    def best(self) -> tuple[Span, ...]:
        for j in range(len(self._candidates)):
            cost, i = self._extend(j)
            self._costs.append(cost)
            self._before.append(i)
        first = bisect_left(self._ends, self._exposed[-1].end)
        finals = [
            (cost, j) for j in range(first, len(self._ends)) if (cost := self._costs[j]) is not None
        ]
        return self._trace(min(finals)[1])

    def _extend(self, j: int) -> tuple[Cost | None, int | None]:
        """The cheapest way to end with candidate j: alone, or after an earlier one."""
        candidate, own = self._candidates[j], self._own[j]
        paved_until = self._exposed_before(candidate.start)
        if paved_until is None:
            return own, None
        best: tuple[Cost | None, int | None] = (None, None)
        first = bisect_left(self._ends, paved_until, hi=j)
        for i in range(first, bisect_left(self._ends, candidate.end, hi=j)):
            so_far = self._costs[i]
            if so_far is None or self._candidates[i].start >= candidate.start:
                continue
            doubly = max(timedelta(0), self._ends[i] - candidate.start)
            cost = _sum(so_far, own, doubly)
            if best[0] is None or cost < best[0]:
                best = (cost, i)
        return best

    def _exposed_before(self, instant: datetime) -> datetime | None:
        """The end of what must be paved before `instant`; None: nothing."""
        place = bisect_left(self._exposed, instant, key=lambda s: s.start)
        return min(self._exposed[place - 1].end, instant) if place else None

    def _trace(self, last: int) -> tuple[Span, ...]:
        chain: list[Span] = []
        at: int | None = last
        while at is not None:
            chain.append(self._candidates[at])
            at = self._before[at]
        return tuple(reversed(chain))


def _sum(chain: Cost, link: Cost, doubly: timedelta) -> Cost:
    """The chain with one more link, whose first `doubly` it takes for the second time."""
    return (
        chain[0] + link[0],
        chain[1] + link[1] + doubly,
        chain[2] + link[2],
        chain[3] + link[3],
        chain[4] + link[4],
    )
