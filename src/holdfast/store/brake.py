"""The brake as it is kept: which accounts are braked, and which absences are held back meanwhile."""

import json
from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime

import asyncpg

from holdfast.inventory.brake import Expected
from holdfast.store.queries import load

_SQL = load("brake")


@dataclass(frozen=True, slots=True, kw_only=True)
class Braked:
    """A braked account; `why` is the reason, and how many of how many would go."""

    id: int
    name: str
    channel: str
    braked_at: datetime
    why: Mapping[str, object]


@dataclass(frozen=True, slots=True, kw_only=True)
class Doomed:
    """What ends once the account's absences are believed: a booking, or a block of ours."""

    ref: str
    booking_id: int | None
    block_id: int | None
    status: str | None
    venue: str | None
    timezone: str
    listing: str | None
    starts_at: datetime | None
    party_size: int | None


async def expected(
    connection: asyncpg.Connection, account_id: int, refs: Collection[str], at: datetime
) -> list[Expected]:
    """Those of these ids that are live as far as we know, unless somebody accepted that they are gone."""
    rows = await connection.fetch(_SQL["expected"], account_id, list(refs), at)
    return [Expected(**row) for row in rows]


async def read_since(
    connection: asyncpg.Connection, account_id: int, since: datetime
) -> tuple[int, set[str]]:
    """How many bookings of an account were read since then, and those that turned out to be gone."""
    row = await connection.fetchrow(_SQL["read_since"], account_id, since)
    return row["read"], set(row["absent"])


async def is_braked(connection: asyncpg.Connection, account_id: int) -> bool:
    """Whether nothing may be concluded from the account's absences."""
    return bool(await connection.fetchval(_SQL["is_braked"], account_id))


async def trip(
    connection: asyncpg.Connection, account_id: int, now: datetime, why: Mapping[str, object]
) -> bool:
    """Brake the account; False: it is braked already."""
    tripped = await connection.fetchval(_SQL["trip"], account_id, now, json.dumps(dict(why)))
    return tripped is not None


async def another(connection: asyncpg.Connection, name: str) -> None:
    """One more account is braked, while the brake's conflict is open for others: it names it, too."""
    await connection.execute(_SQL["another"], name)


async def open_refs(
    connection: asyncpg.Connection, account_id: int, refs: Collection[str]
) -> set[str]:
    """Those of these ids that wait in the inbox already."""
    rows = await connection.fetch(_SQL["open_refs"], account_id, list(refs))
    return {row["ref"] for row in rows}


async def hold_back(
    connection: asyncpg.Connection,
    account_id: int,
    refs: Collection[str],
    due_at: datetime,
    reason: str,
) -> None:
    """Leave these in the inbox, with the reason shown, to be asked after again at `due_at`."""
    await connection.execute(_SQL["hold_back"], account_id, list(refs), due_at, reason)


async def braked(connection: asyncpg.Connection) -> list[Braked]:
    """Every braked account, by name."""
    rows = await connection.fetch(_SQL["braked"])
    return [
        Braked(
            id=row["id"],
            name=row["name"],
            channel=row["channel"],
            braked_at=row["braked_at"],
            why=json.loads(row["brake"] or "{}"),
        )
        for row in rows
    ]


async def would_go(connection: asyncpg.Connection, account_id: int) -> list[Doomed]:
    """What is held back, soonest first."""
    return [Doomed(**row) for row in await connection.fetch(_SQL["would_go"], account_id)]


async def release(
    connection: asyncpg.Connection, account_id: int, now: datetime
) -> list[str] | None:
    """Let the account go on; returns what was held back, None: it is not braked."""
    if await connection.fetchval(_SQL["release"], account_id) is None:
        return None
    rows = await connection.fetch(_SQL["accept"], account_id, now)
    return sorted({row["ref"] for row in rows})


async def venues_of(connection: asyncpg.Connection, account_id: int) -> Sequence[int]:
    """Where the account sells, in the order in which venues are locked."""
    return [row["venue_id"] for row in await connection.fetch(_SQL["venues_of"], account_id)]


async def close_conflict(connection: asyncpg.Connection, now: datetime, resolution: str) -> None:
    """Close the brake's conflict, unless another account is braked."""
    await connection.execute(_SQL["close_conflict"], now, resolution)
