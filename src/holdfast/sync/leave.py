"""leave: what left the configuration leaves in steps. Its blocks are given back, its guests are waited for, then it is gone."""

from collections.abc import Sequence
from datetime import datetime, timedelta

import structlog

from holdfast.inventory.model import Span
from holdfast.store import departures
from holdfast.store.inbox import Incoming
from holdfast.sync.heard import hear
from holdfast.sync.parts import Parts
from holdfast.sync.replan import replan
from holdfast.sync.turn import turn

log = structlog.get_logger()

EVERY = timedelta(seconds=5)
"""A process looks so often at what is leaving, while something is."""


async def leave(parts: Parts) -> bool:
    """Want the blocks of what is leaving back, read its guests' bookings, let go of what nothing is left of.

    True: there may be work now.
    """
    now = parts.now()
    if not _anything(parts) or (parts.left_at is not None and now < parts.left_at + EVERY):
        return False
    parts.left_at = now
    async with parts.pool.acquire() as connection:
        standing = await departures.standing(connection, now)
    for venue_id, spans in standing.items():
        if venue_id in parts.premises:
            await _give_back(parts, venue_id, spans)
    async with parts.pool.acquire() as connection, connection.transaction():
        unread = await departures.unread(connection, now)
        await hear(parts, connection, [_ask(account, ref, now) for account, ref in unread])
        gone = await departures.depart(connection, now)
    for noun, name in gone:
        log.info("has_left", noun=noun, name=name)
    return bool(standing or unread)


def _anything(parts: Parts) -> bool:
    accounts = (not account.in_service for account in parts.accounts.values())
    return any(accounts) or any(premises.leaving for premises in parts.premises.values())


async def _give_back(parts: Parts, venue_id: int, spans: Sequence[Span]) -> None:
    async with turn(parts, venue_id, actor="operator") as current:
        current.touch(*spans)
        await replan(current)


def _ask(account_id: int, ref: str, now: datetime) -> Incoming:
    return Incoming(
        account_id=account_id, via="clock", ref=ref, raw_type="leaving", received_at=now
    )
