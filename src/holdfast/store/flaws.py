"""What keeps bookings from being in order: the one reading that every screen asks before it says that all is well."""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Literal, get_args

import asyncpg

from holdfast.inventory.model import Span
from holdfast.store.freshness import states
from holdfast.store.queries import load
from holdfast.store.reading import BookingRow, ExposureRow, exposures
from holdfast.store.typed import fetched

_SQL = load("flaws")

STUCK = timedelta(seconds=180)
"""A call that waits longer needs a person."""

Kind = Literal[
    "conflict", "overlapped", "exposure", "given_up", "stuck", "unclosed", "unknown", "unread"
]
"""`overlapped`: another booking could not get its units because of this one. `unclosed`: a listing should be closed
and no call is on its way. `unknown`: not read whether a listing sells the time. `unread`: an account is not fresh."""

_WORST_FIRST: tuple[Kind, ...] = get_args(Kind)


@dataclass(frozen=True, slots=True, kw_only=True)
class Flaw:
    """`what` is the kind of conflict, the call, or why; `about` the id of the conflict or push."""

    booking: int
    kind: Kind
    what: str
    about: int | None
    listing: str | None
    account: str | None
    since: datetime


@dataclass(frozen=True, slots=True, kw_only=True)
class _Sold:
    booking: int
    account: str


LONGEST_OFFER = timedelta(days=1)
"""An offer that begins so long before a booking may still reach into it."""


async def flaws_of(pool: asyncpg.Pool, booking: BookingRow, now: datetime) -> list[Flaw]:
    """Of one booking, worst first; the offers around it are read for it."""
    exposed: list[ExposureRow] = []
    if booking.starts_at and booking.ends_at and booking.venue and booking.ends_at > now:
        since = max(now, booking.starts_at - LONGEST_OFFER)
        around = Span(start=since, end=booking.ends_at + LONGEST_OFFER)
        exposed = await exposures(pool, around, venue=booking.venue)
    return (await of_bookings(pool, [booking.id], now, exposed)).get(booking.id, [])


async def of_bookings(
    pool: asyncpg.Pool,
    ids: Sequence[int],
    now: datetime,
    exposed: Iterable[ExposureRow] = (),
) -> dict[int, list[Flaw]]:
    """By booking, worst first; those in order are left out. `exposed` are offers already read."""
    if not ids:
        return {}
    found = await fetched(pool, Flaw, _SQL["of_bookings"], list(ids), now, now - STUCK)
    found += _offered(found, ids, exposed)
    found += await _unread(pool, ids, now)
    by_booking: dict[int, list[Flaw]] = {}
    for flaw in sorted(found, key=lambda flaw: _WORST_FIRST.index(flaw.kind)):
        by_booking.setdefault(flaw.booking, []).append(flaw)
    return by_booking


def _offered(
    known: Iterable[Flaw], ids: Iterable[int], exposed: Iterable[ExposureRow]
) -> list[Flaw]:
    """What the offers show and the measured exposures do not say yet; one for each listing."""
    told = {(flaw.booking, flaw.listing) for flaw in known if flaw.kind == "exposure"}
    wanted = set(ids)
    found: Mapping[tuple[int, str], Flaw] = {
        (number, row.listing): _of_offer(number, row)
        for row in exposed
        for number in row.because
        if number in wanted and (number, row.listing) not in told
    }
    return list(found.values())


def _of_offer(booking: int, row: ExposureRow) -> Flaw:
    return Flaw(
        booking=booking,
        kind="exposure",
        what="",
        about=None,
        listing=row.listing,
        account=row.account,
        since=row.read_at,
    )


async def _unread(pool: asyncpg.Pool, ids: Sequence[int], now: datetime) -> list[Flaw]:
    """Accounts of which what is known may not be taken for how things are."""
    sold = await fetched(pool, _Sold, _SQL["accounts"], list(ids), now)
    judged = await states(pool, now) if sold else {}
    return [
        Flaw(
            booking=one.booking,
            kind="unread",
            what=f"{judged[one.account].state}, {judged[one.account].reason}".rstrip(", "),
            about=None,
            listing=None,
            account=one.account,
            since=now,
        )
        for one in sold
        if one.account in judged and not judged[one.account].fresh
    ]
