"""Exposures: how long taken time was sold on another listing as well."""

import asyncio
from collections.abc import Collection
from dataclasses import dataclass
from datetime import datetime

import asyncpg

from holdfast.inventory.exposure import Basis, Begin, Cause, Episode
from holdfast.store.queries import load
from holdfast.store.ranges import to_range, to_span
from holdfast.store.typed import PATIENCE

_SQL = load("exposures")


@dataclass(frozen=True, slots=True, kw_only=True)
class Measured:
    """One episode as people are shown it; `ended_at` None: it is still sold twice."""

    listing: str
    channel: str
    cause: Cause
    began_at: datetime
    basis: Basis
    ended_at: datetime | None
    why: str | None


@dataclass(frozen=True, slots=True, kw_only=True)
class Beginning:
    """What bears on when a booking's time counts as taken."""

    released_at: datetime | None
    read_before: bool


@dataclass(frozen=True, slots=True, kw_only=True)
class Ended:
    """How long one lasted, between which channels."""

    source: str
    target: str
    seconds: float


@dataclass(frozen=True, slots=True, kw_only=True)
class Lasted:
    """How long one lasted, or has lasted so far; `told`: the provider's clock says when it began."""

    seconds: float
    told: bool
    goes_on: bool


async def latest(connection: asyncpg.Connection, booking_ids: Collection[int]) -> list[Episode]:
    """The last episode of each of these bookings on each listing."""
    rows = await connection.fetch(_SQL["latest"], list(booking_ids))
    return [
        Episode(
            id=row["id"],
            booking_id=row["booking_id"],
            listing_id=row["listing_id"],
            span=to_span(row["during"]),
            began_at=row["began_at"],
            ended_at=row["ended_at"],
            why=row["why"],
        )
        for row in rows
    ]


async def beginnings(
    connection: asyncpg.Connection, booking_ids: Collection[int]
) -> dict[int, Beginning]:
    """By booking."""
    rows = await connection.fetch(_SQL["beginnings"], list(booking_ids))
    return {
        row["id"]: Beginning(released_at=row["released_at"], read_before=row["read_before"])
        for row in rows
    }


async def begin(
    connection: asyncpg.Connection, step: Begin, since: tuple[datetime, Basis], why: str | None
) -> None:
    """Record it, from `since` on; one that is over already ends as it begins."""
    at, basis = since
    await connection.execute(
        _SQL["begin"],
        step.claim.booking.id,
        step.claim.listing_id,
        to_range(step.claim.span),
        step.cause,
        at,
        basis,
        at if step.over else None,
        why,
    )


async def say_why(connection: asyncpg.Connection, episode_id: int, why: str | None) -> None:
    """Why it is still open."""
    await connection.execute(_SQL["say_why"], episode_id, why)


async def end(
    connection: asyncpg.Connection, episode_id: int, at: datetime, why: str | None
) -> int | None:
    """The last offer is gone; `why` it took so long, unless that is written already.

    Returns the listing on which its booking was made; None: at the venue itself.
    """
    listing: int | None = await connection.fetchval(_SQL["end"], episode_id, at, why)
    return listing


async def finish_past(connection: asyncpg.Connection, now: datetime) -> list[Ended]:
    """End those whose time is over."""
    return [Ended(**dict(row)) for row in await connection.fetch(_SQL["finish_past"], now)]


async def of_booking(pool: asyncpg.Pool, booking_id: int) -> list[Measured]:
    """Oldest first."""
    async with asyncio.timeout(PATIENCE):
        found = await pool.fetch(_SQL["of_booking"], booking_id)
    return [Measured(**dict(row)) for row in found]


async def oldest_open(pool: asyncpg.Pool) -> dict[str, datetime]:
    """By channel, since when something is sold twice there; live accounts only."""
    async with asyncio.timeout(PATIENCE):
        found = await pool.fetch(_SQL["oldest_open"])
    return {row["channel"]: row["since"] for row in found}


async def lasted(pool: asyncpg.Pool, since: datetime, now: datetime) -> list[Lasted]:
    """Every one that began since then, those that go on too; without the renewals of what closed it."""
    rows = await pool.fetch(_SQL["lasted"], since, now)
    return [Lasted(**row) for row in rows]
