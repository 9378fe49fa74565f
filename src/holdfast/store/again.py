"""What people want done once more: an event read again, a dead push revived, or dropped for good."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime

import asyncpg

from holdfast.store.queries import load

_SQL = load("again")


@dataclass(frozen=True, slots=True, kw_only=True)
class Heard:
    """What an event was about; `venue_id` is of the booking or block that it names, if we know it."""

    id: int
    account_id: int | None
    account: str | None
    ref: str | None
    raw_type: str
    venue_id: int | None
    booking_id: int | None
    block_id: int | None


@dataclass(frozen=True, slots=True, kw_only=True)
class Dead:
    """A push that was given up; `newer`: the same was asked again since."""

    id: int
    venue_id: int
    account_id: int
    block_id: int | None
    booking_id: int | None
    call: str
    account: str
    newer: bool


async def heard(connection: asyncpg.Connection, event_ids: Sequence[int]) -> list[Heard]:
    """Those of these events that there are, oldest first."""
    return [Heard(**row) for row in await connection.fetch(_SQL["heard"], list(event_ids))]


async def ask(connection: asyncpg.Connection, event: Heard, now: datetime) -> int | None:
    """A new row that asks for the same read; None: one waits already."""
    asked: int | None = await connection.fetchval(
        _SQL["ask"], event.account_id, event.ref, event.raw_type, now
    )
    return asked


async def dead(connection: asyncpg.Connection, push_ids: Sequence[int]) -> list[Dead]:
    """Those of these pushes that were given up and not dropped, oldest first."""
    return [Dead(**row) for row in await connection.fetch(_SQL["dead"], list(push_ids))]


async def revived(connection: asyncpg.Connection, push_id: int) -> None:
    """Another push asks for the same from now on."""
    await connection.execute(_SQL["revived"], push_id)


async def dropped(connection: asyncpg.Connection, push_id: int, now: datetime) -> None:
    """It stays dead: not asked again until something else is wanted."""
    await connection.execute(_SQL["dropped"], push_id, now)
