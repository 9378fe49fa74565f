"""Allocations and the conflicts that arise where they cannot be had."""

import json
from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime

import asyncpg

from holdfast.inventory.allocate import Grant
from holdfast.store.changes import ChangeSet
from holdfast.store.queries import load
from holdfast.store.ranges import to_range, to_span

_SEATS = load("allocations")
_CONFLICTS = load("conflicts")


@dataclass(frozen=True, slots=True, kw_only=True)
class NewConflict:
    """Something that a person should see. `venue_id` None: a booking that maps to no venue."""

    venue_id: int | None
    kind: str
    opened_at: datetime
    booking_id: int | None = None
    block_id: int | None = None
    against: tuple[int, ...] = ()
    unit_ids: tuple[int, ...] = ()
    evidence: Mapping[str, object] = field(default_factory=dict)


@dataclass(frozen=True, slots=True, kw_only=True)
class Opened:
    """A conflict that was not open before: the channel that took the time first, and the one that it is about."""

    id: int
    source: str | None
    target: str | None


@dataclass(frozen=True, slots=True, kw_only=True)
class Closed:
    """A conflict that is open no more; `decided_by` None: its cause went away by itself."""

    kind: str
    decided_by: str | None


@dataclass(frozen=True, slots=True, kw_only=True)
class Found:
    """What some bookings have now. `conflicts` are the open ones, by kind: booking → conflict."""

    grants: set[Grant]
    conflicts: Mapping[str, Mapping[int, int]]


async def of_bookings(connection: asyncpg.Connection, booking_ids: Collection[int]) -> set[Grant]:
    """What these bookings have now."""
    rows = await connection.fetch(_SEATS["of_bookings"], list(booking_ids))
    return {_grant(row) for row in rows}


async def found(
    connection: asyncpg.Connection, booking_ids: Collection[int], kinds: Sequence[str]
) -> Found:
    """What these bookings have now, and what of these kinds is open about them."""
    rows = await connection.fetch(_SEATS["found"], list(booking_ids), list(kinds))
    conflicts: dict[str, dict[int, int]] = {}
    for row in rows:
        if row["conflict_id"] is not None:
            conflicts.setdefault(row["kind"], {})[row["booking_id"]] = row["conflict_id"]
    return Found(
        grants={_grant(row) for row in rows if row["unit_id"] is not None}, conflicts=conflicts
    )


def _grant(row: asyncpg.Record) -> Grant:
    return Grant(booking_id=row["booking_id"], unit_id=row["unit_id"], span=to_span(row["during"]))


async def sitting(connection: asyncpg.Connection, booking_ids: Collection[int]) -> dict[int, int]:
    """Where each of them sits: booking → unit; of one that has several units, any of them."""
    return {g.booking_id: g.unit_id for g in await of_bookings(connection, booking_ids)}


async def free(changes: ChangeSet, grants: Collection[Grant]) -> None:
    """Take these back."""
    if grants:
        bookings, units = [g.booking_id for g in grants], [g.unit_id for g in grants]
        await changes.delete("allocations", _SEATS["free"], bookings, units)


async def grant(changes: ChangeSet, venue_id: int, grants: Sequence[Grant]) -> set[tuple[int, int]]:
    """Ask for these; what comes back as (booking, unit) was granted, by the database's word."""
    if not grants:
        return set()
    rows = await changes.write(
        "allocations",
        _SEATS["grant"],
        venue_id,
        [g.booking_id for g in grants],
        [g.unit_id for g in grants],
        [to_range(g.span) for g in grants],
    )
    return {(row["booking_id"], row["unit_id"]) for row in rows}


async def open_conflict(changes: ChangeSet, conflict: NewConflict) -> Opened | None:
    """Open it; None: it is open already."""
    rows = await changes.write(
        "conflicts",
        _CONFLICTS["open"],
        conflict.venue_id,
        conflict.kind,
        conflict.booking_id,
        conflict.block_id,
        list(conflict.against),
        list(conflict.unit_ids),
        json.dumps(dict(conflict.evidence)),
        conflict.opened_at,
    )
    for row in rows:
        if row["fresh"]:
            return Opened(id=row["id"], source=row["source"], target=row["target"])
    return None


async def close_conflicts(
    changes: ChangeSet, ids: Collection[int], now: datetime, resolution: str
) -> list[Closed]:
    """These are settled, and by what; returns those that were open."""
    if not ids:
        return []
    rows = await changes.write("conflicts", _CONFLICTS["close"], list(ids), now, resolution)
    return [Closed(kind=row["kind"], decided_by=row["decided_by"]) for row in rows]
