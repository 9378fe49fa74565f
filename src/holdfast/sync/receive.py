"""receive: webhooks are verified, stored raw with one commit for all that gathered, and answered after it."""

import asyncio
from collections import deque
from collections.abc import Collection, Mapping, Sequence
from datetime import datetime
from itertools import chain
from typing import NamedTuple, cast

import structlog

from holdfast.channel import Hint, Malformed
from holdfast.store.inbox import Incoming
from holdfast.store.trouble import DATABASE_FAILURES
from holdfast.sync.heard import take_in
from holdfast.sync.parts import Account, Parts
from holdfast.sync.unreadable import UNREADABLE_EVENT

log = structlog.get_logger()

BATCH = 500
BATCH_BYTES = 8 * 1024 * 1024
"""What goes into one commit; a single delivery may be larger."""

FEW = 16
"""Nor more than these, or half of what waits; and up to these it is waited for whoever comes in at once. So while some
are being stored, those before them are answered and the next are read: neither does everybody wait for one commit, and
then it for everybody, nor has each a commit of his own."""

AT_ONCE, SLOW = 2, 0.1
"""Commits under way. One takes what gathered during the one before; a second one begins beside it only for those
who have waited so many seconds: many small ones cost more than they win, and nobody shall wait for one that is stuck."""

BACKLOG = 5_000
"""Deliveries that may wait for their commit; more are asked to come again. Their bytes are bounded where they
come in (web/intake.py)."""

PATIENCE, GATHERS = 8.0, 1.0
"""Seconds that a batch waits for its commit, and that others may join it: providers take ten seconds of silence for
a failure anyway."""

KEPT_HEADERS = frozenset({"content-type", "user-agent", "x-request-id"})
"""Headers worth keeping; all others may hold secrets."""
MOST_COPIED = 32 * 1024 * 1024
"""Bytes. Each event of a delivery keeps the whole of it, so that it can be erased with any of its guests."""
LONGEST = 200
"""Characters of an id, a type or a header that are worth keeping."""


class UnknownAccount(Exception):
    """No account of this name takes webhooks."""


class Overloaded(Exception):
    """Too many deliveries wait to be stored; `retry_after` seconds from now one may be tried again."""

    def __init__(self, retry_after: float) -> None:
        super().__init__(f"try again in {retry_after:g} s")
        self.retry_after = retry_after


class _Waiting(NamedTuple):
    """A delivery that is not answered yet."""

    rows: Sequence[Incoming]
    stored: asyncio.Future[None]


class _Batch:
    """What goes into one commit. Its first has waited longest: when he gives up, so do all."""

    def __init__(self, loop: asyncio.AbstractEventLoop) -> None:
        self.waiting: list[_Waiting] = []
        self._size = 0
        self._until = loop.time() + GATHERS
        self._late = loop.call_later(PATIENCE, _fail, self.waiting, TimeoutError())

    def has_room(self, size: int, now: float, most: int) -> bool:
        room = len(self.waiting) < most and self._size + size <= BATCH_BYTES
        return room and now < self._until

    def add(self, waiting: _Waiting, size: int) -> None:
        self.waiting.append(waiting)
        self._size += size

    def answered(self) -> None:
        self._late.cancel()


class _Told(NamedTuple):
    """A delivery that proved itself."""

    account_id: int
    at: datetime
    headers: Mapping[str, str]
    body: bytes


class Receiver:
    """Takes webhooks in. What gathers while a commit is under way goes into the next: nobody waits for a timer."""

    def __init__(self, parts: Parts) -> None:
        self._parts = parts
        self._queue: deque[_Batch] = deque()
        self._backlog = 0
        self._flushers: set[asyncio.Task[None]] = set()
        self._accounts: Mapping[int, Account] = {}
        self._named: Mapping[str, Account] = {}

    async def accept(self, account: str, headers: Mapping[str, str], body: bytes) -> None:
        """Return once the delivery is committed.

        Raises UnknownAccount, the channel's Forged, Stale or Malformed, Overloaded, or one of
        DATABASE_FAILURES when it is not known to be stored: the provider must send it again.
        """
        if self._backlog >= BACKLOG:
            raise Overloaded(1.0)
        rows = self._rows(account, headers, body)
        loop = asyncio.get_running_loop()
        stored = loop.create_future()
        most = min(BATCH, max(FEW, self._backlog // 2))
        if not self._queue or not self._queue[-1].has_room(len(body), loop.time(), most):
            self._open(loop)
        self._queue[-1].add(_Waiting(rows, stored), len(body))
        self._backlog += 1
        await stored

    def _open(self, loop: asyncio.AbstractEventLoop) -> None:
        """A batch to gather in. Whoever flushes goes on until there is none."""
        batch = _Batch(loop)
        self._queue.append(batch)
        if self._flushers:
            loop.call_later(SLOW, self._begin, loop, batch)
        else:
            self._begin(loop, batch)

    def _begin(self, loop: asyncio.AbstractEventLoop, batch: _Batch) -> None:
        """Unless others have come to it meanwhile."""
        if batch in self._queue and len(self._flushers) < AT_ONCE:
            self._flushers.add(loop.create_task(self._flush_all()))

    async def close(self) -> None:
        """Store what has gathered."""
        await asyncio.gather(*self._flushers)

    def _rows(self, name: str, headers: Mapping[str, str], body: bytes) -> list[Incoming]:
        account = self._account(name)
        now = self._parts.now()
        hints = dict.fromkeys(account.channel.read_webhook(headers, body, now))
        if len(hints) * len(body) > MOST_COPIED:
            raise Malformed("more events than any provider sends at once")
        told = _Told(account.id, now, _kept(headers), body)
        return [_row(told, hint) for hint in hints]

    def _account(self, name: str) -> Account:
        """There may be thousands, and each delivery names one."""
        if self._accounts is not self._parts.accounts:
            self._accounts = self._parts.accounts
            self._named = named(self._accounts.values())
        if name not in self._named:
            raise UnknownAccount(name)
        return self._named[name]

    async def _flush_all(self) -> None:
        try:
            while await self._gathered():
                batch = self._queue.popleft()
                self._backlog -= len(batch.waiting)
                await self._flush(batch.waiting)
                batch.answered()
        finally:  # at once, or who comes before this task is forgotten would wait for nobody
            self._flushers.discard(cast(asyncio.Task[None], asyncio.current_task()))

    async def _gathered(self) -> bool:
        """Whether there is a batch, once nobody more comes in at once, or a few have."""
        size = 0
        while self._queue and size < len(self._queue[0].waiting) < FEW:
            size = len(self._queue[0].waiting)
            await asyncio.sleep(0)
        return bool(self._queue)

    async def _flush(self, batch: Sequence[_Waiting]) -> None:
        """Whatever goes wrong, whoever waits is told, and the flusher lives on."""
        batch = [waiting for waiting in batch if not waiting.stored.done()]  # some gave up
        if not batch:
            return
        try:
            await self._store(batch)
        except Exception as error:
            if len(batch) == 1 or isinstance(error, DATABASE_FAILURES):
                _fail(batch, error)
                return
            half = len(batch) // 2  # a poison row must hurt only itself
            await self._flush(batch[:half])
            await self._flush(batch[half:])
            return
        for waiting in batch:
            if not waiting.stored.done():
                waiting.stored.set_result(None)

    async def _store(self, batch: Sequence[_Waiting]) -> None:
        rows = list(chain.from_iterable(waiting.rows for waiting in batch))
        await take_in(self._parts, rows)
        self._parts.wake(
            *{("absorb", row.account_id) for row in rows if row.account_id is not None}
        )


def named(accounts: Collection[Account]) -> dict[str, Account]:
    """By every name to which webhooks may come: those before as long as no other account has them."""
    former = {name: account for account in accounts for name in account.former_names}
    return former | {account.name: account for account in accounts}


def _fail(batch: Sequence[_Waiting], error: Exception) -> None:
    for waiting in batch:
        if not waiting.stored.done():
            waiting.stored.set_exception(error)


def _row(told: _Told, hint: Hint) -> Incoming:
    """What names its booking in a way that cannot be kept, or asked for, is stored as unreadable."""
    readable = _usable(hint.external_id)
    if not readable:
        log.warning("event_unreadable", account_id=told.account_id)
    return Incoming(
        account_id=told.account_id,
        via="webhook",
        ref=hint.external_id if readable else None,
        raw_type=_printable(hint.raw_type) if readable else UNREADABLE_EVENT,
        delivery_id=hint.delivery_id if readable and _usable(hint.delivery_id) else None,
        received_at=told.at,
        headers=told.headers,
        body=told.body,
    )


def _usable(name: str | None) -> bool:
    """Postgres cannot hold every character that JSON can, an index no long text, an address no dots alone."""
    if name is None:
        return True
    return 0 < len(name) <= LONGEST and name.isprintable() and name.strip(".") != ""


def _kept(headers: Mapping[str, str]) -> dict[str, str]:
    return {k: _printable(v) for name, v in headers.items() if (k := name.lower()) in KEPT_HEADERS}


def _printable(text: str) -> str:
    text = text[:LONGEST]
    return text if text.isprintable() else "".join(c if c.isprintable() else "?" for c in text)
