"""operate: what people ask for themselves, direct bookings and cancellations, through the same door as all news."""

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import datetime

import asyncpg

from holdfast.inventory.ending import Decided
from holdfast.inventory.known import CLOSURE, Fact
from holdfast.inventory.model import Guest, Span
from holdfast.store import bookings as booking_store
from holdfast.store import once as once_store
from holdfast.store import pushes
from holdfast.store.bookings import Origin
from holdfast.store.decisions import Cause
from holdfast.store.inbox import Incoming
from holdfast.store.once import Once
from holdfast.store.ranges import to_span
from holdfast.sync.heard import heard
from holdfast.sync.parts import Parts, Premises
from holdfast.sync.replan import replan
from holdfast.sync.turn import Turn, turn

RISK_OF_A_CANCEL = 30
END_AFTER_START = "The end must be after the start."
CANCELLABLE = frozenset({"held", "pending", "confirmed", "unknown"})


@dataclass(frozen=True, slots=True, kw_only=True)
class DirectBooking:
    """A booking made at the venue itself, for a unit or for what a listing sells; aware instants.

    `closure`: nobody comes, the time is closed for a `reason`.
    """

    venue: str
    unit: str | None
    listing: str | None
    start: datetime
    end: datetime
    party_size: int | None
    contact: Guest
    closure: bool = False
    reason: str = ""


class WishRefused(Exception):
    """What was asked for cannot be: `field` says where, `expected` what would do; `said` is a sentence for a form."""

    def __init__(self, field: str, expected: str, said: str = "") -> None:
        super().__init__(f"{field}: {expected}")
        self.field = field
        self.expected = expected
        self.said = said or expected


class KeyReused(Exception):
    """The key was used before, for something else."""


class BookingUnknown(Exception):
    """There is no booking of this id."""


class Operator:
    """Carries out what people ask for. Their acts are observations: journaled, and decided on like any other."""

    def __init__(self, parts: Parts) -> None:
        self._parts = parts

    async def book(
        self, wish: DirectBooking, actor: str = "operator", once: Once | None = None
    ) -> int:
        """Add a direct booking and close its time everywhere; returns its id. `actor` is who made it.

        A booking is a fact: one that overlaps is kept and a conflict opened. What was asked for `once` is made once.
        Raises WishRefused, KeyReused.
        """
        venue_id = premises_of(self._parts, wish.venue).id
        heard_at = self._parts.now()
        async with turn(self._parts, venue_id, actor, heard_at) as current:
            if once is None:
                return await book_direct(current, wish)
            return await _book_once(current, wish, once)

    async def cancel(self, booking_id: int, reason: str, actor: str = "operator") -> bool:
        """Cancel a booking. True: done. False: its channel was asked and must confirm it.

        Raises BookingUnknown; WishRefused when there is nothing left to cancel.
        """
        row = await cancellable(self._parts, booking_id)
        async with turn(self._parts, row["venue_id"], actor) as current:
            return await cancel_booking(current, row, reason)


def premises_of(parts: Parts, name: str) -> Premises:
    """The venue of this name. Raises WishRefused."""
    there = [premises for premises in parts.premises.values() if premises.in_service]
    for premises in there:
        if premises.name == name:
            return premises
    known = ", ".join(sorted(p.name for p in there))
    raise WishRefused("venue", f"one of {known}")


async def cancellable(parts: Parts, booking_id: int) -> asyncpg.Record:
    """A booking that can still be cancelled. Raises BookingUnknown, WishRefused."""
    async with parts.pool.acquire() as connection:
        row = await booking_store.row_by_id(connection, booking_id)
    if row is None:
        raise BookingUnknown(booking_id)
    if row["status"] not in CANCELLABLE:
        raise WishRefused("id", f"a booking that can be cancelled, this one is {row['status']}")
    if row["venue_id"] is None:
        raise WishRefused("id", "a booking of a venue of ours, this one is unmapped")
    if row["venue_id"] not in parts.premises:
        raise WishRefused("id", "a booking of a venue in service, its venue has left")
    return row


async def book_direct(current: Turn, wish: DirectBooking) -> int:
    """Add it and plan anew; returns its id. Raises WishRefused."""
    units, span = units_of(current.premises, wish), span_of(wish.start, wish.end)
    booking_id = await _insert(current, units, span, wish)
    current.touch(span)
    await replan(current)
    return booking_id


async def _book_once(current: Turn, wish: DirectBooking, once: Once) -> int:
    """The same question at the same moment waits for the venue's lock, and finds what the first one made."""
    made = await once_store.find(current.connection, once, current.now)
    if made is not None:
        if made.digest != once.digest:
            raise KeyReused(once.key)
        return made.booking_id
    booking_id = await book_direct(current, wish)
    if not await once_store.keep(current.connection, once, booking_id, current.now):
        raise KeyReused(once.key)
    return booking_id


async def cancel_booking(current: Turn, row: asyncpg.Record, reason: str) -> bool:
    """True: done by our own word; False: its channel was asked and must confirm it."""
    if row["account_id"] is None:
        await cancel_direct(current, row, reason)
        return True
    await ask_channel(current, row, reason)
    return False


def units_of(premises: Premises, wish: DirectBooking) -> tuple[int, ...]:
    """The units that it takes. Raises WishRefused."""
    if (wish.unit is None) == (wish.listing is None):
        raise WishRefused("unit", "either a unit or a listing")
    if wish.unit is not None:
        there = [u for u in premises.units.values() if u.id not in premises.leaving_units]
        found = tuple(u.id for u in there if u.name == wish.unit)
        known = sorted(u.name for u in there)
    else:
        # which of a pool's units a guest sits on, the venue knows: it names the unit
        outlets = [o for o in premises.outlets.values() if not o.pool]
        found = next((o.unit_ids for o in outlets if o.name == wish.listing), ())
        known = sorted(o.name for o in outlets)
    if not found:
        raise WishRefused("listing" if wish.unit is None else "unit", f"one of {', '.join(known)}")
    return found


def span_of(start: datetime, end: datetime) -> Span:
    """Raises WishRefused."""
    try:
        return Span(start=start, end=end)
    except ValueError as error:
        raise WishRefused("end", "an instant after the start", END_AFTER_START) from error


async def _insert(current: Turn, units: tuple[int, ...], span: Span, wish: DirectBooking) -> int:
    origin = Origin(
        venue_id=current.premises.id,
        listing_id=None,
        account_id=None,
        channel="direct",
        external_id=booking_store.direct_reference(),
        unit_ids=units,
    )
    fact = _fact(current.now, span, wish)
    booking_id = await booking_store.insert(
        current.changes, origin, fact, wish.contact, current.now
    )
    if booking_id is None:
        raise WishRefused("start", "another try: this reference was taken at the same moment")
    inbox_id = await hear_direct(current, origin.external_id, "direct_booking", "booking")
    data = {
        "channel": "direct",
        "status": "confirmed",
        **place(current, units, span),
        "party": wish.party_size,
        **({"closure": True} if wish.closure else {}),
        **({"reason": wish.reason} if wish.reason else {}),
    }
    current.note("booking.created", data, booking_id=booking_id, inbox_id=inbox_id)
    return booking_id


async def hear_direct(current: Turn, ref: str, raw_type: str, change: str) -> int:
    """What people at the venue say is an event like any other; returns its row of the inbox."""
    row = Incoming(
        account_id=None, via="operator", ref=ref, raw_type=raw_type, received_at=current.now
    )
    inbox_id = await heard(current.parts, current.connection, row, "applied")
    metrics = current.parts.metrics
    metrics.events_processed.of(channel="direct", outcome="applied").inc()
    metrics.bookings_ingested.of(source="direct", change=change).inc()
    return inbox_id


def place(current: Turn, units: Iterable[int], span: Span) -> dict[str, object]:
    """Where and when, for the journal. A unit that was taken out of service has no name any more."""
    known = current.premises.units
    return {
        "units": [known[unit].name for unit in units if unit in known],
        "start": span.start.isoformat(),
        "end": span.end.isoformat(),
    }


def _fact(now: datetime, span: Span, wish: DirectBooking) -> Fact:
    return Fact(
        listing=None,
        status="confirmed",
        raw_status=CLOSURE if wish.closure else "confirmed",
        payment="none",
        span=span,
        party_size=wish.party_size,
        held_until=None,
        made_at=now,
        read_at=now,
    )


async def cancel_direct(current: Turn, row: asyncpg.Record, reason: str) -> None:
    """End a booking made at the venue itself, and plan anew."""
    await booking_store.end(current.changes, row["id"], "cancelled", current.now)
    current.parts.metrics.bookings_ingested.of(source="direct", change="cancellation").inc()
    current.note("booking.cancelled", {"channel": "direct", "reason": reason}, booking_id=row["id"])
    current.freed.add(row["id"])
    current.touch(to_span(row["during"]))
    await replan(current)


async def ask_channel(
    current: Turn, row: asyncpg.Record, reason: str, cause: Cause | None = None
) -> int:
    """Want a booking cancelled at its channel; returns the push, which may be under way already.

    Who acts in this turn decides it now. The booking stays as it is until its channel shows that it is cancelled.
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
        decided=Decided(
            conflict=cause.conflict if cause else None,
            act=cause.act if cause else "cancel",
            actor=current.actor,
            decided_at=current.now,
            span=to_span(row["during"]) if row["during"] else None,
        ),
        stays=cause.stays if cause else (),
    )
    wanted = await pushes.wish(current.connection, push)
    current.calling.add(push.account_id)
    current.note("booking.cancel_asked", {"reason": reason}, booking_id=row["id"], push_id=wanted)
    return wanted
