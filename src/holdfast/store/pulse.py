"""Whether anything that screens show was committed since the last look: one cheap query for all topics."""

from collections.abc import Collection
from dataclasses import dataclass

import asyncpg

from holdfast.store.queries import load
from holdfast.store.typed import fetched

_SQL = load("pulse")


@dataclass(frozen=True, slots=True, kw_only=True)
class Beat:
    """`beat` is another text once something about `topic` changed; it means nothing else."""

    topic: str
    beat: str


async def beats(pool: asyncpg.Pool, venues: Collection[str]) -> dict[str, str]:
    """Of everything, and of these venues. Raises what asyncpg raises, and TimeoutError."""
    found = await fetched(pool, Beat, _SQL["beats"], list(venues))
    return {one.topic: one.beat for one in found}
