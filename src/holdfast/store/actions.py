"""The log of actions: who did what to which object, why, and how it ended. Nothing in it is ever changed."""

from dataclasses import dataclass
from datetime import datetime
from typing import Literal

import asyncpg

from holdfast.store.queries import load
from holdfast.store.typed import fetched

_SQL = load("actions")

Via = Literal["page", "api", "command"]
Outcome = Literal["ok", "shown", "refused", "stale", "failed"]

LONGEST = 300
"""Characters that are kept of each text."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Deed:
    """What is about to be done."""

    who: str
    via: Via
    what: str
    object: str
    reason: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class ActionRow:
    """What was done. `outcome` None: not told yet, or its process ended before it could."""

    id: int
    at: datetime
    who: str
    via: Via
    what: str
    object: str
    reason: str
    outcome: Outcome | None


async def begin(pool: asyncpg.Pool | asyncpg.Connection, deed: Deed, now: datetime) -> int:
    """Before it is done, committed; gives its number."""
    texts = [_kept(text) for text in (deed.who, deed.via, deed.what, deed.object, deed.reason)]
    number: int = await pool.fetchval(_SQL["begin"], now, *texts)
    return number


async def end(pool: asyncpg.Pool | asyncpg.Connection, number: int, outcome: Outcome) -> None:
    """How it ended; said once."""
    await pool.execute(_SQL["end"], number, outcome)


async def page(
    pool: asyncpg.Pool, who: str | None, before: int | None, limit: int
) -> list[ActionRow]:
    """Newest first, with numbers below `before`."""
    return await fetched(pool, ActionRow, _SQL["page"], who, before, limit)


def _kept(text: str) -> str:
    return text.replace("\x00", "")[:LONGEST]
