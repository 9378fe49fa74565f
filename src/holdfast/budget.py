"""Rate budgets: how many calls an account may still make, or one process's fair share of them."""

from collections.abc import Iterator
from contextlib import contextmanager
from contextvars import ContextVar
from dataclasses import dataclass
from datetime import UTC, datetime
from email.utils import parsedate_to_datetime
from typing import Literal, Protocol

from holdfast.clock import Clock
from holdfast.exchange import BudgetSpent, Reply, Request, Transport
from holdfast.inventory.shares import Levels, Terms, Use, admitted, terms_of

Kind = Literal["read", "write"]
PATIENCE = 2.0
"""Seconds that a call waits for its turn before it is put back; far below a push's lease."""

READERS_PATIENCE = 60.0
"""The same for what is read in the background: nobody waits for it, and its lease is renewed."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Pace:
    """A steady rate with bursts that together never pass `per_minute` calls in any minute."""

    per_minute: int

    @property
    def burst(self) -> int:
        """How many calls may go at once after a rest."""
        return max(1, self.per_minute // 4)

    @property
    def steady(self) -> float:
        """Calls a minute in the long run."""
        return 60.0 / self.interval

    @property
    def interval(self) -> float:
        """Seconds between calls in the long run; with the burst this stays within the contract."""
        return 60.0 / max(1, self.per_minute - self.burst)


@dataclass(slots=True)
class Spender:
    """What some calls are for, and how many went."""

    use: Use
    calls: int = 0


SPENDER: ContextVar[Spender] = ContextVar("SPENDER")


@contextmanager
def spending(use: Use) -> Iterator[Spender]:
    """Calls made inside are paid from this use's share, and counted."""
    spender = Spender(use)
    token = SPENDER.set(spender)
    try:
        yield spender
    finally:
        SPENDER.reset(token)


class Budget(Protocol):
    """One account's budgets."""

    async def take(self, kind: Kind, use: Use = "acting") -> float:
        """0: one call was taken from the budget. Else the seconds until one is free; nothing was taken."""
        ...

    async def left(self, kind: Kind, use: Use = "acting") -> int:
        """How many calls of this use could go now."""
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
        self._all: dict[Kind, float] = {}
        self._own: dict[tuple[Kind, Use], float] = {}
        self._penalty_until = 0.0

    async def take(self, kind: Kind, use: Use = "acting") -> float:
        """See `Budget.take`."""
        now = self._clock.now().timestamp()
        if now < self._penalty_until:
            return self._penalty_until - now
        taken, wait, levels = admitted(self._terms(kind, use), self._levels(kind, use), now, 1)
        if not taken:
            return wait
        self._all[kind], self._own[kind, use] = levels.all, levels.own
        return 0.0

    async def left(self, kind: Kind, use: Use = "acting") -> int:
        """See `Budget.left`."""
        now = self._clock.now().timestamp()
        if now < self._penalty_until:
            return 0
        terms = self._terms(kind, use)
        return admitted(terms, self._levels(kind, use), now, terms.burst)[0]

    def _levels(self, kind: Kind, use: Use) -> Levels:
        return Levels(all=self._all.get(kind, 0.0), own=self._own.get((kind, use), 0.0))

    def _terms(self, kind: Kind, use: Use) -> Terms:
        pace = self._paces[kind]
        burst, interval = max(1, pace.burst // self._share), pace.interval * self._share
        return terms_of(burst, interval, use)

    async def penalise(self, seconds: float) -> None:
        """See `Budget.penalise`."""
        until = self._clock.now().timestamp() + seconds
        self._penalty_until = max(self._penalty_until, until)


class BudgetedTransport:
    """Sends within the account's budget, and heeds the provider's word when it was too much."""

    def __init__(self, inner: Transport, budget: Budget, clock: Clock) -> None:
        self._inner = inner
        self._budget = budget
        self._clock = clock

    async def send(self, request: Request) -> Reply:
        """See `Transport.send`. Raises BudgetSpent when its turn does not come soon."""
        spender = SPENDER.get(None) or Spender("acting")
        if request.budget != "none":
            await self._wait_for_turn(request.budget, spender.use)
            spender.calls += 1
        reply = await self._inner.send(request)
        if reply.status == 429:
            await self._budget.penalise(retry_after(reply, self._clock.now()))
        return reply

    async def _wait_for_turn(self, kind: Kind, use: Use) -> None:
        waited = 0.0
        patience = PATIENCE if use in ("acting", "hints") else READERS_PATIENCE
        while wait := await self._budget.take(kind, use):
            if waited + wait > patience:
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
