"""The simulated venue: what it sells on both providers, and the parts that a process of ours works with."""

from collections.abc import Collection, Mapping
from dataclasses import replace
from datetime import datetime, timedelta
from functools import cache
from random import Random
from typing import Any, Literal
from zoneinfo import ZoneInfo

from pydantic import BaseModel
from tests.simulation.channel import Line, SimulatedChannel
from tests.simulation.database import VENUE, Setup
from tests.simulation.loop import BEGIN, VirtualClock
from tests.simulation.process import Process
from tests.simulation.provider import NORTH, SOUTH, Rules
from tests.simulation.store import Pool, Store
from tests.simulation.witness import Witness

from holdfast.breaker import AccountBreaker, Whose
from holdfast.channel import Contact, Listing
from holdfast.inventory.known import Outlet, Unit
from holdfast.inventory.model import Span
from holdfast.metrics import Metrics
from holdfast.sync.parts import Account, Parts, Premises, Wake

HOUR = timedelta(hours=1)
RULES: Mapping[int, Rules] = {1: NORTH, 2: SOUTH}
"""By provider. Each is sold through an account, and that sells a listing, of the same number."""

HOSTS: Mapping[int, int] = {1: 1, 2: 2, 3: 1}
"""The provider of each account that there ever is: the third is a second one, or another name, at the first's."""

NAMES: Mapping[int, str] = {1: "north", 2: "south", 3: "north again"}
"""Of each account at first, and of its listing."""

OFFERS_SECONDS = 35


class Nothing(BaseModel):
    """These listings need no settings."""


class Unlimited:
    """Budgets have tests of their own."""

    async def take(self, kind: str, use: str = "acting") -> float:
        return 0.0

    async def left(self, kind: str, use: str = "acting") -> int:
        return 8

    async def penalise(self, seconds: float) -> None:
        """Nobody is ever too fast."""


@cache
def metrics() -> Metrics:
    """Made once: they are slow to make, and nobody looks."""
    return Metrics(sorted(rules.name for rules in RULES.values()))


def setup(*, pool: bool, conflicts: Literal["propose", "auto"] = "propose") -> Setup:
    """One room that both listings sell whole, or two tables that both sell one by one."""
    units = {n: Unit(id=n, name=f"unit {n}", seats=2) for n in ((1, 2) if pool else (1,))}
    return Setup(
        units=units,
        outlets={n: outlet(n, tuple(units), pool=pool) for n in RULES},
        channels={n: rules.name for n, rules in RULES.items()},
        names=NAMES,
        conflicts=conflicts,
    )


def outlet(number: int, units: tuple[int, ...], *, pool: bool) -> Outlet:
    """What an account sells of the venue."""
    return Outlet(
        id=number,
        name=NAMES[number],
        account_id=number,
        takes="one" if pool else "all",
        unit_ids=units,
        releases_holds=RULES[HOSTS[number]].capabilities.releases_holds,
    )


def slots(number: int) -> list[Span]:
    """North sells by the full hour, south every half hour: neither grid fits the other."""
    first, step = BEGIN + 3 * HOUR, HOUR if number == 1 else HOUR / 2
    return [Span.of(first + n * step, HOUR) for n in range(3 if number == 1 else 5)]


def parts_of(process: Process, store: Store, witness: Witness, wake: Wake) -> Parts:
    """What the process works with: its own connections, the same store and providers for all."""
    pool: Any = Pool(store, process)
    parts = Parts(
        pool=pool,
        clock=VirtualClock(process.loop),
        random=Random(process.random.random()),
        accounts={},
        premises={},
        metrics=metrics(),
        wake=wake,
        holder=store.locks.new(),
    )

    async def follow(_connection: object) -> None:
        configure(parts, process, witness)

    if "decides on an old configuration" not in process.faults.broken:
        parts.follow = follow
    configure(parts, process, witness)
    return parts


def configure(parts: Parts, process: Process, witness: Witness) -> None:
    """Take over what is configured now, as `Wiring.refresh` does."""
    setup = witness.store.setup
    if "retired venue forgotten" in process.faults.broken:
        setup = replace(setup, former={})
    line = Line(process=process, clock=VirtualClock(process.loop), witness=witness)
    staying = {n for n in setup.leaving if ("account", n) not in witness.store.left}
    parts.accounts = {n: _account(n, setup, parts, line) for n in [*setup.channels, *staying]}
    since = witness.store.venues.rows[VENUE]["configured_at"]
    parts.premises = {VENUE: premises(setup, witness.store.left, since)}


def _account(number: int, setup: Setup, parts: Parts, line: Line) -> Account:
    listings = {n: _listing(o) for n, o in setup.outlets.items() if o.account_id == number}
    former = {n: _listing(o) for n, o in setup.former.items() if o.account_id == number}
    whose = Whose(id=number, name=setup.names[number])
    breaker = AccountBreaker(parts.pool, parts.clock, parts.random, whose)
    named = next((listing.name for listing in listings.values()), None)
    return Account(
        id=number,
        name=whose.name,
        channel_name=_channel_of(number, setup, line.process.faults.broken),
        in_service=number in setup.channels,
        mode="live",
        channel=SimulatedChannel(whose, named, line, breaker),
        budget=Unlimited(),
        breaker=breaker,
        listings=listings,
        former=former,
        venues=dict.fromkeys(listings, VENUE),
        reads_per_minute=60,
        poll_seconds=setup.poll_seconds,
        offers_seconds=OFFERS_SECONDS,
        audit_seconds=900,
        horizon_days=setup.horizon_days,
    )


def _channel_of(number: int, setup: Setup, broken: Collection[str]) -> str:
    """One booking that two accounts of a channel know is one; but not where each is a channel of its own."""
    alone = "same booking as its own rival" in broken
    return setup.names[number] if alone else {**setup.leaving, **setup.channels}[number]


def _listing(outlet: Outlet) -> Listing:
    return Listing(name=outlet.name, zone=ZoneInfo("UTC"), party_size=2, settings=Nothing())


def premises(setup: Setup, left: Collection[tuple[str, int]], since: datetime) -> Premises:
    return Premises(
        id=VENUE,
        configured_at=since,
        name="venue",
        holds="rehold",
        conflicts=setup.conflicts,
        units=setup.units,
        outlets=setup.outlets,
        former=setup.former,
        leaving=any(("listing", n) not in left for n in setup.former),
        let_go=frozenset(n for n, o in setup.former.items() if o.account_id in setup.leaving),
        house=Contact(name="House", email="house@venue.test", phone="1"),
    )
