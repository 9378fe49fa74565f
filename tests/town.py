"""A town for the tests: both simulators and our web on real sockets, one clock for all, and guests."""

import asyncio
import re
from collections.abc import AsyncIterator, Callable, Mapping, Sequence
from contextlib import AsyncExitStack, asynccontextmanager, suppress
from contextvars import ContextVar
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from functools import partial
from random import Random
from typing import Any

import aiohttp
import asyncpg
from tests.moments import morning

from holdfast import configuration, configuration_apply
from holdfast.clock import ManualClock
from holdfast.example import EXAMPLE_SECRETS, WEBHOOK_SECRETS, example_configuration
from holdfast.kind import SimulatorOptions, WebhookTarget, discover
from holdfast.serving import listening
from holdfast.simulation.courier import ON_ITS_WAY
from holdfast.soak.program import Missed, free_port, until
from holdfast.store.rebuilt import unlike
from holdfast.sync import rounds
from holdfast.sync.arrange import arrange, rehearse
from holdfast.sync.operate import Operator
from holdfast.sync.parts import wake_nobody
from holdfast.sync.receive import Receiver
from holdfast.sync.remedy import act
from holdfast.sync.replay import preview, read_again
from holdfast.sync.revive import handle
from holdfast.sync.sides import read_sides
from holdfast.sync.steer import steered
from holdfast.web.app import build_web
from holdfast.web.parts import WebParts
from holdfast.wiring import Base, Wiring, wired

SECRETS = {**EXAMPLE_SECRETS, **{name: f"test-{name}" for name in WEBHOOK_SECRETS.values()}}
UNLIMITED = {"boseat": {"reads_per_minute": "100000", "writes_per_minute": "100000"}}

REACH = timedelta(hours=2)
"""A block may stand beside the time that it keeps from being sold: one turn of the longest listing."""

UNITS = ("salon", "chefs-table", "board-room")
MORNING = morning()


IN_ROUND = ContextVar("IN_ROUND", default=False)
LONGEST_TURN = 5.0
"""Seconds; who sleeps for longer within a round keeps a lease meanwhile, and holds nobody up."""


class TownClock(ManualClock):
    """Knows who waits on it for a turn: however slow the machine is, no time passes but for them."""

    waiting = 0

    async def sleep(self, seconds: float) -> None:
        """Return once the clock was moved `seconds` ahead."""
        holds_up = IN_ROUND.get() and seconds <= LONGEST_TURN
        self.waiting += holds_up
        try:
            await super().sleep(seconds)
        finally:
            self.waiting -= holds_up


@dataclass(kw_only=True)
class Side:
    """A simulator as a guest and as its provider see it."""

    url: str
    session: aiohttp.ClientSession
    places: Mapping[str, str] = field(default_factory=dict)
    """The place that a unit of ours is called there."""

    async def ask(self, method: str, path: str, body: object = None) -> Any:
        """A call to the control side."""
        async with self.session.request(method, f"{self.url}/control{path}", json=body) as answer:
            told = await answer.json(content_type=None)
            assert answer.status == 200, f"{path}: {answer.status} {told}"
            return told

    async def book(
        self, unit: str, start: datetime, minutes: int, *, confirm: bool = True, party: int = 2
    ) -> str:
        """A guest books; the reference is the provider's."""
        wish = {
            "place": self.places[unit],
            "start": start.isoformat(),
            "end": (start + timedelta(minutes=minutes)).isoformat(),
            "party": party,
            "confirm": confirm,
        }
        return str((await self.ask("POST", "/guest/book", wish))["ref"])

    async def act(self, ref: str, what: str, body: object = None) -> str:
        """A guest confirms, cancels or moves."""
        return str((await self.ask("POST", f"/guest/{ref}/{what}", body))["ref"])

    async def taken(self, unit: str) -> list[dict[str, Any]]:
        """What occupies a unit at the provider, by the provider's own books."""
        truth = await self.ask("GET", "/truth")
        place = next(p for p in truth["places"] if p["place"] == self.places[unit])
        return sorted(place["taken"], key=lambda t: str(t["start"]))

    async def ours(self, unit: str) -> list[dict[str, Any]]:
        """Of these, what we placed through the API."""
        return [t for t in await self.taken(unit) if t["by"] == "client"]

    async def offered(self, unit: str) -> list[tuple[datetime, datetime]]:
        """What a guest could book there now."""
        truth = await self.ask("GET", "/truth")
        place = next(p for p in truth["places"] if p["place"] == self.places[unit])
        return [
            (datetime.fromisoformat(o["start"]), datetime.fromisoformat(o["end"]))
            for o in place["offers"]
        ]

    async def taken_twice(self) -> int:
        """How often the provider itself sold a unit twice."""
        return int((await self.ask("GET", "/truth"))["taken_twice"])


@dataclass(kw_only=True)
class Town:
    """The venue of the example, on both channels."""

    clock: TownClock
    wiring: Wiring
    sides: Mapping[str, Side]
    web_url: str
    database_url: str
    pool: asyncpg.Pool
    operator: Operator
    by_hand: bool = False
    """Rows were written past the journal, as by an older release: it cannot tell of them."""

    @property
    def boseat(self) -> Side:
        return self.sides["boseat"]

    @property
    def mozrest(self) -> Side:
        return self.sides["mozrest"]

    async def arrived(self) -> None:
        """Every webhook was received; nothing is done about it yet."""
        await _arrived()

    async def settle(self) -> None:
        """Let webhooks arrive and everything that is due happen, until nothing is."""
        await _arrived()
        work = asyncio.create_task(self._rounds())
        while not work.done():
            await asyncio.wait({work}, timeout=0.1)
            if self.clock.waiting:
                self.clock.advance(0.1)
        await work

    async def _rounds(self) -> None:
        IN_ROUND.set(True)  # for this task and those it begins
        await rounds.settle_down(self.wiring.parts)

    async def pass_time(self, seconds: float, step: float = 15.0) -> None:
        """Let the clock run and everything happen that falls due meanwhile."""
        while seconds > 0:
            self.clock.advance(min(step, seconds))
            seconds -= step
            await self.settle()

    async def live(self, seconds: float) -> None:
        """As `pass_time`, but stopping exactly at every moment at which something falls due."""
        end = self.clock.now() + timedelta(seconds=seconds)
        while (now := self.clock.now()) < end:
            due = await rounds.next_due(self.wiring.parts) or end
            ahead = (min(max(due, now + timedelta(seconds=0.25)), end) - now).total_seconds()
            self.clock.advance(ahead)
            await self.settle()

    async def violations(self) -> list[str]:
        """Whatever is not as it must be once all is quiet, by the providers' own books and by our store."""
        found = [f"exposed: {exposure}" for exposure in await self.exposures()]
        for name, side in self.sides.items():
            for unit in UNITS:
                found += await self._wrong(name, side, unit)
        twice = await self.rows(
            "select a.id from allocations a join allocations b"
            " on a.unit_id = b.unit_id and a.id < b.id and a.during && b.during"
        )
        found += [f"granted twice: allocation {row['id']}" for row in twice]
        return found

    async def _wrong(self, name: str, side: Side, unit: str) -> list[str]:
        found = []
        elsewhere = await self._taken_elsewhere(name, unit)
        for entry in await side.taken(unit):
            start, end = (datetime.fromisoformat(entry[k]) for k in ("start", "end"))
            if entry["by"] == "client":
                near = [t for t in elsewhere if t[0] - REACH < end and start < t[1] + REACH]
                if not near and end > self.clock.now():
                    found.append(f"orphan block: {name} {unit} {entry}")
                continue
            rows = await self.rows(
                "select status, id from bookings where external_id = $1", str(entry["ref"])
            )
            hidden = entry["expires"] is not None and name == "mozrest"
            if not rows and not hidden:
                found.append(f"not in the store: {name} {unit} {entry}")
            clash = [t for t in elsewhere if t[0] < end and start < t[1]]
            if clash and not hidden and end > self.clock.now() and not await self._shown(rows):
                found.append(f"clash not shown: {name} {unit} {entry}")
        return found

    async def _shown(self, rows: list[asyncpg.Record]) -> bool:
        ids = [row["id"] for row in rows]
        return bool(
            await self.rows(
                "select 1 from conflicts where closed_at is null and kind = 'double_booking'"
                " and (booking_id = any($1::bigint[]) or against_ids && $1::bigint[])",
                ids,
            )
        )

    async def rows(self, query: str, *values: object) -> list[asyncpg.Record]:
        """Look into the store."""
        return list(await self.pool.fetch(query, *values))

    async def unlike(self) -> list[str]:
        """Where the canon rebuilt from the journals differs from the store."""
        connection = await asyncpg.connect(self.database_url)
        try:
            return list(await unlike(connection))
        finally:
            await connection.close()

    async def exposures(self) -> list[tuple[str, str, datetime]]:
        """What the channels really sell although the time is taken elsewhere: channel, unit, start."""
        found = []
        for name, side in self.sides.items():
            for unit in UNITS:
                taken = await self._taken_elsewhere(name, unit)
                found += [
                    (name, unit, start)
                    for start, end in await side.offered(unit)
                    if any(start < t_end and t_start < end for t_start, t_end in taken)
                ]
        return found

    async def _taken_elsewhere(self, name: str, unit: str) -> list[tuple[datetime, datetime]]:
        """By guests on the other channels, by their providers' books, and at the venue itself, by ours."""
        direct = await self.rows(
            "select lower(b.during) s, upper(b.during) e from bookings b"
            " join units u on u.id = any(b.unit_ids)"
            " where b.channel = 'direct' and b.status = 'confirmed' and u.name = $1",
            unit,
        )
        return [(row["s"], row["e"]) for row in direct] + [
            (datetime.fromisoformat(t["start"]), datetime.fromisoformat(t["end"]))
            for other, side in self.sides.items()
            if other != name
            for t in await side.taken(unit)
            if t["by"] != "client"
        ]


async def _arrived() -> None:
    """No webhook is on the wire any more; one that nobody answers is not waited for."""
    with suppress(Missed):
        await until(_none_on_its_way, "every webhook arrived", seconds=1, look=0.002)


async def _none_on_its_way() -> bool:
    return all(task.get_name() != ON_ITS_WAY for task in asyncio.all_tasks())


@dataclass(frozen=True, kw_only=True)
class Pace:
    """How often and how far ahead is read, in seconds and days: most of what a test of hours costs."""

    polls: Mapping[str, int]
    """By channel."""
    offers: int
    audits: int = 900
    days: int = 2


BRISK = Pace(polls={"boseat": 15, "mozrest": 5}, offers=60, days=3)
"""For what only a reading in time can show."""
STEADY = Pace(polls={"boseat": 30, "mozrest": 15}, offers=180)
CALM = Pace(polls={"boseat": 180, "mozrest": 180}, offers=1200, audits=3600)
"""For long stretches of time."""


@dataclass(frozen=True, kw_only=True)
class Plan:
    """How a town is built."""

    webhooks: bool = True
    switches: Mapping[str, Mapping[str, str]] = field(default_factory=dict)
    start: datetime = MORNING
    pace: Pace = STEADY
    trust_offers: bool = False
    configuration: Callable[[Mapping[str, str]], str] = example_configuration
    worlds: Mapping[str, Mapping[str, object]] = field(default_factory=dict)
    """By channel, another world than the simulator's example."""
    units: Sequence[str] = UNITS
    """What places are called on either side."""


@asynccontextmanager
async def town(database_url: str, plan: Plan | None = None) -> AsyncIterator[Town]:
    """Build it, with no Redis, and let it come to rest."""
    plan = plan or Plan()
    clock = TownClock(plan.start)
    async with AsyncExitStack() as stack:
        web_port = free_port()
        sides = await _sides(stack, plan, clock, web_port)
        await _configure(database_url, {n: s.url for n, s in sides.items()}, clock, plan)
        base = Base(database_url=database_url, redis=None, clock=clock, environ=SECRETS)
        wiring = await stack.enter_async_context(wired(base, wake_nobody))
        wiring.parts.random = Random(7)
        app = build_web(_web_parts(wiring, clock))
        await stack.enter_async_context(listening(app, "127.0.0.1", web_port))
        built = Town(
            clock=clock,
            wiring=wiring,
            sides=sides,
            web_url=f"http://127.0.0.1:{web_port}",
            database_url=database_url,
            pool=wiring.parts.pool,
            operator=Operator(wiring.parts),
        )
        await built.settle()
        yield built
        differences = [] if built.by_hand else await built.unlike()
        assert not differences, f"the journals do not tell what the store has: {differences}"


def _web_parts(wiring: Wiring, clock: ManualClock) -> WebParts:
    return WebParts(
        pool=wiring.parts.pool,
        receiver=Receiver(wiring.parts),
        operator=Operator(wiring.parts),
        settle=partial(act, wiring.parts),
        read_sides=partial(read_sides, wiring.parts),
        read_again=partial(read_again, wiring.parts),
        preview=partial(preview, wiring.parts),
        handle=partial(handle, wiring.parts),
        steer=partial(steered, wiring.parts),
        rehearse=partial(rehearse, wiring.parts),
        arrange=partial(arrange, wiring.parts),
        clock=clock,
        metrics=wiring.parts.metrics,
        channels={a.name: a.channel_name for a in wiring.parts.accounts.values()},
        proofs={name: kind.webhook_proof for name, kind in discover().items()},
    )


async def _sides(
    stack: AsyncExitStack, plan: Plan, clock: ManualClock, web_port: int
) -> dict[str, Side]:
    session = await stack.enter_async_context(aiohttp.ClientSession())
    sides: dict[str, Side] = {}
    for name, kind in discover().items():
        hook = f"http://127.0.0.1:{web_port}/hooks/{name}-main"
        target = WebhookTarget(url=hook, secret=SECRETS[WEBHOOK_SECRETS[name]])
        options = SimulatorOptions(
            clock=clock,
            webhook=target if plan.webhooks else None,
            world=plan.worlds.get(name),
            switches={**UNLIMITED.get(name, {}), **plan.switches.get(name, {})},
        )
        port = await stack.enter_async_context(listening(kind.simulate(options), "127.0.0.1", 0))
        sides[name] = side = Side(url=f"http://127.0.0.1:{port}", session=session)
        places = await side.ask("GET", "/places")
        side.places = {u: p["place"] for u in plan.units for p in places if _is(u, p["name"])}
    return sides


def _is(unit: str, name: str) -> bool:
    return unit.replace("-", "") == name.lower().replace("-", "").replace(" ", "").replace("'", "")


def configuration_text(urls: Mapping[str, str], plan: Plan) -> str:
    """The plan's holdfast.toml for a town."""
    text = plan.configuration(urls)
    text = re.sub(r"trust_offers = \w+", f"trust_offers = {str(plan.trust_offers).lower()}", text)
    return re.sub(
        r'(channel = "(\w+)"\n)mode = "live".*\n',
        lambda found: found[1] + _pace_of(plan.pace, found[2]),
        text,
    )


def _pace_of(pace: Pace, channel: str) -> str:
    """Budgets are for their own tests: waiting for one on a clock that stands still would never end."""
    return (
        'mode = "live"\nreads_per_minute = 100000\nwrites_per_minute = 100000\n'
        f"poll_seconds = {pace.polls[channel]}\noffers_seconds = {pace.offers}\n"
        f"audit_seconds = {pace.audits}\nhorizon_days = {pace.days}\n"
    )


async def _configure(
    database_url: str, urls: Mapping[str, str], clock: ManualClock, plan: Plan
) -> None:
    wanted = configuration.parse(configuration_text(urls, plan), "example", discover())
    connection = await asyncpg.connect(database_url)
    try:
        await configuration_apply.apply(connection, wanted, clock.now())
    finally:
        await connection.close()
