"""One run: two providers, two workers and a web process, guests, faults, then quiet; all from one seed."""

import asyncio
from collections.abc import Collection, Coroutine, Iterator
from contextlib import contextmanager, suppress
from dataclasses import dataclass, field
from random import Random
from typing import Any

import asyncpg
import structlog
from tests.simulation.checkers import at_quiet
from tests.simulation.guests import Guests
from tests.simulation.loop import BEGIN, SeededLoop, Stuck
from tests.simulation.post import Post
from tests.simulation.process import Faults, Killed, Process, Story
from tests.simulation.provider import Provider
from tests.simulation.store import Store
from tests.simulation.venue import RULES, parts_of, setup, slots
from tests.simulation.watch import Violation, Watch

from holdfast.sync.parts import Lane, Parts
from holdfast.sync.receive import Receiver
from holdfast.sync.rounds import due_lanes, work_off

CHAOS_SECONDS, QUIET_SECONDS = 25.0, 90.0
DATABASE_TROUBLE = (asyncpg.PostgresError, asyncpg.InterfaceError, OSError, TimeoutError)
WORKERS = ("worker 1", "worker 2")


@dataclass(frozen=True, slots=True, kw_only=True)
class Outcome:
    """What a run came to."""

    seed: int
    violations: list[Violation]
    story: Story
    faults: dict[str, int]

    def text(self) -> str:
        """The story, then what is wrong."""
        found = "\n".join(f"VIOLATION  {name}: {what}" for name, what in self.violations)
        return f"seed {self.seed}\n{self.story.text()}\n{found}"


def run(seed: int, broken: Collection[str] = ()) -> Outcome:
    """The same seed and the same breakage give the same run, always."""
    loop = SeededLoop(Random(seed))
    loop.set_exception_handler(lambda *_: None)  # the dead leave futures behind
    with quietly():
        scene = Scene(seed, loop, broken)
        try:
            loop.run_until_complete(scene.play())
        except Stuck as stuck:
            scene.violations.append(("time goes on", str(stuck)))
        finally:
            loop.close()
    return Outcome(
        seed=seed,
        violations=scene.violations,
        story=scene.story,
        faults=scene.faults.counts,
    )


@contextmanager
def quietly() -> Iterator[None]:
    """Without log lines: thousands of failures are made on purpose."""
    before = structlog.get_config()
    structlog.configure(wrapper_class=structlog.make_filtering_bound_logger(50))
    try:
        yield
    finally:
        structlog.configure(**before)


@dataclass
class Scene:
    """Everybody in one run."""

    seed: int
    loop: SeededLoop
    broken: Collection[str]
    violations: list[Violation] = field(default_factory=list)
    processes: dict[str, Process] = field(default_factory=dict)
    tasks: list["asyncio.Task[None]"] = field(default_factory=list)

    def __post_init__(self) -> None:
        self.random = Random(self.seed)
        self.story = Story(self.loop)
        self.faults = Faults(Random(self.random.random()), self.loop)
        self.faults.broken = self.broken
        self.faults.rate = self.random.choice([0.3, 1.0, 1.0, 2.0])
        self.pool = self.seed % 4 == 0
        self.redis_is_off = "no sweep" in self.broken or self.random.random() < 0.15
        self.store = Store(setup(pool=self.pool), self.loop.now, self.broken)
        self.store.tell = lambda what: self.story.tell("store", what)
        self.watch = Watch(self.store)
        self.store.before_commit = self._look
        self.post = Post(self.random, self.faults, self.story, self._web)
        self.providers = {n: self._provider(n) for n in RULES}
        self.receiver: Receiver | None = None

    def _provider(self, listing: int) -> Provider:
        return Provider(
            rules=RULES[listing],
            slots=slots(listing),
            capacity=2 if self.pool else 1,
            loop=self.loop,
            random=self.random,
            story=self.story,
            announce=self.post.announce,
        )

    async def play(self) -> None:
        """Chaos, then quiet, then the checkers."""
        for account in self.providers:
            for task in ("bookings", "offers"):
                self._cursor(account, task)
        for name in (*WORKERS, "web"):
            self._start(name)
        guests = Guests(self.random, list(self.providers.values()), self.story)
        plans = [
            guests.plan(self.random.uniform(1.0, CHAOS_SECONDS * 0.8))
            for _ in range(self.random.randint(2, 4))
        ]
        for one in (*plans, self._break(), self._hold_back(), self._go_away()):
            self._spawn(one)
        await asyncio.sleep(CHAOS_SECONDS)
        self.faults.over = True
        self.story.tell("scene", "nothing breaks any more")
        await asyncio.sleep(QUIET_SECONDS)
        self.violations += [*at_quiet(self.store, self.providers, self.post)]
        await self._end()

    async def _end(self) -> None:
        for process in self.processes.values():
            process.dead = True
        left = asyncio.all_tasks() - {asyncio.current_task()}
        for task in left:
            task.cancel()
        await asyncio.gather(*left, return_exceptions=True)

    def _spawn(self, work: Coroutine[Any, Any, None]) -> None:
        self.tasks.append(self.loop.create_task(work))

    def _cursor(self, account: int, task: str) -> None:
        self.store.cursors.insert(
            account_id=account,
            task=task,
            next_due_at=BEGIN,
            lease_until=None,
            started_at=None,
            last_complete_at=None,
            failures=0,
            asked_at=None,
            period_seconds=None,
            news_seconds=None,
        )
        self.store.log.commit()

    def _start(self, name: str) -> None:
        """Begin a process, for the first time or again."""
        process = Process(name, self.loop, Random(self.random.random()), self.faults, self.story)
        process.on_death = lambda: self._bury(name)
        self.processes[name] = process
        parts = parts_of(process, self.store, self.providers, self._wake)
        if name == "web":
            self.receiver = Receiver(parts)
        else:
            worker = Worker(process, parts, self.violations)
            self._spawn(worker.look())

    def _bury(self, name: str) -> None:
        """Its supervisor starts it again."""
        if name == "web":
            self.receiver = None
        self.loop.call_later(self.random.uniform(0.2, 5.0), self._start, name)

    def _wake(self, *_lanes: Lane) -> None:
        """A hint to the workers; it may be lost, and never more than a hint."""
        for name in WORKERS:
            if not self.redis_is_off and not self.faults.strikes(0.3, "lost hint"):
                self.processes[name].nudged.set()

    async def _web(self, account: str, body: bytes) -> int:
        """A delivery reaches the web process, if there is one; 0: no answer."""
        receiver, process = self.receiver, self.processes["web"]
        if receiver is None:
            return 0
        if "acknowledge before commit" in self.broken:
            self._spawn(_swallow(receiver.accept(account, {}, body)))
            return 200
        try:
            await receiver.accept(account, {}, body)
            await process.breathe()
        except (Killed, Exception) as error:
            return 0 if isinstance(error, Killed) else 503
        return 200

    async def _break(self) -> None:
        """Kill and stop processes, now and then."""
        while not self.faults.over:
            await asyncio.sleep(self.random.expovariate(self.faults.rate / 8.0))
            victim = self.processes[self.random.choice([*WORKERS, "web"])]
            if victim.dead or self.faults.over:
                continue
            if self.random.random() < 0.6:
                victim.kill("from outside")
            else:
                victim.stop(self.random.choice([2.0, 8.0, 35.0]))

    async def _hold_back(self) -> None:
        """In some runs a person pauses an account for a while; news come in all the same."""
        random = Random(self.seed)  # its own, so that the other runs stay as they are
        while self.seed % 5 == 0 and not self.faults.over:
            await asyncio.sleep(random.uniform(1.0, 6.0))
            account = random.choice(list(self.providers))
            direction = random.choice(["intake", "pushes"])
            self.store.paused[account, direction] = self.store.now()
            self.story.tell("scene", f"the {direction} of account {account} are paused")
            await asyncio.sleep(random.uniform(2.0, 10.0))
            del self.store.paused[account, direction]
            self.store.resumed[account] = self.store.now()
            self.story.tell("scene", f"the {direction} of account {account} go on")

    async def _go_away(self) -> None:
        """In some runs a provider answers nobody for a while. Where Holdfast is whole, few ask meanwhile."""
        random = Random(self.seed + 1)  # its own, as above
        if self.seed % 3:
            return
        provider = random.choice(list(self.providers.values()))
        await asyncio.sleep(random.uniform(1.0, 8.0))
        provider.away = True
        self.story.tell("scene", f"{provider.name} answers nobody")
        await asyncio.sleep(random.uniform(5.0, 16.0))
        provider.away = False
        asked = provider.calls_while_away
        self.story.tell("scene", f"{provider.name} answers again; it was asked {asked} times")

    def _look(self) -> None:
        """What may never be is looked for at each commit, not only at the end."""
        self.violations += [v for v in self.watch.look() if v not in self.violations]


async def _swallow(work: Coroutine[Any, Any, None]) -> None:
    with suppress(Killed, Exception):
        await work


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
