"""exposure: since when taken time is sold on another listing too, and until when. No I/O."""

from bisect import bisect_left
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Literal

from holdfast.inventory.allocate import NOBODY
from holdfast.inventory.known import Booking, Holds, Outlet, Unit
from holdfast.inventory.model import Span
from holdfast.inventory.occupied import closed_by_strangers
from holdfast.inventory.plan import Closed, closed_on
from holdfast.inventory.seating import Seats

Cause = Literal["taken", "moved", "again"]
"""Why it began: the time was taken, the booking was moved there, or what had closed it was lost."""

Basis = Literal["provider", "receipt"]
"""Whose clock says when it began."""

Sight = Literal["offered", "not_offered", "unread"]


@dataclass(frozen=True, slots=True, kw_only=True)
class Claim:
    """What one listing must not sell because of one booking made elsewhere."""

    booking: Booking
    listing_id: int
    parts: tuple[Span, ...]
    firm: bool

    @property
    def span(self) -> Span:
        """From the first to the last of it."""
        return Span(start=min(p.start for p in self.parts), end=max(p.end for p in self.parts))


@dataclass(frozen=True, slots=True, kw_only=True)
class Episode:
    """The latest time that a booking was, or could have been, sold twice on a listing."""

    id: int
    booking_id: int
    listing_id: int
    span: Span
    began_at: datetime
    ended_at: datetime | None
    why: str | None


@dataclass(frozen=True, slots=True, kw_only=True)
class Begin:
    """Record a new one."""

    claim: Claim
    cause: Cause
    sight: Sight

    @property
    def over(self) -> bool:
        """Whether it took no time at all: nothing was offered there."""
        return self.sight == "not_offered"


@dataclass(frozen=True, slots=True, kw_only=True)
class Go:
    """It goes on."""

    claim: Claim
    episode: Episode
    sight: Sight


@dataclass(frozen=True, slots=True, kw_only=True)
class End:
    """It is over."""

    episode: Episode


Step = Begin | Go | End


@dataclass(frozen=True, slots=True, kw_only=True)
class Remedy:
    """A block over exposed time: the state of its latest push, and how its calls failed last."""

    listing_id: int
    span: Span
    push: str | None
    failure: str | None


class Shelf:
    """What a listing sells, to be asked quickly."""

    def __init__(self, offers: Iterable[Span]) -> None:
        self._offers = sorted(offers)
        self._longest = max((o.length for o in self._offers), default=timedelta(0))

    def over(self, span: Span) -> list[Span]:
        """The offers that overlap it."""
        first = bisect_left(self._offers, span.start - self._longest, key=lambda o: o.start)
        last = bisect_left(self._offers, span.end, key=lambda o: o.start)
        return [offer for offer in self._offers[first:last] if offer.overlaps(span)]


def claims(
    listing_id: int, closed: Iterable[Closed], bookings: Mapping[int, Booking]
) -> list[Claim]:
    """By booking; what a listing's own bookings close beside themselves is no exposure of theirs."""
    parts: dict[int, list[Closed]] = {}
    for part in closed:
        booking_id = part.booking_id  # None: taken by nobody we know, so nobody's exposure
        if booking_id is not None and bookings[booking_id].listing_id != listing_id:
            parts.setdefault(booking_id, []).append(part)
    return [
        Claim(
            booking=bookings[booking_id],
            listing_id=listing_id,
            parts=tuple(part.span for part in several),
            firm=any(part.firm for part in several),
        )
        for booking_id, several in parts.items()
    ]


def without_a_free_unit(
    outlet: Outlet,
    offers: Iterable[Span],
    bookings: Sequence[Booking],
    outlets: Mapping[int, Outlet],
    units: Mapping[int, Unit],
    seats: Seats = NOBODY,
) -> list[Span]:
    """The offers that could be sold twice; those of a pool only once none of its units is free.

    Somebody unknown counts if `bookings` holds them: see `occupied.as_bookings`.
    """
    if outlet.takes == "all":
        return list(offers)
    taken = [
        [part.span for part in closed_on(alone(units[unit]), bookings, outlets, units, seats)]
        for unit in outlet.unit_ids
        if unit in units
    ]
    return [o for o in offers if all(any(s.overlaps(o) for s in spans) for spans in taken)]


def taken_by_strangers(
    outlet: Outlet,
    strangers: Mapping[int, Sequence[Span]],
    outlets: Mapping[int, Outlet],
    units: Mapping[int, Unit],
) -> list[Span]:
    """What a listing must not sell because somebody unknown is on its units."""
    found = closed_by_strangers(outlet, strangers, outlets, units)
    return [part.span for several in found.values() for part in several]


def alone(unit: Unit) -> Outlet:
    """As if the unit were sold by itself: what is closed on it is what takes the unit."""
    return Outlet(
        id=0, name=unit.name, account_id=0, takes="all", unit_ids=(unit.id,), releases_holds=False
    )


def steps(
    sighted: Iterable[tuple[Claim, Sight]], latest: Iterable[Episode], examined: set[int]
) -> list[Step]:
    """What begins, goes on and ends.

    `latest` is the last episode of each booking and listing. Those of `examined` bookings that are open
    without a claim are over: the booking is, or it went elsewhere.
    """
    known = {(e.booking_id, e.listing_id): e for e in latest}
    found: list[Step] = []
    kept: set[int] = set()
    for claim, sight in sighted:
        episode = known.get((claim.booking.id, claim.listing_id))
        step = _step(claim, sight, episode)
        if isinstance(step, Go):
            kept.add(step.episode.id)
        if step is not None:
            found.append(step)
    over = [
        End(episode=e)
        for e in known.values()
        if e.ended_at is None and e.id not in kept and e.booking_id in examined
    ]
    return [*over, *found]


def _step(claim: Claim, sight: Sight, latest: Episode | None) -> Begin | Go | None:
    """None: nothing new, or (where it is open) it ends."""
    if latest is None or latest.span != claim.span:
        cause: Cause = "taken" if latest is None else "moved"
        return Begin(claim=claim, cause=cause, sight=sight)
    if latest.ended_at is None:
        return None if sight == "not_offered" else Go(claim=claim, episode=latest, sight=sight)
    if sight == "offered":
        return Begin(claim=claim, cause="again", sight=sight)
    return None


def sight(claim: Claim, shelf: Shelf, read: bool) -> Sight:
    """Whether the listing sells over it; `read`: that time was read there at all."""
    if any(shelf.over(part) for part in claim.parts):
        return "offered"
    return "not_offered" if read else "unread"


def began(
    booking: Booking, released_at: datetime | None, read_before: bool
) -> tuple[datetime, Basis]:
    """When the time was taken: by the provider's clock if it told, else when we first heard.

    Never after we heard, never before the time was last given back. What was booked before its account
    was ever read completely counts from our receipt: nobody watched before.
    """
    heard = booking.first_seen_at
    if booking.made_at is None or not read_before:
        return heard, "receipt"
    at = max(booking.made_at, released_at or booking.made_at)
    return (at, "provider") if at < heard else (heard, "receipt")


def why(
    claim: Claim, unread: bool, mode: str, holds: Holds, remedies: Sequence[Remedy]
) -> str | None:
    """What keeps it from being closed, or took so long up to now; None: it is on its way."""
    if unread:
        return "beyond_horizon"
    if mode != "live":
        return mode
    if not claim.firm and holds == "none":
        return "holds_stay_here"
    if not remedies:
        return "no_offer_to_take"
    return _worst(remedies)


def _worst(remedies: Sequence[Remedy]) -> str | None:
    dead = [r for r in remedies if r.push == "dead"]
    if dead:
        return "refused" if dead[0].failure == "rejected" else "given_up"
    return next((r.failure for r in remedies if r.failure is not None), None)
