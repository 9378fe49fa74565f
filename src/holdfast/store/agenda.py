"""What is due now, and when something is due again: one question each, for they are asked all the time."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta

import asyncpg

from holdfast.store.queries import load

_SQL = load("agenda")


@dataclass(frozen=True, slots=True, kw_only=True)
class Due:
    """`clock`: the time itself may have ended something. `heard`, `wanted`: accounts whose news or calls wait."""

    clock: bool
    heard: Sequence[int]
    wanted: Sequence[int]


@dataclass(frozen=True, slots=True, kw_only=True)
class Scope:
    """Whom to ask about: the accounts that send, all accounts, and the venues, by id.

    A confirmation may take `patience`; a hold of ours is believed in for `margin` longer than it may stand.
    """

    live: Sequence[int]
    accounts: Sequence[int]
    venues: Sequence[int]
    patience: timedelta = timedelta(0)
    margin: timedelta = timedelta(0)


async def look(connection: asyncpg.Connection, now: datetime, live: Sequence[int]) -> Due:
    """What is due just now; `live` are the accounts that send."""
    row = await connection.fetchrow(_SQL["look"], now, list(live))
    return Due(clock=row["clock"], heard=row["heard"], wanted=row["wanted"])


async def next_due(connection: asyncpg.Connection, now: datetime, scope: Scope) -> datetime | None:
    """When there is something to do again; None: not before something new happens."""
    at: datetime | None = await connection.fetchval(
        _SQL["next"],
        now,
        list(scope.live),
        list(scope.accounts),
        list(scope.venues),
        scope.patience,
        scope.margin,
    )
    return at
