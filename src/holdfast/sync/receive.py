"""receive: webhooks are verified, stored raw with one commit for all that gathered, and answered after it."""

import asyncio
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from itertools import chain

import structlog

from holdfast.store import inbox
from holdfast.store.inbox import Incoming
from holdfast.sync.heard import hear
from holdfast.sync.parts import Parts

log = structlog.get_logger()

BATCH = 500
BACKLOG = 5_000
"""Deliveries that may wait for their commit; more are asked to come again."""

KEPT_HEADERS = frozenset({"content-type", "user-agent", "x-request-id"})
"""Headers worth keeping; all others may hold secrets."""


class UnknownAccount(Exception):
    """No account of this name takes webhooks."""


class Overloaded(Exception):
    """Too many deliveries wait to be stored; `retry_after` seconds from now one may be tried again."""

    def __init__(self, retry_after: float) -> None:
        super().__init__(f"try again in {retry_after:g} s")
        self.retry_after = retry_after


@dataclass(slots=True)
class _Waiting:
    rows: Sequence[Incoming]
    stored: asyncio.Future[None]


class Receiver:
    """Takes webhooks in. The commit before is the batching window: no timer."""

    def __init__(self, parts: Parts) -> None:
        self._parts = parts
        self._queue: list[_Waiting] = []
        self._flusher: asyncio.Task[None] | None = None

    async def accept(self, account: str, headers: Mapping[str, str], body: bytes) -> None:
        """Return once the delivery is committed.

        Raises UnknownAccount, the channel's Forged, Stale or Malformed, Overloaded, or what asyncpg
        raises when the database cannot be reached: then nothing was stored.
        """
        rows = self._rows(account, headers, body)
        if len(self._queue) >= BACKLOG:
            raise Overloaded(1.0)
        waiting = _Waiting(rows, asyncio.get_running_loop().create_future())
        self._queue.append(waiting)
        if self._flusher is None or self._flusher.done():
            self._flusher = asyncio.create_task(self._flush_all())
        await waiting.stored
        self._parts.wake()

    async def close(self) -> None:
        """Store what has gathered."""
        if self._flusher is not None:
            await self._flusher

    def _rows(self, name: str, headers: Mapping[str, str], body: bytes) -> list[Incoming]:
        account = next((a for a in self._parts.accounts.values() if a.name == name), None)
        if account is None:
            raise UnknownAccount(name)
        now = self._parts.now()
        hints = account.channel.read_webhook(headers, body, now)
        kept = {k.lower(): v for k, v in headers.items() if k.lower() in KEPT_HEADERS}
        return [
            Incoming(
                account_id=account.id,
                via="webhook",
                ref=hint.external_id,
                raw_type=hint.raw_type,
                received_at=now,
                delivery_id=hint.delivery_id,
                headers=kept,
                body=body,
            )
            for hint in hints
        ]

    async def _flush_all(self) -> None:
        while self._queue:
            batch, self._queue = self._queue[:BATCH], self._queue[BATCH:]
            await self._flush([w for w in batch if not w.stored.done()])

    async def _flush(self, batch: Sequence[_Waiting]) -> None:
        try:
            await self._store(batch)
        except (
            Exception
        ) as error:  # whatever it was, whoever waits is told, and the flusher lives on
            if len(batch) == 1:
                _fail(batch[0], error)
                return
            for waiting in batch:  # a poison row must hurt only itself
                await self._flush([waiting])
            return
        for waiting in batch:
            if not waiting.stored.done():
                waiting.stored.set_result(None)

    async def _store(self, batch: Sequence[_Waiting]) -> None:
        rows = list(chain.from_iterable(waiting.rows for waiting in batch))
        heard = sorted({row.account_id for row in rows if row.account_id is not None})
        async with self._parts.pool.acquire(timeout=2) as connection, connection.transaction():
            await hear(self._parts, connection, rows)
            await inbox.touch_accounts(connection, heard, self._parts.now())


def _fail(waiting: _Waiting, error: Exception) -> None:
    if not waiting.stored.done():
        waiting.stored.set_exception(error)
