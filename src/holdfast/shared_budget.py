"""A rate budget that all processes share in Redis; a fair local share while Redis is away."""

import asyncio
from collections.abc import Mapping
from datetime import UTC, datetime, timedelta
from typing import Any

import structlog
from redis.asyncio import Redis
from redis.commands.core import AsyncScript
from redis.exceptions import RedisError

from holdfast.budget import Kind, LocalBudget, Pace
from holdfast.clock import Clock

log = structlog.get_logger()

ANSWER_SECONDS = 0.5
"""So long a call waits for Redis to say whether it may go."""

DOUBT = timedelta(seconds=3)
"""So long a Redis that did not answer is not asked again: a frozen one would slow down every single call."""

PLENTY, MOMENT = 128, timedelta(seconds=1)
"""Where so many calls were left so long ago, what is left is not asked again: four times what any round takes."""

NEVER = datetime.min.replace(tzinfo=UTC)

Answer = tuple[float, int, int]
"""How many microseconds those wait that were not taken, how many calls are left, how many were taken."""

# The generic cell rate algorithm, on Redis' own clock. KEYS: arrival, penalty. ARGV: interval and burst in
# microseconds and calls, and how many to take, 0 to only look. Returns {wait of those not taken, calls left, taken}.
_GCRA = """
local t = redis.call('TIME')
local now = t[1] * 1000000 + t[2]
local interval, burst = tonumber(ARGV[1]), tonumber(ARGV[2])
local penalty = tonumber(redis.call('GET', KEYS[2]) or '0')
if penalty > now then return {penalty - now, 0, 0} end
local arrival = math.max(tonumber(redis.call('GET', KEYS[1]) or '0'), now)
local left = math.floor((burst * interval - (arrival - now)) / interval)
local taken = math.min(tonumber(ARGV[3]), math.max(left, 0))
if taken > 0 then
  arrival = arrival + taken * interval
  redis.call('SET', KEYS[1], string.format('%.0f', arrival), 'PX', math.ceil((arrival - now) / 1000) + 1000)
end
return {math.max(arrival - now - (burst - 1) * interval, 0), left - taken, taken}
"""

_PENALTY = """
local t = redis.call('TIME')
local till = t[1] * 1000000 + t[2] + tonumber(ARGV[1])
if till > tonumber(redis.call('GET', KEYS[1]) or '0') then
  redis.call('SET', KEYS[1], string.format('%.0f', till), 'PX', math.ceil(tonumber(ARGV[1]) / 1000))
end
return 0
"""


class _Question:
    """What calls of one kind ask together: whether they may go. Who gives up meanwhile has still asked."""

    answer: asyncio.Task[Answer | None]
    many = 0


def _wait(answer: Answer, place: int) -> float:
    """Of the call that asked as the one at this place, from 0."""
    wait, _, taken = answer
    return 0.0 if place < taken else wait / 1e6


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
        self._doubted_until = NEVER
        self._account = account
        self._paces = paces
        self._fallback = fallback
        self._gcra = redis.register_script(_GCRA)
        self._penalty = redis.register_script(_PENALTY)
        self._plenty_until: dict[Kind, datetime] = {}
        self._next: dict[Kind, _Question] = {}
        self._turns = {kind: asyncio.Lock() for kind in paces}

    async def take(self, kind: Kind) -> float:
        """See `Budget.take`. Those who come together, or while Redis is asked, are asked about together."""
        question = self._next.get(kind)
        if question is None:
            question = self._next[kind] = _Question()
            question.answer = asyncio.create_task(self._put(kind, question))
        place = question.many
        question.many += 1
        answer = await asyncio.shield(question.answer)
        return await self._fallback.take(kind) if answer is None else _wait(answer, place)

    async def _put(self, kind: Kind, question: _Question) -> Answer | None:
        async with self._turns[kind]:
            del self._next[kind]
            return await self._ask(kind, question.many)

    async def left(self, kind: Kind) -> int:
        """See `Budget.left`. What was plenty a moment ago is not asked again: `take` is the judge of every call."""
        if self._clock.now() < self._plenty_until.get(kind, NEVER):
            return PLENTY
        return await self._left(kind)

    async def _left(self, kind: Kind) -> int:
        answer = await self._ask(kind, 0)
        return await self._fallback.left(kind) if answer is None else int(answer[1])

    async def spares(self, kind: Kind) -> bool:
        """See `Budget.spares`."""
        return await self._left(kind) >= self._paces[kind].reserve

    async def penalise(self, seconds: float) -> None:
        """See `Budget.penalise`."""
        await self._fallback.penalise(seconds)
        self._plenty_until.clear()
        told = {"keys": [self._key("penalty")], "args": [int(seconds * 1e6)]}
        if await self._answer(self._penalty, told) is None:
            log.debug("budget_without_redis", account=self._account)

    async def _ask(self, kind: Kind, take: int) -> Answer | None:
        pace = self._paces[kind]
        asked = {
            "keys": [self._key(kind), self._key("penalty")],
            "args": [int(pace.interval * 1e6), pace.burst, take],
        }
        answer: Answer | None = await self._answer(self._gcra, asked)
        plenty = answer is not None and answer[1] >= PLENTY
        self._plenty_until[kind] = self._clock.now() + MOMENT if plenty else NEVER
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
