"""The circuit breaker of an account: whoever wants to call asks it, and every call tells it what came back."""

from collections import Counter
from collections.abc import AsyncIterator, Mapping
from contextlib import asynccontextmanager, suppress
from dataclasses import dataclass
from datetime import datetime
from random import Random

import asyncpg
import structlog

from holdfast.clock import Clock
from holdfast.exchange import Budget, Reply, Request, Transport, TransportError
from holdfast.inventory.breaker import (
    CLOSED,
    PROBE_TIME,
    Breaker,
    Direction,
    allowed,
    answered,
    counts,
    failed,
    hastened,
)
from holdfast.store import breakers
from holdfast.store.trouble import DATABASE_TROUBLE

log = structlog.get_logger()

DIRECTIONS: Mapping[Budget, tuple[Direction, ...]] = {
    "read": ("in",),
    "write": ("out",),
    "none": ("in", "out"),
}
"""What a call is one of; without an access token neither can be done."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Pass:
    """How many may go. `probe`: it is the one that tries whether anybody answers."""

    room: int
    probe: bool = False


@dataclass(frozen=True, slots=True, kw_only=True)
class Whose:
    """The account, by id and name."""

    id: int
    name: str


class AccountBreaker:
    """Both directions of one account. The state is Postgres'; what this process knows of it only saves questions."""

    def __init__(self, pool: asyncpg.Pool, clock: Clock, random: Random, whose: Whose) -> None:
        self._pool = pool
        self._clock = clock
        self._random = random
        self.whose = whose
        self._known: dict[Direction, Breaker] = {}

    async def is_clear(self) -> bool:
        """Whether calls go in both directions. Raises what asyncpg raises."""
        await self._look()
        return all(breaker.opened_at is None for breaker in self._known.values())

    def undoubted(self) -> None:
        """Postgres just said that no call of it was without an answer lately."""
        self._known = {}

    @asynccontextmanager
    async def passing(self, direction: Direction, room: int) -> AsyncIterator[Pass]:
        """Let so many go, or one, or none. Raises what asyncpg raises."""
        await self._look()
        now = self._clock.now()
        known = self._known.get(direction, CLOSED)
        word = allowed(known, now)
        if word == "all":
            yield Pass(room=room)
            return
        until = now + PROBE_TIME
        if word == "none" or not await self._take(direction, now, until):
            yield Pass(room=0)
            return
        try:
            yield Pass(room=1, probe=True)
        finally:
            with suppress(*DATABASE_TROUBLE):
                async with self._pool.acquire() as connection:
                    now = self._clock.now()
                    await breakers.leave(connection, self.whose.id, direction, until, now)

    def retry_at(self, direction: Direction) -> datetime | None:
        """When one call is tried again, as far as this process knows; None: calls go."""
        return self._known.get(direction, CLOSED).retry_at

    async def tell(self, direction: Direction, status: int | None, why: str) -> None:
        """A call came back with this status; None: with none. It never fails: the call has an outcome of its own."""
        word, known = counts(status), self._known.get(direction, CLOSED)
        if word == "answered":
            await self._hasten("in" if direction == "out" else "out")
        if word == "unsaid" or (word == "answered" and known == CLOSED):
            return
        with suppress(*DATABASE_TROUBLE):
            async with self._pool.acquire() as connection, connection.transaction():
                await self._weigh(connection, direction, why if word == "failed" else None)

    async def _hasten(self, other: Direction) -> None:
        """It answers: what it did not answer in the other direction is tried again soon."""
        known, now = self._known.get(other, CLOSED), self._clock.now()
        after = hastened(known, now)
        if after == known or after.retry_at is None:
            return
        self._known[other] = after
        with suppress(*DATABASE_TROUBLE):
            async with self._pool.acquire() as connection:
                await breakers.hurry(connection, self.whose.id, other, after.retry_at)

    async def _weigh(
        self, connection: asyncpg.Connection, direction: Direction, why: str | None
    ) -> None:
        """`why` None: it was answered."""
        now, whose = self._clock.now(), self.whose
        before = await breakers.lock(connection, whose.id, direction)
        after = answered() if why is None else failed(before, now, self._random.random())
        self._known[direction] = after
        if after == before:
            return
        await breakers.put(connection, whose.id, direction, after, why)
        told = {"account": whose.name, "direction": direction}
        if before.opened_at is None and after.opened_at is not None:
            log.warning("breaker_opened", **told, failures=after.failures, reason=why)
        elif before.opened_at is not None and after.opened_at is None:
            await breakers.catch_up(connection, whose.id, direction, now)
            seconds = round((now - before.opened_at).total_seconds())
            log.info("breaker_closed", **told, seconds=seconds)

    async def _look(self) -> None:
        async with self._pool.acquire() as connection:
            self._known = await breakers.of_account(connection, self.whose.id)

    async def _take(self, direction: Direction, now: datetime, until: datetime) -> bool:
        async with self._pool.acquire() as connection:
            return await breakers.take(connection, self.whose.id, direction, now, until)


class WatchedTransport:
    """Sends, counts the reads, and tells the account's breaker what came back."""

    def __init__(self, inner: Transport, breaker: AccountBreaker, reads: Counter[int]) -> None:
        self._inner = inner
        self._breaker = breaker
        self._reads = reads

    async def send(self, request: Request) -> Reply:
        """See `Transport.send`."""
        if request.budget == "read":
            self._reads[self._breaker.whose.id] += 1
        try:
            reply = await self._inner.send(request)
        except TransportError as error:
            refused = error.status is not None and 400 <= error.status < 500
            await self._tell(request, error.status if refused else None, str(error))
            raise
        await self._tell(request, reply.status, f"{request.operation}: answer {reply.status}")
        return reply

    async def _tell(self, request: Request, status: int | None, why: str) -> None:
        for direction in DIRECTIONS[request.budget]:
            if request.budget != "none" or counts(status) == "failed":
                await self._breaker.tell(direction, status, why)
