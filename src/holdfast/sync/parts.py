"""What every step works with: accounts that can be called, premises that can be decided on."""

from collections import Counter
from collections.abc import Awaitable, Callable, Mapping
from dataclasses import dataclass, field, replace
from datetime import datetime, timedelta
from random import Random
from typing import Literal, Protocol

import asyncpg

from holdfast.breaker import AccountBreaker
from holdfast.budget import Budget
from holdfast.channel import Channel, Contact, Listing, Rejected
from holdfast.clock import Clock
from holdfast.inventory.known import Block, Holds, Outlet, Unit
from holdfast.inventory.marker import mark
from holdfast.inventory.model import Span
from holdfast.inventory.timetable import Timetable
from holdfast.metrics import Metrics
from holdfast.store.pushes import Claimed, Try
from holdfast.sync.gathering import Gathering
from holdfast.sync.outcome import Verdict

LOOK_BACK = timedelta(hours=12)
"""Bookings that run now, or ended a moment ago, are still read."""

Step = Literal["absorb", "deliver", "bookings", "probes", "offers", "background"]
Lane = tuple[Step, int]
"""One step for one account, by its id."""

ECHO = timedelta(seconds=2)
"""A channel tells of our own call so soon after it was answered."""


class OutOfService(Rejected):
    """It is about a venue or a listing that the configuration does not have any more: asking again is no use."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Account:
    """One set of credentials on one channel, connected. `listings` by our listing's id."""

    id: int
    name: str
    channel_name: str
    mode: str
    channel: Channel
    budget: Budget
    breaker: AccountBreaker
    listings: Mapping[int, Listing]
    former: Mapping[int, Listing]
    """No longer in service: what stands there of ours may still have to be given back."""
    venues: Mapping[int, int]
    """The venue of each listing."""
    reads_per_minute: int
    poll_seconds: int
    offers_seconds: int
    audit_seconds: int
    horizon_days: int
    former_names: tuple[str, ...] = ()
    """Its provider may still send webhooks to these."""
    in_service: bool = True
    """False: it is leaving, and stays connected until nothing of it is left."""

    def window(self, now: datetime) -> Span:
        """The time whose bookings are read."""
        return Span(start=now - LOOK_BACK, end=now + timedelta(days=self.horizon_days))

    def listing_for(self, block: Block) -> Listing:
        """The listing as its channel must see it for this block: a pool's blocks are for parties of their own.

        Raises OutOfService.
        """
        listing = self.listings.get(block.listing_id) or self.former.get(block.listing_id)
        if listing is None:
            told = f"listing {block.listing_id} of {self.name} is not in the configuration any more"
            raise OutOfService(told)
        return listing if block.party is None else replace(listing, party_size=block.party)


@dataclass(frozen=True, slots=True, kw_only=True)
class Answer:
    """What a call came to."""

    account: Account
    push: Claimed
    verdict: Verdict
    result: Try


@dataclass(frozen=True, slots=True, kw_only=True)
class Premises:
    """A venue with its units and all that sells them."""

    id: int
    name: str
    holds: Holds
    conflicts: Literal["propose", "auto"]
    """Whether a person settles a double booking, or the policy after a grace time."""
    units: Mapping[int, Unit]
    outlets: Mapping[int, Outlet]
    house: Contact
    former: Mapping[int, Outlet]
    """Nothing is sold on them any more; bookings made on them still need their units."""
    trust_offers: bool = False
    """Whether time that a channel sells no more, for reasons unknown, is closed on the others."""
    in_service: bool = True
    """False: it is leaving. Nothing is sold or made there any more."""
    configured_at: datetime | None = None
    """Since when it is configured like this."""
    leaving: bool = False
    """Whether it, or anything that it had, is on its way out."""
    let_go: frozenset[int] = frozenset()
    """Those of `former` that leave with their venue or account: all of ours there is given back."""
    leaving_units: frozenset[int] = frozenset()
    """Those of `units` that stay only for the bookings that are on them."""

    ever: Mapping[int, Outlet] = field(init=False)
    """All that sells its units, and all that ever did: where bookings may have been made."""

    def __post_init__(self) -> None:
        object.__setattr__(self, "ever", {**self.former, **self.outlets})

    def contact(self, marker: str) -> Contact:
        """The house contact, marked so that we know the block as our own."""
        email = mark(self.house.email, marker)
        return Contact(name=self.house.name, email=email, phone=self.house.phone)


@dataclass(slots=True)
class Planned:
    """What this process has seen to for an account: which readings there are, and how often they are due."""

    goals: tuple[tuple[int | None, str], ...] = ()
    table: Timetable | None = None
    made_at: datetime | None = None


class Wake(Protocol):
    """Tells the workers, after a commit, in which lanes there is something to do; without any: somewhere.

    A hint: losing it costs latency.
    """

    def __call__(self, *lanes: Lane) -> None: ...


Follow = Callable[[asyncpg.Connection], Awaitable[None]]
"""Takes over what is configured by now, by a connection that may be in a transaction."""


async def follow_nothing(_connection: asyncpg.Connection) -> None:
    """The configuration stays what it is."""


def wake_nobody(*_lanes: Lane) -> None:
    """For whoever only looks."""


@dataclass(slots=True, kw_only=True)
class Parts:
    """The shell's parts. `accounts` and `premises` are replaced when the configuration changes."""

    pool: asyncpg.Pool
    clock: Clock
    random: Random
    accounts: Mapping[int, Account]
    premises: Mapping[int, Premises]
    metrics: Metrics
    reads: Counter[int] = field(default_factory=Counter)
    """Reads that this process made of each account, by its id, and has not told yet."""
    answers: Gathering[Answer] = field(default_factory=Gathering)
    """What calls came to, by venue; see `settle`."""
    planned: dict[int, Planned] = field(default_factory=dict)
    """What this process has seen to for each account, by its id; see `readings`."""
    holder: int | None = None
    """The number under which a worker takes what it works on; None: only the lease says how long it has it."""
    left_at: datetime | None = None
    """When this process last looked at what is leaving; see `leave`."""
    placed: dict[tuple[int, str], datetime] = field(default_factory=dict)
    """By account and its channel's id, what this process has just placed or confirmed, and when that was answered: its
    webhook may be here before the answer is settled."""
    wake: Wake
    follow: Follow = follow_nothing

    def now(self) -> datetime:
        """The present instant, UTC."""
        return self.clock.now()

    def has_placed(self, account: Account, external_id: str) -> None:
        """It was answered just now."""
        now = self.now()
        for key, at in list(self.placed.items()):
            if at + ECHO <= now:
                del self.placed[key]
        self.placed[account.id, external_id] = now

    def venue(self, venue_id: int) -> Premises:
        """What is decided on there. Raises OutOfService."""
        if venue_id not in self.premises:
            raise OutOfService(f"venue {venue_id} is not in the configuration any more")
        return self.premises[venue_id]

    def outlet(self, venue_id: int, name: str | None) -> Outlet | None:
        """A venue's listing by name, in service or not."""
        if venue_id not in self.premises:
            return None
        outlets = self.premises[venue_id].ever.values()
        return next((outlet for outlet in outlets if outlet.name == name), None)
