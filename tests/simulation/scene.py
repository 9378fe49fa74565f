"""One run: two providers, two workers and a web process, guests, faults, then quiet; all from one seed."""

import asyncio
from collections.abc import Collection, Coroutine, Iterable, Iterator
from contextlib import contextmanager, suppress
from dataclasses import dataclass, field
from random import Random
from typing import Any, Literal

import structlog
from tests.simulation.checkers import at_quiet
from tests.simulation.configurations import beginning
from tests.simulation.database import VENUE, Setup
from tests.simulation.guests import Guests
from tests.simulation.incidents import (
    Stage,
    absence,
    configurations,
    deaths,
    decisions,
    late_regret,
    pauses,
)
from tests.simulation.loop import BEGIN, SeededLoop, Stuck
from tests.simulation.mutations import mutated
from tests.simulation.plot import Plot, plot_of
from tests.simulation.post import GONE, Post
from tests.simulation.process import Faults, Killed, Process, Story
from tests.simulation.provider import Provider
from tests.simulation.store import Store
from tests.simulation.venue import HOSTS, RULES, configure, parts_of, setup, slots
from tests.simulation.watch import Violation, Watch
from tests.simulation.witness import Witness
from tests.simulation.worker import Worker

from holdfast.sync.parts import Lane, Parts
from holdfast.sync.receive import Receiver

CHAOS_SECONDS, QUIET_SECONDS, LONG_SECONDS = 25.0, 90.0, 280.0
"""How long it breaks, and how long it is quiet then: longer where a policy's grace time must pass."""
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


def run(seed: int, broken: Collection[str] = (), plot: Plot | None = None) -> Outcome:
    """The same seed and the same breakage give the same run, always. `plot`: another one than the seed's own."""
    loop = SeededLoop(Random(seed))
    loop.set_exception_handler(lambda *_: None)  # the dead leave futures behind
    with quietly(), mutated(broken):
        scene = Scene(seed, loop, broken, plot or plot_of(seed))
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
    plot: Plot
    violations: list[Violation] = field(default_factory=list)
    processes: dict[str, Process] = field(default_factory=dict)
    tasks: list["asyncio.Task[None]"] = field(default_factory=list)

    def __post_init__(self) -> None:
        self.random = Random(self.seed)
        self.story = Story(self.loop)
        self.faults = self._faults()
        self.redis_is_off = "no sweep" in self.broken or self.random.random() < 0.15
        self.store = self._store()
        self.post = Post(self.random, self.faults, self.story, self._web)
        self.providers = {n: self._provider(n) for n in RULES}
        hosts = {account: self.providers[n] for account, n in HOSTS.items()}
        self.witness = Witness(self.store, hosts)
        self.watch = Watch(self.store)
        self.store.before_commit = self._look
        self.receiver: Receiver | None = None
        self.parts: dict[str, Parts] = {}
        """Of each process that lives."""

    def _faults(self) -> Faults:
        faults = Faults(Random(self.random.random()), self.loop)
        faults.broken, faults.wrong = self.broken, self.plot.wrong
        faults.rate = self.random.choice([0.3, 1.0, 1.0, 2.0])
        return faults

    def _store(self) -> Store:
        conflicts: Literal["auto", "propose"] = "auto" if self.plot.policy == "auto" else "propose"
        self.whole = setup(pool=self.plot.pool, conflicts=conflicts)
        first = beginning(self.plot.change, self.whole)
        store = Store(first, self.loop.now, self.broken)
        store.tell = lambda what: self.story.tell("store", what)
        return store

    def _provider(self, number: int) -> Provider:
        return Provider(
            rules=RULES[number],
            slots=slots(number),
            capacity=2 if self.plot.pool else 1,
            loop=self.loop,
            random=self.random,
            story=self.story,
            announce=self.post.announce,
            lags=self.plot.wrong == "late reads",
            hides_its_end=self.plot.wrong == "short list",
        )

    async def play(self) -> None:
        """Chaos, then quiet, then the checkers."""
        self._apply(self.store.setup)
        for name in (*WORKERS, "web"):
            self._start(name)
        for work in (*self._guests(), *self._incidents()):
            self._spawn(work)
        await asyncio.sleep(CHAOS_SECONDS)
        self._quiet()
        await asyncio.sleep(LONG_SECONDS if self.plot.long else QUIET_SECONDS)
        if any(self._at_quiet()):
            await asyncio.sleep(QUIET_SECONDS)  # a long list is read to its end page by page
            self._find(self._at_quiet())
        await self._end()

    def _at_quiet(self) -> Iterator[Violation]:
        return at_quiet(self.store, self.witness.hosts, self.post)

    def _quiet(self) -> None:
        self.faults.over = True
        self.story.tell("scene", "nothing breaks any more")

    def _guests(self) -> Iterator[Coroutine[Any, Any, None]]:
        guests, random = Guests(self.random, [*self.providers.values()], self.story), self.random
        for _ in range(random.randint(2, 4)):
            yield guests.plan(random.uniform(1.0, CHAOS_SECONDS * 0.8))
        if self.plot.policy is not None:
            yield guests.rivals(random.uniform(1.0, CHAOS_SECONDS * 0.5))
        if self.plot.wrong is not None:
            yield guests.touch(CHAOS_SECONDS)

    def _incidents(self) -> Iterator[Coroutine[Any, Any, None]]:
        stage = Stage(
            seed=self.seed,
            plot=self.plot,
            random=self.random,
            faults=self.faults,
            story=self.story,
            store=self.store,
            providers=self.witness.hosts,
            parts=lambda: self.parts["web"],
            apply=self._apply,
            processes=self.processes,
        )
        yield deaths(stage)
        if self.plot.pauses:
            yield pauses(stage)
        if self.plot.goes_away:
            yield absence(stage)
        if self.plot.change is not None:
            yield configurations(stage, self.plot.change, self.whole)
        if self.plot.policy == "person":
            yield decisions(stage)
        if self.plot.policy == "auto":
            yield late_regret(stage)

    async def _end(self) -> None:
        for process in self.processes.values():
            process.dead = True
        left = asyncio.all_tasks() - {asyncio.current_task()}
        for task in left:
            task.cancel()
        await asyncio.gather(*left, return_exceptions=True)

    def _spawn(self, work: Coroutine[Any, Any, None]) -> None:
        self.tasks.append(self.loop.create_task(work))

    def _apply(self, setup: Setup) -> None:
        """What `apply` does; each process follows in its own time."""
        known = {cursor["account_id"] for cursor in self.store.cursors}
        for account in setup.channels.keys() - known:
            self._account(account)
        self.store.setup = setup
        self.store.left -= {("listing", n) for n in setup.outlets}
        self.store.left -= {("account", n) for n in setup.channels}
        venue = self.store.venues.rows[VENUE]
        self.store.venues.update(venue, configured_at=self.loop.now())
        self.store.commit()
        for name in self.processes:
            self.loop.call_later(self.random.uniform(0.0, 3.0), self._follow, name)

    def _follow(self, name: str) -> None:
        process = self.processes[name]
        configure(self.parts[name], process, self.witness)
        process.nudged.set()

    def _account(self, account: int) -> None:
        for task in ("bookings", "offers"):
            self.store.cursors.insert(
                account_id=account,
                task=task,
                next_due_at=BEGIN,
                lease_until=None,
                started_at=None,
                last_complete_at=None,
                failures=0,
                asked_at=None,
                news_at=None,
                period_seconds=None,
                news_seconds=None,
            )
        self.store.commit()

    def _start(self, name: str) -> None:
        """Begin a process, for the first time or again."""
        process = Process(name, self.loop, Random(self.random.random()), self.faults, self.story)
        process.on_death = lambda: self._bury(name)
        process.on_lost_lock = lambda: self._free_lock(name, process)
        self.processes[name] = process
        parts = self.parts[name] = parts_of(process, self.store, self.witness, self._wake)
        if name == "web":
            self.receiver = Receiver(parts)
        else:
            worker = Worker(process, parts, self.violations)
            self._spawn(worker.look())

    def _bury(self, name: str) -> None:
        """Its lock is free, and its supervisor starts it again."""
        self._free(self.parts[name])
        if name == "web":
            self.receiver = None
        self.loop.call_later(self.random.uniform(0.2, 5.0), self._start, name)

    def _free(self, parts: Parts) -> None:
        if parts.holder is not None:
            self.store.locks.free.add(parts.holder)

    def _free_lock(self, name: str, process: Process) -> None:
        """It notices after a while, and takes a new one."""
        parts = self.parts[name]
        self._free(parts)

        def notice() -> None:
            if not process.dead:
                parts.holder = self.store.locks.new()

        self.loop.call_later(self.random.uniform(0.0, 6.0), notice)

    def _wake(self, *_lanes: Lane) -> None:
        """A hint to the workers; it may be lost, and never more than a hint."""
        for name in WORKERS:
            if not self.redis_is_off and not self.faults.strikes(0.3, "lost hint"):
                self.processes[name].nudged.set()

    def _hook(self, provider: str) -> str | None:
        """The account whose address the provider was given."""
        configured = self.store.setup
        hosted = (n for n in configured.channels if self.witness.hosts[n].name == provider)
        return next((configured.names[n] for n in hosted), None)

    async def _web(self, provider: str, body: bytes) -> int:
        """A delivery reaches the web process, if there is one; 0: no answer."""
        receiver, process = self.receiver, self.processes["web"]
        account = self._hook(provider)
        if account is None:
            return GONE
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

    def _look(self) -> None:
        """What may never be is looked for at each commit, not only at the end."""
        self._find(self.watch.look())
        self._find(self.witness.looks())

    def _find(self, found: Iterable[Violation]) -> None:
        self.violations += [v for v in found if v not in self.violations]


async def _swallow(work: Coroutine[Any, Any, None]) -> None:
    with suppress(Killed, Exception):
        await work
