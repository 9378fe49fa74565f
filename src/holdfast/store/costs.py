"""What reading cost: for each list of an account and each stretch of its offers."""

from dataclasses import dataclass

import asyncpg

from holdfast.inventory.model import Span
from holdfast.store.queries import load
from holdfast.store.ranges import to_span

_SQL = load("costs")


@dataclass(frozen=True, slots=True, kw_only=True)
class Cost:
    """Reads of the last time that one of them was read to its end; `during` None: it tells of any time."""

    account: str
    task: str
    during: Span | None
    cost: int


async def costs(connection: asyncpg.Connection | asyncpg.Pool) -> list[Cost]:
    """Of all accounts in service."""
    return [
        Cost(
            account=row["account"],
            task=row["task"],
            during=None if row["during"] is None else to_span(row["during"]),
            cost=row["cost"],
        )
        for row in await connection.fetch(_SQL["costs"])
    ]
