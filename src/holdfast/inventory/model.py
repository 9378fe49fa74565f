"""The words of the domain as values: spans, statuses, offers and what a channel told of a booking. No I/O."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from typing import Literal, Self

Status = Literal[
    "held",
    "pending",
    "confirmed",
    "seated",
    "completed",
    "no_show",
    "cancelled",
    "declined",
    "expired",
    "unknown",
]
Payment = Literal["none", "due", "paid", "refunded"]
Strength = Literal["held", "booked"]
Takes = Literal["all", "one"]
Guess = Literal["time", "party"]

OCCUPYING: frozenset[Status] = frozenset({"held", "pending", "confirmed", "seated", "unknown"})
"""Statuses that keep their units taken. `unknown` is among them: doubt never frees inventory."""

FIRM: frozenset[Status] = frozenset({"confirmed", "seated", "unknown"})
"""Occupying statuses that the other channels must answer with a booking, not with a hold."""


@dataclass(frozen=True, slots=True, kw_only=True, order=True)
class Span:
    """A half-open interval `[start, end)` of UTC instants; never empty.

    Raises ValueError for a naive instant or an end that is not after its start.
    """

    start: datetime
    end: datetime

    def __post_init__(self) -> None:
        if self.start.utcoffset() is None or self.end.utcoffset() is None:
            raise ValueError("a span needs aware instants, got a naive one")
        if self.end <= self.start:
            raise ValueError(f"a span must end after it starts, got {self.start} to {self.end}")

    @classmethod
    def of(cls, start: datetime, length: timedelta) -> Self:
        """The span that begins at `start` and lasts `length`."""
        return cls(start=start, end=start + length)

    def overlaps(self, other: "Span") -> bool:
        """Whether some instant lies in both; touching ends do not overlap."""
        return self.start < other.end and other.start < self.end

    def covers(self, other: "Span") -> bool:
        """Whether every instant of `other` lies in this span."""
        return self.start <= other.start and other.end <= self.end

    def padded(self, before: timedelta, after: timedelta) -> "Span":
        """This span made longer at both ends."""
        return Span(start=self.start - before, end=self.end + after)

    @property
    def length(self) -> timedelta:
        """How long it lasts."""
        return self.end - self.start


@dataclass(frozen=True, slots=True, kw_only=True)
class Guest:
    """Who booked. Kept apart from the booking, erasable; never logged, never in the journal."""

    name: str | None = field(default=None, repr=False)
    email: str | None = field(default=None, repr=False)
    phone: str | None = field(default=None, repr=False)
    locale: str | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Offer:
    """An interval that a channel would sell now on a listing: a slot, or a start time plus its turn."""

    span: Span


@dataclass(frozen=True, slots=True, kw_only=True)
class Seen:
    """One booking as a channel showed it; `read_at` is our clock at the moment the read began.

    `listing` is the name of our listing, or None when it cannot be told which one (such a booking is
    kept and shown as unmapped). `marker` is set when the booking carries our own mark: it is the echo
    of one of our blocks. `held_until` is the moment an unconfirmed booking lapses, where that is known.
    `made_at` is the provider's clock, None where it does not tell.

    `unread` names the provider's fields that were told and could not be read.
    `guessed` says what of it follows from such a field: a time that it takes at least, a party of any size.
    """

    external_id: str
    listing: str | None
    status: Status
    raw_status: str
    span: Span | None
    read_at: datetime
    payment: Payment = "none"
    party_size: int | None = None
    guest: Guest = field(default_factory=Guest)
    marker: str | None = None
    held_until: datetime | None = None
    made_at: datetime | None = None
    elsewhere: bool = False
    """Its channel says that it is at a place that no listing of ours has; not told is not elsewhere."""
    extra: Mapping[str, str] = field(default_factory=dict)
    unread: tuple[str, ...] = ()
    guessed: tuple[Guess, ...] = ()


@dataclass(frozen=True, slots=True, kw_only=True)
class Absent:
    """A channel answered that it has no booking of this id (any more)."""

    external_id: str
    read_at: datetime
