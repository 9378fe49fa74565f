"""Whether exposures were measured when there were some: who bought what was taken already is the proof. No I/O."""

from collections.abc import Collection, Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from itertools import permutations

from holdfast.soak.bounds import Exposed
from holdfast.soak.evidence import Clock, Made, Witness

TOLERANCE = timedelta(seconds=2)
"""Providers round their times to seconds, and their clocks jump."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Sale:
    """Something that a guest bought although another had it elsewhere; `at` by our clock."""

    side: str
    ref: str
    of: str
    holder: str
    at: datetime

    def __str__(self) -> str:
        return (
            f"{self.ref} at {self.at:%H:%M:%S} on {self.side}, taken by {self.holder} on {self.of}"
        )


def sold_twice(
    sides: Mapping[str, Witness], clocks: Sequence[Clock], moved: Collection[str]
) -> Iterator[Sale]:
    """Every one of them. Who was `moved` is left out: the books do not say when a moved guest took the time."""
    for (of, first), (side, second) in permutations(sides.items(), 2):
        for holder in _guests(first, moved):
            for sale in _guests(second, moved):
                at = ours(clocks, side, sale.made)
                over = ours(clocks, of, holder.over) if holder.over else None
                stood = ours(clocks, of, holder.made) < at and (over is None or at < over)
                if stood and holder.unit == sale.unit and holder.span.overlaps(sale.span):
                    yield Sale(side=side, ref=sale.ref, of=of, holder=holder.ref, at=at)


def _guests(side: Witness, moved: Collection[str]) -> list[Made]:
    return [made for made in side.made if not made.ours and made.ref not in moved]


def ours(clocks: Sequence[Clock], side: str, at: datetime) -> datetime:
    """By our clock, what a provider's showed then."""
    before = [c for c in clocks if c.side == side and c.set_at + timedelta(seconds=c.ahead) <= at]
    return at - timedelta(seconds=before[-1].ahead if before else 0.0)


def unmeasured(sales: Sequence[Sale], exposures: Sequence[Exposed]) -> list[Sale]:
    """Those at whose moment nothing was measured."""
    return [sale for sale in sales if not any(_shows(one, sale) for one in exposures)]


def _shows(exposed: Exposed, sale: Sale) -> bool:
    about = (exposed.source, exposed.ref, exposed.target) == (sale.of, sale.holder, sale.side)
    return about and exposed.began - TOLERANCE <= sale.at <= exposed.ended + TOLERANCE
