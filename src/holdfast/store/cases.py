"""Conflicts as cases: each with all that its remedies depend on, read from Postgres and nothing else."""

from collections import defaultdict
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import TypeAlias

import asyncpg

from holdfast.inventory.evidence import UNKNOWN
from holdfast.inventory.known import Unit
from holdfast.inventory.policy import Practice
from holdfast.inventory.remedy import Case, Side, Standing
from holdfast.store.bookings import booking_of
from holdfast.store.queries import load

_SQL = load("cases")

Source: TypeAlias = asyncpg.Connection | asyncpg.Pool


@dataclass(frozen=True, slots=True, kw_only=True)
class _Found:
    """What was read for all cases at once."""

    sides: Mapping[int, Side]
    sellers: Mapping[int, Sequence[tuple[str, str]]]
    blocks: Sequence[tuple[int, Standing]]


async def cases(source: Source, ids: Sequence[int]) -> dict[int, Case]:
    """Those of these conflicts that there are, open or closed."""
    rows = await source.fetch(_SQL["conflicts"], list(ids))
    bookings = sorted({b for r in rows for b in (r["booking_id"], *r["against_ids"]) if b})
    blocks = sorted({r["block_id"] for r in rows if r["block_id"]})
    found = await _read(source, bookings, blocks)
    return {row["id"]: _case(row, found) for row in rows}


async def _read(source: Source, bookings: Sequence[int], blocks: Sequence[int]) -> _Found:
    free: dict[int, list[Unit]] = defaultdict(list)
    for row in await source.fetch(_SQL["free"], bookings):
        free[row["booking_id"]].append(_unit(row))
    sellers: dict[int, list[tuple[str, str]]] = defaultdict(list)
    wanted = sorted({unit.id for units in free.values() for unit in units})
    for row in await source.fetch(_SQL["sellers"], wanted):
        sellers[row["unit_id"]].append((row["account"], row["listing"]))
    rows = await source.fetch(_SQL["sides"], bookings)
    standing = await source.fetch(_SQL["blocks"], bookings, blocks)
    return _Found(
        sides={row["id"]: _side(row, tuple(free[row["id"]])) for row in rows},
        sellers=sellers,
        blocks=[(row["id"], _standing(row)) for row in standing],
    )


def _unit(row: asyncpg.Record) -> Unit:
    return Unit(
        id=row["id"],
        name=row["name"],
        seats=row["seats"],
        setup=timedelta(minutes=row["setup_minutes"]),
        cleanup=timedelta(minutes=row["cleanup_minutes"]),
    )


def _side(row: asyncpg.Record, free: tuple[Unit, ...]) -> Side:
    return Side(
        booking=booking_of(row),
        channel=row["channel"],
        account=row["account"],
        account_id=row["account_id"],
        listing=row["listing"],
        reachable=row["reachable"],
        refused=row["refused"],
        free=free,
    )


def _standing(row: asyncpg.Record) -> Standing:
    return Standing(
        account=row["account"],
        listing=row["listing"],
        ref=row["ref"],
        because=frozenset(row["because"]),
    )


def _case(row: asyncpg.Record, found: _Found) -> Case:
    holders = (found.sides.get(booking) for booking in row["against_ids"])
    return Case(
        id=row["id"],
        kind=row["kind"],
        loser=found.sides.get(row["booking_id"] or 0),
        holders=tuple(side for side in holders if side is not None and side.booking.occupying),
        sellers=found.sellers,
        blocks=tuple(block for _, block in found.blocks),
        lost=next((block for id, block in found.blocks if id == row["block_id"]), None),
        order_known=row["first_by"] != UNKNOWN,
    )


async def practice(source: Source, venue_id: int, case: Case, now: datetime) -> Practice:
    """What bears on a venue's policy just now."""
    row = await source.fetchrow(_SQL["practice"], venue_id, now)
    if row is None:
        raise LookupError(f"there is no venue {venue_id}")
    accounts = [side.account_id for side in case.sides if side.account_id is not None]
    return Practice(**row, out_of_order=tuple(await out_of_order(source, accounts)))


async def out_of_order(source: Source, account_ids: Sequence[int]) -> list[str]:
    """Which of these accounts are braked, paused, not live, or do not answer."""
    rows = await source.fetch(_SQL["out_of_order"], list(account_ids))
    return [row["name"] for row in rows]
