"""Pauses: who holds back an account's intake or pushes, since when and why."""

from dataclasses import dataclass
from datetime import datetime
from typing import Literal

import asyncpg

from holdfast.store.queries import load
from holdfast.store.typed import fetched

_SQL = load("pauses")

Direction = Literal["intake", "pushes"]


@dataclass(frozen=True, slots=True, kw_only=True)
class Steered:
    """An account in use; `intake` and `pushes` are the ids of the pauses that go on."""

    id: int
    name: str
    channel: str
    mode: str
    intake: int | None
    pushes: int | None


@dataclass(frozen=True, slots=True, kw_only=True)
class PauseRow:
    """One pause; `ended_at` None: it goes on."""

    id: int
    direction: Direction
    began_at: datetime
    actor: str
    reason: str
    ended_at: datetime | None
    ended_by: str | None
    end_reason: str | None


async def account(connection: asyncpg.Connection, name: str) -> Steered | None:
    """One account, locked for this transaction; None: it is not in use."""
    row = await connection.fetchrow(_SQL["account"], name)
    return Steered(**row) if row is not None else None


async def begin(
    connection: asyncpg.Connection,
    account_id: int,
    direction: Direction,
    who: tuple[str, str],
    now: datetime,
) -> None:
    """Hold back; `who` is the actor and the reason."""
    await connection.execute(_SQL["begin"], account_id, direction, now, *who)


async def end(
    connection: asyncpg.Connection,
    account_id: int,
    direction: Direction,
    who: tuple[str, str],
    now: datetime,
) -> None:
    """Let it go on; `who` is the actor and the reason."""
    await connection.execute(_SQL["end"], account_id, direction, now, *who)


async def of_account(pool: asyncpg.Pool, name: str, limit: int) -> list[PauseRow]:
    """The last ones, newest first."""
    return await fetched(pool, PauseRow, _SQL["of_account"], name, limit)
