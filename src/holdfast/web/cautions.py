"""What looks like a slip of the pen in what somebody wants to add or move: it is said first, and done if meant."""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Literal
from zoneinfo import ZoneInfo

import asyncpg

from holdfast.inventory.wall import today
from holdfast.store.cautions import Room, room
from holdfast.store.day import VenueRow
from holdfast.store.reading import BookingRow
from holdfast.sync.arrange import Alteration, Arrangement, Cancellation
from holdfast.sync.operate import DirectBooking
from holdfast.web.words import between


@dataclass(frozen=True, slots=True, kw_only=True)
class Caution:
    """A reason to ask first; it forbids nothing."""

    kind: Literal["party", "past", "hours"]
    text: str


async def cautions_of(
    pool: asyncpg.Pool,
    venue: VenueRow,
    wish: Arrangement,
    about: BookingRow | None,
    now: datetime,
) -> Sequence[Caution]:
    """Of a time that makes no sense, nothing: that is refused elsewhere."""
    if isinstance(wish, Cancellation) or wish.end <= wish.start:
        return ()
    zone = ZoneInfo(venue.timezone)
    units = [wish.unit] if wish.unit else about.units if about else ()
    listing = wish.listing if isinstance(wish, DirectBooking) else None
    there = await room(pool, venue.name, units, listing, today(wish.start, zone))
    found = [*_party(there, _party_size(wish, about)), *_past(wish, about, now)]
    closure = isinstance(wish, DirectBooking) and wish.closure
    return found if found or closure else [*_hours(there, wish, zone)]


def _party_size(wish: DirectBooking | Alteration, about: BookingRow | None) -> int | None:
    if isinstance(wish, DirectBooking):
        return wish.party_size
    return about.party_size if about else None


def _party(there: Room, party: int | None) -> Iterator[Caution]:
    if party and there.names and party > there.seats:
        text = f"{', '.join(there.names)} seats {there.seats}: a party of {party} is too large."
        yield Caution(kind="party", text=text)


def _past(
    wish: DirectBooking | Alteration, about: BookingRow | None, now: datetime
) -> Iterator[Caution]:
    """What has begun already may still be made longer."""
    if wish.end <= now:
        yield Caution(kind="past", text="This time has passed.")
    elif wish.start < now and not (about and about.starts_at == wish.start):
        yield Caution(kind="past", text="This time has begun already.")


def _hours(there: Room, wish: DirectBooking | Alteration, zone: ZoneInfo) -> Iterator[Caution]:
    """Where nothing is known of that day, nothing is said."""
    if there.opens is None or there.shuts is None:
        return
    if wish.start < there.opens or there.shuts < wish.end:
        offered = between(there.opens, there.shuts, zone)
        yield Caution(
            kind="hours", text=f"Outside the hours that channels offer there that day: {offered}."
        )
