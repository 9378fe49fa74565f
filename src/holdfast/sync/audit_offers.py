"""Which offers an audit reads, and which of them are sold although their time is taken."""

from collections.abc import Iterator, Mapping, Sequence
from datetime import datetime, timedelta

from holdfast.channel import OfferSheet
from holdfast.inventory.audit import Finding, exposures
from holdfast.inventory.cover import joined
from holdfast.inventory.exposure import taken_by_strangers, without_a_free_unit
from holdfast.inventory.model import Offer, Span
from holdfast.inventory.occupied import as_bookings
from holdfast.inventory.plan import closed_on, sold_here
from holdfast.store import blocks as block_store
from holdfast.store import bookings as booking_store
from holdfast.store import occupied as occupied_store
from holdfast.store import offers, seats
from holdfast.store.schedule import AROUND
from holdfast.sync.parts import Account, Parts

Sheets = Mapping[int, Sequence[OfferSheet]]
"""By listing, what it sells: of the whole time ahead, or of several parts of it."""


def all_of(sheets: Sheets) -> Iterator[OfferSheet]:
    """Every sheet."""
    for several in sheets.values():
        yield from several


async def read_offers_of(parts: Parts, account: Account, venue_id: int, ahead: Span) -> Sheets:
    """What an account's listings at a venue sell. Raises ChannelError.

    Where a day of offers takes several reads, only the time around what is taken is read: nothing else can be sold twice.
    """
    mine = [i for i, venue in account.venues.items() if venue == venue_id]
    around = [ahead]
    if account.channel.capabilities.stretch.reads > 1:
        around = await _around_taken(parts, venue_id, ahead)
    return {
        i: [await account.channel.offers(account.listings[i], window) for window in around]
        for i in mine
    }


async def _around_taken(parts: Parts, venue_id: int, ahead: Span) -> list[Span]:
    async with parts.pool.acquire() as connection:
        bookings = await booking_store.occupying_in(connection, venue_id, ahead)
        blocks = await block_store.live_in(connection, venue_id, ahead)
    spans = [b.span for b in bookings if b.span is not None] + [b.span for b in blocks]
    wide = [span.padded(AROUND, timedelta(0)) for span in spans]
    return [
        Span(start=max(span.start, ahead.start), end=min(span.end, ahead.end))
        for span in joined(wide)
        if span.overlaps(ahead)
    ]


async def exposed(parts: Parts, venue_id: int, sheets: Sheets) -> list[Finding]:
    """What is sold although its time is taken, by what we believe now."""
    everything = list(all_of(sheets))
    if not everything:
        return []
    venue, stretch = parts.venue(venue_id), _hull(everything)
    async with parts.pool.acquire() as connection:
        bookings = await booking_store.occupying_in(connection, venue_id, stretch)
        sitting = await seats.sitting(connection, [b.id for b in bookings])
        strangers: Mapping[int, Sequence[Span]] = {}
        if venue.trust_offers:
            strangers = await occupied_store.of_venue(connection, venue_id, stretch)
    everybody = [*bookings, *as_bookings(strangers, venue.outlets)]
    found: list[Finding] = []
    for listing_id, several in sheets.items():
        outlet = venue.outlets.get(listing_id)
        if outlet is None:  # it left while it was read
            continue
        closed = closed_on(outlet, bookings, venue.ever, venue.units, sitting)
        own = sold_here(outlet, bookings)
        taken = [part.span for part in closed]
        taken += taken_by_strangers(outlet, strangers, venue.outlets, venue.units)
        for sheet in several:
            free = [o.span for o in sheet.offers if not any(o.span.overlaps(s) for s in own)]
            offers = without_a_free_unit(outlet, free, everybody, venue.ever, venue.units, sitting)
            found += exposures(outlet.name, offers, taken, sheet.read_at)
    return found


def _hull(sheets: Sequence[OfferSheet]) -> Span:
    start = min(sheet.window.start for sheet in sheets)
    return Span(start=start, end=max(sheet.window.end for sheet in sheets))


async def as_known(parts: Parts, account: Account, venue_id: int, now: datetime) -> Sheets:
    """What the account's listings sell at a venue, as last read."""
    window = Span(start=now, end=now + timedelta(days=account.horizon_days))
    mine = [i for i, venue in account.venues.items() if venue == venue_id]
    async with parts.pool.acquire() as connection:
        known = await offers.known_in(connection, mine, window)
    return {
        listing_id: [
            OfferSheet(
                window=window,
                offers=[Offer(span=span) for span in known[listing_id].open if span.start >= now],
                read_at=now,
                complete=False,
            )
        ]
        for listing_id in mine
    }
