"""`/exposures`: every offer that is sellable twice now, what closes it and when; each number of them leads here."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import date, datetime
from zoneinfo import ZoneInfo

import asyncpg
from aiohttp import web

from holdfast.inventory.model import Span
from holdfast.inventory.wall import whole_day
from holdfast.store import day as store_day
from holdfast.store import exposed as store
from holdfast.store import reading
from holdfast.store.exposed import Exposed, Measured
from holdfast.store.freshness import knowledge
from holdfast.store.reading import BookingRow
from holdfast.web.addresses import Addresses
from holdfast.web.parts import PARTS
from holdfast.web.people import PERSON, Person
from holdfast.web.screens.filters import a_day, instant, text, whole
from holdfast.web.screens.screen import show

MOST_SHOWN = 500
MOST_VENUES = 1000
NAMES = ("venue", "unit", "listing", "date", "booking", "from", "to")


@dataclass(frozen=True, slots=True, kw_only=True)
class Filter:
    """None asks for all. `day` is that of each venue's own clock."""

    venue: str | None
    unit: str | None
    listing: str | None
    day: date | None
    booking: int | None
    since: datetime | None
    until: datetime | None

    def takes(self, one: Exposed, zone: ZoneInfo) -> bool:
        """Whether an offer is asked for."""
        offer = one.offer
        return (
            (self.unit is None or self.unit in offer.units)
            and (self.booking is None or self.booking in offer.because)
            and self._takes(offer, zone)
        )

    def takes_booking(self, one: Measured, zone: ZoneInfo) -> bool:
        """Whether a booking is asked for that counts as sold twice."""
        return self.unit is None and self.booking in (None, one.booking) and self._takes(one, zone)

    def _takes(self, one: reading.ExposureRow | Measured, zone: ZoneInfo) -> bool:
        return (
            self.venue in (None, one.venue)
            and self.listing in (None, one.listing)
            and (self.since is None or self.since < one.ends_at)
            and (self.until is None or one.starts_at < self.until)
            and (self.day is None or _on(one, self.day, zone))
        )


@dataclass(frozen=True, slots=True, kw_only=True)
class Doubted:
    """Bookings whose time was never read elsewhere, so that it may be sold there."""

    soon: Sequence[BookingRow]
    far: Sequence[BookingRow]


def _on(one: reading.ExposureRow | Measured, day: date, zone: ZoneInfo) -> bool:
    return Span(start=one.starts_at, end=one.ends_at).overlaps(whole_day(day, zone))


async def page(request: web.Request) -> web.Response:
    """All of them, those that are sent to first. Raises Problem for a filter that makes no sense."""
    parts, person = request.app[PARTS], request[PERSON]
    pool, now = parts.pool, parts.clock.now()
    wanted = wanted_of(request.query, now)
    zones = {v.name: ZoneInfo(v.timezone) for v in await store_day.venues(pool, MOST_VENUES)}
    utc = ZoneInfo("UTC")
    every = await store.exposed(pool, now, person.within)
    found = [one for one in every if wanted.takes(one, zones.get(one.offer.venue, utc))]
    unseen = await store.measured_only(pool, now, every, person.within)
    doubted = await _doubted(pool, now, person, wanted)
    known = await knowledge(pool, now)
    return show(
        request,
        "exposures.html",
        "exposures",
        sent=[one for one in found if one.offer.mode == "live"][:MOST_SHOWN],
        unsent=[one for one in found if one.offer.mode != "live"][:MOST_SHOWN],
        more=len(found) - MOST_SHOWN,
        zone_of=lambda venue: zones.get(venue, utc),
        links_of=lambda venue, day: Addresses(venue=venue, day=day),
        measured=[one for one in unseen if wanted.takes_booking(one, zones.get(one.venue, utc))],
        doubted=doubted,
        fresh=known.fresh,
        filter={name: request.query.get(name, "") for name in NAMES},
        filtered=any(request.query.get(name) for name in NAMES),
        venues=[name for name in zones if person.sees(name)],
    )


def wanted_of(asked: Mapping[str, str], now: datetime) -> Filter:
    """The filter as it stands in an address. Raises Problem for one that makes no sense."""
    return Filter(
        venue=text(asked, "venue"),
        unit=text(asked, "unit"),
        listing=text(asked, "listing"),
        day=a_day(asked, "date"),
        booking=whole(asked, "booking", 2**63 - 1),
        since=instant(asked, "from", now),
        until=instant(asked, "to", now),
    )


async def _doubted(pool: asyncpg.Pool, now: datetime, person: Person, wanted: Filter) -> Doubted:
    unknown = (await knowledge(pool, now)).unknown
    rows = await reading.bookings_by_id(pool, [*unknown.within, *unknown.beyond])

    def seen(ids: Sequence[int]) -> list[BookingRow]:
        known = [rows[number] for number in ids if number in rows]
        return [row for row in known if person.sees(row.venue) and _asked(row, wanted)]

    return Doubted(soon=seen(unknown.within), far=seen(unknown.beyond))


def _asked(row: BookingRow, wanted: Filter) -> bool:
    """What has no listing and no day of its own is left out where these are asked for."""
    if wanted.unit or wanted.listing or wanted.day or wanted.since or wanted.until:
        return False
    return wanted.venue in (None, row.venue) and wanted.booking in (None, row.id)
