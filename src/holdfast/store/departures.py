"""What is still alive of the things that leave the configuration, until nothing of them is left."""

import json
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime

import asyncpg

from holdfast.inventory.model import OCCUPYING, Span
from holdfast.store.queries import load
from holdfast.store.ranges import to_span

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


@dataclass(frozen=True, slots=True, kw_only=True)
class Leaving:
    """A thing on its way out: blocks of ours there, guests' bookings to come, and when the last ends."""

    noun: str
    name: str
    to_release: int
    kept: int
    """Blocks that stay for the bookings behind them."""
    bookings: int
    until: datetime | None


async def leaving(connection: asyncpg.Connection | asyncpg.Pool, now: datetime) -> list[Leaving]:
    """Each thing that is leaving and does not leave with another."""
    rows = await connection.fetch(_SQL["leaving"], now, sorted(OCCUPYING))
    return [Leaving(**dict(row)) for row in rows]


async def standing(connection: asyncpg.Connection, now: datetime) -> dict[int, list[Span]]:
    """By venue, where blocks of ours stand on listings that are leaving and are not given back yet."""
    found: dict[int, list[Span]] = {}
    for row in await connection.fetch(_SQL["standing"], now, sorted(OCCUPYING)):
        found.setdefault(row["venue_id"], []).append(to_span(row["during"]))
    return found


async def unread(connection: asyncpg.Connection, now: datetime) -> list[tuple[int, str]]:
    """Account and id of the bookings on what is leaving that are due to be read again."""
    rows = await connection.fetch(_SQL["unread"], now, sorted(OCCUPYING))
    return [(row["account_id"], row["external_id"]) for row in rows]


async def depart(connection: asyncpg.Connection, now: datetime) -> list[tuple[str, str]]:
    """Let go of whatever nothing is left of; noun and name of each."""
    status, gone = sorted(OCCUPYING), list[tuple[str, str]]()
    for noun in ("listings", "units", "venues"):
        rows = await connection.fetch(_SQL[f"depart_{noun}"], now, status)
        gone += [(row["noun"], row["name"]) for row in rows]
    rows = await connection.fetch(_SQL["depart_accounts"], now)
    return gone + [(row["noun"], row["name"]) for row in rows]
