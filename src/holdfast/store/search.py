"""What somebody looks for by a number, a provider's reference or a name. Read only; no guest is looked for."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Literal

import asyncpg

from holdfast.store.queries import load
from holdfast.store.typed import fetched

Kind = Literal["booking", "block", "event", "push", "venue", "unit", "listing", "account"]

_SQL = load("search")


@dataclass(frozen=True, slots=True, kw_only=True)
class Found:
    """`id` is of the event, the push or the booking; of a block: of one that it stands for. `told_by` is its source."""

    kind: Kind
    id: int | None
    name: str
    venue: str | None
    told_by: str | None


async def numbered(pool: asyncpg.Pool, number: int, within: Sequence[str] | None) -> list[Found]:
    """What has this id; within some venues, None: all. Raises TimeoutError."""
    return await fetched(pool, Found, _SQL["numbered"], number, within)


async def referenced(
    pool: asyncpg.Pool, ref: str, within: Sequence[str] | None, limit: int
) -> list[Found]:
    """What any channel calls exactly so; within some venues, None: all. Raises TimeoutError."""
    return await fetched(pool, Found, _SQL["referenced"], ref, within, limit)


async def named(
    pool: asyncpg.Pool, name: str, within: Sequence[str] | None, limit: int
) -> list[Found]:
    """What the configuration calls so, or so at its beginning, in whatever case: the exact ones first.

    Within some venues, None: all. Raises TimeoutError.
    """
    return await fetched(pool, Found, _SQL["named"], name, within, limit)
