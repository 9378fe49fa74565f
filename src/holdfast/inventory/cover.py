"""cover: the fewest offers to take so that no remaining offer overlaps closed time. No I/O."""

from bisect import bisect_left, bisect_right
from collections.abc import Iterable, Sequence
from datetime import datetime, timedelta

from holdfast.inventory.model import Span

Cost = tuple[int, int, timedelta, tuple[datetime, ...]]
"""Offers taken, of those not ours yet, closed time beyond what is needed, then starts (to be definite)."""


def joined(spans: Iterable[Span]) -> list[Span]:
    """The union of the spans as sorted spans that neither overlap nor touch."""
    union: list[Span] = []
    for span in sorted(spans):
        if union and span.start <= union[-1].end:
            union[-1] = Span(start=union[-1].start, end=max(union[-1].end, span.end))
        else:
            union.append(span)
    return union


def cover(
    closed: Sequence[Span], offers: Iterable[Span], ours: Iterable[Span] = ()
) -> tuple[Span, ...]:
    """Choose offers that exclude each other and every other offer that overlaps `closed`.

    Taking an offer withdraws all offers that overlap it. `ours` are spans we stand on already: they may
    be chosen like offers, at no new cost, and an offer that overlaps one of them cannot be taken now.
    `offers` must name what is withdrawn only because of ours: else that would seem to be closed for good.

    1. An offer is bad if it overlaps closed time; candidates are the offers that overlap a bad one.
    2. Candidates in order of their end; the best choice that ends with candidate j extends the best one
       ending with some i before it, where no bad offer lies wholly between i and j.
    3. Cost compares the number of offers, then the new ones, then the time taken beyond `closed`.

    Time: O(n log n) for sorting plus the pairs (i, j) that lie within one gap of each other.
    """
    union, standing = joined(closed), frozenset(ours)
    everything = sorted(standing.union(offers))
    bad = [offer for offer in everything if _touches(offer, union)]
    if not bad:
        return ()
    near, occupied = _near(everything, bad), joined(standing)
    free = [offer for offer in near if offer in standing or not _touches(offer, occupied)]
    chosen = _Path(bad, free, union, standing).best()
    # where ours overlap each other they cannot all be kept, and the free offers may not be enough
    return chosen or _Path(bad, near, union, standing).best()


def _touches(span: Span, union: Sequence[Span]) -> bool:
    first = bisect_right(union, span.start, key=lambda other: other.end)
    return first < len(union) and union[first].start < span.end


def _near(offers: Sequence[Span], bad: Sequence[Span]) -> list[Span]:
    reach = joined(bad)
    return [offer for offer in offers if _touches(offer, reach)]


class _Path:
    """The dynamic programme: best[j] is the cheapest chain of candidates that ends with j."""

    def __init__(
        self,
        bad: Sequence[Span],
        candidates: Sequence[Span],
        union: Sequence[Span],
        standing: frozenset[Span],
    ) -> None:
        self._bad = sorted(bad, key=lambda s: (s.end, s.start))
        self._ends = [s.end for s in self._bad]
        # latest start among the bad offers that end by then
        self._latest: list[datetime] = []
        for offer in self._bad:
            self._latest.append(max(offer.start, self._latest[-1]) if self._latest else offer.start)
        self._candidates = sorted(candidates, key=lambda s: (s.end, s.start))
        self._own = [self._cost_of(c, union, standing) for c in self._candidates]

    def best(self) -> tuple[Span, ...]:
        costs: list[Cost | None] = []
        before: list[int | None] = []
        ends = [c.end for c in self._candidates]
        for j, candidate in enumerate(self._candidates):
            cost, i = self._extend(j, candidate, ends, costs)
            costs.append(cost)
            before.append(i)
        return self._trace(costs, before)

    def _extend(
        self, j: int, candidate: Span, ends: Sequence[datetime], costs: Sequence[Cost | None]
    ) -> tuple[Cost | None, int | None]:
        """The cheapest way to end with `candidate`: alone, or after an earlier one."""
        must_end_after = self._latest_start_before(candidate.start)
        if must_end_after is None:
            return self._own[j], None
        best: tuple[Cost | None, int | None] = (None, None)
        first = bisect_right(ends, must_end_after, hi=j)
        for i in range(first, bisect_right(ends, candidate.start, hi=j)):
            so_far = costs[i]
            if so_far is not None and (best[0] is None or _sum(so_far, self._own[j]) < best[0]):
                best = (_sum(so_far, self._own[j]), i)
        return best

    def _latest_start_before(self, instant: datetime) -> datetime | None:
        """The latest start of the bad offers that end by `instant`; None: there is none."""
        count = bisect_right(self._ends, instant)
        return self._latest[count - 1] if count else None

    def _trace(
        self, costs: Sequence[Cost | None], before: Sequence[int | None]
    ) -> tuple[Span, ...]:
        last_start = max(offer.start for offer in self._bad)
        finals = [
            (cost, j)
            for j, cost in enumerate(costs)
            if cost is not None and self._candidates[j].end > last_start
        ]
        chain: list[Span] = []
        at: int | None = min(finals)[1] if finals else None
        while at is not None:
            chain.append(self._candidates[at])
            at = before[at]
        return tuple(reversed(chain))

    @staticmethod
    def _cost_of(offer: Span, union: Sequence[Span], standing: frozenset[Span]) -> Cost:
        extra = offer.length - common(offer, union)
        return (1, 0 if offer in standing else 1, extra, (offer.start,))


def _sum(a: Cost, b: Cost) -> Cost:
    return (a[0] + b[0], a[1] + b[1], a[2] + b[2], a[3] + b[3])


def common(span: Span, union: Sequence[Span]) -> timedelta:
    """How much of `span` lies in a sorted union."""
    total = timedelta(0)
    for other in union[bisect_left(union, span.start, key=lambda s: s.end) :]:
        if other.start >= span.end:
            break
        total += max(timedelta(0), min(span.end, other.end) - max(span.start, other.start))
    return total
