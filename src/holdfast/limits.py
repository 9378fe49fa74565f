"""How far a penalty in Redis is believed: for as long as our provider asked for it, else not for long.

Redis carries no facts. Every 429 of ours is on record in Postgres; a penalty that none of them explains (written by
somebody else, left by a clock that jumped, restored from a backup) holds back what can wait for a minute, and calls
about blocks not at all.
"""

from datetime import datetime, timedelta
from typing import Protocol

import asyncpg
import structlog

from holdfast.clock import Clock
from holdfast.inventory.shares import Use
from holdfast.store import freshness
from holdfast.store.trouble import DATABASE_FAILURES

log = structlog.get_logger()

BELIEVED = timedelta(seconds=60)
"""A penalty that nothing explains holds back what can wait for this long, from when this process first saw it."""
CLOSE = timedelta(seconds=2)
"""Clocks of Redis and of the database agree this well."""
AGAIN = timedelta(seconds=1)
"""Between two looks at what is on record."""


class Records(Protocol):
    """What is on record of one account's limits."""

    async def told_until(self) -> datetime | None:
        """Until when its provider last asked for no calls; None: it never did, or that is not known."""
        ...

    async def keep(self, since: datetime, until: datetime, *, told: bool) -> None:
        """No calls go until then; `told`: its provider said so."""
        ...


class KeptRecords:
    """In Postgres, for all processes. Without it nothing is explained: calls wait no longer for that."""

    def __init__(self, pool: asyncpg.Pool, account: str) -> None:
        self._pool = pool
        self._account = account

    async def told_until(self) -> datetime | None:
        """See `Records.told_until`."""
        try:
            return await freshness.told_until(self._pool, self._account)
        except DATABASE_FAILURES:
            return None

    async def keep(self, since: datetime, until: datetime, *, told: bool) -> None:
        """See `Records.keep`."""
        try:
            await freshness.limited(self._pool, self._account, since, until, told=told)
        except DATABASE_FAILURES:
            log.debug("limit_not_recorded", account=self._account)


class Penalties:
    """One account's, as one process judges them."""

    def __init__(self, records: Records, account: str, clock: Clock) -> None:
        self._records = records
        self._account = account
        self._clock = clock
        self._told_until: datetime | None = None
        self._looked_at: datetime | None = None
        self._doubted_since: datetime | None = None

    async def told(self, seconds: float) -> None:
        """Our provider asked for no calls for so long. On record before anybody sees it in Redis."""
        now = self._clock.now()
        until = now + timedelta(seconds=seconds)
        self._told_until = max(self._told_until or until, until)
        await self._records.keep(now, until, told=True)

    def none(self) -> None:
        """Redis holds nothing back."""
        self._doubted_since = None

    def remaining(self) -> float:
        """Seconds for which our provider asked for no calls, as far as this process knows: whatever Redis says now."""
        if self._told_until is None:
            return 0.0
        return max(0.0, (self._told_until - self._clock.now()).total_seconds())

    async def holds(self, seconds: float, use: Use) -> float:
        """For how long a penalty in Redis, which lasts so long, holds back a call of this use; 0: it does not."""
        now = self._clock.now()
        if await self._is_explained(now + timedelta(seconds=seconds), now):
            self.none()
            return seconds
        if self._doubted_since is None or self._doubted_since > now:
            self._doubted_since = now
            log.warning("limit_unexplained", account=self._account, seconds=round(seconds))
            await self._records.keep(now, now + BELIEVED, told=False)
        left = (self._doubted_since + BELIEVED - now).total_seconds()
        if use == "acting" or left <= 0:
            return self.remaining()
        return max(
            min(seconds, left), self.remaining()
        )  # a reading is put off by what is said here

    async def _is_explained(self, until: datetime, now: datetime) -> bool:
        if self._reaches(until):
            return True
        if self._looked_at is None or not timedelta() <= now - self._looked_at < AGAIN:
            self._looked_at = now
            found = await self._records.told_until()
            self._told_until = found if found is not None else self._told_until
        return self._reaches(until)

    def _reaches(self, until: datetime) -> bool:
        return self._told_until is not None and until <= self._told_until + CLOSE
