"""How far each account's provider answers, shared by all workers; and how much was read of it lately."""

from collections.abc import Mapping
from datetime import datetime, timedelta

import asyncpg

from holdfast.inventory.breaker import Breaker, Direction
from holdfast.store.queries import load

_SQL = load("breakers")

KEPT = timedelta(minutes=5)


async def of_account(connection: asyncpg.Connection, account_id: int) -> dict[Direction, Breaker]:
    """Those that were ever in doubt."""
    rows = await connection.fetch(_SQL["of_account"], account_id)
    return {row["direction"]: _breaker(row) for row in rows}


def _breaker(row: asyncpg.Record) -> Breaker:
    return Breaker(**{name: row[name] for name in Breaker.__dataclass_fields__})


async def take(
    connection: asyncpg.Connection,
    account_id: int,
    direction: Direction,
    now: datetime,
    until: datetime,
) -> bool:
    """Be the one that tries, for so long; False: another is."""
    taken = await connection.fetchval(_SQL["take"], account_id, direction, now, until)
    return taken is not None


async def leave(
    connection: asyncpg.Connection,
    account_id: int,
    direction: Direction,
    until: datetime,
    now: datetime,
) -> None:
    """Give back what was taken until then, if its call told nothing."""
    await connection.execute(_SQL["leave"], account_id, direction, until, now)


async def lock(connection: asyncpg.Connection, account_id: int, direction: Direction) -> Breaker:
    """As it stands, until the transaction ends."""
    return _breaker(await connection.fetchrow(_SQL["lock"], account_id, direction))


async def put(
    connection: asyncpg.Connection,
    account_id: int,
    direction: Direction,
    breaker: Breaker,
    reason: str | None,
) -> None:
    """Write what follows from a call."""
    state = (breaker.failures, breaker.opened_at, breaker.retry_at, breaker.probing)
    await connection.execute(_SQL["set"], account_id, direction, *state, reason)


async def catch_up(
    connection: asyncpg.Connection, account_id: int, direction: Direction, now: datetime
) -> None:
    """What waited because nobody answered is due now; the other direction than this one may be tried."""
    await connection.execute(_SQL["catch_up"], account_id, now, direction)


async def hurry(
    connection: asyncpg.Connection, account_id: int, direction: Direction, by: datetime
) -> None:
    """Have it tried by then."""
    await connection.execute(_SQL["hurry"], account_id, direction, by)


async def add_reads(connection: asyncpg.Connection, made: Mapping[int, int], now: datetime) -> None:
    """So many reads per account since this process last told."""
    if made:
        await connection.execute(_SQL["add_reads"], list(made), list(made.values()), now)
        await connection.execute(_SQL["forget_reads"], now - KEPT)
