"""operate: what people ask for themselves, direct bookings and cancellations, through the same door as all news."""

from dataclasses import dataclass
from datetime import datetime

import asyncpg

from holdfast.inventory.known import Fact
from holdfast.inventory.model import Guest, Span
from holdfast.store import bookings as booking_store
from holdfast.store import pushes
from holdfast.store.bookings import Origin
from holdfast.store.inbox import Incoming
from holdfast.store.ranges import to_span
from holdfast.sync.heard import heard
from holdfast.sync.parts import Parts, Premises
from holdfast.sync.replan import replan
from holdfast.sync.turn import Turn, turn

RISK_OF_A_CANCEL = 30
CANCELLABLE = frozenset({"held", "pending", "confirmed", "unknown"})


@dataclass(frozen=True, slots=True, kw_only=True)
class DirectBooking:
    """A booking made at the venue itself, for a unit or for what a listing sells; aware instants."""

    venue: str
    unit: str | None
    listing: str | None
    start: datetime
    end: datetime
    party_size: int | None
    contact: Guest


class WishRefused(Exception):
    """What was asked for cannot be: `field` says where, `expected` what would do."""

    def __init__(self, field: str, expected: str) -> None:
        super().__init__(f"{field}: {expected}")
        self.field = field
        self.expected = expected


class BookingUnknown(Exception):
    """There is no booking of this id."""


class Operator:
    """Carries out what people ask for. Their acts are observations: journaled, and decided on like any other."""

    def __init__(self, parts: Parts) -> None:
        self._parts = parts

    async def book(self, wish: DirectBooking, actor: str = "operator") -> int:
        """Add a direct booking and close its time everywhere; returns its id. `actor` is who made it.

        A booking is a fact: one that overlaps is kept and a conflict opened. Raises WishRefused.
        """
        premises = self._premises(wish.venue)
        units = _units(premises, wish)
        span = _span(wish)
        heard_at = self._parts.now()
        async with turn(self._parts, premises.id, actor, heard_at) as current:
            booking_id = await _insert(current, units, span, wish)
            await booking_store.save_guest(current.connection, booking_id, wish.contact)
            current.touch(span)
            await replan(current)
        return booking_id

    async def cancel(self, booking_id: int, reason: str, actor: str = "operator") -> bool:
        """Cancel a booking. True: done. False: its channel was asked and must confirm it.

        Raises BookingUnknown; WishRefused when there is nothing left to cancel.
        """
        async with self._parts.pool.acquire() as connection:
            row = await booking_store.row_by_id(connection, booking_id)
        if row is None:
            raise BookingUnknown(booking_id)
        if row["status"] not in CANCELLABLE:
            raise WishRefused("id", f"a booking that can be cancelled, this one is {row['status']}")
        if row["venue_id"] is None:
            raise WishRefused("id", "a booking of a venue of ours, this one is unmapped")
        async with turn(self._parts, row["venue_id"], actor) as current:
            if row["account_id"] is None:
                await cancel_direct(current, row, reason)
                return True
            await ask_channel(current, row, reason)
        return False

    def _premises(self, name: str) -> Premises:
        for premises in self._parts.premises.values():
            if premises.name == name:
                return premises
        known = ", ".join(sorted(p.name for p in self._parts.premises.values()))
        raise WishRefused("venue", f"one of {known}")


def _units(premises: Premises, wish: DirectBooking) -> tuple[int, ...]:
    if (wish.unit is None) == (wish.listing is None):
        raise WishRefused("unit", "either a unit or a listing")
    if wish.unit is not None:
        found = tuple(u.id for u in premises.units.values() if u.name == wish.unit)
        known = sorted(u.name for u in premises.units.values())
    else:
        # which of a pool's units a guest sits on, the venue knows: it names the unit
        outlets = [o for o in premises.outlets.values() if not o.pool]
        found = next((o.unit_ids for o in outlets if o.name == wish.listing), ())
        known = sorted(o.name for o in outlets)
    if not found:
        raise WishRefused("unit" if wish.unit else "listing", f"one of {', '.join(known)}")
    return found


def _span(wish: DirectBooking) -> Span:
    try:
        return Span(start=wish.start, end=wish.end)
    except ValueError as error:
        raise WishRefused("end", f"an instant with a zone after start ({error})") from error


async def _insert(current: Turn, units: tuple[int, ...], span: Span, wish: DirectBooking) -> int:
    origin = Origin(
        venue_id=current.premises.id,
        listing_id=None,
        account_id=None,
        channel="direct",
        external_id=booking_store.direct_reference(),
        unit_ids=units,
    )
    fact = _fact(current.now, span, wish.party_size)
    booking_id = await booking_store.insert(current.connection, origin, fact, current.now)
    if booking_id is None:
        raise WishRefused("start", "another try: this reference was taken at the same moment")
    row = Incoming(
        account_id=None,
        via="operator",
        ref=origin.external_id,
        raw_type="direct_booking",
        received_at=current.now,
    )
    inbox_id = await heard(current.parts, current.connection, row, "applied")
    metrics = current.parts.metrics
    metrics.events_processed.of(channel="direct", outcome="applied").inc()
    metrics.bookings_ingested.of(source="direct", change="booking").inc()
    names = [current.premises.units[unit].name for unit in units]
    data = {
        "channel": "direct",
        "status": "confirmed",
        "units": names,
        "start": span.start.isoformat(),
        "end": span.end.isoformat(),
        "party": wish.party_size,
    }
    current.note("booking.created", data, booking_id=booking_id, inbox_id=inbox_id)
    return booking_id


def _fact(now: datetime, span: Span, party_size: int | None) -> Fact:
    return Fact(
        listing=None,
        status="confirmed",
        raw_status="confirmed",
        payment="none",
        span=span,
        party_size=party_size,
        held_until=None,
        made_at=now,
        read_at=now,
    )


async def cancel_direct(current: Turn, row: asyncpg.Record, reason: str) -> None:
    """End a booking made at the venue itself, and plan anew."""
    await booking_store.end(current.connection, row["id"], "cancelled", current.now)
    current.parts.metrics.bookings_ingested.of(source="direct", change="cancellation").inc()
    current.note("booking.cancelled", {"channel": "direct", "reason": reason}, booking_id=row["id"])
    current.freed.add(row["id"])
    current.touch(to_span(row["during"]))
    await replan(current)


async def ask_channel(current: Turn, row: asyncpg.Record, reason: str) -> int:
    """Want a booking cancelled at its channel; returns the push, which may be under way already.

    The booking stays as it is until its channel shows that it is cancelled.
    """
    flying = await pushes.flying_of_booking(current.connection, row["id"])
    if flying is not None:
        return flying
    account = current.parts.accounts.get(row["account_id"])
    push = pushes.NewPush(
        venue_id=current.premises.id,
        account_id=row["account_id"],
        booking_id=row["id"],
        call="cancel",
        shadow=account is not None and account.mode == "shadow",
        risk=RISK_OF_A_CANCEL,
        starts_at=row["during"].lower if row["during"] else current.now,
        due_at=current.now,
        observed_at=current.now,
        reason=reason,
    )
    wanted = await pushes.wish(current.connection, push)
    current.note("booking.cancel_asked", {"reason": reason}, booking_id=row["id"], push_id=wanted)
    return wanted
