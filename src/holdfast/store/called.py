"""Live blocks as the planner needs them: each with the last call about it, and how its calls failed."""

from dataclasses import dataclass

import asyncpg

from holdfast.inventory.known import Block
from holdfast.inventory.model import Span
from holdfast.store.blocks import block_of
from holdfast.store.pushes import OpenPush
from holdfast.store.queries import load
from holdfast.store.ranges import to_range

_SQL = load("blocks")


@dataclass(frozen=True, slots=True, kw_only=True)
class Called:
    """`push` is under way, or waits, or ended last; None: nothing was ever wanted."""

    block: Block
    push: OpenPush | None
    failure: str | None
    """How a call about it failed last, whatever became of it since."""


async def called_in(connection: asyncpg.Connection, venue_id: int, stretch: Span) -> list[Called]:
    """The blocks of a venue that stand or should stand within a stretch."""
    rows = await connection.fetch(_SQL["called_in"], venue_id, to_range(stretch))
    return [
        Called(
            block=block_of(row),
            push=_push(row) if row["push_id"] is not None else None,
            failure=row["failure"],
        )
        for row in rows
    ]


def _push(row: asyncpg.Record) -> OpenPush:
    return OpenPush(
        block_id=row["id"],
        id=row["push_id"],
        call=row["call"],
        state=row["push"],
        risk=row["risk"],
        settled_at=row["settled_at"],
    )
