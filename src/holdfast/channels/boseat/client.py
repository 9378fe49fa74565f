"""Boseat as a channel of Holdfast: one workspace, connected."""

from collections.abc import AsyncIterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime

from pydantic import SecretStr

from holdfast.channel import (
    HOLD_MARGIN,
    BookingList,
    Capabilities,
    ChannelError,
    Contact,
    Gone,
    Hint,
    Listing,
    ListPage,
    OfferSheet,
    Page,
    Placed,
    Rejected,
    Stretch,
    Taken,
    Unknown,
)
from holdfast.channels.boseat import translate
from holdfast.channels.boseat.attribution import Place, place_of
from holdfast.channels.boseat.calls import Caller
from holdfast.channels.boseat.observing import Observer
from holdfast.channels.boseat.protocol import bookings, webhooks
from holdfast.channels.boseat.protocol.bookings import Details
from holdfast.channels.boseat.reading import SLOT_DAYS, Reader
from holdfast.clock import Clock
from holdfast.exchange import Reply, Request
from holdfast.inventory.model import OCCUPYING, Absent, Offer, Seen, Span

CAPABILITIES = Capabilities(
    hold_seconds=translate.HOLD.total_seconds(),
    releases_holds=True,
    reads_holds=True,
    moves=False,
    announces=frozenset({"created", "updated", "cancelled"}),
    stretch=Stretch(days=SLOT_DAYS, reads=1),
)

REFUSED = (400, 409, 422)
"""Answers that may mean "too late" as well as "wrong": no code of its own is documented (U7, C22)."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Signed:
    """What proves a webhook, and where it carries its id."""

    secrets: Sequence[SecretStr]
    event_id_header: str | None


class BoseatChannel:
    """One workspace."""

    def __init__(
        self,
        caller: Caller,
        reader: Reader,
        observer: Observer,
        clock: Clock,
        signed: Signed,
    ) -> None:
        self._caller = caller
        self._reader = reader
        self._observer = observer
        self._clock = clock
        self._signed = signed

    @property
    def capabilities(self) -> Capabilities:
        """What Boseat can do; there is no rescheduling."""
        return CAPABILITIES

    def read_webhook(
        self, headers: Mapping[str, str], body: bytes, now: datetime
    ) -> Sequence[Hint]:
        """Verify over the raw bytes, then say what to look at. Raises Forged, Stale or Malformed."""
        secrets = [secret.get_secret_value() for secret in self._signed.secrets]
        webhooks.verify(headers, body, secrets, now)
        return [webhooks.read_hint(headers, body, self._signed.event_id_header)]

    async def fetch(self, external_id: str, listing: str | None) -> Seen | Absent:
        """The booking as it is now; a hold that lapsed unnoticed is seen as expired."""
        return await self._observer.fetch(external_id, listing)

    def scan(self, listings: Sequence[Listing], window: Span) -> AsyncIterator[Page]:
        """Every booking on the listings' spaces that had not ended when the window begins."""
        return self._observer.scan(listings, window)

    def lists(self, listings: Sequence[Listing], window: Span) -> Sequence[BookingList]:
        """One per space, whatever the window: there is no filter by time."""
        spaces = dict.fromkeys(place_of(listing).space_id for listing in listings)
        return [BookingList(place=space, during=None) for space in spaces]

    async def read_list(
        self, listings: Sequence[Listing], which: BookingList, number: int | None, since: datetime
    ) -> ListPage:
        """A hundred rows; one read more where it must be found out how spaces are named, or whether holds lapsed."""
        return await self._observer.list_page(which.place, number or 1, since)

    async def find(
        self, listing: Listing, offer: Offer, contact: Contact, since: datetime
    ) -> Sequence[Seen]:
        """Live bookings that may be our block. Raises Broken when none was seen in an incomplete list."""
        return await self._observer.find(listing, offer, contact, since)

    async def offers(self, listing: Listing, window: Span) -> OfferSheet:
        """The free slots that start in the window; one read for every 30 days of it."""
        place, read_at = place_of(listing), self._clock.now()
        free = await self._reader.slots(place.space_id, place.product_id, window)
        offers = [Offer(span=span) for span in free.spans]
        return OfferSheet(window=window, offers=offers, read_at=read_at, complete=free.whole)

    async def hold(self, listing: Listing, offer: Offer, contact: Contact) -> Placed:
        """Take the slot; the 15 minutes are counted from before the request."""
        place, began = place_of(listing), self._clock.now()
        request = bookings.create_request(
            place.product_id, place.space_id, offer.span, contact.email, contact.phone
        )
        try:
            reply = await self._caller.send(request)
        except (Rejected, Gone) as refused:
            raise await self._refused_hold(refused, place, offer) from refused
        created = bookings.read_created(request, reply)
        booked = translate.status_of(created.status) == "confirmed"
        expires_at = None if booked else began + translate.HOLD - HOLD_MARGIN
        return Placed(external_id=created.id, booked=booked, expires_at=expires_at)

    async def _refused_hold(
        self, refused: ChannelError, place: Place, offer: Offer
    ) -> ChannelError:
        """No status or code for a taken slot is documented (U7): the slots tell."""
        if refused.status == 409:
            return Taken(str(refused), status=409, raw=refused.raw)
        if refused.status in REFUSED and not await self._offered(place, offer.span):
            return Taken(str(refused), status=refused.status, raw=refused.raw)
        return Rejected(str(refused), status=refused.status, raw=refused.raw)

    async def _offered(self, place: Place, span: Span) -> bool:
        return await self._reader.offers(place.space_id, place.product_id, span)

    async def commit(self, listing: Listing, external_id: str, contact: Contact) -> Placed:
        """Confirm the hold, without payment. Confirmed before counts as done."""
        details = Details(
            email=contact.email,
            phone=contact.phone,
            name=contact.name,
            status="CONFIRMED",
            payment_enabled=False,
        )
        request = bookings.patch_request("commit", external_id, details)
        try:
            doubt = _unconfirmed(request, await self._caller.send(request))
        except Rejected as refused:
            doubt = refused
        if doubt is not None:
            await self._doubted_commit(listing, external_id, doubt)
        return Placed(external_id=external_id, booked=True)

    async def _doubted_commit(
        self, listing: Listing, external_id: str, doubt: Rejected | Unknown
    ) -> None:
        """Look what became of the hold. Raises Gone if it lapsed, else the doubt if it is not booked."""
        if doubt.status not in REFUSED and doubt.status is not None:
            raise doubt
        seen = await self._look(external_id, listing.name, doubt)
        if isinstance(seen, Absent) or seen.status not in OCCUPYING:
            raise Gone(f"{doubt}; the hold is gone", status=doubt.status, raw=doubt.raw)
        if seen.status == "held":
            overdue = seen.made_at is not None and seen.held_until is None
            if overdue or (seen.span and await self._offered(place_of(listing), seen.span)):
                raise Gone(f"{doubt}; the hold lapsed", status=doubt.status, raw=doubt.raw)
            raise doubt

    async def _look(
        self, external_id: str, listing: str | None, doubt: ChannelError
    ) -> Seen | Absent:
        """The booking after a call in doubt. Raises Unknown where a call that may have been done stays in doubt."""
        try:
            return await self._observer.fetch(external_id, listing)
        except ChannelError as error:
            if doubt.status is not None:
                raise  # it was refused, so nothing was done
            raise Unknown(f"{doubt}; {error}", raw=error.raw) from error

    async def release(self, external_id: str, booked: bool, contact: Contact) -> None:
        """Cancel our block. The page shows it for unconfirmed ones only (C17); it is tried for any."""
        await self._cancel("release", external_id, contact.email, contact.phone)

    async def cancel(self, external_id: str, reason: str, contact: Contact) -> None:
        """Cancel a guest's booking in the guest's own name; Boseat keeps no reason.

        The contact is required (U9) and identifies the customer, so the house's is sent only for what the
        booking does not tell.
        """
        booking = await self._reader.booking(external_id)
        if booking is None or translate.status_of(booking.status) not in OCCUPYING:
            return
        guest = translate.guest_of(booking)
        email, phone = guest.email or contact.email, guest.phone or contact.phone
        await self._cancel("cancel", external_id, email, phone)

    async def _cancel(self, operation: str, external_id: str, email: str, phone: str) -> None:
        details = Details(email=email, phone=phone, status="CANCEL")
        request = bookings.patch_request(operation, external_id, details)
        doubt: Rejected | Unknown
        try:
            patched = bookings.read_patched(request, await self._caller.send(request))
        except Gone:
            return
        except Rejected as refused:
            if refused.status not in REFUSED:
                raise
            doubt = refused
        else:
            if patched is not None and translate.status_of(patched.status) not in OCCUPYING:
                return
            doubt = Unknown(f"{operation}: answered, but not as cancelled")
        if not await self._is_over(external_id, doubt):
            raise doubt

    async def _is_over(self, external_id: str, doubt: ChannelError) -> bool:
        seen = await self._look(external_id, None, doubt)
        return isinstance(seen, Absent) or seen.status not in OCCUPYING

    async def move(self, listing: Listing, external_id: str, offer: Offer, party_size: int) -> None:
        """Raises Rejected: Boseat documents no rescheduling (U12)."""
        raise Rejected("move: Boseat cannot move a booking; make a new one and cancel the old one")


def _unconfirmed(request: Request, reply: Reply) -> Rejected | Unknown | None:
    """Doubt about a confirmation that was answered with success; None where there is none.

    The tutorials show no body, but a captive portal sends none either.
    """
    patched = bookings.read_patched(request, reply)
    status = patched.status if patched else None
    if bookings.payment_page(reply) is not None:
        return Rejected("commit: a payment is asked for")
    if status is None:
        return Unknown("commit: answered, but not with the booking")
    if translate.status_of(status) in ("held", "cancelled"):
        return Rejected("commit: answered, but not confirmed")
    return None
