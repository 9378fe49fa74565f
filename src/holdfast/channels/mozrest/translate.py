"""Mozrest's bookings in Holdfast's words: statuses, spans, and which listing a booking is on. No I/O."""

from collections.abc import Sequence
from datetime import datetime, timedelta
from typing import NamedTuple

from holdfast.channel import Listing
from holdfast.channels.mozrest import wire
from holdfast.channels.mozrest.settings import ListingSettings
from holdfast.inventory.marker import marker_of
from holdfast.inventory.model import OCCUPYING, Guest, Payment, Seen, Span, Status

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
    """Status and payment. A word that is not known or cannot be read, or none, is `unknown` and keeps its time taken."""
    if "status" in booking.unread:
        return "unknown", "none"
    word = (booking.status or "").strip().casefold().replace("_", "-").replace(" ", "-")
    if word in AWAITING_PAYMENT or (not word and booking.payment_url):
        return "pending", "due"
    if not word and booking.canceled_at:
        return "cancelled", "none"
    return STATUSES.get(word, "unknown"), "none"


def is_lost(booking: wire.BookingFields) -> bool:
    """Whether it is on, and a time was told that cannot be read."""
    return "date" in booking.unread and status_of(booking)[0] in OCCUPYING


class Where(NamedTuple):
    """The listings that a booking may be on; one, if that is sure.

    `elsewhere`: it tells a venue or an area that no listing of ours has.
    """

    listings: Sequence[Listing]
    elsewhere: bool

    @property
    def listing(self) -> Listing | None:
        """The one that it is on, None when that cannot be told."""
        return self.listings[0] if len(self.listings) == 1 else None


def where_is(
    booking: wire.BookingFields,
    listings: Sequence[Listing],
    believed: str | None,
    venue_id: str | None = None,
) -> Where:
    """On which of our listings a booking is; `venue_id`: of the venue whose bookings were asked for.

    The venue must agree, where it is told. Then, in this order: the area, the booking type, what we believe already,
    or that there is no other listing at the venue. A named area rules out listings of other areas.
    """
    venue = booking.venue_id or venue_id
    there = [one for one in listings if venue is None or settings_of(one).venue_id == venue]
    if booking.area_id is not None:
        named = [one for one in there if settings_of(one).area_id == booking.area_id]
        there = named or [one for one in there if settings_of(one).area_id is None]
    elsewhere = not there and (booking.venue_id is not None or booking.area_id is not None)
    if booking.booking_type is not None:
        typed = [one for one in there if settings_of(one).booking_type == booking.booking_type]
        there = typed or there
    if len(there) > 1:
        there = [one for one in there if one.name == believed] or there
    return Where(there, elsewhere)


def seen(
    booking: wire.Booking,
    listings: Sequence[Listing],
    believed: str | None,
    read_at: datetime,
    venue_id: str | None = None,
) -> Seen:
    """The booking as an observation. It has no end of its own: the listing's turn gives it one."""
    where = where_is(booking, listings, believed, venue_id)
    status, payment = status_of(booking)
    contact = booking.contact or wire.Contact()
    timeless = booking.date is None and status in OCCUPYING
    return Seen(
        external_id=booking.id,
        listing=where.listing.name if where.listing else None,
        status=status,
        raw_status=booking.status or "",
        span=_span(booking, where),
        read_at=read_at,
        payment=payment,
        party_size=booking.party_size,
        guest=_guest(contact),
        marker=marker_of(contact.email),
        extra=_extra(booking),
        elsewhere=where.elsewhere,
        unread=tuple(sorted({*booking.unread, *(["date"] if timeless else [])})),
        guessed=("party",) if "partySize" in booking.unread else (),
    )


def _span(booking: wire.Booking, where: Where) -> Span | None:
    """A party that is not told or cannot be read stays as long as the largest.

    On which of several listings it is may be unknown: then it has a time if they agree on it, or if it is unknown
    because something cannot be read.
    """
    turns = {_turn(booking, listing) for listing in where.listings}
    if booking.date is None or not turns or (len(turns) > 1 and not booking.unread):
        return None
    return Span.of(booking.date, max(turns))


def _turn(booking: wire.Booking, listing: Listing) -> timedelta:
    settings = settings_of(listing)
    return settings.turn(booking.party_size) if booking.party_size else settings.longest_turn


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
