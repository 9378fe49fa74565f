"""seating: put bookings of pools on units with the fewest moves from where they sit. No I/O."""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime

from holdfast.inventory.demand import Demand
from holdfast.inventory.model import Span

Seats = Mapping[int, int]
"""Booking → unit."""

STEPS = 2_000
"""How many placings a search tries before it settles for what it has found."""


def free_unit(demand: Demand, taken: Mapping[int, Sequence[Span]], seats: Seats) -> int | None:
    """Where it sits now if that is free, else the best fitting free unit; None: there is none."""
    return next(
        (unit for unit in _preferred(demand, seats) if _is_free(unit, demand.spans[unit], taken)),
        None,
    )


def _preferred(demand: Demand, seats: Seats) -> list[int]:
    here = seats.get(demand.id)
    return sorted(
        demand.spans, key=lambda unit: unit != here
    )  # a stable sort: best fit stays first


def _is_free(unit: int, span: Span, taken: Mapping[int, Sequence[Span]]) -> bool:
    return not any(span.overlaps(other) for other in taken.get(unit, ()))


def seated(
    movable: Sequence[Demand],
    taken: Mapping[int, Sequence[Span]],
    current: Seats,
    most: int | None = None,
) -> dict[int, int] | None:
    """Seat all of them beside what is `taken`, with the fewest moves from `current`; None: none found.

    `most` moves are known to be enough; without it, the first seating that is found will do.

    Branch and bound: whoever has lost his unit, or has none yet, is placed first, the fewest choices
    first, his own unit before the best fit; a branch ends when it needs as many moves as the best
    seating so far. As soon as nobody is without a unit the rest stay where they are. Exact while STEPS
    placings are enough; beyond that the best seating found so far counts, or none.
    """
    search = _Search(movable=movable, current=current, hurry=most is None)
    search.best_moves = len(movable) + 1 if most is None else most + 1
    domains = {
        d.id: [u for u in _preferred(d, current) if _is_free(u, d.spans[u], taken)] for d in movable
    }
    if not _too_many_at_once(movable, domains):
        search.place({}, domains, 0)
    return search.best


@dataclass(slots=True, kw_only=True)
class _Search:
    movable: Sequence[Demand]
    current: Seats
    hurry: bool
    best_moves: int = 0
    best: dict[int, int] | None = None
    steps: int = 0
    by_id: dict[int, Demand] = field(init=False)

    def __post_init__(self) -> None:
        self.by_id = {demand.id: demand for demand in self.movable}

    def place(self, placed: dict[int, int], domains: dict[int, list[int]], moves: int) -> None:
        """Go on from those `placed`; `domains` are the units still possible for all others."""
        self.steps += 1
        if self._is_over() or not all(domains.values()):
            return
        if moves + sum(self._must_move(one, domains) for one in domains) >= self.best_moves:
            return
        chosen = self._most_pressing(domains)
        if chosen is None:
            self.best_moves = moves
            self.best = {**placed, **{one: self.current[one] for one in domains}}
            return
        for unit in domains[chosen]:
            moved = self.current.get(chosen, unit) != unit
            self.place(
                {**placed, chosen: unit}, self._without(domains, chosen, unit), moves + moved
            )

    def _is_over(self) -> bool:
        return self.steps > STEPS or (self.hurry and self.best is not None)

    def _must_move(self, one: int, domains: Mapping[int, Sequence[int]]) -> bool:
        return one in self.current and self.current[one] not in domains[one]

    def _most_pressing(self, domains: Mapping[int, Sequence[int]]) -> int | None:
        """Who has no unit, with the fewest choices; else one of two that sit on each other; else nobody."""
        homeless = [one for one in domains if self.current.get(one) not in domains[one]]
        if homeless:
            return min(homeless, key=lambda one: len(domains[one]))
        return self._crowded(domains)

    def _crowded(self, domains: Mapping[int, Sequence[int]]) -> int | None:
        sitting: dict[int, list[Span]] = {}
        for one in domains:
            unit = self.current[one]
            span = self.by_id[one].spans[unit]
            if not _is_free(unit, span, sitting):
                return one
            sitting.setdefault(unit, []).append(span)
        return None

    def _without(
        self, domains: Mapping[int, list[int]], chosen: int, unit: int
    ) -> dict[int, list[int]]:
        span = self.by_id[chosen].spans[unit]
        return {
            one: [u for u in left if u != unit or not self.by_id[one].spans[u].overlaps(span)]
            for one, left in domains.items()
            if one != chosen
        }


def _too_many_at_once(movable: Sequence[Demand], domains: Mapping[int, Sequence[int]]) -> bool:
    """Whether at some instant there are more of them than units for them, whoever sits where."""
    cores = {d.id: _core(d) for d in movable if d.spans}
    return any(
        not _matched([one for one, (start, end) in cores.items() if start <= at < end], domains)
        for at in sorted({start for start, end in cores.values()})
    )


def _core(demand: Demand) -> tuple[datetime, datetime]:
    """The time that it takes on whatever unit it gets."""
    spans = demand.spans.values()
    return max(span.start for span in spans), min(span.end for span in spans)


def _matched(several: Iterable[int], domains: Mapping[int, Sequence[int]]) -> bool:
    """Whether each of them can have a unit of its own."""
    owner: dict[int, int] = {}

    def settle(one: int, tried: set[int]) -> bool:
        for unit in domains[one]:
            if unit not in tried:
                tried.add(unit)
                if unit not in owner or settle(owner[unit], tried):
                    owner[unit] = one
                    return True
        return False

    return all(settle(one, set()) for one in several)
