"""What a bench found: measured runs of contenders, and what must hold between them. No I/O."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from statistics import median


@dataclass(frozen=True, slots=True, kw_only=True)
class Series:
    """One contender's measurements, one number for each interleaved run."""

    name: str
    runs: Sequence[float]

    @property
    def middle(self) -> float:
        """The median of its runs."""
        return median(self.runs)

    @property
    def spread(self) -> float:
        """How far its runs lie apart, as a part of the median."""
        return (max(self.runs) - min(self.runs)) / self.middle if self.middle else 0.0


@dataclass(frozen=True, slots=True, kw_only=True)
class Demand:
    """What the ratio of ours to another contender must be."""

    against: str
    at_least: float | None = None
    at_most: float | None = None

    def met(self, ratio: float) -> bool:
        """Whether this ratio will do."""
        return (self.at_least is None or ratio >= self.at_least) and (
            self.at_most is None or ratio <= self.at_most
        )

    def __str__(self) -> str:
        bounds = ((">=", self.at_least), ("<=", self.at_most))
        return ", ".join(f"{sign} {bound:g}" for sign, bound in bounds if bound is not None)


@dataclass(frozen=True, slots=True, kw_only=True)
class Figure:
    """One row of the table: ours against the alternatives, the floor last. Without demands it is a statement."""

    bench: str
    what: str
    unit: str
    ours: Series
    others: Sequence[Series] = ()
    demands: Sequence[Demand] = ()

    def ratio(self, name: str) -> float:
        """Ours to that contender, of medians. Raises KeyError for one that was not there."""
        other = {series.name: series for series in self.others}[name].middle
        if other:
            return self.ours.middle / other
        return float("inf") if self.ours.middle else 1.0

    def met(self) -> bool:
        """Whether all that is demanded holds."""
        return all(demand.met(self.ratio(demand.against)) for demand in self.demands)

    def as_record(self) -> Mapping[str, object]:
        """All of it, for JSON."""
        return {
            "bench": self.bench,
            "what": self.what,
            "unit": self.unit,
            "ours": _series(self.ours),
            "others": [
                {**_series(other), "ratio": self.ratio(other.name)} for other in self.others
            ],
            "demands": [
                {"against": d.against, "at_least": d.at_least, "at_most": d.at_most}
                | {"met": d.met(self.ratio(d.against))}
                for d in self.demands
            ],
            "met": self.met(),
        }


def _series(series: Series) -> dict[str, object]:
    return {
        "name": series.name,
        "runs": list(series.runs),
        "median": series.middle,
        "spread": series.spread,
    }
