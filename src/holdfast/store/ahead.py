"""What lies ahead: the calls that wait, for accounts that send nothing now or are about to begin."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime

import asyncpg

from holdfast.inventory.known import Wants
from holdfast.store.queries import load

_SQL = load("ahead")


@dataclass(frozen=True, slots=True, kw_only=True)
class Waiting:
    """One call that is not sent yet. `ref`: the guest's booking that it is about, else it is about a block."""

    account: str
    mode: str
    braked: bool
    writes_per_minute: int
    timezone: str
    call: str
    state: str
    due_at: datetime
    listing: str | None
    wants: Wants
    starts_at: datetime | None
    ends_at: datetime | None
    ref: str | None


async def calls(connection: asyncpg.Connection, accounts: Sequence[str]) -> list[Waiting]:
    """By account, in the order in which they would go. No accounts: all that send nothing now."""
    return [Waiting(**dict(r)) for r in await connection.fetch(_SQL["calls"], list(accounts))]


async def modes(connection: asyncpg.Connection, accounts: Sequence[str]) -> dict[str, str]:
    """Name and mode of these accounts; no accounts: all that send nothing now."""
    rows = await connection.fetch(_SQL["accounts"], list(accounts))
    return {row["name"]: row["mode"] for row in rows}


@dataclass(frozen=True, slots=True, kw_only=True)
class Reader:
    """How far the bookings of an account are read. `period_seconds` None: it is not planned yet."""

    name: str
    mode: str
    poll_seconds: int
    last_complete_at: datetime | None
    period_seconds: float | None


async def beside(connection: asyncpg.Connection, accounts: Sequence[str]) -> set[str]:
    """These accounts, and all that sell something in the same venues."""
    found = {row["name"] for row in await connection.fetch(_SQL["beside"], list(accounts))}
    return found | set(accounts)


async def readers(connection: asyncpg.Connection, accounts: Sequence[str]) -> list[Reader]:
    """Of those that are in service, by name."""
    return [Reader(**dict(r)) for r in await connection.fetch(_SQL["readers"], list(accounts))]


async def double_bookings(connection: asyncpg.Connection, accounts: Sequence[str]) -> list[int]:
    """The numbers of the open conflicts in the venues of these accounts."""
    return [row["id"] for row in await connection.fetch(_SQL["double_bookings"], list(accounts))]
