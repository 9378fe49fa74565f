"""The brake: a mass disappearance is held back until a person has looked; nothing is freed meanwhile."""

from collections.abc import Collection, Sequence
from datetime import datetime, timedelta

import asyncpg
import structlog

from holdfast.inventory.brake import ROUND, Quarantine, judge_reads, judge_scan
from holdfast.inventory.model import Absent
from holdfast.store import brake as brake_store
from holdfast.store import inbox, seats
from holdfast.store.changes import unjournaled
from holdfast.store.inbox import Incoming
from holdfast.store.journal import Entry
from holdfast.sync.decide import Observation
from holdfast.sync.everywhere import note_everywhere
from holdfast.sync.heard import ACCEPTED, hear
from holdfast.sync.parts import Account, Parts

log = structlog.get_logger()

HELD_BACK = timedelta(minutes=30)
"""So long after it was held back, an absence is asked after again: what is back is applied as ever."""

REASON = (
    "held back by the brake: not there any more, like too many others; see `holdfast brake show`"
)

MOST_NAMED = 50
"""Ids that are kept with the reason; all of them are in the inbox."""


async def would_hold_back(
    parts: Parts, account: Account, live: Collection[str], shown: Collection[str]
) -> bool:
    """Whether what a complete scan did not show would be held back. Nothing is written."""
    async with parts.pool.acquire() as connection:
        if await brake_store.is_braked(connection, account.id):
            return True
        expected = await brake_store.expected(connection, account.id, live, parts.now())
    return isinstance(judge_scan(expected, shown), Quarantine)


async def ask_after(
    parts: Parts, account: Account, live: Collection[str], shown: Collection[str]
) -> list[str]:
    """Want everything that a complete scan should have shown to be read by its id; returns what.

    Under the brake it stays in the inbox instead.
    """
    missing = sorted(ref for ref in live if ref not in shown)
    if not missing:
        return missing  # nothing is gone, so nothing is to be judged: a quiet poll of many loads none of them
    async with parts.pool.acquire() as connection:
        expected = await brake_store.expected(connection, account.id, live, parts.now())
    verdict = judge_scan(expected, shown)
    if isinstance(verdict, Quarantine):
        await trip(parts, account, verdict)
    async with parts.pool.acquire() as connection, connection.transaction():
        waiting = await brake_store.open_refs(connection, account.id, missing)
        new = [ref for ref in missing if ref not in waiting]
        await hear(parts, connection, [_missing(account, ref, parts.now()) for ref in new])
        if await brake_store.is_braked(connection, account.id):
            due = parts.now() + HELD_BACK
            await brake_store.hold_back(connection, account.id, new, due, REASON)
    return missing


def _missing(account: Account, ref: str, now: datetime) -> Incoming:
    return Incoming(
        account_id=account.id, via="poll", ref=ref, raw_type="missing_from_scan", received_at=now
    )


async def believed(
    parts: Parts, account: Account, observations: Sequence[Observation]
) -> list[Observation]:
    """Those that may be decided on; an absence that nobody should believe goes back to the inbox."""
    absent = {o.seen.external_id for o in observations if isinstance(o.seen, Absent)}
    if not absent:
        return list(observations)
    async with parts.pool.acquire() as connection:
        live = await brake_store.expected(connection, account.id, absent, parts.now())
        read, gone = await brake_store.read_since(connection, account.id, parts.now() - ROUND)
    fresh = {one.ref for one in live if not one.lapsed}
    verdict = judge_reads(gone | fresh, read + len(observations))
    if fresh and isinstance(verdict, Quarantine):
        await trip(parts, account, verdict)
    held = await _held_back(parts, account, {one.ref for one in live})
    return [o for o in observations if o.seen.external_id not in held]


async def _held_back(parts: Parts, account: Account, refs: set[str]) -> set[str]:
    async with parts.pool.acquire() as connection:
        if not refs or not await brake_store.is_braked(connection, account.id):
            return set()
        due = parts.now() + HELD_BACK
        await brake_store.hold_back(connection, account.id, refs, due, REASON)
    return refs


async def trip(parts: Parts, account: Account, verdict: Quarantine) -> None:
    """Quarantine the account, and say so wherever people look."""
    now = parts.now()
    why: dict[str, object] = {
        "reason": verdict.reason,
        "live": verdict.live,
        "gone": len(verdict.gone),
        "refs": list(verdict.gone[:MOST_NAMED]),
    }
    async with parts.pool.acquire() as connection, connection.transaction():
        if not await brake_store.trip(connection, account.id, now, why):
            return
        conflict = seats.NewConflict(
            venue_id=None,
            kind="brake",
            opened_at=now,
            evidence={"account": account.name, **why, "settle_with": "holdfast brake release"},
        )
        if await seats.open_conflict(unjournaled(connection), conflict) is None:
            await brake_store.another(connection, account.name)
        told = {"account": account.name, **{key: why[key] for key in ("reason", "live", "gone")}}
        entry = Entry(kind="account.braked", actor="brake", at=now, data=told)
        await note_everywhere(connection, account.id, entry)
    channel = account.channel_name
    parts.metrics.conflicts_detected.of(kind="brake", source=channel, target=channel).inc()
    log.error("brake_tripped", **told)


async def release(
    connection: asyncpg.Connection,
    account: brake_store.Braked,
    who: str,
    reason: str,
    now: datetime,
) -> int | None:
    """Accept what is gone; it is asked after once more by id and, if it is not there, ended.

    Returns how much that is; None: the account is not braked any more.
    """
    async with connection.transaction():
        refs = await brake_store.release(connection, account.id, now)
        if refs is None:
            return None
        await inbox.add(connection, [_accepted(account.id, ref, now) for ref in refs])
        await brake_store.close_conflict(connection, now, f"accepted by {who}")
        told = {"account": account.name, "reason": reason, "accepted": len(refs)}
        entry = Entry(kind="account.brake_released", actor=who, at=now, data=told)
        await note_everywhere(connection, account.id, entry)
    return len(refs)


def _accepted(account_id: int, ref: str, now: datetime) -> Incoming:
    return Incoming(
        account_id=account_id,
        via="operator",
        ref=ref,
        raw_type=ACCEPTED,
        received_at=now,
    )
