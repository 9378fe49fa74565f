"""arrange: what a venue does in its own calendar. What it would change is found by doing it and taking it back, and
it is done only if it still changes exactly that."""

import hashlib
import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from functools import cache

import asyncpg

from holdfast.inventory.model import Span
from holdfast.metrics import Metrics
from holdfast.store import bookings as booking_store
from holdfast.store.journal import Entry
from holdfast.store.ranges import to_span
from holdfast.sync.operate import (
    BookingUnknown,
    DirectBooking,
    WishRefused,
    book_direct,
    cancel_booking,
    cancellable,
    hear_direct,
    place,
    premises_of,
    span_of,
)
from holdfast.sync.parts import Parts, Premises, wake_nobody
from holdfast.sync.replan import replan
from holdfast.sync.turn import Turn, turn

LONGEST = timedelta(days=366)
"""Of what is made or moved; what lasts longer is no booking but another configuration."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Alteration:
    """A booking made at the venue itself, or a closure, gets another time and perhaps another unit.

    `unit` None: it stays on what it has. Aware instants.
    """

    booking_id: int
    unit: str | None
    start: datetime
    end: datetime
    reason: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Cancellation:
    """Any booking; its channel is asked where it has one."""

    booking_id: int
    reason: str


Arrangement = DirectBooking | Alteration | Cancellation


@dataclass(frozen=True, slots=True, kw_only=True)
class Effects:
    """What an arrangement changes: its entries for the journal. `seen` is the same for the same changes."""

    booking_id: int
    entries: Sequence[Entry]
    seen: str


class NotAsShown(Exception):
    """It would change something else than what was shown; nothing was done."""


class _OnlyLooked(Exception):
    """Ends a turn without its commit."""


async def rehearse(parts: Parts, wish: Arrangement, actor: str) -> Effects:
    """The whole decision in a transaction that is rolled back, on figures that nobody sees.

    Raises WishRefused, BookingUnknown.
    """
    channels = tuple(sorted({account.channel_name for account in parts.accounts.values()}))
    unseen = replace(parts, metrics=_unseen(channels), wake=wake_nobody)
    venue_id, found = await _venue(parts, wish), []
    try:
        async with turn(unseen, venue_id, actor) as current:
            found.append(await _carry_out(current, wish))
            raise _OnlyLooked
    except _OnlyLooked:
        return found[0]


async def arrange(parts: Parts, wish: Arrangement, actor: str, seen: str) -> int:
    """Do it; returns the booking. Raises WishRefused, BookingUnknown; NotAsShown where it means something else now."""
    if (await rehearse(parts, wish, actor)).seen != seen:
        raise NotAsShown
    heard_at = parts.now()  # whoever is too late was told so above, and is counted nowhere
    async with turn(parts, await _venue(parts, wish), actor, heard_at) as current:
        done = await _carry_out(current, wish)
        if done.seen != seen:
            raise NotAsShown
    return done.booking_id


@cache
def _unseen(channels: tuple[str, ...]) -> Metrics:
    """Made once: they are slow to make, and nobody looks."""
    return Metrics(channels)


async def _venue(parts: Parts, wish: Arrangement) -> int:
    if isinstance(wish, DirectBooking):
        return premises_of(parts, wish.venue).id
    venue_id: int = (await cancellable(parts, wish.booking_id))["venue_id"]
    return venue_id


async def _carry_out(current: Turn, wish: Arrangement) -> Effects:
    what: tuple[str, int] = ("", 0)
    if isinstance(wish, DirectBooking):
        _bounded(span_of(wish.start, wish.end))
        booking_id = await book_direct(current, wish)
    else:
        booking_id, row = wish.booking_id, await _row(current, wish.booking_id)
        what = (row["external_id"], row["version"])
        if isinstance(wish, Alteration):
            await _alter(current, row, wish)
        else:
            await cancel_booking(current, row, wish.reason)
    entries = list(current.entries)
    return Effects(booking_id=booking_id, entries=entries, seen=_digest(entries, booking_id, what))


async def _row(current: Turn, booking_id: int) -> asyncpg.Record:
    """As it is now that nobody else can change it."""
    row = await booking_store.row_by_id(current.connection, booking_id)
    if row is None or row["venue_id"] != current.premises.id:
        raise BookingUnknown(booking_id)
    return row


async def _alter(current: Turn, row: asyncpg.Record, wish: Alteration) -> None:
    """It asks for the new time only now, as any newcomer would: who has it keeps it."""
    if row["account_id"] is not None:
        raise WishRefused("id", "a booking made at the venue: this one is changed at its channel")
    before, span = to_span(row["during"]), _bounded(span_of(wish.start, wish.end))
    units = tuple(row["unit_ids"]) if wish.unit is None else _unit(current.premises, wish.unit)
    if (units, span) == (tuple(row["unit_ids"]), before):
        raise WishRefused("start", "another unit or another time: it is there already")
    await booking_store.alter(current.changes, row["id"], units, span, current.now)
    inbox_id = await hear_direct(current, row["external_id"], "direct_change", "move")
    data = {
        "channel": "direct",
        **place(current, units, span),
        "before": place(current, row["unit_ids"], before),
        "reason": wish.reason,
    }
    current.note("booking.moved", data, booking_id=row["id"], inbox_id=inbox_id)
    current.touch(before, span)
    await replan(current)


def _unit(premises: Premises, name: str) -> tuple[int, ...]:
    found = tuple(unit.id for unit in premises.units.values() if unit.name == name)
    if not found:
        known = sorted(unit.name for unit in premises.units.values())
        raise WishRefused("unit", f"one of {', '.join(known)}")
    return found


def _bounded(span: Span) -> Span:
    if span.length > LONGEST:
        raise WishRefused("end", f"at most {LONGEST.days} days after the start")
    return span


TOLD = (
    "listing",
    "start",
    "end",
    "unit",
    "units",
    "kind",
    "act",
    "because",
    "against",
    "status",
    "party",
    "closure",
    "before",
    "why",
    "stands",
)
"""What of an entry must be the same for the change to be the same: no moment, and no id that is new each time."""


def _digest(entries: Sequence[Entry], booking_id: int, what: tuple[str, int]) -> str:
    """`what`: the booking's reference and version, for its number alone may come to stand for another."""
    told = [what, *([entry.kind, _told(entry.data, booking_id)] for entry in entries)]
    return hashlib.sha256(json.dumps(told, sort_keys=True).encode()).hexdigest()


def _told(data: Mapping[str, object], booking_id: int) -> Mapping[str, object]:
    """A new booking has another id each time: it is `this`."""
    return {name: _named(data[name], booking_id) for name in TOLD if name in data}


def _named(value: object, booking_id: int) -> object:
    if isinstance(value, list | tuple):
        return ["this" if each == booking_id else each for each in value]
    return value
