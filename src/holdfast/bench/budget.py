"""budget: a burst of bookings at the venue itself while the channel takes twenty writes a minute, on a clock of its own.

The real workers' code, the real client and the provider's simulator with its own budget; only time is made. So the
figures do not depend on the machine: a round is another seed.
"""

import asyncio
import re
from collections.abc import AsyncIterator, Iterator, Sequence
from contextlib import AsyncExitStack, asynccontextmanager, contextmanager
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from itertools import islice
from random import Random

import asyncpg

from holdfast import configuration, configuration_apply
from holdfast.bench.figures import Demand, Figure, Series
from holdfast.bench.ground import Ground
from holdfast.bench.hall import another
from holdfast.clock import ManualClock, SystemClock
from holdfast.embedded import embedded_postgres
from holdfast.example import example_configuration
from holdfast.inventory.model import Guest
from holdfast.kind import SimulatorOptions, discover
from holdfast.serving import listening
from holdfast.soak.house import SECRETS
from holdfast.soak.program import HERE
from holdfast.store.migrate import migrate
from holdfast.store.queries import load
from holdfast.sync import rounds
from holdfast.sync.operate import DirectBooking, Operator
from holdfast.sync.parts import wake_nobody
from holdfast.wiring import Base, Wiring, wired

_SQL = load("budget", "holdfast.bench")

BOOKINGS = 200
BURST = timedelta(minutes=10)
CANCELLED = 0.25
"""So many guests change their minds, some minutes later."""

STEP = 4.0
"""Seconds of the made clock between two looks."""

SEEDS = 2
"""Without `--whole`."""

END = timedelta(minutes=60)
BY_RISK = re.compile(
    r"(?<=case when \$5 then p\.attempts end, ).*p\.risk, p\.starts_at, p\.id(?= limit \$3)"
)
BY_WISH = "p.wished_at, p.id"
FIFO = "first in, first out"


@dataclass(frozen=True, slots=True, kw_only=True)
class Act:
    """A guest books (`cancels` None), or takes back the booking of that number."""

    at: timedelta
    number: int
    cancels: bool = False


@dataclass(slots=True, kw_only=True)
class Burst:
    """The house, the clock, and what guests do."""

    clock: ManualClock
    wiring: Wiring
    acts: list[Act]
    slots: Sequence[tuple[str, datetime]]
    booked: dict[int, int] = field(default_factory=dict)

    async def lived(self) -> tuple[float, int]:
        """Exposure in seconds, and how many calls overtook a more urgent one."""
        began = self.clock.now()
        while self.acts or await self._ask("open") > 0:
            if self.clock.now() - began > END:
                break
            await self._act(self.clock.now() - began)
            await self.settle()
            self.clock.advance(STEP)
        pool = self.wiring.parts.pool
        exposed: float = await pool.fetchval(_SQL["exposed"], self.clock.now())
        return exposed, await self._ask("overtaken")

    async def _ask(self, query: str) -> int:
        amount: int = await self.wiring.parts.pool.fetchval(_SQL[query])
        return amount

    async def _act(self, now: timedelta) -> None:
        operator = Operator(self.wiring.parts)
        while self.acts and self.acts[0].at <= now:
            act = self.acts.pop(0)
            if act.cancels:
                await operator.cancel(self.booked[act.number], "changed their mind")
            else:
                self.booked[act.number] = await operator.book(self._wish(act.number))

    def _wish(self, number: int) -> DirectBooking:
        unit, start = self.slots[number]
        venue = next(
            premises.name
            for premises in self.wiring.parts.premises.values()
            if unit in {one.name for one in premises.units.values()}
        )
        return DirectBooking(
            venue=venue,
            unit=unit,
            listing=None,
            start=start,
            end=start + timedelta(hours=1),
            party_size=2,
            contact=Guest(name="Guest Example"),
        )

    async def settle(self) -> None:
        """Everything that is due; whoever waits for a turn is given the time."""
        work = asyncio.create_task(rounds.settle_down(self.wiring.parts))
        while not work.done():
            await asyncio.wait({work}, timeout=0.05)
            if not work.done():
                self.clock.advance(0.1)
        await work


async def measure(ground: Ground) -> Sequence[Figure]:
    """Both orders live through the same burst."""
    found: dict[str, list[tuple[float, int]]] = {"risk": [], FIFO: []}
    async with embedded_postgres(ground.folder, durable=False) as server:
        for seed in ground.turns() if ground.whole else islice(ground.turns(), SEEDS):
            found["risk"].append(await _lived(server, f"risk_{seed}", seed))
            with in_order_of_wishes():
                found[FIFO].append(await _lived(server, f"fifo_{seed}", seed))
    return [
        _figure("exposure summed over the burst", "s", found, 0, 0.5),
        _figure("calls that overtook a more urgent one", "calls", found, 1, 0.0),
    ]


def _figure(
    what: str,
    unit: str,
    found: dict[str, list[tuple[float, int]]],
    column: int,
    at_most: float,
) -> Figure:
    return Figure(
        bench="budget",
        what=f"{what} of {BOOKINGS}",
        unit=unit,
        ours=Series(name="by risk", runs=[one[column] for one in found["risk"]]),
        others=[Series(name=FIFO, runs=[one[column] for one in found[FIFO]])],
        demands=[Demand(against=FIFO, at_most=at_most)],
    )


@contextmanager
def in_order_of_wishes() -> Iterator[None]:
    """The same code, but calls go as they were wished for. Raises ValueError if the order is not where it was."""
    queries = load("pushes")
    ours = queries["claim"]
    by_wish, found = BY_RISK.subn(BY_WISH, ours)
    if not found:
        raise ValueError("pushes are claimed in another order than this contender knows")
    queries["claim"] = by_wish
    try:
        yield
    finally:
        queries["claim"] = ours


async def _lived(server: str, name: str, seed: int) -> tuple[float, int]:
    url = await another(server, name)
    await migrate(url)
    async with _burst(url, Random(seed)) as burst:  # noqa: S311 - reproducible, not secret
        return await burst.lived()


@asynccontextmanager
async def _burst(url: str, random: Random) -> AsyncIterator[Burst]:
    """Everything read once; nobody has booked yet."""
    morning = SystemClock().now().replace(hour=6, minute=0, second=0, microsecond=0)
    clock = ManualClock(morning + timedelta(days=1))
    async with AsyncExitStack() as stack:
        channel = await _configured(url, {}, clock)
        app = discover()[channel].simulate(SimulatorOptions(clock=clock))
        port = await stack.enter_async_context(listening(app, HERE, 0))
        await _configured(url, {channel: f"http://{HERE}:{port}"}, clock)
        base = Base(database_url=url, redis=None, clock=clock, environ=SECRETS)
        wiring = await stack.enter_async_context(wired(base, wake_nobody))
        wiring.parts.random = random
        slots = _slots(wiring, clock.now(), random)
        burst = Burst(clock=clock, wiring=wiring, acts=_acts(random), slots=slots)
        await burst.settle()
        clock.advance(120)
        yield burst


async def _configured(url: str, urls: dict[str, str], clock: ManualClock) -> str:
    """The example's first venue, sold by the account that may write least; its channel."""
    wanted = configuration.parse(example_configuration(urls), "example", discover())
    connection = await asyncpg.connect(url)
    try:
        await configuration_apply.apply(connection, wanted, clock.now())
        await connection.execute(_SQL["scarce"])
        channel: str = await connection.fetchval(_SQL["scarce_channel"])
        return channel
    finally:
        await connection.close()


def _slots(wiring: Wiring, now: datetime, random: Random) -> list[tuple[str, datetime]]:
    """Different hours of all rooms, an hour apart, over the next two weeks, in no order."""
    units = [
        unit.name for premises in wiring.parts.premises.values() for unit in premises.units.values()
    ]
    day = now.replace(hour=9)
    every = [
        (unit, day + timedelta(days=n // 6, hours=2 * (n % 6)))
        for n in range(BOOKINGS // 2)
        for unit in units
    ]
    return random.sample([slot for slot in every if slot[1] > now + timedelta(hours=2)], BOOKINGS)


def _acts(random: Random) -> list[Act]:
    booked = [Act(at=BURST * random.random(), number=n) for n in range(BOOKINGS)]
    gone = [
        Act(at=act.at + timedelta(minutes=random.uniform(1, 10)), number=act.number, cancels=True)
        for act in random.sample(booked, int(BOOKINGS * CANCELLED))
    ]
    return sorted([*booked, *gone], key=lambda act: act.at)
