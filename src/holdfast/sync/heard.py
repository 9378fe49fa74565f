"""heard: every fact goes into the inbox through here, and is counted by how we came to hear of it."""

from collections import Counter
from collections.abc import Mapping, Sequence

import asyncpg

from holdfast.metrics import Metrics
from holdfast.store import inbox
from holdfast.store.inbox import Claimed, Incoming, News
from holdfast.sync.parts import Parts

TYPES: Mapping[str, str] = {
    "created": "created",
    "update": "updated",
    "updated": "updated",
    "direct_booking": "created",
    "direct_change": "updated",
}


async def hear(parts: Parts, connection: asyncpg.Connection, rows: Sequence[Incoming]) -> None:
    """Add them; a delivery that is in the inbox already is no news."""
    _count_all(parts, await inbox.add(connection, rows))


async def take_in(parts: Parts, rows: Sequence[Incoming]) -> None:
    """Add webhooks, with a commit of their own."""
    async with parts.pool.acquire(timeout=2) as connection:
        _count_all(parts, await inbox.take_in(connection, rows, parts.now()))


async def heard(parts: Parts, connection: asyncpg.Connection, row: Incoming, outcome: str) -> int:
    """Add one whose effect is in this transaction; returns its id."""
    inbox_id = await inbox.add_done(connection, row, outcome)
    _count(parts, row.account_id, row.via, row.raw_type)
    return inbox_id


def processed(
    metrics: Metrics, channel: str, outcome: str, seconds: float, events: int = 1
) -> None:
    """Something of the inbox is worked off, so long after the first of its events came in."""
    metrics.events_processed.of(channel=channel, outcome=outcome).inc(events)
    metrics.event_processing_duration.of(channel=channel).observe(max(0.0, seconds))


def _count_all(parts: Parts, every: Sequence[News]) -> None:
    for news, many in Counter(every).items():
        _count(parts, news.account_id, news.via, news.raw_type, many * news.many)


def _count(parts: Parts, account_id: int | None, via: str, raw_type: str, many: int = 1) -> None:
    account = parts.accounts.get(account_id or 0)
    channel = "direct" if account_id is None else account.channel_name if account else "other"
    parts.metrics.events_received.of(channel=channel, via=via, type=_type(raw_type)).inc(many)


def _type(raw: str) -> str:
    """A provider's word for a change as one of the metrics' few."""
    if _is_an_end(raw):
        return "cancelled"
    return TYPES.get(_word(raw), "other")


def _word(raw: str) -> str:
    return raw.rsplit(".", 1)[-1].lower()


def _is_an_end(raw: str) -> bool:
    return _word(raw).startswith(("cancel", "delet"))


ACCEPTED, CANCELLED = "absence_accepted", "cancel_done"
"""A person accepts that a booking is gone; its channel said that it carried out a cancel of ours."""


def says_it_ended(row: Claimed) -> bool:
    """Whether this row of the inbox tells of a booking's end, so that one read can confirm it."""
    if row.via == "webhook":
        return _is_an_end(row.raw_type)
    return row.raw_type in (ACCEPTED, CANCELLED)
