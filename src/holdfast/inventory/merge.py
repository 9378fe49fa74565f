"""merge: a known booking and one observation of it become what we hold to be so from now on. No I/O."""

from dataclasses import dataclass, replace
from datetime import datetime
from typing import Literal

from holdfast.inventory.known import Booking, Fact, Told
from holdfast.inventory.model import FIRM, OCCUPYING, Absent, Seen, Status

Verdict = Literal["applied", "noop", "stale"]

ABSENT = "(absent)"
"""The raw status of what its channel shows no more."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Merged:
    """What became of an observation. `fact` is to be written when the verdict is `applied`."""

    verdict: Verdict
    change: str
    """The journal's word for it: `booking.created`, `booking.moved` ..."""
    fact: Fact | None = None


def merge(known: Booking | None, listing: str | None, observed: Seen | Absent) -> Merged:
    """Judge one observation; `listing` is the known booking's listing by name.

    An older read never overwrites a newer one. What a channel leaves out is kept as it was known, but a booking that
    it tells to be elsewhere is on none of our listings. Absence ends a booking: `absence` found evidence enough.
    """
    if known is not None and observed.read_at < known.read_at:
        return Merged(verdict="stale", change="booking.stale")
    if isinstance(observed, Absent):
        return _vanished(known, listing, observed)
    fact = Fact.of(observed)
    if known is None:
        return Merged(verdict="applied", change=_created(fact.status), fact=fact)
    if tells_the_same(known, listing, observed):
        return Merged(verdict="noop", change="booking.unchanged")
    fact = _completed(fact, known, None if observed.elsewhere else listing)
    return Merged(verdict="applied", change=_change(known, fact), fact=fact)


def is_news(known: Told | None, listing: str | None, seen: Seen) -> bool:
    """Whether `merge` would apply it, for the many that it would not."""
    if known is None:
        return True
    return seen.read_at >= known.read_at and not tells_the_same(known, listing, seen)


def tells_the_same(known: Booking | Told, listing: str | None, seen: Seen) -> bool:
    """Whether all that a channel tells of a booking is as it is known; what it leaves out is."""
    told_until = seen.held_until if seen.status in ("held", "pending") else None
    return (
        seen.status == known.status
        and seen.raw_status == known.raw_status
        and seen.payment == known.payment
        and told_until == known.held_until
        and (not seen.listing or seen.listing == listing)
        and not (seen.elsewhere and listing)
        and (seen.span is None or seen.span == known.span)
        and (seen.party_size is None or seen.party_size == known.party_size)
    )


def begins_anew(known: Booking, fact: Fact) -> bool:
    """Whether it takes time again after its channel had ended it: it came when it is told of again, not before.

    Its time was free meanwhile. What only we had ended was there all along.
    """
    over = known.status not in OCCUPYING and known.status != "expired"
    theirs = known.raw_status != ABSENT or is_another(known, fact)
    return over and theirs and fact.status in OCCUPYING


def is_another(known: Booking, fact: Fact) -> bool:
    """Whether its provider gave the id of what is over to another guest's booking, as far as it tells."""
    over, told = known.status not in OCCUPYING, known.made_at is not None
    return over and told and fact.made_at is not None and fact.made_at != known.made_at


def _created(status: Status) -> str:
    return "booking.created" if status in OCCUPYING else "booking.recorded"


def _vanished(known: Booking | None, listing: str | None, absent: Absent) -> Merged:
    if known is None or known.status not in OCCUPYING:
        return Merged(verdict="noop", change="booking.unchanged")
    status = _ended(known, absent.read_at)
    fact = Fact(
        listing=listing,
        status=status,
        raw_status=ABSENT,
        payment=known.payment,
        span=known.span,
        party_size=known.party_size,
        held_until=None,
        made_at=known.made_at,
        read_at=absent.read_at,
    )
    return Merged(verdict="applied", change=f"booking.{status}", fact=fact)


def _ended(known: Booking, now: datetime) -> Status:
    lapsed = known.held_until is not None and known.held_until <= now
    return "expired" if lapsed and known.status not in FIRM else "cancelled"


def _completed(fact: Fact, known: Booking, listing: str | None) -> Fact:
    return replace(
        fact,
        listing=fact.listing or listing,
        span=fact.span or known.span,
        party_size=known.party_size if fact.party_size is None else fact.party_size,
        made_at=fact.made_at or known.made_at,
    )


def _change(known: Booking, fact: Fact) -> str:
    if fact.status != known.status:
        return f"booking.{fact.status}"
    if fact.span != known.span:
        return "booking.moved"
    return "booking.updated"
