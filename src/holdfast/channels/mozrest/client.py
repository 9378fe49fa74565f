"""The Mozrest channel: which calls are made, in which order, and what a refusal then means."""

from collections.abc import AsyncIterator, Mapping, Sequence
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from typing import TypeVar

from pydantic import BaseModel

from holdfast.channel import (
    HOLD_MARGIN,
    BookingList,
    Broken,
    Capabilities,
    ChannelError,
    Contact,
    Forged,
    Gone,
    Hint,
    Listing,
    ListPage,
    NotSent,
    OfferSheet,
    Page,
    Placed,
    Rejected,
    Stretch,
    Taken,
    Unknown,
)
from holdfast.channels.mozrest import replies, wire
from holdfast.channels.mozrest.paging import Chain, day_lists, venue_day, venue_days
from holdfast.channels.mozrest.protocol import protocol_of
from holdfast.channels.mozrest.settings import AccountSettings
from holdfast.channels.mozrest.slots import Shown, Walk, shown
from holdfast.channels.mozrest.translate import seen, settings_of, status_of
from holdfast.channels.mozrest.webhook import proof_of, read_hints
from holdfast.exchange import Reply, Request, TransportError
from holdfast.inventory.marker import marker_of
from holdfast.inventory.model import OCCUPYING, Absent, Offer, Seen, Span
from holdfast.kind import Connection

Model = TypeVar("Model", bound=BaseModel)

HOLD_SECONDS = 420.0
"""The documented sample; each hold's own `holdingTime` counts
(https://bc-api.mozrest.com/bc-api/bookings.md, "Pending Booking Object")."""

CAPABILITIES = Capabilities(
    hold_seconds=HOLD_SECONDS,
    releases_holds=False,
    reads_holds=False,
    moves=True,
    announces=frozenset({"updated", "cancelled"}),
    stretch=Stretch(days=1, reads=9),
)

MOST_PROBES = 400
AREAS_KEPT = timedelta(minutes=10)
HOLDS_REMEMBERED = timedelta(hours=1)


class MozrestChannel:
    """One API key, connected. Raises SecretMissing when a secret is not where the settings say."""

    capabilities = CAPABILITIES

    def __init__(self, connection: Connection, settings: AccountSettings) -> None:
        self._settings = settings
        self._protocol = protocol_of(settings, connection.environ)
        self._proof = proof_of(settings, connection.environ)
        self._listings = connection.listings
        self._transport = connection.transport
        self._clock = connection.clock
        self._lapses: dict[str, datetime] = {}
        self._areas: dict[tuple[str, int], tuple[datetime, frozenset[str]]] = {}

    def read_webhook(
        self, headers: Mapping[str, str], body: bytes, now: datetime
    ) -> Sequence[Hint]:
        """Nothing in a webhook bears a time, so a replay cannot be told from a repeat."""
        if self._proof is None:
            raise Forged("this mozrest account has no webhook secret")
        self._proof.verify(headers)
        return read_hints(body)

    async def fetch(self, external_id: str, listing: str | None) -> Seen | Absent:
        """Holds cannot be read: the id of one is absent."""
        read_at = self._clock.now()
        try:
            booking = await self._ask(wire.Booking, self._protocol.booking(external_id))
        except Gone:
            return Absent(external_id=external_id, read_at=read_at)
        if booking.id != external_id:
            raise Broken("mozrest fetch: the answer is about another booking")
        return seen(booking, self._listings, listing, read_at)

    async def scan(self, listings: Sequence[Listing], window: Span) -> AsyncIterator[Page]:
        """One list per venue and day, for there is no other filter by time."""
        days = venue_days(listings, window, self._settings.list_day_clock)
        if not days:
            yield Page(bookings=(), complete=True)
        told: set[str] = set()
        whole = True
        for venue_id, day in days:
            chain = Chain()
            while not chain.done:
                request = self._protocol.bookings_of_day(venue_id, day, chain.offset)
                page = await self._page(request, chain, venue_id)
                whole = whole and chain.whole
                new = [one for one in page.bookings if one.external_id not in told]
                told.update(one.external_id for one in new)
                last = chain.done and (venue_id, day) == days[-1]
                yield replace(page, bookings=new, complete=last and whole)

    def lists(self, listings: Sequence[Listing], window: Span) -> Sequence[BookingList]:
        """One per venue and day."""
        return day_lists(listings, window, self._settings.list_day_clock)

    async def read_list(
        self, listings: Sequence[Listing], which: BookingList, number: int | None, since: datetime
    ) -> ListPage:
        """Pages are numbered by the rows before them."""
        (venue_id, day), chain = venue_day(which.place), Chain(number or 0)
        request = self._protocol.bookings_of_day(venue_id, day, chain.offset)
        page = await self._page(request, chain, venue_id)
        return ListPage(
            page=page,
            refs=[one.external_id for one in page.bookings],
            made=(),
            readable=not page.strange,
            next=None if chain.done else chain.offset,
            last=None,
            total=chain.total,
        )

    async def offers(self, listing: Listing, window: Span) -> OfferSheet:
        """Asked for probe by probe; starts that only a request can book are not offers."""
        read_at = self._clock.now()
        complete = await self._area_is_known(listing, window.start)
        turn = settings_of(listing).turn(listing.party_size)
        starts: set[datetime] = set()
        walk, probes = Walk.through(window), 0
        while not walk.done and probes < MOST_PROBES:
            try:
                answer = await self._availability(listing, walk.probe)
            except Rejected:
                # How far ahead one may ask is not documented (U11): what came before still counts.
                if probes == 0:
                    raise
                break
            starts |= answer.bookable
            complete = complete and answer.clear
            walk, probes = walk.after(answer), probes + 1
        return OfferSheet(
            window=window,
            offers=[
                Offer(span=Span.of(at, turn))
                for at in sorted(starts)
                if window.start <= at < window.end
            ],
            read_at=read_at,
            complete=complete and walk.done,
        )

    async def hold(self, listing: Listing, offer: Offer, contact: Contact) -> Placed:
        """A hold carries no contact; it lapses `holdingTime` seconds after it was asked for."""
        asked_at = self._clock.now()
        request = self._protocol.hold(settings_of(listing), listing.party_size, offer.span.start)
        try:
            pending = await self._ask(wire.PendingBooking, request)
        except (Rejected, Gone) as refusal:
            raise await self._explained(refusal, listing, offer) from refusal
        lapses = asked_at + timedelta(seconds=pending.holding_seconds or HOLD_SECONDS)
        self._remember(pending.id, lapses)
        return Placed(external_id=pending.id, booked=False, expires_at=lapses - HOLD_MARGIN)

    async def commit(self, listing: Listing, external_id: str, contact: Contact) -> Placed:
        """The booking gets an id of its own; the hold's is gone with the hold."""
        try:
            booking = await self._ask(wire.Commit, self._protocol.commit(external_id, contact))
        except Rejected as refusal:
            if self._has_lapsed(external_id):
                raise Gone(str(refusal), status=refusal.status, raw=refusal.raw) from refusal
            raise
        status, payment = status_of(booking)
        if payment == "due":
            raise Rejected("mozrest commit: the venue wants a payment, and a block cannot pay")
        if booking.id is None or "status" in booking.unread:
            raise Unknown("mozrest commit: answered without the booking's id, or its status")
        if status in ("declined", "cancelled"):
            raise Taken(f"mozrest commit: the booking is {status}")
        self._lapses.pop(external_id, None)
        return Placed(external_id=booking.id, booked=True)

    async def release(self, external_id: str, booked: bool, contact: Contact) -> None:
        """An unconfirmed hold cannot be given back: no such call is documented (U1)."""
        if not booked:
            raise Rejected("mozrest release: a hold cannot be released, it lapses by itself")
        await self._cancel_now(external_id, "No longer needed")

    async def cancel(self, external_id: str, reason: str, contact: Contact) -> None:
        """Read first: guests are told of every cancelling, and a second one is not documented (U3)."""
        if await self._is_on(external_id):
            await self._cancel_now(external_id, reason)

    async def move(self, listing: Listing, external_id: str, offer: Offer, party_size: int) -> None:
        """https://bc-api.mozrest.com/bc-api/bookings.md, "Update Booking"; some refuse it (C33)."""
        request = self._protocol.move(external_id, party_size, offer.span.start)
        await self._ask(wire.Booking, request)

    async def find(
        self, listing: Listing, offer: Offer, contact: Contact, since: datetime
    ) -> Sequence[Seen]:
        """Committed blocks of this marker that are still on. Holds cannot be found."""
        venue_id, marker = settings_of(listing).venue_id, marker_of(contact.email)
        chain = Chain()
        found: dict[str, Seen] = {}
        while not chain.done:
            request = self._protocol.bookings_of_email(venue_id, contact.email, chain.offset)
            for one in (await self._page(request, chain, venue_id)).bookings:
                if one.marker == marker and one.status in OCCUPYING:
                    found[one.external_id] = one
        if not found and not chain.whole:
            raise Broken("mozrest find: the list could not be read whole")
        return list(found.values())

    async def _page(self, request: Request, chain: Chain, venue_id: str) -> Page:
        read_at = self._clock.now()
        reply = await self._reply(request)
        page = replies.read_bookings(request.operation, reply, self._clock.now())
        chain.take(page)
        found = [seen(one, self._listings, None, read_at, venue_id) for one in page.bookings]
        return Page(bookings=found, complete=False, strange=page.strange)

    async def _availability(self, listing: Listing, at: datetime) -> Shown:
        request = self._protocol.availability(settings_of(listing), listing.party_size, at)
        answer = await self._ask(wire.Availability, request)
        zone = listing.zone if self._settings.slot_clock == "venue" else UTC
        return shown(answer, at, zone)

    async def _explained(
        self, refusal: ChannelError, listing: Listing, offer: Offer
    ) -> ChannelError:
        """Why a hold was refused; the status alone does not tell a taken start from a bad request."""
        try:
            answer = await self._availability(listing, offer.span.start)
        except Rejected:
            return Rejected(str(refusal), status=refusal.status, raw=refusal.raw)
        except ChannelError as error:
            return NotSent(f"{refusal}; whether the start is still sold: {error}")
        still_sold = offer.span.start in answer.bookable
        kind = Rejected if still_sold else Taken
        return kind(str(refusal), status=refusal.status, raw=refusal.raw)

    async def _cancel_now(self, external_id: str, reason: str) -> None:
        """What is off already counts as done, whatever the refusal is called."""
        try:
            reply = await self._reply(self._protocol.cancel(external_id, reason))
            replies.ensure_cancelled(reply, self._clock.now())
        except (Rejected, Gone):
            if await self._is_on(external_id):
                raise

    async def _is_on(self, external_id: str) -> bool:
        booking = await self.fetch(external_id, None)
        return isinstance(booking, Seen) and booking.status in OCCUPYING

    async def _area_is_known(self, listing: Listing, at: datetime) -> bool:
        """Areas must be asked for before their availability (https://bc-api.mozrest.com/bc-api/areas)."""
        settings = settings_of(listing)
        if settings.area_id is None:
            return True
        key = (settings.venue_id, listing.party_size)
        until, known = self._areas.get(key, (at, frozenset()))
        if settings.area_id not in known or until <= self._clock.now():
            reply = await self._reply(self._protocol.areas(*key, at))
            areas = replies.read_areas(reply, self._clock.now())
            known = frozenset(area.id for area in areas)
            self._areas[key] = (self._clock.now() + AREAS_KEPT, known)
        return settings.area_id in known

    def _remember(self, pending_id: str, lapses: datetime) -> None:
        oldest = self._clock.now() - HOLDS_REMEMBERED
        self._lapses = {one: at for one, at in self._lapses.items() if at > oldest}
        self._lapses[pending_id] = lapses

    def _has_lapsed(self, pending_id: str) -> bool:
        lapses = self._lapses.get(pending_id)
        return lapses is not None and self._clock.now() >= lapses - HOLD_MARGIN

    async def _ask(self, model: type[Model], request: Request) -> Model:
        reply = await self._reply(request)
        return replies.read(model, request.operation, reply, self._clock.now())

    async def _reply(self, request: Request) -> Reply:
        try:
            return await self._transport.send(request)
        except TransportError as error:
            raise replies.lost(request.operation, error) from error
