"""Carries out the planned faults, each for its time, and heals what it did."""

import asyncio
import os
import signal
import time
from collections import Counter, defaultdict
from collections.abc import Awaitable, Callable, Mapping, Sequence
from contextlib import AsyncExitStack, suppress
from dataclasses import dataclass, field, replace
from functools import partial
from typing import get_args

import asyncpg
from redis.asyncio import Redis
from redis.exceptions import RedisError

from holdfast.clock import SystemClock
from holdfast.soak.bounds import Struck
from holdfast.soak.evidence import Clock
from holdfast.soak.faults import LIES, Fault
from holdfast.soak.going_back import GoingBack
from holdfast.soak.lies import Lies
from holdfast.soak.office import Office
from holdfast.soak.pages import Trouble
from holdfast.soak.program import HERE, until
from holdfast.soak.proxy import Manner
from holdfast.soak.rig import Rig
from holdfast.soak.strikes_servers import WAYS
from holdfast.soak.traits import traits
from holdfast.store.trouble import DATABASE_TROUBLE
from holdfast.sync.steer import NotSteered, SteerAct, SteerWish, steer

CLOCK = SystemClock()
STATUSES = (500, 502, 503, 504)
BEHIND_AT_FIRST = -15.0
"""Seconds: providers' clocks begin behind ours and only ever jump ahead."""

JUMP = 6.0
HANG_SECONDS = 12.0
"""Longer than a call of ours waits."""

HALF = 0.5

LATE_SECONDS = 20.0
"""By so much a fault may come late; one of a kind that never struck comes all the same."""

STEPS: Mapping[str, Sequence[SteerAct]] = {
    "people pause pushes": ("pause_pushes", "resume_pushes"),
    "people pause intake": ("pause_intake", "resume_intake"),
    "people read all again": ("read_bookings", "read_offers"),
}


@dataclass(kw_only=True)
class Strikes:
    """Strikes a rig. `struck` is what really happened; a fault waits until its thing is done with the last one."""

    rig: Rig
    struck: Counter[str] = field(default_factory=Counter)
    log: list[str] = field(default_factory=list)
    stood: list[Struck] = field(default_factory=list)
    """Each from when to when."""
    clocks: list[Clock] = field(default_factory=list)
    """How the providers' clocks were set, in order."""
    past: GoingBack = field(init=False)
    pauses: list[Trouble] = field(default_factory=list)
    """What people held back, from when to when."""
    office: Office = field(init=False)
    lies: Lies = field(init=False)
    _turns: defaultdict[str, asyncio.Lock] = field(
        default_factory=lambda: defaultdict(asyncio.Lock)
    )

    def __post_init__(self) -> None:
        turns = self._turns.__getitem__
        self.past = GoingBack(rig=self.rig, turns=turns, clocks=self.clocks)
        self.office = Office(rig=self.rig, turns=self._turns, log=self.log)
        self.lies = Lies(sides=self.rig.sides, log=self.log)

    async def all(self, faults: Sequence[Fault]) -> None:
        """Returns when every one is over and healed."""
        began = time.monotonic()
        async with asyncio.TaskGroup() as group:
            for fault in faults:
                await asyncio.sleep(max(0.0, began + fault.at - time.monotonic()))
                group.create_task(self._one(fault, began))

    async def _one(self, fault: Fault, began: float) -> None:
        async with self._turns[fault.thing]:
            if self.struck[fault.kind] and time.monotonic() - began > fault.at + LATE_SECONDS:
                return  # on a busy machine they would queue for longer than the guests stay
            self.struck[fault.kind] += 1
            self.log.append(str(replace(fault, at=time.monotonic() - began)))
            at = CLOCK.now()
            await self._way(fault.kind)(fault)
            self.stood.append(
                Struck(
                    kind=fault.kind,
                    target=fault.target,
                    side=fault.side,
                    began=at,
                    ended=CLOCK.now(),
                )
            )

    def _way(self, kind: str) -> Callable[[Fault], Awaitable[None]]:
        family, _, what = kind.partition(" ")
        families = {
            "link": self._link,
            "webhooks": self._webhooks,
            "people": self._people,
            "configuration": self.office.strike,
        }
        if family in families:
            return families[family]
        if kind in WAYS:
            return partial(WAYS[kind], self.rig)
        if kind in LIES:
            return self.lies.strike
        if what in ("killed", "paused", "told to stop") and family != "postgres":
            return self._process
        if what in ("429", "5xx before", "5xx after", "time-out after"):
            return self._provider
        return {
            "redis flushed": self._flush,
            "postgres killed": self._postgres,
            "postgres paused": self._frozen,
            "postgres goes back": self.past.strike,
            "provider clock ahead": self._clock,
            "token revoked": self._token,
            "providers all away": self._all_away,
        }[kind]

    async def _process(self, fault: Fault) -> None:
        program = self.rig.programs[fault.target]
        if program.ended:
            return
        if fault.kind.endswith("paused"):
            program.send(signal.SIGSTOP)
            await asyncio.sleep(fault.seconds)
            if not program.ended:
                program.send(signal.SIGCONT)
            return
        self.rig.down.add(fault.target)
        await (program.stop() if fault.kind.endswith("to stop") else program.kill())
        await asyncio.sleep(fault.seconds)
        await self.rig.raise_again(fault.target)

    async def _flush(self, _fault: Fault) -> None:
        with suppress(RedisError, OSError, TimeoutError):
            url = f"redis://{HERE}:{self.rig.redis_port}/0"
            async with Redis.from_url(url, socket_timeout=2) as redis:
                await redis.flushall()

    async def _postgres(self, fault: Fault) -> None:
        self.rig.postgres.kill()
        await asyncio.sleep(fault.seconds)
        await self.rig.postgres.start()

    async def _frozen(self, fault: Fault) -> None:
        pids = await self.rig.postgres.pids()
        try:
            send(pids, signal.SIGSTOP)
            await asyncio.sleep(fault.seconds)
        finally:
            send(pids, signal.SIGCONT)

    async def _link(self, fault: Fault) -> None:
        link, word = self.rig.links[fault.target], fault.kind.removeprefix("link ")
        manner: Manner = next(known for known in get_args(Manner) if known == word)
        link.behave(manner)
        await asyncio.sleep(fault.seconds)
        link.behave(None)

    async def _provider(self, fault: Fault) -> None:
        await self._told(fault.target, "POST", "/faults", rule(fault))
        await asyncio.sleep(fault.seconds)
        await self._told(fault.target, "DELETE", "/faults")

    async def _all_away(self, fault: Fault) -> None:
        """None answers anything for so long."""
        async with AsyncExitStack() as turns:
            for side in self.rig.sides:
                await turns.enter_async_context(self._turns[f"{side} api"])
            status = STATUSES[int(fault.dice * len(STATUSES))]
            away = {"kind": "status", "when": "before", "status": status}
            for side in self.rig.sides:
                await self._told(side, "POST", "/faults", away)
            await asyncio.sleep(fault.seconds)
            for side in self.rig.sides:
                await self._told(side, "DELETE", "/faults")

    async def _webhooks(self, fault: Fault) -> None:
        manner = {
            "webhooks duplicated": {"copies": 2 + int(fault.dice * 3)},
            "webhooks reordered": {"keep_back": True},
            "webhooks late": {"delay": 1.0 + 4.0 * fault.dice},
            "webhooks lost": {"lose": HALF + fault.dice / 2},
        }[fault.kind]
        await self._told(fault.target, "PUT", "/webhooks", manner)
        await asyncio.sleep(fault.seconds)
        await self._told(fault.target, "PUT", "/webhooks", {})
        if fault.kind == "webhooks reordered":
            order = "reverse" if fault.dice < HALF else "random"
            await self._told(fault.target, "POST", "/webhooks/flush", {"order": order})

    async def _clock(self, fault: Fault) -> None:
        now = next(c.ahead for c in reversed(self.clocks) if c.side == fault.target)
        await self._set(fault.target, now + 1.0 + JUMP * fault.dice)

    async def _token(self, fault: Fault) -> None:
        known = traits()[fault.target]
        for call in known.revoke:
            await self._told(fault.target, call.method, call.path, dict(call.body))
        await asyncio.sleep(fault.seconds / 2)
        for call in known.restore:
            await self._told(fault.target, call.method, call.path, dict(call.body))

    async def _people(self, fault: Fault) -> None:
        """They hold an account's intake or pushes back for so long, or have it read at once."""
        account, began = f"{fault.target}-main", CLOCK.now()
        for act in STEPS[fault.kind]:
            if act.startswith("resume"):
                what = f"{account} was held back by a person"
                self.pauses.append(Trouble(what=what, began=began, ended=CLOCK.now()))
            await self._steered(account, act)
            began = CLOCK.now()
            await asyncio.sleep(fault.seconds)

    async def _steered(self, account: str, act: SteerAct) -> None:
        """Repeated until it was heard: the database may be down. What cannot be done now is left."""
        wish = SteerWish(account=account, act=act, actor="eva", reason="work on the lift")

        async def heard() -> bool:
            with suppress(*DATABASE_TROUBLE):
                connection = await asyncpg.connect(self.rig.postgres.url, timeout=5)
                try:
                    with suppress(NotSteered):
                        await steer(connection, wish, CLOCK.now())
                    return True
                finally:
                    await connection.close(timeout=5)
            return False

        await until(heard, f"{account}: {act}", look=HALF)

    async def _told(self, side: str, method: str, path: str, body: object = None) -> None:
        """A simulator that is paused hears it when it goes on."""
        await self.rig.sides[side].ask(method, path, body)

    async def set_clocks(self) -> None:
        """Behind ours, as they begin."""
        for side in self.rig.sides:
            await self._set(side, BEHIND_AT_FIRST)

    async def _set(self, side: str, ahead: float) -> None:
        await self._told(side, "POST", "/clock", {"ahead": ahead})
        self.clocks.append(Clock(side=side, set_at=CLOCK.now(), ahead=ahead))


def send(pids: Sequence[int], sign: signal.Signals) -> None:
    """To all of them that are still there."""
    for pid in pids:
        with suppress(ProcessLookupError):
            os.kill(pid, sign)


def rule(fault: Fault) -> dict[str, object]:
    """How the simulator is told of it."""
    if fault.kind == "provider 429":
        wait = {"Retry-After": str(1 + int(2 * fault.dice))}
        return {"kind": "status", "status": 429, "headers": wait, "probability": 0.7}
    if fault.kind == "provider time-out after":
        return {"kind": "hang", "when": "after", "seconds": HANG_SECONDS, "probability": 0.3}
    status = STATUSES[int(fault.dice * len(STATUSES))]
    when = fault.kind.rpartition(" ")[2]
    return {"kind": "status", "when": when, "status": status, "probability": 0.6}
