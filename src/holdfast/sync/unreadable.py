"""What a provider told and we cannot use: kept beside the events once, counted, logged without its content."""

import hashlib
from collections.abc import Sequence
from datetime import timedelta

import asyncpg
import structlog

from holdfast.channel import Broken, ChannelError, Strange, Unknown
from holdfast.inventory.model import OCCUPYING, Absent, Seen
from holdfast.store import freshness, inbox
from holdfast.store.inbox import Claimed, Incoming
from holdfast.sync.decide import Observation
from holdfast.sync.parts import Account, Parts

log = structlog.get_logger()

MOST_CHARACTERS = 20_000
SHOWN = 20
"""References in one line of the log."""
PAUSE = timedelta(minutes=5)
NAMELESS = ""
"""The `ref` of what does not say which booking it is about."""
UNREADABLE_EVENT = "unreadable_event"
"""The type of a webhook's event whose booking cannot be told."""


async def keep_raw(parts: Parts, account: Account, ref: str | None, error: ChannelError) -> None:
    """Keep what came instead of an answer, if something came. It may hold guest data: it is never logged.

    A refusal is an answer: a slot that is taken is no news for anyone.
    """
    if not error.raw or not isinstance(error, Broken | Unknown):
        return
    log.warning("answer_unreadable", account=account.name, ref=ref, status=error.status)
    what = Strange(ref=ref, raw=error.raw, fields="the answer to a read of it")
    await _keep(parts, account, what, "unreadable_answer")
    if ref is not None and isinstance(error, Broken):
        await _name(parts, account, what)


async def keep_strange(parts: Parts, account: Account, found: Sequence[Strange]) -> None:
    """Keep items of a list that could not be read as bookings. Their list does not count as complete."""
    for one in found:
        log.warning("booking_unreadable", account=account.name, ref=one.ref)
        parts.metrics.poll_items.of(channel=account.channel_name, result="unreadable").inc()
        await _keep(parts, account, one, "unreadable_booking")
        await _name(parts, account, one)


async def keep_partly_read(parts: Parts, account: Account, found: Sequence[Seen | Absent]) -> None:
    """Name what could not be read of bookings that are known all the same. Their list is read to its end.

    Of a booking that is over nobody needs to know.
    """
    fields = {
        one.external_id: f"{', '.join(one.unread)}; all else is read"
        for one in found
        if isinstance(one, Seen) and one.unread and one.status in OCCUPYING
    }
    if not fields:
        return
    log.warning("bookings_partly_read", account=account.name, refs=sorted(fields)[:SHOWN])
    async with parts.pool.acquire() as connection:
        await freshness.unread_of_some(connection, account.id, fields, parts.now())


async def name_events(parts: Parts, account: Account, rows: Sequence[Claimed]) -> None:
    """Name webhooks whose booking cannot be told, until all bookings are read."""
    if any(row.ref is None and row.raw_type == UNREADABLE_EVENT for row in rows):
        await _name(parts, account, Strange(ref=None, raw="", fields="its reference in a webhook"))


async def _name(parts: Parts, account: Account, what: Strange) -> None:
    """Keep what people are told until it is read: which booking, and what of it, but nothing that is in it."""
    async with parts.pool.acquire() as connection:
        now = parts.now()
        await freshness.unread(connection, account.id, what.ref or NAMELESS, what.fields, now)


async def set_aside(parts: Parts, observation: Observation, error: Exception) -> None:
    """Show a booking that could not be decided on. Whoever asked for it asks again in a while."""
    account, ref, why = observation.account, observation.seen.external_id, type(error).__name__
    # Postgres quotes the value that it refuses, which may be a guest's
    ours = None if isinstance(error, asyncpg.PostgresError) else error
    log.error("booking_unusable", account=account.name, ref=ref, reason=why, exc_info=ours)
    parts.metrics.poll_items.of(channel=account.channel_name, result="unusable").inc()
    await _name(parts, account, Strange(ref=ref, raw="", fields="a value that cannot be kept"))
    if not observation.inbox_ids:
        await _keep(parts, account, Strange(ref=ref, raw=why), "unusable_booking")
        return
    async with parts.pool.acquire() as connection:
        due = parts.now() + PAUSE
        await inbox.later(connection, observation.inbox_ids, due, f"unusable: {why}")


async def _keep(parts: Parts, account: Account, what: Strange, raw_type: str) -> None:
    """Once, however often it is told."""
    body = what.raw[:MOST_CHARACTERS].encode(errors="replace")
    row = Incoming(
        account_id=account.id,
        via="poll",
        ref=what.ref or NAMELESS,
        raw_type=raw_type,
        delivery_id=f"{raw_type}:{hashlib.sha256(body).hexdigest()}",
        received_at=parts.now(),
        body=body,
    )
    parts.metrics.channel_answers_unreadable.of(channel=account.channel_name).inc()
    async with parts.pool.acquire() as connection:
        await inbox.keep_once(connection, row, "broken")


def nameless(rows: Sequence[Claimed]) -> dict[str, list[Claimed]]:
    """By their outcome, the rows that name no booking: what was unreadable stays to be seen as such."""
    found: dict[str, list[Claimed]] = {"noop": [], "broken": []}
    for row in rows:
        if row.ref is None:
            found["broken" if row.raw_type == UNREADABLE_EVENT else "noop"].append(row)
    return found
