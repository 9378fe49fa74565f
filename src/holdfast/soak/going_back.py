"""The database goes back some seconds under everything that runs: a replica that lagged, or a backup, takes its place."""

import asyncio
from collections.abc import AsyncIterator, Callable, Iterable, Sequence
from contextlib import AsyncExitStack, asynccontextmanager, suppress
from dataclasses import dataclass, field
from datetime import datetime
from pathlib import Path

import asyncpg

from holdfast.clock import SystemClock
from holdfast.embedded import embedded_postgres
from holdfast.soak import lost
from holdfast.soak.evidence import Clock
from holdfast.soak.faults import CHANGES, OURS, TARGETS, Fault
from holdfast.soak.gather import see
from holdfast.soak.lost import Lost
from holdfast.soak.program import Missed, ended, until
from holdfast.soak.rig import Rig
from holdfast.store import lineage
from holdfast.store.trouble import DATABASE_TROUBLE

CLOCK = SystemClock()

MEMORY_SECONDS = 2.0
"""A process that has just started knows no number yet that it could miss: so long it takes to see one."""

BY_PEOPLE = ("people", "configuration")
WHO_REMEMBERS = (*(f"{name} process" for name in OURS), "redis process", "to-redis link")
"""That it went back is known to who saw it before, or to Redis: one of them must be there."""

Turns = Callable[[str], asyncio.Lock]


def settled_by_people() -> list[str]:
    """What people change in the store and nobody tells it again: while the copy is older than that, they wait."""
    return sorted(
        {
            Fault(at=0, kind=kind, target=target, seconds=0, dice=0).thing
            for kind, targets in (TARGETS | CHANGES).items()
            for target in targets
            if kind.startswith(BY_PEOPLE)
        }
    )


@dataclass(kw_only=True)
class GoingBack:
    """`turns`: who holds one keeps other faults from the thing meanwhile."""

    rig: Rig
    turns: Turns
    clocks: Sequence[Clock]
    lost: list[Lost] = field(default_factory=list)

    async def strike(self, fault: Fault) -> None:
        """A copy is made; so much later it is all that there is."""
        postgres = self.rig.postgres
        older, left = (postgres.folder / name / "postgres" for name in ("older", "left"))
        async with self._alone(settled_by_people()):
            await postgres.stop()
            began = CLOCK.now()
            await _copied(postgres.data, older)
            await postgres.start()
            await asyncio.sleep(fault.seconds)
            async with self._alone(WHO_REMEMBERS):
                await asyncio.sleep(MEMORY_SECONDS)
                postgres.kill()
                at = CLOCK.now()
                await postgres.stop()
                left.parent.mkdir()
                postgres.data.rename(left)
                older.rename(postgres.data)
                postgres.age += 1
                await postgres.start()
                await until(lambda: self._noticed(at), "it is noticed that the store went back")
        self.lost.append(await self._left(left.parent, (began, at)))

    @asynccontextmanager
    async def _alone(self, things: Iterable[str]) -> AsyncIterator[None]:
        async with AsyncExitStack() as stack:
            for thing in things:
                await stack.enter_async_context(self.turns(thing))
            yield

    async def _noticed(self, at: datetime) -> bool:
        """By one of our processes, which has taken back what the store was about to do."""
        with suppress(*DATABASE_TROUBLE):
            connection = await asyncpg.connect(self.rig.postgres.url, timeout=5)
            try:
                found = await lineage.state(connection)
            finally:
                await connection.close(timeout=5)
            if found is not None and found.went_back_at is not None:
                return found.went_back_at >= at and not found.doubt_due
        return False

    async def _left(self, folder: Path, when: tuple[datetime, datetime]) -> Lost:
        """What the newer state knew: a server of its own reads it."""
        async with embedded_postgres(folder) as url:
            connection = await asyncpg.connect(url, timeout=60)
            try:
                await see(connection)
                return await lost.read(connection, when, self.clocks)
            finally:
                await connection.close(timeout=60)


async def _copied(folder: Path, to: Path) -> None:
    """Whole, with its owner: a server takes no folder of another."""
    to.parent.mkdir()
    done = await ended(to.parent, ("cp", "-a", str(folder), str(to)), {"PATH": "/usr/bin:/bin"})
    if done.code:
        raise Missed(f"{folder} was not copied: {done.err}")
