"""What we hold to be so: units, listings, bookings and blocks as rows of the store, as values. No I/O."""

from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Literal, NamedTuple

from holdfast.inventory.model import FIRM, OCCUPYING, Payment, Seen, Span, Status, Strength, Takes

Wants = Literal["held", "booked", "nothing"]
There = Literal["absent", "held", "booked"]
Holds = Literal["rehold", "commit", "none"]

CLOSURE = "closure"
"""The raw status of time that the venue itself closed: taken like any booking made there, but by nobody."""

MOST_LOSSES = 2
"""So often somebody may take a block away at its channel until we stop placing it again and ask."""


def is_closure(sold_by: int | str | None, raw_status: str) -> bool:
    """Whether it is no booking at all, but time that the venue closed: no listing or account sold it."""
    return sold_by is None and raw_status == CLOSURE


@dataclass(frozen=True, slots=True, kw_only=True)
class Unit:
    """The smallest thing that can be sold once at a time: a room, a table."""

    id: int
    name: str
    seats: int
    setup: timedelta = timedelta(0)
    cleanup: timedelta = timedelta(0)


@dataclass(frozen=True, slots=True, kw_only=True)
class Outlet:
    """A listing as the planner sees it: which units it sells, and how it takes them."""

    id: int
    name: str
    account_id: int
    takes: Takes
    unit_ids: tuple[int, ...]
    releases_holds: bool
    """False: its channel cannot give a hold back; it lapses."""

    @property
    def pool(self) -> bool:
        """Whether its channel counts capacity: it goes on selling after one unit is taken."""
        return self.takes == "one" and len(self.unit_ids) > 1


@dataclass(frozen=True, slots=True, kw_only=True)
class Booking:
    """A booking as we know it. `listing_id` None: made directly at the venue, or unmapped.

    `firm_at` is our clock when it was first seen confirmed; `read_at` our clock when the read that is
    applied began.
    """

    id: int
    listing_id: int | None
    external_id: str
    status: Status
    raw_status: str
    payment: Payment
    span: Span | None
    party_size: int | None
    unit_ids: tuple[int, ...]
    held_until: datetime | None
    made_at: datetime | None
    first_seen_at: datetime
    firm_at: datetime | None
    read_at: datetime
    version: int
    channel: str = ""
    """Who keeps it; empty: the venue itself."""

    @property
    def closure(self) -> bool:
        """Whether it is no booking at all, but time that the venue closed."""
        return is_closure(self.listing_id, self.raw_status)

    @property
    def occupying(self) -> bool:
        """Whether it keeps its units taken."""
        return self.status in OCCUPYING and self.span is not None

    @property
    def strength(self) -> Strength:
        """Whether the other channels must answer it with a booking or with a hold."""
        return "booked" if self.status in FIRM else "held"


class Told(NamedTuple):
    """What a booking is as last told: as much of a `Booking` as shows whether it is told anew."""

    listing_id: int | None
    status: Status
    raw_status: str
    payment: Payment
    span: Span | None
    party_size: int | None
    held_until: datetime | None
    read_at: datetime


@dataclass(frozen=True, slots=True, kw_only=True)
class Block:
    """A hold or booking that we placed on a listing so that it stops selling time taken elsewhere.

    `state` is what is at the channel, `wants` what should be there. `flying`: a call about it is under
    way or its outcome is unknown, so it may be there whatever `state` says.
    """

    id: int
    listing_id: int
    span: Span
    marker: str
    wants: Wants
    wanted_until: datetime | None
    state: There
    external_id: str | None
    expires_at: datetime | None
    because: tuple[int, ...]
    changed_at: datetime
    gap_since: datetime | None = None
    flying: bool = False
    closed: bool = False
    """Over and done with."""
    losses: int = 0
    """How often somebody took it away at the channel."""
    lane: int = 0
    """Tells blocks of a pool's listing apart that have the same span."""
    party: int | None = None
    """The party it is placed for; None: the listing's own."""

    @property
    def stands(self) -> bool:
        """Whether the listing may be closed by it now."""
        return self.state != "absent" or self.flying

    @property
    def given_up(self) -> bool:
        """Whether it is wanted and not there, and a person must say whether it is placed again."""
        return self.losses >= MOST_LOSSES and self.wants != "nothing" and not self.stands


@dataclass(frozen=True, slots=True, kw_only=True)
class Fact:
    """What a booking becomes by an observation: the fields that a channel tells."""

    listing: str | None
    status: Status
    raw_status: str
    payment: Payment
    span: Span | None
    party_size: int | None
    held_until: datetime | None
    made_at: datetime | None
    read_at: datetime

    @classmethod
    def of(cls, seen: Seen) -> "Fact":
        """What was seen, without who booked."""
        return cls(
            listing=seen.listing,
            status=seen.status,
            raw_status=seen.raw_status,
            payment=seen.payment,
            span=seen.span,
            party_size=seen.party_size,
            held_until=seen.held_until if seen.status in ("held", "pending") else None,
            made_at=seen.made_at,
            read_at=seen.read_at,
        )
