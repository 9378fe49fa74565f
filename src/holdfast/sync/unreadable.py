"""Answers that cannot be read: the raw text is kept beside the events, counted, and the call is tried again.

Events that cannot be read are kept as well; there is nothing to try.
"""

from collections.abc import Sequence
from datetime import datetime

import asyncpg
import structlog

from holdfast.channel import Broken, ChannelError, Unknown
from holdfast.store import inbox
from holdfast.store.inbox import Claimed, Incoming
from holdfast.sync.parts import Account, Parts

log = structlog.get_logger()

MOST_CHARACTERS = 20_000
UNREADABLE_EVENT = "unreadable_event"
"""The type of a webhook's event whose booking cannot be told."""


async def keep_raw(parts: Parts, account: Account, ref: str | None, error: ChannelError) -> None:
    """Keep what came instead of an answer, if something came. It may hold guest data: it is never logged.

    A refusal is an answer: a slot that is taken is no news for anyone.
    """
    if not error.raw or not isinstance(error, Broken | Unknown):
        return
    log.warning("answer_unreadable", account=account.name, ref=ref, status=error.status)
    row = Incoming(
        account_id=account.id,
        via="poll",
        ref=ref,
        raw_type="unreadable_answer",
        received_at=parts.now(),
        body=error.raw[:MOST_CHARACTERS].encode(errors="replace"),
    )
    async with parts.pool.acquire() as connection:
        await inbox.add_done(connection, row, "broken")


async def lay_aside(connection: asyncpg.Connection, rows: Sequence[Claimed], now: datetime) -> None:
    """Finish the rows that name no booking: what was unreadable stays to be seen as such."""
    for outcome, broken in (("noop", False), ("broken", True)):
        ids = [r.id for r in rows if r.ref is None and (r.raw_type == UNREADABLE_EVENT) == broken]
        if ids:
            await inbox.finish(connection, ids, now, outcome)
