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
from holdfast.inventory.shares import Use, terms_of
from holdfast.limits import Penalties

log = structlog.get_logger()

ANSWER_SECONDS = 0.5
"""So long a call waits for Redis to say whether it may go."""

DOUBT = timedelta(seconds=3)
"""So long a Redis that did not answer is not asked again: a frozen one would slow down every single call."""

PLENTY, MOMENT = 128, timedelta(seconds=1)
"""Where so many calls were left so long ago, what is left is not asked again: four times what any round takes."""

NEVER = datetime.min.replace(tzinfo=UTC)

Purse = tuple[Kind, Use]
"""A budget, and what is paid from it."""

Answer = tuple[float, int, int, int]
"""How many microseconds those wait that were not taken, how many calls are left, how many were taken, and for how many
microseconds a penalty lasts that was heeded."""

# A number, and the time. What is no text was not written here, and goes: it would stop every count for ever.
_TOLD = """
local function told(key)
  local kept = redis.pcall('GET', key)
  if type(kept) ~= 'table' then return tonumber(kept or '0') or 0 end
  redis.call('DEL', key)
  return 0
end
local t = redis.call('TIME')
local now = t[1] * 1000000 + t[2]
"""

# `shares.admitted` on Redis' own clock. KEYS: the level of all calls, of this use's own, penalty. ARGV: interval, burst,
# calls to leave, the own share's interval and burst, in microseconds and calls; how many to take, 0 to only look; 1 to
# heed the penalty. A level further ahead than a whole burst was not reckoned here, and is set to what it can be at most.
# Returns {wait of those not taken, calls left to this use, taken, how long the penalty lasts that was heeded}.
_GCRA = (
    _TOLD
    + """
local interval, burst, keep = tonumber(ARGV[1]), tonumber(ARGV[2]), tonumber(ARGV[3])
local own_interval, own_burst = tonumber(ARGV[4]), tonumber(ARGV[5])
local penalty = told(KEYS[3])
if ARGV[7] == '1' and penalty > now then
  local lasts = math.min(penalty - now, 86400000000)
  return {lasts, 0, 0, math.ceil(lasts)}
end
local function level(key, most)
  local at = told(key)
  if at > now + most + 1000 then
    at = now + most
    redis.call('SET', key, string.format('%.0f', at), 'PX', math.ceil(most / 1000) + 1000)
  end
  return math.max(at, now)
end
local all_at = level(KEYS[1], burst * interval)
local own_at = own_interval > 0 and level(KEYS[2], own_burst * own_interval) or now
local left = math.max((burst * interval - (all_at - now)) / interval, 0)
local due = 0
if own_interval > 0 then due = math.max(math.floor((own_burst * own_interval - (own_at - now)) / own_interval), 0) end
local function allowed(want)
  local within = math.min(want, due, math.floor(left))
  return within + math.min(want - within, math.max(math.floor(left - within - keep), 0))
end
local may = allowed(burst)
local taken = math.min(tonumber(ARGV[6]), may)
if taken > 0 then
  all_at = all_at + taken * interval
  redis.call('SET', KEYS[1], string.format('%.0f', all_at), 'PX', math.ceil((all_at - now) / 1000) + 1000)
  if own_interval > 0 then
    own_at = math.min(own_at + taken * own_interval, now + own_burst * own_interval)
    redis.call('SET', KEYS[2], string.format('%.0f', own_at), 'PX', math.ceil((own_at - now) / 1000) + 1000)
  end
end
local wait = all_at - now - (burst - 1 - keep) * interval
if own_interval > 0 then
  local within = math.max(all_at - now - (burst - 1) * interval, own_at - now - (own_burst - 1) * own_interval)
  wait = math.min(wait, within)
end
return {math.max(wait, 0), may - taken, taken, 0}
"""
)

_PENALTY = (
    _TOLD
    + """
local till = now + tonumber(ARGV[1])
if till > told(KEYS[1]) then
  redis.call('SET', KEYS[1], string.format('%.0f', till), 'PX', math.ceil(tonumber(ARGV[1]) / 1000))
end
return 0
"""
)


class _Question:
    """What calls of one kind ask together: whether they may go. Who gives up meanwhile has still asked."""

    answer: asyncio.Task[Answer | None]
    many = 0


def _held(seconds: float) -> Answer:
    return seconds * 1e6, 0, 0, round(seconds * 1e6)


def _wait(answer: Answer, place: int) -> float:
    """Of the call that asked as the one at this place, from 0."""
    wait, _, taken, _ = answer
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
        penalties: Penalties | None = None,
    ) -> None:
        """`penalties` judges what Redis says of them; None: all are believed."""
        self._penalties = penalties
        self._clock = clock
        self._doubted_until = NEVER
        self._account = account
        self._paces = paces
        self._fallback = fallback
        self._gcra = redis.register_script(_GCRA)
        self._penalty = redis.register_script(_PENALTY)
        self._plenty_until: dict[Purse, datetime] = {}
        self._next: dict[Purse, _Question] = {}
        self._spent: dict[Kind, float] = {}
        self._turns = {kind: asyncio.Lock() for kind in paces}

    async def take(self, kind: Kind, use: Use = "acting") -> float:
        """See `Budget.take`. Those who come together, or while Redis is asked, are asked about together."""
        question = self._next.get((kind, use))
        if question is None:
            question = self._next[kind, use] = _Question()
            question.answer = asyncio.create_task(self._put((kind, use), question))
        place = question.many
        question.many += 1
        answer = await asyncio.shield(question.answer)
        if answer is None:
            return await self._fallback.take(kind, use)
        return _wait(answer, place) or self._own(kind)

    def _own(self, kind: Kind) -> float:
        """Seconds to wait although Redis lets a call go: this process alone is beyond the contract by a whole burst."""
        pace, now = self._paces[kind], self._clock.now().timestamp()
        at = max(self._spent.get(kind, 0.0), now)
        wait = at - now - (2 * pace.burst - 1) * pace.interval
        if wait <= 0:
            self._spent[kind] = at + pace.interval
        return max(0.0, wait)

    async def _put(self, purse: Purse, question: _Question) -> Answer | None:
        async with self._turns[purse[0]]:
            del self._next[purse]
            return await self._ask(purse, question.many)

    async def left(self, kind: Kind, use: Use = "acting") -> int:
        """See `Budget.left`. What was plenty a moment ago is not asked again: `take` is the judge of every call."""
        if self._clock.now() < self._plenty_until.get((kind, use), NEVER):
            return PLENTY
        answer = await self._ask((kind, use), 0)
        return await self._fallback.left(kind, use) if answer is None else int(answer[1])

    async def penalise(self, seconds: float) -> None:
        """See `Budget.penalise`."""
        await self._fallback.penalise(seconds)
        if self._penalties is not None:
            await self._penalties.told(seconds)
        self._plenty_until.clear()
        told = {"keys": [self._key("penalty")], "args": [int(seconds * 1e6)]}
        if await self._answer(self._penalty, told) is None:
            log.debug("budget_without_redis", account=self._account)

    async def _ask(self, purse: Purse, take: int) -> Answer | None:
        if self._penalties is not None and (left := self._penalties.remaining()):
            return _held(left)
        answer: Answer | None = await self._answer(self._gcra, self._asked(purse, take))
        if answer is not None and (told := await self._heeded(answer, purse[1])) is not None:
            if told:
                return _held(told)
            answer = await self._answer(self._gcra, self._asked(purse, take, heed=False))
        plenty = answer is not None and answer[1] >= PLENTY
        self._plenty_until[purse] = self._clock.now() + MOMENT if plenty else NEVER
        return answer

    async def _heeded(self, answer: Answer, use: Use) -> float | None:
        """None: the answer stands. Else for how long calls are held back instead: a penalty that nothing explains
        holds back less, and not for long."""
        if self._penalties is None:
            return None
        if answer[3] > 0:
            return await self._penalties.holds(answer[3] / 1e6, use)
        self._penalties.none()
        return None

    def _asked(self, purse: Purse, take: int, *, heed: bool = True) -> Mapping[str, Any]:
        kind, use = purse
        pace = self._paces[kind]
        terms = terms_of(pace.burst, pace.interval, use)
        return {
            "keys": [self._key(kind), self._key(f"{kind}:{use}"), self._key("penalty")],
            "args": [
                int(terms.interval * 1e6),
                terms.burst,
                terms.keep,
                int(terms.own_interval * 1e6),
                terms.own_burst,
                take,
                int(heed),
            ],
        }

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
