"""What befalls a run besides the faults of single calls: processes die, people hold back and decide, providers go away."""

import asyncio
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from random import Random

import asyncpg
from tests.simulation.configurations import changes
from tests.simulation.database import Setup
from tests.simulation.plot import Change, Plot
from tests.simulation.process import Faults, Killed, Process, Story
from tests.simulation.provider import Provider
from tests.simulation.store import Store
from tests.simulation.tables import Row

from holdfast.sync.operate import WishRefused
from holdfast.sync.parts import Parts
from holdfast.sync.remedy import Stale, Wish, act

TROUBLE = (asyncpg.PostgresError, asyncpg.InterfaceError, OSError, TimeoutError, Killed)
PERSON_SECONDS = 45.0
"""So long people decide; later they leave everything as it is."""


@dataclass
class Stage:
    """Where it happens. `providers` by account, each that there ever is; `processes` by name, web among them."""

    seed: int
    plot: Plot
    random: Random
    faults: Faults
    story: Story
    store: Store
    providers: Mapping[int, Provider]
    parts: Callable[[], Parts]
    """Of the process that people use just now."""
    apply: Callable[[Setup], None]
    processes: dict[str, Process] = field(default_factory=dict)

    def tell(self, what: str) -> None:
        self.story.tell("scene", what)


async def deaths(stage: Stage) -> None:
    """Kill and stop processes, and let them be taken for dead, now and then."""
    random, faults = stage.random, stage.faults
    while not faults.over:
        await asyncio.sleep(random.expovariate(faults.rate / 8.0))
        victim = stage.processes[random.choice(sorted(stage.processes))]
        if victim.dead or faults.over:
            continue
        dice = random.random()
        if dice < 0.5:
            victim.kill("from outside")
        elif dice < 0.7:
            victim.lose_lock()
        else:
            victim.stop(random.choice([2.0, 8.0, 35.0]))


async def pauses(stage: Stage) -> None:
    """A person pauses an account for a while, again and again; news come in all the same."""
    random = Random(stage.seed)
    while not stage.faults.over:
        await asyncio.sleep(random.uniform(1.0, 6.0))
        account = random.choice([*stage.store.setup.channels])
        direction = random.choice(["intake", "pushes"])
        stage.store.paused[account, direction] = stage.store.now()
        stage.tell(f"the {direction} of account {account} are paused")
        await asyncio.sleep(random.uniform(2.0, 10.0))
        del stage.store.paused[account, direction]
        stage.store.resumed[account] = stage.store.now()
        stage.tell(f"the {direction} of account {account} go on")


async def absence(stage: Stage) -> None:
    """A provider answers nobody for a while. Where Holdfast is whole, few ask meanwhile."""
    random = Random(stage.seed + 1)
    provider = random.choice([*stage.providers.values()])
    await asyncio.sleep(random.uniform(1.0, 8.0))
    await _away(stage, provider, random.uniform(5.0, 16.0))


async def _away(stage: Stage, provider: Provider, seconds: float) -> None:
    provider.away, before = True, provider.calls_while_away
    stage.tell(f"{provider.name} answers nobody")
    await asyncio.sleep(seconds)
    provider.away = False
    asked = provider.calls_while_away - before
    stage.tell(f"{provider.name} answers again; it was asked {asked} times")


async def configurations(stage: Stage, change: Change, whole: Setup) -> None:
    """Somebody applies another configuration, and sometimes takes it back."""
    random = Random(stage.seed + 4)
    for setup in changes(change, whole):
        await asyncio.sleep(random.uniform(2.0, 12.0))
        stage.tell(f"the configuration changes: {change}")
        stage.apply(setup)


async def decisions(stage: Stage) -> None:
    """A person looks at a conflict now and then, and settles it, or not yet."""
    random = Random(stage.seed + 2)
    loop = asyncio.get_running_loop()
    while loop.time() < PERSON_SECONDS:
        await asyncio.sleep(random.uniform(2.0, 6.0))
        for conflict in stage.store.open_conflicts()[:1]:
            await _decide(stage, random, conflict)


async def _decide(stage: Stage, random: Random, conflict: Row) -> None:
    double = conflict["kind"] == "double_booking"
    chosen = random.choice(["keep_a", "keep_a", "keep_b", "keep_both", "snooze"])
    wish = Wish(act=chosen if double else "accept", actor="a person", reason="it is so")
    stage.tell(f"a person wants {wish.act} for conflict {conflict['id']} ({conflict['kind']})")
    try:
        await act(stage.parts(), conflict["id"], wish)
    except (Stale, WishRefused, *TROUBLE) as error:
        stage.tell(f"and is told {error!r}")


async def late_regret(stage: Stage) -> None:
    """Shortly before a policy acts a guest of its conflict cancels, and mostly nobody hears of it."""
    random = Random(stage.seed + 3)
    conflict = await _announced(stage)
    left = (conflict["auto_at"] - stage.store.now()).total_seconds()
    await asyncio.sleep(max(0.0, left - random.uniform(0.5, 15.0)))
    first = random.random() < 0.75
    number = conflict["against_ids"][0] if first else conflict["booking_id"]
    booking = stage.store.bookings.rows[number]
    provider = stage.providers[booking["account_id"]]
    provider.mute = random.random() < 0.8
    cancels = random.random() < 0.8
    if cancels:
        provider.cancel(booking["external_id"])
    provider.mute = False
    if random.random() < 0.6:
        await _away(stage, provider, random.uniform(10.0, 40.0))


async def _announced(stage: Stage) -> Row:
    while True:
        for conflict in stage.store.open_conflicts():
            if conflict["auto_at"] is not None and conflict["against_ids"]:
                return conflict
        await asyncio.sleep(2.0)
