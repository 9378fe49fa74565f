"""Rate budgets: how many calls an account may still make, or one process's fair share of them."""

from dataclasses import dataclass
from datetime import UTC, datetime
from email.utils import parsedate_to_datetime
from typing import Literal, Protocol

from holdfast.clock import Clock
from holdfast.exchange import BudgetSpent, Reply, Request, Transport

Kind = Literal["read", "write"]
PATIENCE = 2.0
"""Seconds that a call waits for its turn before it is put back; far below a push's lease."""

SOON = 1e-6
"""Seconds that count as none: a clock's reading is no more exact."""


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
