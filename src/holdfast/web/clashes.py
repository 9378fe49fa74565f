"""Conflicts with both their sides, as people are shown them."""

import asyncio
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from zoneinfo import ZoneInfo

import asyncpg

from holdfast.inventory.remedy import Action, best
from holdfast.store import reading
from holdfast.store.cases import cases
from holdfast.store.reading import BookingRow, ConflictRow
from holdfast.store.typed import PATIENCE

SOON = timedelta(hours=2)
"""A conflict that starts sooner is urgent."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Clash:
    """An open conflict with both sides; `loser` is the one without its units, `units` what others have of them, `best` the safest way out."""

    row: ConflictRow
    zone: ZoneInfo
    loser: BookingRow | None
    holders: Sequence[BookingRow]
    units: Sequence[str]
    urgent: bool
    best: Action | None


async def clashes(
    pool: asyncpg.Pool, conflicts: Sequence[ConflictRow], now: datetime
) -> list[Clash]:
    """Those that start soonest come first."""
    ids = {number for row in conflicts for number in (row.booking_id, *row.against_ids) if number}
    bookings = await reading.bookings_by_id(pool, sorted(ids))
    proposed = await _best(pool, conflicts)
    found = [_clash(row, bookings, proposed.get(row.id), now) for row in conflicts]
    return sorted(found, key=lambda clash: _starts(clash) or datetime.max.replace(tzinfo=UTC))


async def _best(pool: asyncpg.Pool, conflicts: Sequence[ConflictRow]) -> dict[int, Action]:
    """What is recommended for those that nobody has decided yet, where it can be told."""
    undecided = [row.id for row in conflicts if row.decided is None]
    async with asyncio.timeout(PATIENCE):
        found = await cases(pool, undecided)
    proposed = {number: best(case) for number, case in found.items()}
    return {number: action for number, action in proposed.items() if action is not None}


def _clash(
    row: ConflictRow, bookings: dict[int, BookingRow], best: Action | None, now: datetime
) -> Clash:
    loser = bookings.get(row.booking_id or 0)
    starts = loser.starts_at if loser else None
    holders = [bookings[number] for number in row.against_ids if number in bookings]
    return Clash(
        row=row,
        zone=ZoneInfo(row.timezone or "UTC"),
        loser=loser,
        holders=holders,
        units=_disputed(row, holders),
        urgent=starts is not None and starts - now < SOON,
        best=best,
    )


def _disputed(row: ConflictRow, holders: Sequence[BookingRow]) -> Sequence[str]:
    """Of the units that were asked for, those that others have: a buy-out asks for every one."""
    had = {unit for holder in holders for unit in holder.units}
    return [unit for unit in row.units if unit in had] or row.units


def _starts(clash: Clash) -> datetime | None:
    return clash.loser.starts_at if clash.loser else None
