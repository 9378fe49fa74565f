"""reads: what a house that sets nothing may count on, within the documented budgets and with every webhook lost.

The real workers' code, the real clients, and both providers' simulators with their budgets; only time is made. So the
figures do not depend on the machine: a round is another seed. What several processes share is measured in real time.
"""

import asyncio
from collections.abc import AsyncIterator, Mapping, Sequence
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from itertools import islice
from statistics import mean

from holdfast.bench.figures import Demand, Figure, Series
from holdfast.bench.ground import Ground
from holdfast.bench.hall import another
from holdfast.bench.reading_life import Life, Terms, life, percentile
from holdfast.bench.reading_shared import shared_minute
from holdfast.bench.reading_side import CONTRACT, Kind
from holdfast.configuration_model import Account
from holdfast.embedded import embedded_postgres
from holdfast.store.migrate import migrate

POLL: int = Account.model_fields["poll_seconds"].default
SOON_SECONDS = 2.0 * POLL
LATER_SECONDS = 300.0

FROM = 3.0
"""Minutes after the first start from which all of it is demanded."""

AFTER = 6.0
"""Minutes for the last guests' bookings to be closed."""

LONG = 10_000
"""Bookings of a long past; the longest has ten times as many."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Size:
    """How much happens in a life."""

    guests: int
    minutes: float
    rest: float
    """Minutes as well."""


USUAL = Size(guests=40, minutes=25, rest=10)
WHOLE = Size(guests=60, minutes=40, rest=60)


@dataclass(slots=True)
class Found:
    """What was measured, by contender."""

    soon: dict[str, list[float]] = field(default_factory=dict)
    later: dict[str, list[float]] = field(default_factory=dict)
    all: dict[str, list[float]] = field(default_factory=dict)
    rest: dict[str, list[float]] = field(default_factory=dict)
    busiest: dict[Kind, list[float]] = field(default_factory=lambda: {"read": [], "write": []})
    refused: list[float] = field(default_factory=list)
    first: dict[str, list[float]] = field(default_factory=dict)

    def lived(self, name: str, one: Life) -> None:
        """Add what guests met with."""
        soon, later = one.waits(soon=True), one.waits(soon=False)
        self.soon.setdefault(name, []).append(percentile(soon, 0.99))
        self.later.setdefault(name, []).append(percentile(later, 0.99))
        self.all.setdefault(name, []).append(mean([*soon, *later]))
        self.asked(one)

    def asked(self, one: Life) -> None:
        """Add what the providers met with."""
        for kind, most in self.busiest.items():
            most.append(max(side.busiest(kind) for side in one.sides.values()))
        self.refused.append(sum(side.refused() for side in one.sides.values()))


WITHOUT, WITH = "without a past", f"{LONG:,} past bookings"
RESTS: Mapping[str, Terms] = {
    "30 days": Terms(),
    "90 days": Terms(horizon_days=90),
    "1,000 past bookings": Terms(past=1_000),
    "100,000 past bookings": Terms(past=100_000),
}


async def measure(ground: Ground) -> Sequence[Figure]:
    """All of it; what is shared in real time runs beside what is made up."""
    size, found = WHOLE if ground.whole else USUAL, Found()
    redis = ground.folder / "redis"
    redis.mkdir()
    async with embedded_postgres(ground.folder / "postgres", durable=False) as server:
        shared = asyncio.create_task(shared_minute(redis))
        try:
            for turn in ground.turns() if ground.whole else islice(ground.turns(), 1):
                await _lives(server, 1 + turn, size, found, whole=ground.whole)
            await _rests(server, size, found)
            together = await shared
        finally:
            shared.cancel()
    return [*_known(found), *_steady(found), *_within(found, together), *_first(found)]


async def _lives(server: str, seed: int, size: Size, found: Found, *, whole: bool) -> None:
    for number, (name, past) in enumerate([(WITHOUT, 0), (WITH, LONG)]):
        terms = Terms(seed=seed, past=past)
        async with _new_life(server, f"life_{seed}_{number}", terms) as one:
            await one.work(FROM)
            await one.guests(size.guests, size.minutes)
            await one.work(AFTER)
            found.lived(name, one)
            if not past:
                await _until_read(one, found, whole=whole)


@asynccontextmanager
async def _new_life(server: str, name: str, terms: Terms) -> AsyncIterator[Life]:
    url = await another(server, name)
    await migrate(url)
    async with life(url, terms) as one:
        yield one


async def _until_read(one: Life, found: Found, *, whole: bool) -> None:
    """How long the first complete reading takes; all the offers of a month only where there is time for it."""
    while whole and not await one.is_read() and one.minutes() < 600:
        await one.work(5.0)
    for what, seconds in one.first_read.items():
        found.first.setdefault(what, []).append(seconds)


async def _rests(server: str, size: Size, found: Found) -> None:
    for number, (name, terms) in enumerate(RESTS.items()):
        async with _new_life(server, f"rest_{number}", terms) as one:
            await one.work(1.0)
            await one.rest()
            await one.work(2.0)
            since = one.clock.now()
            await one.work(size.rest)
            reads = sum(side.reads(since) for side in one.sides.values())
            found.rest[name] = [reads * 60 / size.rest]
            found.asked(one)


def _known(found: Found) -> Sequence[Figure]:
    bounds = (
        ("for the next 8 days", found.soon, f"2 x poll_seconds = {SOON_SECONDS:g} s", SOON_SECONDS),
        ("for a later day", found.later, "5 minutes", LATER_SECONDS),
    )
    within = [
        Figure(
            bench="reads",
            what=f"p99 until a booking {which} is known and closed elsewhere, {name}",
            unit="s",
            ours=Series(name="all defaults", runs=runs),
            others=[Series(name=limit, runs=[seconds])],
            demands=[Demand(against=limit, at_most=1.0)],
        )
        for which, by_name, limit, seconds in bounds
        for name, runs in by_name.items()
    ]
    return [
        *within,
        _compared("mean time until a booking is closed elsewhere", "s", found.all, (WITH, WITHOUT)),
    ]


def _steady(found: Found) -> Sequence[Figure]:
    less, more, short, long = RESTS
    what = "reads an hour at rest"
    return [
        _compared(what, "reads", found.rest, (more, less)),
        _compared(what, "reads", found.rest, (long, short)),
    ]


def _compared(
    what: str, unit: str, found: Mapping[str, Sequence[float]], names: tuple[str, str]
) -> Figure:
    ours, other = names
    return Figure(
        bench="reads",
        what=f"{what}, {ours}",
        unit=unit,
        ours=Series(name=ours, runs=found[ours]),
        others=[Series(name=other, runs=found[other])],
        demands=[Demand(against=other, at_most=1.2)],
    )


def _within(found: Found, together: Mapping[Kind, float]) -> Sequence[Figure]:
    busiest = [_contract(kind, "one worker", most) for kind, most in found.busiest.items()]
    shared = [
        _contract(kind, "four processes that share it", [most]) for kind, most in together.items()
    ]
    none = Figure(
        bench="reads",
        what="calls that a provider refused as too many",
        unit="calls",
        ours=Series(name="all defaults", runs=found.refused),
        others=[Series(name="none", runs=[0])],
        demands=[Demand(against="none", at_most=1.0)],
    )
    return [*busiest, *shared, none]


def _contract(kind: Kind, who: str, most: Sequence[float]) -> Figure:
    return Figure(
        bench="reads",
        what=f"most {kind}s of an account in any 60 s, {who}",
        unit="calls",
        ours=Series(name="all defaults", runs=[max(most)]),
        others=[Series(name="the contract", runs=[CONTRACT[kind]])],
        demands=[Demand(against="the contract", at_most=1.0)],
    )


def _first(found: Found) -> Sequence[Figure]:
    return [
        Figure(
            bench="reads",
            what=f"from an empty store until {what} were read",
            unit="s",
            ours=Series(name="all defaults", runs=runs),
        )
        for what, runs in found.first.items()
    ]
