"""Whether each listing is something that the venue sells: a read of its venue, one of its areas, one of its types.

What is closed at an instant may be left out, so an area or type is missing only if it is at none of several instants.
"""

from collections.abc import AsyncIterator, Iterator, Mapping, Sequence
from datetime import UTC, datetime, time, timedelta
from typing import TypeVar
from zoneinfo import ZoneInfo, ZoneInfoNotFoundError

from pydantic import BaseModel

from holdfast.channel import Gone, Listing, Rejected
from holdfast.channels.mozrest import replies, wire
from holdfast.channels.mozrest.protocol import PAGE, Protocol
from holdfast.channels.mozrest.translate import settings_of
from holdfast.exchange import Request, TransportError
from holdfast.kind import Connection, Objection

Model = TypeVar("Model", bound=BaseModel)

ASKED = ((1, time(12)), (1, time(19)), (4, time(12)), (4, time(19)))
"""Days ahead, and the clock on the venue's wall: different days of a week, noon and evening."""
HALF_A_YEAR = timedelta(days=182)
MOST_PAGES = 10
"""Of the list of venues."""
SHOWN = 5


class Inspector:
    """Looks at one account's listings; a venue that several of them are of is read once."""

    def __init__(self, connection: Connection, protocol: Protocol) -> None:
        self._listings = connection.listings
        self._transport = connection.transport
        self._clock = connection.clock
        self._protocol = protocol
        self._venues: dict[str, wire.Venue | None] = {}

    async def inspect(self) -> AsyncIterator[Objection]:
        """What cannot be right, listing by listing. Raises ChannelError."""
        for listing in self._listings:
            async for key, told in self._of(listing):
                yield Objection(listing=listing.name, key=key, told=told)

    async def _of(self, listing: Listing) -> AsyncIterator[tuple[str, str]]:
        settings = settings_of(listing)
        venue = await self._venue(settings.venue_id)
        if venue is None:
            told = f"no venue {settings.venue_id} may be booked with this key at this base_url"
            yield "venue_id", f"{told}; there are {_named(self._others)}"
            return
        for told in _wrong_zone(venue, listing.zone, self._clock.now()):
            yield "timezone", told
        if settings.area_id is not None:
            areas = await self._areas(listing, settings.area_id)
            if settings.area_id not in areas:
                yield "area_id", f"the area does not exist; there are {_named(areas)}"
                return
        if settings.booking_type is not None:
            types = await self._types(listing, settings.booking_type)
            if types and settings.booking_type not in types:
                yield "booking_type", f"the booking type does not exist; there are {_named(types)}"

    async def _venue(self, venue_id: str) -> wire.Venue | None:
        """By its own address, else from the list: not every revision shows that a venue can be read alone."""
        if venue_id not in self._venues:
            try:
                found = await self._ask(wire.Venue, self._protocol.venue(venue_id))
            except Gone:
                await self._list()
                self._venues.setdefault(venue_id, None)
            else:
                self._venues[venue_id] = found
        return self._venues[venue_id]

    async def _list(self) -> None:
        for number in range(MOST_PAGES):
            request = self._protocol.venues(filters={}, offset=number * PAGE)
            page = (await self._ask(wire.Venues, request)).data
            self._venues |= {venue.id: venue for venue in page}
            if len(page) < PAGE:
                return

    @property
    def _others(self) -> dict[str, str | None]:
        return {venue.id: venue.name for venue in self._venues.values() if venue}

    async def _areas(self, listing: Listing, wanted: str) -> dict[str, str | None]:
        """Until the one that is wanted is among them."""
        found: dict[str, str | None] = {}
        for at in self._instants(listing):
            request = self._protocol.areas(settings_of(listing).venue_id, listing.party_size, at)
            found |= {area.id: area.name for area in (await self._ask(wire.Areas, request)).root}
            if wanted in found:
                break
        return found

    async def _types(self, listing: Listing, wanted: str) -> dict[str, str | None]:
        """Empty where they are not told, as in the newer revision."""
        found: dict[str, str | None] = {}
        for at in self._instants(listing):
            request = self._protocol.availability(settings_of(listing), listing.party_size, at)
            try:
                answer = await self._ask(wire.Availability, request)
            except (
                Rejected
            ):  # how far ahead and at which minutes one may ask is not documented (U11)
                break
            found |= {one.id: one.name for one in answer.booking_types}
            if wanted in found or not found:
                break
        return found

    def _instants(self, listing: Listing) -> Iterator[datetime]:
        today = self._clock.now().astimezone(listing.zone).date()
        for days, at in ASKED:
            wall = datetime.combine(today + timedelta(days=days), at, listing.zone)
            yield wall.astimezone(UTC)

    async def _ask(self, model: type[Model], request: Request) -> Model:
        try:
            reply = await self._transport.send(request)
        except TransportError as error:
            raise replies.lost(request.operation, error) from error
        return replies.read(model, request.operation, reply, self._clock.now())


def _wrong_zone(venue: wire.Venue, ours: ZoneInfo, now: datetime) -> Sequence[str]:
    """By what the clocks show now and in half a year: a zone has several names."""
    try:
        theirs = ZoneInfo(venue.timezone or ours.key)
    except (ZoneInfoNotFoundError, ValueError):
        return []
    moments = [now, now + HALF_A_YEAR]
    if all(at.astimezone(ours).utcoffset() == at.astimezone(theirs).utcoffset() for at in moments):
        return []
    return [f"the venue is in {theirs.key} at the provider, in {ours.key} here"]


def _named(found: Mapping[str, str | None]) -> str:
    names = [f"{key} ({name})" if name else key for key, name in found.items()]
    more = f" and {len(names) - SHOWN} more" if len(names) > SHOWN else ""
    return f"{', '.join(names[:SHOWN])}{more}" or "none"
