"""How fresh what is known of each account is, and what is not known: loaded at one moment, judged by the one rule."""

import asyncio
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime, timedelta

import asyncpg

from holdfast.inventory.freshness import BOOKINGS, OFFERS, Evidence, Judged, Limit, Reading, judged
from holdfast.store.queries import load
from holdfast.store.typed import PATIENCE, fetched

_SQL = load("freshness")

EVIDENCE = _SQL["evidence"]

IN_DOUBT = timedelta(minutes=10)
"""A provider that was not called for so long is not said to be silent."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Unreadable:
    """A booking that a channel shows and we cannot read. `ref` empty: it does not say which."""

    account: str
    ref: str
    field: str
    first_at: datetime
    seen_at: datetime

    @property
    def text(self) -> str:
        """For people; there is nothing of a guest in it."""
        which = f"booking {self.ref}" if self.ref else "a booking without a reference"
        return f"{which} of {self.account} cannot be read ({self.field})"


@dataclass(frozen=True, slots=True, kw_only=True)
class Unknown:
    """Bookings of which it is not known whether their time is still sold elsewhere."""

    within: Sequence[int] = ()
    """In what is read: it will be known soon."""
    beyond: Sequence[int] = ()
    """Further ahead than offers are read."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Knowledge:
    """What may be taken for how things are, and what may not."""

    states: Mapping[str, Judged]
    """By account in use, in the order of channels and names."""
    channels: Mapping[str, str] = field(default_factory=dict)
    """The same, each account's channel."""
    unreadable: Sequence[Unreadable] = ()
    unknown: Unknown = Unknown()

    @property
    def fresh(self) -> bool:
        """Whether there is an account that is read, and each of those is fresh."""
        read = [state for state in self.states.values() if state.state != "paused"]
        return bool(read) and all(state.fresh for state in read)

    @property
    def whole(self) -> bool:
        """Whether what was read could be read, and is known everywhere, besides."""
        unknown = self.unreadable or self.unknown.within or self.unknown.beyond
        return self.fresh and not unknown

    def unreadable_of(self, account: str) -> list[Unreadable]:
        """Those of one account."""
        return [one for one in self.unreadable if one.account == account]


async def knowledge(pool: asyncpg.Pool | asyncpg.Connection, now: datetime) -> Knowledge:
    """All of it, of every account in use. Raises what asyncpg raises, and TimeoutError."""
    (unknown,) = await fetched(pool, Unknown, _SQL["unknown"], now)
    rows = await _evidence(pool, now)
    return Knowledge(
        states=_judged(rows, now),
        channels={row["name"]: row["channel"] for row in rows},
        unreadable=await fetched(pool, Unreadable, _SQL["unreadables"]),
        unknown=unknown,
    )


async def states(pool: asyncpg.Pool | asyncpg.Connection, now: datetime) -> dict[str, Judged]:
    """By account in use; what `knowledge` says of them."""
    return _judged(await _evidence(pool, now), now)


async def _evidence(
    pool: asyncpg.Pool | asyncpg.Connection, now: datetime
) -> Sequence[asyncpg.Record]:
    async with asyncio.timeout(PATIENCE):
        return list(await pool.fetch(EVIDENCE, now, now - IN_DOUBT))


def _judged(rows: Sequence[asyncpg.Record], now: datetime) -> dict[str, Judged]:
    return {row["name"]: judged(evidence_of(row), now) for row in rows}


def evidence_of(row: asyncpg.Record) -> Evidence:
    """The one place that says where each piece of evidence is kept."""
    readings = []
    if row["reads_bookings"]:
        readings.append(_bookings(row))
    if row["reads_offers"]:
        readings.append(_offers(row))
    held = row["until"] is not None
    limit = Limit(until=row["until"], since=row["since"], explained=row["told"]) if held else None
    return Evidence(
        made_at=row["made_at"],
        beat_at=row["beat_at"],
        readings=readings,
        paused=row["paused"],
        unanswered_at=row["unanswered_at"],
        refused=row["refused"],
        limit=limit,
    )


def _bookings(row: asyncpg.Record) -> Reading:
    return Reading(
        what=BOOKINGS,
        news_at=row["bookings_news_at"],
        news_seconds=row["bookings_news_seconds"],
        complete_at=row["bookings_complete_at"],
        period_seconds=row["bookings_period_seconds"],
        next_at=row["bookings_next_at"],
        lists=row["lists"],
        lists_read=row["lists_read"],
    )


def _offers(row: asyncpg.Record) -> Reading:
    """Far offers take hours by plan: only those of near days tell how things are."""
    return Reading(
        what=OFFERS,
        news_at=row["offers_news_at"],
        news_seconds=row["offers_news_seconds"],
        lists=row["stretches"],
        lists_read=row["stretches_read"],
    )


async def limited(
    pool: asyncpg.Pool, account: str, since: datetime, until: datetime, *, told: bool
) -> None:
    """Keep that no calls of an account go until then; `told`: its provider said so."""
    await pool.execute(_SQL["limited"], account, told, since, until)


async def told_until(pool: asyncpg.Pool, account: str) -> datetime | None:
    """Until when its provider last asked for no calls; None: it never did."""
    until: datetime | None = await pool.fetchval(_SQL["told_until"], account)
    return until


async def unread_of_some(
    connection: asyncpg.Connection, account_id: int, fields: Mapping[str, str], now: datetime
) -> None:
    """The same of several at once, by their references."""
    refs = sorted(fields)  # in one order, or two of these could deadlock
    await connection.execute(
        _SQL["unread_of_some"], account_id, refs, [fields[ref] for ref in refs], now
    )


async def unread(
    connection: asyncpg.Connection, account_id: int, ref: str, field: str, now: datetime
) -> None:
    """Keep that a booking was shown and could not be read."""
    await connection.execute(_SQL["unread"], account_id, ref, field, now)
