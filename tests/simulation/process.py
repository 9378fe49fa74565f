"""Processes that may die or stand still at any moment, and the dice that say what breaks."""

import asyncio
from collections.abc import Callable, Collection
from dataclasses import dataclass, field
from random import Random
from typing import Literal

from tests.simulation.loop import SeededLoop
from tests.simulation.plot import Wrong

Fate = Literal["fine", "killed before", "killed after", "cut before", "cut after", "rolled back"]
Travel = Literal[
    "fine", "refused", "limited", "lost", "done and lost", "late", "after all", "slow", "stalled"
]


class Killed(BaseException):
    """kill -9: nothing of this process runs on."""


@dataclass(slots=True)
class Story:
    """What happened, in order, for a person."""

    loop: SeededLoop
    lines: list[tuple[float, str, str]] = field(default_factory=list)

    def tell(self, who: str, what: str) -> None:
        self.lines.append((self.loop.time(), who, what))

    def text(self) -> str:
        return "\n".join(f"{at:9.3f} s  {who:<12} {what}" for at, who, what in self.lines)


@dataclass(slots=True)
class Faults:
    """How often something breaks. Once `over`, nothing does."""

    random: Random
    loop: SeededLoop
    rate: float = 1.0
    broken: Collection[str] = ()
    """What of Holdfast is broken on purpose, by the names in `variants`."""
    wrong: Wrong | None = None
    """What providers answer wrongly now and then."""
    over: bool = False
    away_until: float = 0.0
    counts: dict[str, int] = field(default_factory=dict)

    def strikes(self, share: float, name: str) -> bool:
        if self.over or self.random.random() >= share * self.rate:
            return False
        self.counts[name] = self.counts.get(name, 0) + 1
        return True

    def database_is_away(self) -> bool:
        if self.strikes(0.002, "database away"):
            self.away_until = self.loop.time() + self.random.uniform(0.1, 4.0)
        return self.loop.time() < self.away_until

    def of_commit(self) -> Fate:
        if not self.strikes(0.03, "broken commit"):
            return "fine"
        return self.random.choice(["killed before", "killed after", "cut before", "cut after"])

    def of_travel(self, *, write: bool) -> Travel:
        if not self.strikes(0.45 if write else 0.15, "broken call"):
            return "fine"
        if not write:
            return self.random.choice(["refused", "limited", "slow", "slow"])
        return self.random.choice(
            [
                "refused",
                "limited",
                "lost",
                "done and lost",
                "done and lost",
                "late",
                "after all",
                "slow",
                "stalled",
            ]
        )


@dataclass(slots=True, eq=False)
class Process:
    """A worker or a web process."""

    name: str
    loop: SeededLoop
    random: Random
    faults: Faults
    story: Story
    dead: bool = False
    stopped_until: float = 0.0
    on_death: Callable[[], None] = lambda: None
    on_lost_lock: Callable[[], None] = lambda: None
    nudged: asyncio.Event = field(default_factory=asyncio.Event)

    def tell(self, what: str) -> None:
        self.story.tell(self.name, what)

    def kill(self, why: str) -> None:
        if not self.dead:
            self.dead = True
            self.tell(f"is killed {why}")
            self.on_death()

    def lose_lock(self) -> None:
        """It lives, and others believe it dead."""
        self.tell("loses its lock")
        self.on_lost_lock()

    def stop(self, seconds: float) -> None:
        """SIGSTOP, and SIGCONT after so long."""
        self.stopped_until = max(self.stopped_until, self.loop.time() + seconds)
        self.tell(f"stands still for {seconds:.0f} s")

    def must_live(self) -> None:
        if self.dead:
            raise Killed

    def fate_of_commit(self) -> Fate:
        return self.faults.of_commit()

    async def breathe(self) -> None:
        """Others may come first here; and here a process that died or was stopped goes no further."""
        if self.random.random() < 0.7:
            await asyncio.sleep(0)
        await self.stand_still()
        self.must_live()

    async def stand_still(self) -> None:
        """As long as it is stopped, and stopped again meanwhile."""
        left = self.stopped_until - self.loop.time()
        if left > 0:
            await asyncio.sleep(left + 0.001)
            await self.stand_still()
