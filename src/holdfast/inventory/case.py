"""A case to explain, and its explanation, as values: what is known of one unit's time, and what follows. No I/O."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Literal
from zoneinfo import ZoneInfo

from holdfast.inventory.known import Block, Booking, Outlet, Unit
from holdfast.inventory.model import Span
from holdfast.inventory.seating import Seats

Mark = Literal["ok", "no", "warning", "unknown"]

Belief = Literal["offered", "closed", "exposed", "orphan", "beside", "not_offered", "unread"]
"""What a channel shows against what it should: `offered` and `closed` agree. `exposed`: sold although taken.
`orphan`: our block stands with nothing behind it. `beside`: our block for other time takes this, too.
`not_offered`: free, and yet the channel does not sell it. `unread`: that time was never read there."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Offered:
    """An offer as last read, or as we know since."""

    span: Span
    open: bool
    read_at: datetime


@dataclass(frozen=True, slots=True, kw_only=True)
class Errand:
    """The latest call about a block that is not done."""

    call: str
    state: str
    attempts: int
    due_at: datetime
    error: str | None


@dataclass(frozen=True, slots=True, kw_only=True)
class Shop:
    """One listing that sells the unit, with its account and all that is known of it around the span."""

    outlet: Outlet
    account: str
    mode: str
    braked: bool
    read_at: datetime | None
    """When its offers were last read completely."""
    read_until: datetime | None
    offers: Sequence[Offered]
    blocks: Sequence[Block]
    errands: Mapping[int, Errand]
    """By block."""
    reads_due: Mapping[str, datetime]
    """When it is read next: bookings, offers, or a probe."""
    paused: frozenset[str] = frozenset()
    """What of its account a person holds back: intake, pushes."""
    doubt: str = ""
    """Why what is known of its account may not be taken for how things are; empty: it may."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Stranger:
    """Time that a listing sells no more although we know nobody there: known since, and last read."""

    listing_id: int
    span: Span
    since: datetime
    read_at: datetime


@dataclass(frozen=True, slots=True, kw_only=True)
class Case:
    """What is asked, and everything known that bears on it. `bookings` reach as far as `known_until`."""

    venue: str
    zone: ZoneInfo
    unit: Unit
    span: Span
    now: datetime
    bookings: Sequence[Booking]
    seats: Seats
    """Where bookings of pools sit."""
    conflicts: Mapping[int, datetime]
    """Bookings that could not get their units, and since when that is known."""
    outlets: Mapping[int, Outlet]
    units: Mapping[int, Unit]
    shops: Sequence[Shop]
    accounts: Mapping[int, str]
    """Of every listing of the venue, the name of its account."""
    known_until: datetime
    strangers: Sequence[Stranger] = ()
    trusted: bool = False
    """Whether the venue wants the time of strangers closed on the other channels."""

    @property
    def believed(self) -> Mapping[int, Sequence[Span]]:
        """By listing, where somebody unknown is, as far as the venue trusts it."""
        found: dict[int, list[Span]] = {}
        for one in self.strangers if self.trusted else ():
            found.setdefault(one.listing_id, []).append(one.span)
        return found


@dataclass(frozen=True, slots=True, kw_only=True)
class Reason:
    """One rule and what it says. `booking_id`: the one that it is about."""

    rule: str
    mark: Mark
    about: str
    text: str
    booking_id: int | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Standing:
    """A block of ours there: what is, what should be, and the call that waits about it."""

    block: Block
    errand: Errand | None


@dataclass(frozen=True, slots=True, kw_only=True)
class View:
    """One channel's belief against ours; `offered` are its open offers over the span, `read_at` how old that is."""

    listing: str
    account: str
    mode: str
    belief: Belief
    should_offer: bool
    offered: tuple[Span, ...]
    read_at: datetime | None
    blocks: tuple[Standing, ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class Coming:
    """Something that will happen by itself."""

    at: datetime
    what: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Explanation:
    """The verdict with its reasons. `sellable` None: unknown; nothing that is known speaks against it.

    `next_free`: when as much time is free again; None: not as far as known, or, without `next_known`, unknown.
    """

    venue: str
    zone: ZoneInfo
    unit: str
    span: Span
    now: datetime
    sellable: bool | None
    reasons: tuple[Reason, ...]
    views: tuple[View, ...]
    coming: tuple[Coming, ...]
    next_free: datetime | None
    next_known: bool = True

    @property
    def answer(self) -> Literal["sellable", "not sellable", "unknown"]:
        """In a word."""
        if self.sellable is None:
            return "unknown"
        return "sellable" if self.sellable else "not sellable"
