"""Rate budgets: how many calls an account may still make, shared between workers in Redis, or a fair share without."""

import asyncio
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from email.utils import parsedate_to_datetime
from typing import Any, Literal, Protocol

import structlog
from redis.asyncio import Redis
from redis.commands.core import AsyncScript
from redis.exceptions import RedisError

from holdfast.clock import Clock
from holdfast.exchange import BudgetSpent, Reply, Request, Transport

log = structlog.get_logger()

Kind = Literal["read", "write"]
PATIENCE = 2.0
"""Seconds that a call waits for its turn before it is put back; far below a push's lease."""

SOON = 1e-6
"""Seconds that count as none: a clock's reading is no more exact."""

ANSWER_SECONDS = 0.5
"""So long a call waits for Redis to say whether it may go."""

DOUBT = timedelta(seconds=3)
"""So long a Redis that did not answer is not asked again: a frozen one would slow down every single call."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Pace:
    """A steady rate with bursts that together never pass `per_minute` calls in any minute."""

    per_minute: int

    @property
    def burst(self) -> int:
        """How many calls may go at once after a rest."""
        return max(1, self.per_minute // 4)

    @property
    def reserve(self) -> int:
        """What polls leave to news and calls: they use only what is above it."""
        return max(1, self.burst // 3)

    @property
    def interval(self) -> float:
        """Seconds between calls in the long run; with the burst this stays within the contract."""
        return 60.0 / max(1, self.per_minute - self.burst)


class Budget(Protocol):
    """One account's budgets."""

    async def take(self, kind: Kind) -> float:
        """0: one call was taken from the budget. Else the seconds until one is free; nothing was taken."""
        ...

    async def left(self, kind: Kind) -> int:
        """How many calls could go now."""
        ...

    async def spares(self, kind: Kind) -> bool:
        """Whether so much is left that what can wait may go, too."""
        ...

    async def penalise(self, seconds: float) -> None:
        """The provider said it is too much: nothing of this account goes for so long."""
        ...


class LocalBudget:
    """One process's own share; `share` is how many processes there may be."""

    def __init__(self, clock: Clock, paces: dict[Kind, Pace], share: int = 1) -> None:
        self._clock = clock
        self._paces = paces
        self._share = share
        self._arrival: dict[Kind, float] = {}
        self._penalty_until = 0.0

    async def take(self, kind: Kind) -> float:
        """See `Budget.take`."""
        now = self._clock.now().timestamp()
        if now < self._penalty_until:
            return self._penalty_until - now
        burst, interval = self._shared(kind)
        arrival = max(self._arrival.get(kind, 0.0), now)
        early = arrival - now - (burst - 1) * interval
        if early > SOON:
            return early
        self._arrival[kind] = arrival + interval
        return 0.0

    async def left(self, kind: Kind) -> int:
        """See `Budget.left`."""
        now = self._clock.now().timestamp()
        if now < self._penalty_until:
            return 0
        burst, interval = self._shared(kind)
        ahead = max(0.0, self._arrival.get(kind, 0.0) - now)
        return int((burst * interval - ahead + SOON) / interval)

    def _shared(self, kind: Kind) -> tuple[int, float]:
        pace = self._paces[kind]
        return max(1, pace.burst // self._share), pace.interval * self._share

    async def spares(self, kind: Kind) -> bool:
        """See `Budget.spares`."""
        return await self.left(kind) >= self._paces[kind].reserve

    async def penalise(self, seconds: float) -> None:
        """See `Budget.penalise`."""
        until = self._clock.now().timestamp() + seconds
        self._penalty_until = max(self._penalty_until, until)


# The generic cell rate algorithm, on Redis' own clock. KEYS: arrival, penalty. ARGV: interval and burst in
# microseconds and calls, and whether to take (1) or only to look (0). Returns {wait, calls left}.
_GCRA = """
local t = redis.call('TIME')
local now = t[1] * 1000000 + t[2]
local interval, burst = tonumber(ARGV[1]), tonumber(ARGV[2])
local penalty = tonumber(redis.call('GET', KEYS[2]) or '0')
if penalty > now then return {penalty - now, 0} end
local arrival = math.max(tonumber(redis.call('GET', KEYS[1]) or '0'), now)
local left = math.floor((burst * interval - (arrival - now)) / interval)
local early = arrival - now - (burst - 1) * interval
if ARGV[3] == '0' or early > 0 then return {math.max(early, 0), left} end
redis.call('SET', KEYS[1], string.format('%.0f', arrival + interval),
           'PX', math.ceil((arrival + interval - now) / 1000) + 1000)
return {0, left - 1}
"""

_PENALTY = """
local t = redis.call('TIME')
local till = t[1] * 1000000 + t[2] + tonumber(ARGV[1])
if till > tonumber(redis.call('GET', KEYS[1]) or '0') then
  redis.call('SET', KEYS[1], string.format('%.0f', till), 'PX', math.ceil(tonumber(ARGV[1]) / 1000))
end
return 0
"""


class SharedBudget:
    """The account's budget across all processes; while Redis is away, a fair local share."""

    def __init__(
        self,
        redis: Redis,
        account: str,
        paces: dict[Kind, Pace],
        fallback: LocalBudget,
        clock: Clock,
    ) -> None:
        self._redis = redis
        self._clock = clock
        self._doubted_until = datetime.min.replace(tzinfo=UTC)
        self._account = account
        self._paces = paces
        self._fallback = fallback
        self._gcra = redis.register_script(_GCRA)
        self._penalty = redis.register_script(_PENALTY)

    async def take(self, kind: Kind) -> float:
        """See `Budget.take`."""
        answer = await self._ask(kind, take=True)
        return await self._fallback.take(kind) if answer is None else answer[0] / 1e6

    async def left(self, kind: Kind) -> int:
        """See `Budget.left`."""
        answer = await self._ask(kind, take=False)
        return await self._fallback.left(kind) if answer is None else int(answer[1])

    async def spares(self, kind: Kind) -> bool:
        """See `Budget.spares`."""
        return await self.left(kind) >= self._paces[kind].reserve

    async def penalise(self, seconds: float) -> None:
        """See `Budget.penalise`."""
        await self._fallback.penalise(seconds)
        told = {"keys": [self._key("penalty")], "args": [int(seconds * 1e6)]}
        if await self._answer(self._penalty, told) is None:
            log.debug("budget_without_redis", account=self._account)

    async def _ask(self, kind: Kind, *, take: bool) -> Sequence[float] | None:
        pace = self._paces[kind]
        asked = {
            "keys": [self._key(kind), self._key("penalty")],
            "args": [int(pace.interval * 1e6), pace.burst, int(take)],
        }
        answer: Sequence[float] | None = await self._answer(self._gcra, asked)
        return answer

    async def _answer(self, script: AsyncScript, asked: Mapping[str, Any]) -> Any:
        """What Redis says; None: it does not answer, and is not asked again for a while."""
        if self._clock.now() < self._doubted_until:
            return None
        try:
            async with asyncio.timeout(ANSWER_SECONDS):
                return await script(**asked)
        except (RedisError, OSError, TimeoutError):
            self._doubted_until = self._clock.now() + DOUBT
            return None

    def _key(self, part: str) -> str:
        return f"{{holdfast:budget:{self._account}}}:{part}"


class BudgetedTransport:
    """Sends within the account's budget, and heeds the provider's word when it was too much."""

    def __init__(self, inner: Transport, budget: Budget, clock: Clock) -> None:
        self._inner = inner
        self._budget = budget
        self._clock = clock

    async def send(self, request: Request) -> Reply:
        """See `Transport.send`. Raises BudgetSpent when its turn does not come soon."""
        if request.budget != "none":
            await self._wait_for_turn(request.budget)
        reply = await self._inner.send(request)
        if reply.status == 429:
            await self._budget.penalise(retry_after(reply, self._clock.now()))
        return reply

    async def _wait_for_turn(self, kind: Kind) -> None:
        waited = 0.0
        while wait := await self._budget.take(kind):
            if waited + wait > PATIENCE:
                raise BudgetSpent(wait)
            await self._clock.sleep(wait)
            waited += wait


def retry_after(reply: Reply, now: datetime) -> float:
    """Seconds that a provider asks us to wait: seconds or an HTTP date, clamped to 1 s ... 1 h; 5 s if unsaid."""
    told = reply.headers.get("retry-after", "").strip()
    if not told:
        return 5.0
    try:
        seconds = float(told)
    except ValueError:
        seconds = _until(told, now)
    return min(3600.0, max(1.0, seconds))


def _until(date: str, now: datetime) -> float:
    try:
        when = parsedate_to_datetime(date)
    except ValueError:
        return 5.0
    return (when.replace(tzinfo=when.tzinfo or UTC) - now).total_seconds()
