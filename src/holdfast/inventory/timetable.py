"""timetable: how often an account's lists and offers are read, within its budget of reads. No I/O.

What is read at rest depends on the lists that tell of near days, not on how far ahead a venue sells nor on how
long its past is: far days, past pages and far offers are read at a steady rate, and take longer where there is more.
"""

from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Literal

from holdfast.inventory.model import Span

NEAR = timedelta(days=2)
SOON = timedelta(days=8)

Distance = Literal["near", "soon", "far", "past"]
"""How urgent the news of a list is: of the next two days, of the next eight, of later days, of what is long over."""

PLANNED = 0.8
"""Of the steady rate; the rest is left to news that webhooks tell of and to calls that look before they act."""
FOR_BOOKINGS = 0.6
"""Of the steady rate, at most, for lists of bookings."""
FOR_FAR, FOR_PAST = 1 / 8, 1 / 12
"""Of the steady rate: as fast as the lists of far days, and a long past, are read."""
FOR_NEAR_OFFERS = 0.75
"""Of what is left to offers."""

LEAST_NEAR = 20.0
"""Seconds: near lists are read no more often than this, unless `poll_seconds` is shorter."""
FAR_POLLS = 4
LATEST_FAR = 900.0
PAST_POLLS = 2
FAR_OFFERS = 12
"""Offers of later days are read at most once while near ones are read this often."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Wanted:
    """What an account's settings ask for."""

    reads_per_minute: float
    """The steady rate that the budget allows, bursts left out; above 0."""
    poll_seconds: float
    offers_seconds: float


@dataclass(frozen=True, slots=True, kw_only=True)
class Load:
    """How many reads one complete reading takes, by how far ahead what it tells of lies."""

    near: int = 0
    """Pages of lists of bookings."""
    soon: int = 0
    far: int = 0
    past: int = 0
    """Pages beyond those on which new bookings appear."""
    near_offers: int = 0
    far_offers: int = 0


@dataclass(frozen=True, slots=True, kw_only=True)
class Cost:
    """How many reads a list of bookings, the past in one, or a stretch of offers took when it was last read."""

    task: Literal["bookings", "past", "offers"]
    during: Span | None
    """What it tells of; None: of any time."""
    reads: int
    order: str | None
    """In which a list was seen to show its rows."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Timetable:
    """Seconds between two readings of each, and the reads a minute that all of it takes."""

    near: float
    soon: float
    far: float
    past: float
    near_offers: float
    far_offers: float
    bookings_a_minute: float
    offers_a_minute: float
    room: float
    """Reads a minute that the budget allows in the long run."""
    wanted_near: float
    """Seconds between two readings of near lists that the settings ask for at least."""
    load: Load
    """What there is to read."""

    @property
    def a_minute(self) -> float:
        """Reads a minute at rest."""
        return self.bookings_a_minute + self.offers_a_minute

    @property
    def slowest(self) -> float:
        """Seconds in which every list of bookings is read once."""
        far = self.far if self.load.far else 0.0
        return max(self.news, far, self.past if self.load.past else 0.0)

    @property
    def news(self) -> float:
        """Seconds in which every list that tells of the next eight days is read once."""
        return self.soon if self.load.soon or not self.load.near else self.near

    @property
    def slowest_offers(self) -> float:
        """Seconds in which all offers are read once."""
        return self.far_offers if self.load.far_offers else self.near_offers

    @property
    def fits(self) -> bool:
        """Whether near bookings are read as often as the settings ask for."""
        return self.near <= self.wanted_near

    def every(self, distance: Distance) -> float:
        """Seconds between two readings of a list at this distance."""
        periods = {"near": self.near, "soon": self.soon, "far": self.far, "past": self.past}
        return periods[distance]


def is_near(during: Span | None, now: datetime) -> bool:
    """Whether offers that begin in this time are read as those of the next two days; None: of any time."""
    return during is None or during.start < now + NEAR


def distance_of(span: Span | None, now: datetime) -> Distance:
    """How far ahead a list tells of; one without a span tells of any time, so news of any day may be in it."""
    if span is None or span.end <= now:
        return "soon"
    if span.start < now + NEAR:
        return "near"
    return "soon" if span.start < now + SOON else "far"


def load_of(costs: Iterable[Cost], now: datetime) -> Load:
    """What one complete reading takes. A list that keeps its past costs one read for what is new in it."""
    count = {"near": 0, "soon": 0, "far": 0, "past": 0, "near_offers": 0, "far_offers": 0}
    for cost in costs:
        count[_kind(cost, now)] += cost.reads if cost.task != "bookings" or cost.during else 1
    return Load(**count)


def _kind(cost: Cost, now: datetime) -> str:
    if cost.task == "past":
        return "soon" if cost.order == "none" else "past"  # new bookings may be on any page
    if cost.task == "offers":
        return "near_offers" if is_near(cost.during, now) else "far_offers"
    return distance_of(cost.during, now)


def timetable(wanted: Wanted, load: Load) -> Timetable:
    """Bookings first, near days before far ones; offers share what is left."""
    steady = wanted.reads_per_minute
    near, soon, far, past = _bookings(wanted, load, steady)
    bookings = _rate(load.near, near) + _rate(load.soon, soon)
    bookings += _rate(load.far, far) + _rate(load.past, past)
    near_offers, far_offers = _offers(wanted, load, max(steady * PLANNED - bookings, steady * 0.1))
    return Timetable(
        near=near,
        soon=soon,
        far=far,
        past=past,
        near_offers=near_offers,
        far_offers=far_offers,
        bookings_a_minute=bookings,
        offers_a_minute=_rate(load.near_offers, near_offers) + _rate(load.far_offers, far_offers),
        room=steady,
        wanted_near=wanted.poll_seconds,
        load=load,
    )


Periods = tuple[float, float, float, float]
"""Of near, soon, far and past lists."""


def _bookings(wanted: Wanted, load: Load, steady: float) -> Periods:
    """The first way that fits the share of bookings, those that delay near days last."""
    limit = steady * FOR_BOOKINGS
    ways = list(_ways(wanted, load, steady))
    for way in ways:
        if _total(load, way) <= limit:
            return way
    near, soon, far, past = ways[-1]
    factor = _total(load, ways[-1]) / limit
    return near * factor, soon * factor, far * factor, past * factor


def _ways(wanted: Wanted, load: Load, steady: float) -> Iterator[Periods]:
    poll, near = wanted.poll_seconds, _near(wanted)
    far = max(FAR_POLLS * poll, 60 * load.far / (steady * FOR_FAR))
    past = max(PAST_POLLS * poll, 60 * load.past / (steady * FOR_PAST))
    yield near, poll, far, past
    yield near, poll, max(far, LATEST_FAR), max(past, LATEST_FAR)
    yield (near + poll) / 2, poll, max(far, LATEST_FAR), max(past, LATEST_FAR)
    yield poll, 2 * poll, max(far, LATEST_FAR), max(past, LATEST_FAR)


def _near(wanted: Wanted) -> float:
    return min(wanted.poll_seconds, max(LEAST_NEAR, wanted.poll_seconds / 3))


def _total(load: Load, periods: Periods) -> float:
    counts = (load.near, load.soon, load.far, load.past)
    return sum(_rate(count, period) for count, period in zip(counts, periods, strict=True))


def _offers(wanted: Wanted, load: Load, left: float) -> tuple[float, float]:
    """Near days at the wanted pace or as fast as three quarters of what is left allow; far ones at a steady rate."""
    for_near = left * FOR_NEAR_OFFERS if load.far_offers else left
    near = max(wanted.offers_seconds, 60 * load.near_offers / for_near)
    for_far = left * (1 - FOR_NEAR_OFFERS)
    return near, max(FAR_OFFERS * wanted.offers_seconds, 60 * load.far_offers / for_far)


def _rate(reads: int, seconds: float) -> float:
    return 60 * reads / seconds
