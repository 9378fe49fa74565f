"""Bookings and, apart from them, their guests."""

import uuid
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime

import asyncpg

from holdfast.inventory.known import Booking, Fact, Told
from holdfast.inventory.merge import begins_anew, is_another
from holdfast.inventory.model import FIRM, Guest, Span, Status
from holdfast.store.changes import ChangeSet
from holdfast.store.queries import load
from holdfast.store.ranges import to_range, to_span

_SQL = load("bookings")


@dataclass(frozen=True, slots=True, kw_only=True)
class Origin:
    """Where a new booking comes from."""

    venue_id: int | None
    listing_id: int | None
    account_id: int | None
    channel: str
    external_id: str
    unit_ids: tuple[int, ...] = ()


def booking_of(row: asyncpg.Record) -> Booking:
    """A whole row of the table as a value."""
    return Booking(
        id=row["id"],
        listing_id=row["listing_id"],
        external_id=row["external_id"],
        status=row["status"],
        raw_status=row["raw_status"],
        payment=row["payment"],
        span=to_span(row["during"]) if row["during"] is not None else None,
        party_size=row["party_size"],
        unit_ids=tuple(row["unit_ids"]),
        held_until=row["held_until"],
        made_at=row["made_at"],
        first_seen_at=row["first_seen_at"],
        firm_at=row["firm_at"],
        read_at=row["read_at"],
        version=row["version"],
        channel=row["channel"] if row["account_id"] is not None else "",
    )


async def by_ref(
    connection: asyncpg.Connection, account_id: int, external_id: str
) -> Booking | None:
    """The booking of an account by the channel's id."""
    row = await connection.fetchrow(_SQL["by_ref"], account_id, external_id)
    return None if row is None else booking_of(row)


async def by_refs(
    connection: asyncpg.Connection, account_id: int, external_ids: Sequence[str]
) -> dict[str, Booking]:
    """Several of them, by the channel's id."""
    rows = await connection.fetch(_SQL["by_refs"], account_id, list(external_ids))
    return {row["external_id"]: booking_of(row) for row in rows}


async def told_by_refs(
    connection: asyncpg.Connection, account_id: int, external_ids: Sequence[str]
) -> dict[str, Told]:
    """What several of them were the last time, by the channel's id."""
    rows = await connection.fetch(_SQL["told_by_refs"], account_id, list(external_ids))
    return {row["external_id"]: _told_of(row) for row in rows}


def _told_of(row: asyncpg.Record) -> Told:
    start, end = row["starts_at"], row["ends_at"]
    return Told(
        row["listing_id"],
        row["status"],
        row["raw_status"],
        row["payment"],
        None if start is None else Span(start=start, end=end),
        row["party_size"],
        row["held_until"],
        row["read_at"],
    )


async def venue_of_ref(
    connection: asyncpg.Connection, account_id: int, external_id: str
) -> int | None:
    """The venue of a booking by the channel's id, whatever became of its listing."""
    venue: int | None = await connection.fetchval(_SQL["venue_of_ref"], account_id, external_id)
    return venue


async def row_by_id(connection: asyncpg.Connection, booking_id: int) -> asyncpg.Record | None:
    """One booking with all its columns."""
    return await connection.fetchrow(_SQL["by_id"], booking_id)


async def occupying_in(
    connection: asyncpg.Connection, venue_id: int, stretch: Span
) -> list[Booking]:
    """Whatever takes time of a venue within a stretch."""
    rows = await connection.fetch(_SQL["occupying_in"], venue_id, to_range(stretch))
    return [booking_of(row) for row in rows]


async def insert(
    changes: ChangeSet, origin: Origin, fact: Fact, guest: Guest, now: datetime
) -> int | None:
    """Add a booking and who booked; None: another worker added it at the same moment."""
    rows = await changes.write(
        "bookings",
        _SQL["insert"],
        origin.venue_id,
        origin.listing_id,
        origin.account_id,
        origin.channel,
        origin.external_id,
        fact.status,
        fact.raw_status,
        fact.payment,
        None if fact.span is None else to_range(fact.span),
        fact.party_size,
        list(origin.unit_ids),
        fact.held_until,
        fact.made_at,
        now,
        now if fact.status in FIRM else None,
        fact.read_at,
        now,
        guest.name,
        guest.email,
        guest.phone,
        guest.locale,
    )
    return rows[0]["id"] if rows else None


async def update(
    changes: ChangeSet, known: Booking, origin: Origin, fact: Fact, now: datetime
) -> None:
    """Write what the merge decided; the venue's lock is held."""
    anew = begins_anew(known, fact)
    firm_at = (None if anew else known.firm_at) or (now if fact.status in FIRM else None)
    await changes.write(
        "bookings",
        _SQL["update"],
        known.id,
        origin.venue_id,
        origin.listing_id,
        fact.status,
        fact.raw_status,
        fact.payment,
        None if fact.span is None else to_range(fact.span),
        fact.party_size,
        fact.held_until,
        fact.made_at,
        firm_at,
        fact.read_at,
        now,
        now if anew else known.first_seen_at,
    )


async def seen_again(connection: asyncpg.Connection, booking_id: int, read_at: datetime) -> None:
    """A newer read that changed nothing."""
    await connection.execute(_SQL["seen_again"], booking_id, read_at)


async def keep(
    changes: ChangeSet,
    known: Booking | None,
    what: tuple[Origin, Fact, Guest],
    now: datetime,
) -> int | None:
    """Add a booking or write it anew, with who booked; None: another worker added it at the same moment."""
    origin, fact, guest = what
    if known is None:
        return await insert(changes, origin, fact, guest, now)
    await update(changes, known, origin, fact, now)
    if is_another(known, fact):
        await changes.connection.execute(_SQL["forget_guest"], known.id)
    await save_guest(changes.connection, known.id, guest)
    return known.id


async def save_guest(connection: asyncpg.Connection, booking_id: int, guest: Guest) -> None:
    """Keep who booked, unless they were erased or nothing is known of them."""
    if guest != Guest():
        await connection.execute(
            _SQL["save_guest"], booking_id, guest.name, guest.email, guest.phone, guest.locale
        )


async def erase_guest(connection: asyncpg.Connection, booking_id: int, now: datetime) -> None:
    """Forget who booked, for good, here and in the raw deliveries."""
    await connection.execute(_SQL["erase_guest"], booking_id, now)


async def turn_out(
    changes: ChangeSet, which: tuple[int, str], now: datetime
) -> tuple[int, Span | None] | None:
    """End what is a block of ours, by account and id there; its number and its time. None: no live booking is there."""
    for row in await changes.write("bookings", _SQL["turn_out"], *which, now):
        return row["id"], None if row["during"] is None else to_span(row["during"])
    return None


async def lapsing(connection: asyncpg.Connection, now: datetime) -> list[tuple[int, str]]:
    """Account and id of the holds whose deadline has passed since they were last read."""
    rows = await connection.fetch(_SQL["lapsing"], now)
    return [(row["account_id"], row["external_id"]) for row in rows]


async def live_refs(
    connection: asyncpg.Connection, account_id: int, window: Span, before: datetime
) -> set[str]:
    """What a complete scan of the window, begun at `before`, should have shown."""
    rows = await connection.fetch(_SQL["live_refs"], account_id, to_range(window), before)
    return {row["external_id"] for row in rows}


def direct_reference() -> str:
    """An external id for a booking made directly at the venue."""
    return f"direct-{uuid.uuid4()}"


async def end(changes: ChangeSet, booking_id: int, status: Status, now: datetime) -> None:
    """End a booking that was made directly at the venue."""
    await changes.write("bookings", _SQL["end"], booking_id, status, now)


async def reseat(changes: ChangeSet, booking_id: int, unit_id: int, now: datetime) -> Span | None:
    """Give a booking that was made directly at the venue another unit; its span, None: it is no such booking."""
    rows = await changes.write("bookings", _SQL["reseat"], booking_id, [unit_id], now)
    return to_span(rows[0]["during"]) if rows and rows[0]["during"] is not None else None


async def alter(
    changes: ChangeSet,
    booking_id: int,
    unit_ids: Sequence[int],
    span: Span,
    now: datetime,
) -> None:
    """Give a booking that was made directly at the venue other units or another time."""
    await changes.write("bookings", _SQL["alter"], booking_id, list(unit_ids), to_range(span), now)
