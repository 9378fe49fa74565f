"""The simulated venue: what it sells on both providers, and the parts that a process of ours works with."""

from collections.abc import Mapping
from datetime import timedelta
from functools import cache
from random import Random
from typing import Any
from zoneinfo import ZoneInfo

from pydantic import BaseModel
from tests.simulation.channel import SimulatedChannel
from tests.simulation.database import VENUE, Setup
from tests.simulation.loop import BEGIN, VirtualClock
from tests.simulation.process import Process
from tests.simulation.provider import NORTH, SOUTH, Provider, Rules
from tests.simulation.store import Pool, Store

from holdfast.breaker import AccountBreaker, Whose
from holdfast.channel import Contact, Listing
from holdfast.inventory.known import Outlet, Unit
from holdfast.inventory.model import Span
from holdfast.metrics import Metrics
from holdfast.sync.parts import Account, Parts, Premises, Wake

HOUR = timedelta(hours=1)
RULES: Mapping[int, Rules] = {1: NORTH, 2: SOUTH}
"""By listing; each is sold through an account of the same number."""

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


def setup(*, pool: bool) -> Setup:
    """One room that both listings sell whole, or two tables that both sell one by one."""
    units = {n: Unit(id=n, name=f"unit {n}", seats=2) for n in ((1, 2) if pool else (1,))}
    outlets = {
        n: Outlet(
            id=n,
            name=rules.name,
            account_id=n,
            takes="one" if pool else "all",
            unit_ids=tuple(units),
            releases_holds=rules.capabilities.releases_holds,
        )
        for n, rules in RULES.items()
    }
    return Setup(units=units, outlets=outlets, channels={n: r.name for n, r in RULES.items()})


def slots(listing: int) -> list[Span]:
    """North sells by the full hour, south every half hour: neither grid fits the other."""
    first, step = BEGIN + 3 * HOUR, HOUR if listing == 1 else HOUR / 2
    return [Span.of(first + n * step, HOUR) for n in range(3 if listing == 1 else 5)]


def parts_of(
    process: Process,
    store: Store,
    providers: Mapping[int, Provider],
    wake: Wake,
) -> Parts:
    """What the process works with: its own connections, the same store and providers for all."""
    clock = VirtualClock(process.loop)
    pool: Any = Pool(store, process)
    random = Random(process.random.random())
    accounts = {}
    for n, provider in providers.items():
        breaker = AccountBreaker(pool, clock, random, Whose(id=n, name=RULES[n].name))
        channel = SimulatedChannel(provider, process, clock, breaker)
        accounts[n] = _account(n, channel, breaker, store.setup)
    return Parts(
        pool=pool,
        clock=clock,
        random=random,
        accounts=accounts,
        premises={VENUE: premises(store.setup)},
        metrics=metrics(),
        wake=wake,
    )


def _account(
    number: int, channel: SimulatedChannel, breaker: AccountBreaker, setup: Setup
) -> Account:
    name = RULES[number].name
    listing = Listing(name=name, zone=ZoneInfo("UTC"), party_size=2, settings=Nothing())
    return Account(
        id=number,
        name=name,
        channel_name=name,
        mode="live",
        channel=channel,
        budget=Unlimited(),
        breaker=breaker,
        listings={number: listing},
        former={},
        venues={number: VENUE},
        reads_per_minute=60,
        poll_seconds=setup.poll_seconds,
        offers_seconds=OFFERS_SECONDS,
        audit_seconds=900,
        horizon_days=setup.horizon_days,
    )


def premises(setup: Setup) -> Premises:
    return Premises(
        id=VENUE,
        name="venue",
        holds="rehold",
        conflicts="propose",
        units=setup.units,
        outlets=setup.outlets,
        former={},
        house=Contact(name="House", email="house@venue.test", phone="1"),
    )
