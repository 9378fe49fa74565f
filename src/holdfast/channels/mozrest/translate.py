"""Mozrest's bookings in Holdfast's words: statuses, spans, and which listing a booking is on. No I/O."""

from collections.abc import Sequence
from datetime import datetime

from holdfast.channel import Listing
from holdfast.channels.mozrest import wire
from holdfast.channels.mozrest.settings import ListingSettings
from holdfast.inventory.marker import marker_of
from holdfast.inventory.model import Guest, Payment, Seen, Span, Status

STATUSES: dict[str, Status] = {
    "pending": "pending",
    "pending-confirmation": "pending",
    "require-payment": "pending",
    "requires-payment": "pending",
    "confirmed": "confirmed",
    "declined": "declined",
    "rejected": "declined",
    "canceled": "cancelled",
    "cancelled": "cancelled",
    "cancel": "cancelled",
    "seated": "seated",
    "completed": "completed",
    "honored": "completed",
    "no-show": "no_show",
    "noshow": "no_show",
    "faked": "no_show",
}
"""The words of every documented surface; Mozrest publishes no transition diagram (C13, C14)."""

AWAITING_PAYMENT = frozenset({"require-payment", "requires-payment"})


def settings_of(listing: Listing) -> ListingSettings:
    """The channel's own part of a listing. Raises TypeError for another channel's listing."""
    if not isinstance(listing.settings, ListingSettings):
        raise TypeError(f"listing {listing.name} is not one of Mozrest's")
    return listing.settings


def status_of(booking: wire.BookingFields) -> tuple[Status, Payment]:
    """Status and payment. A word that is not known, or none, is `unknown` and keeps its time taken."""
    word = (booking.status or "").strip().casefold().replace("_", "-").replace(" ", "-")
    if word in AWAITING_PAYMENT or (not word and booking.payment_url):
        return "pending", "due"
    if not word and booking.canceled_at:
        return "cancelled", "none"
    return STATUSES.get(word, "unknown"), "none"


def listing_of(
    booking: wire.BookingFields, listings: Sequence[Listing], believed: str | None
) -> Listing | None:
    """Which of our listings the booking is on, or None when that cannot be told.

    The venue must agree. Then, in this order: the area, the booking type, what we believe already,
    or that there is no other listing at the venue. A named area rules out listings of other areas.
    """
    there = [one for one in listings if settings_of(one).venue_id == booking.venue_id]
    if booking.area_id is not None:
        named = [one for one in there if settings_of(one).area_id == booking.area_id]
        there = named or [one for one in there if settings_of(one).area_id is None]
    if booking.booking_type is not None:
        typed = [one for one in there if settings_of(one).booking_type == booking.booking_type]
        there = typed or there
    if len(there) > 1:
        there = [one for one in there if one.name == believed]
    return there[0] if len(there) == 1 else None


def seen(
    booking: wire.Booking, listings: Sequence[Listing], believed: str | None, read_at: datetime
) -> Seen:
    """The booking as an observation. It has no end of its own: the listing's turn gives it one."""
    listing = listing_of(booking, listings, believed)
    status, payment = status_of(booking)
    contact = booking.contact or wire.Contact()
    return Seen(
        external_id=booking.id,
        listing=listing.name if listing else None,
        status=status,
        raw_status=booking.status or "",
        span=_span(booking, listing),
        read_at=read_at,
        payment=payment,
        party_size=booking.party_size,
        guest=_guest(contact),
        marker=marker_of(contact.email),
        extra=_extra(booking),
    )


def _span(booking: wire.Booking, listing: Listing | None) -> Span | None:
    if booking.date is None or listing is None:
        return None
    party = booking.party_size or listing.party_size
    return Span.of(booking.date, settings_of(listing).turn(party))


def _guest(contact: wire.Contact) -> Guest:
    name = " ".join(part for part in (contact.firstname, contact.lastname) if part)
    return Guest(
        name=name or None, email=contact.email, phone=contact.telephone, locale=contact.locale
    )


def _extra(booking: wire.Booking) -> dict[str, str]:
    """Facts without guest data, so neither notes nor the reason of a cancellation."""
    facts = {
        "booking_channel": booking.channel_id,
        "area": booking.area_id,
        "booking_type": booking.booking_type,
        "session": booking.session,
        "cancel_actor": booking.cancel_actor,
    }
    return {name: value for name, value in facts.items() if value is not None}
