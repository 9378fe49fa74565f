"""A worker process of ours: it looks for lanes in which something is due, and works them off side by side."""

import asyncio
from dataclasses import dataclass, field

import asyncpg
from tests.simulation.process import Killed, Process
from tests.simulation.watch import Violation

from holdfast.sync.parts import Lane, Parts
from holdfast.sync.rounds import due_lanes, work_off

DATABASE_TROUBLE = (asyncpg.PostgresError, asyncpg.InterfaceError, OSError, TimeoutError)


@dataclass
class Worker:
    """As `holdfast.worker.Drainer`, but that it sweeps every few seconds instead of each one."""

    process: Process
    parts: Parts
    violations: list[Violation]
    lanes: dict[Lane, "asyncio.Task[int]"] = field(default_factory=dict)

    async def look(self) -> None:
        """Start every lane in which something is due; then wait for a nudge, or for the next sweep."""
        while not self.process.dead:
            self.process.nudged.clear()
            seconds = self.process.random.uniform(2.0, 6.0)
            try:
                for lane in await due_lanes(self.parts):
                    if lane not in self.lanes:
                        self._start(lane)
            except DATABASE_TROUBLE:
                seconds = 0.5
            except Killed:
                return
            except Exception as error:
                self._failed("looking", error)
            await self._rest(seconds)

    def _start(self, lane: Lane) -> None:
        work = work_off(self.parts, lane, lambda full: full and not self.process.dead)
        task = self.lanes[lane] = asyncio.get_running_loop().create_task(work)
        task.add_done_callback(lambda done: self._ended(lane, done))

    def _ended(self, lane: Lane, task: "asyncio.Task[int]") -> None:
        del self.lanes[lane]
        error = None if task.cancelled() else task.exception()
        if error is None and not task.cancelled() and task.result():
            self.process.nudged.set()
        elif isinstance(error, Exception) and not isinstance(error, DATABASE_TROUBLE):
            self._failed(lane[0], error)

    def _failed(self, what: str, error: Exception) -> None:
        self.process.tell(f"fails in {what}: {error!r}")
        self.violations.append(("no step fails", f"{what}: {error!r}"))

    async def _rest(self, seconds: float) -> None:
        if "no sweep" in self.process.faults.broken:
            seconds = 1e9
        try:
            async with asyncio.timeout(seconds):
                await self.process.nudged.wait()
                await asyncio.sleep(self.process.random.uniform(0.005, 0.1))  # hints are one hint
        except TimeoutError:
            return
