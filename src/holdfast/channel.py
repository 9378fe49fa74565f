"""The contract every channel fulfils, and the classes in which its calls fail. Read this first.

A channel is one folder below `holdfast.channels`; how it is found and connected is in `kind.py`; nothing
else in Holdfast names a channel. Failures are classed by what the caller does next, not by status code.
"""

from collections.abc import AsyncIterator, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from typing import Literal, Protocol
from zoneinfo import ZoneInfo

from pydantic import BaseModel

from holdfast.inventory.model import Absent, Offer, Seen, Span

Announced = Literal["created", "updated", "cancelled"]


class ChannelError(Exception):
    """A call to a channel did not do what was asked. The text is safe to log: no secrets, no guest data."""

    def __init__(self, message: str, *, status: int | None = None, raw: str = "") -> None:
        super().__init__(message)
        self.status = status
        self.raw = raw
        """The beginning of the provider's answer, for the attempt's record; may hold guest data."""


class NotSent(ChannelError):
    """No byte of the request left us, or the provider surely did not act: repeating is safe."""


class Unknown(ChannelError):
    """The call may have taken effect: settle it by reading the channel, never by repeating it."""


class Taken(ChannelError):
    """The slot is gone: somebody else has it, or it is not sold at all."""


class Gone(ChannelError):
    """There is nothing by that id (any more): a hold that lapsed, a booking that was deleted."""


class Rejected(ChannelError):
    """Refused for good; the same call will be refused again."""


class Limited(ChannelError):
    """Too many calls; `retry_after` seconds from now one may be tried again."""

    def __init__(self, message: str, *, retry_after: float, status: int | None = None) -> None:
        super().__init__(message, status=status)
        self.retry_after = retry_after


class Unauthorised(ChannelError):
    """Our credentials were refused: an operator must look."""


class Broken(ChannelError):
    """The answer to a read cannot be read; `raw` keeps what came. Retried later, and shown."""


class WebhookRefused(Exception):
    """A webhook that is not stored. The text is safe to log."""


class Forged(WebhookRefused):
    """It does not prove that it comes from the provider (wrong or missing secret or signature)."""


class Stale(Forged):
    """Its signature is right but too old: a replay."""


class Malformed(WebhookRefused):
    """It proves its origin but is no JSON object of any shape the provider sends."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Stretch:
    """How a channel is asked for offers: for so many days at a time, which takes about so many reads."""

    days: int
    reads: int


@dataclass(frozen=True, slots=True, kw_only=True)
class Capabilities:
    """What a channel can do, as data."""

    hold_seconds: float | None
    """How long an unconfirmed hold lives; None: the channel knows no holds."""
    releases_holds: bool
    """False: a hold cannot be given back, it lapses by itself."""
    reads_holds: bool
    """False: a hold cannot be read or listed, so an unknown outcome shows only in the offers."""
    moves: bool
    announces: frozenset[Announced]
    """The changes that its webhooks tell of; all others are found by polling only."""
    stretch: Stretch
    """How offers are asked for."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Listing:
    """What one account sells, as its channel needs to know it."""

    name: str
    zone: ZoneInfo
    party_size: int
    """The party that offers are asked for and blocks are placed for."""
    settings: BaseModel
    """An instance of the channel's own `listing_settings`."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Contact:
    """Who a block is booked for: the venue's house contact, with our marker in its e-mail."""

    name: str
    email: str
    phone: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Hint:
    """What a webhook asks us to look at. `external_id` None: nothing that we keep; stored all the same.

    Empty, or otherwise of no use: it is about a booking and cannot be read, which is shown.
    """

    external_id: str | None
    raw_type: str
    delivery_id: str | None = None
    """The provider's id of this delivery, where it sends one. By itself it proves no repeat: see `store/inbox.py`."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Placed:
    """What is at the channel now for one of our blocks.

    `expires_at` is the earliest moment by our clock at which a hold may lapse; None once it is booked.
    """

    external_id: str
    booked: bool
    expires_at: datetime | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Strange:
    """An item of a list that cannot be read as a booking. `ref`: the id in it, if that at least can be.

    `raw` may hold guest data: it is never logged. `fields` names what cannot be read, and nothing of its content.
    """

    ref: str | None
    raw: str = field(repr=False)
    fields: str = "its form"


@dataclass(frozen=True, slots=True, kw_only=True)
class Page:
    """One page of a scan. The scan is complete only if its last page says so.

    With anything `strange` in it no scan is complete: what is there cannot be told.
    """

    bookings: Sequence[Seen]
    complete: bool
    strange: Sequence[Strange] = ()


@dataclass(frozen=True, slots=True, kw_only=True)
class BookingList:
    """One list of bookings that a channel is asked for, page by page."""

    place: str
    """What it is called at its channel; the same at each start."""
    during: Span | None
    """When its bookings begin; None: at any time, and past ones stay in it."""


@dataclass(frozen=True, slots=True, kw_only=True)
class ListPage:
    """One page of a list, as it was asked for by number."""

    page: Page
    """Its bookings but for those that ended before the window; `complete` means nothing here."""
    refs: Sequence[str]
    """The ids of all its rows, past ones included, in their order."""
    made: Sequence[datetime]
    """When those were made whose provider tells it, in the order of the rows."""
    readable: bool
    """Whether every row of it could be read."""
    next: int | None
    """The page after it; None: there is none."""
    last: int | None
    """The number of the list's last page, where that is told."""
    total: int | None
    """How many rows the list has on all its pages, where that is told."""


@dataclass(frozen=True, slots=True, kw_only=True)
class OfferSheet:
    """What a listing offers within `window`. `complete` False: absence from it means nothing."""

    window: Span
    offers: Sequence[Offer]
    read_at: datetime
    complete: bool


class Channel(Protocol):
    """One account on one channel, connected. Every method may raise any ChannelError."""

    @property
    def capabilities(self) -> Capabilities: ...

    def read_webhook(
        self, headers: Mapping[str, str], body: bytes, now: datetime
    ) -> Sequence[Hint]:
        """Verify over the raw bytes, then say what to look at. Raises Forged, Stale or Malformed."""
        ...

    async def fetch(self, external_id: str, listing: str | None) -> Seen | Absent:
        """The booking as it is now. `listing` is the one we believe it is on, if any."""
        ...

    def scan(self, listings: Sequence[Listing], window: Span) -> AsyncIterator[Page]:
        """Every booking the channel shows on these listings that overlaps `window`, page by page.

        Bookings outside the window may appear as well. One read from the budget per page at most.
        """
        ...

    def lists(self, listings: Sequence[Listing], window: Span) -> Sequence[BookingList]:
        """The lists in which every booking on these listings that overlaps `window` is shown."""
        ...

    async def read_list(
        self, listings: Sequence[Listing], which: BookingList, number: int | None, since: datetime
    ) -> ListPage:
        """One page of a list, the first where `number` is None; what ended before `since` is left out.

        One read from the budget, or a few where the channel must find out how it is asked.
        """
        ...

    async def offers(self, listing: Listing, window: Span) -> OfferSheet:
        """What the listing would sell now with a start in `window`."""
        ...

    async def hold(self, listing: Listing, offer: Offer, contact: Contact) -> Placed:
        """Take the offer with an unconfirmed hold. `contact.email` carries our marker."""
        ...

    async def commit(self, listing: Listing, external_id: str, contact: Contact) -> Placed:
        """Turn a hold into a booking; the id may change. Raises Gone when the hold has lapsed."""
        ...

    async def release(self, external_id: str, booked: bool, contact: Contact) -> None:
        """Give a block back. Already given back counts as done.

        Raises Rejected where an unconfirmed hold cannot be released (`releases_holds` False).
        """
        ...

    async def cancel(self, external_id: str, reason: str, contact: Contact) -> None:
        """Cancel a guest's booking. Already cancelled counts as done."""
        ...

    async def move(self, listing: Listing, external_id: str, offer: Offer, party_size: int) -> None:
        """Move a guest's booking. Raises Rejected where `moves` is False."""
        ...

    async def find(
        self, listing: Listing, offer: Offer, contact: Contact, since: datetime
    ) -> Sequence[Seen]:
        """Live bookings that may be the block whose placing or commit had an unknown outcome.

        Those with our marker are surely ours; others on exactly this offer, made after `since`, may be.
        """
        ...


HOLD_MARGIN = timedelta(seconds=5)
"""We count a hold as lapsing this much before the provider may: clocks and networks differ."""
