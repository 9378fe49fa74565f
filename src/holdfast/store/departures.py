"""What is still alive of the things that leave the configuration."""

import json
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime

import asyncpg

from holdfast.inventory.model import OCCUPYING
from holdfast.store.queries import load

_SQL = load("departures")


@dataclass(frozen=True, slots=True, kw_only=True)
class Alive:
    """Bookings that are not over, blocks of ours that stand, and on how many channels, and calls not made yet."""

    bookings: int
    blocks: int
    channels: int
    calls: int

    @property
    def anything(self) -> bool:
        """Whether somebody is affected: calls alone have nothing behind them."""
        return bool(self.bookings or self.blocks)


async def alive(
    connection: asyncpg.Connection, things: Sequence[tuple[str, str, str | None]], now: datetime
) -> list[Alive]:
    """Of each thing, in order: its noun, its name and, of a unit, its venue."""
    asked = [
        {"number": number, "noun": noun, "name": name, "venue": venue}
        for number, (noun, name, venue) in enumerate(things)
    ]
    rows = await connection.fetch(_SQL["concerned"], json.dumps(asked), now, sorted(OCCUPYING))
    return [Alive(**{name: row[name] for name in Alive.__dataclass_fields__}) for row in rows]
