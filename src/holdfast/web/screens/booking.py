"""`/bookings` and `/bookings/{id}`: what happened to a booking, in order, and who says so."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from zoneinfo import ZoneInfo

from aiohttp import web

from holdfast.roles import Role
from holdfast.store import exposures as measured
from holdfast.store import reading, stories
from holdfast.store.exposures import Measured
from holdfast.store.flaws import flaws_of
from holdfast.store.reading import BookingRow, GuestRow
from holdfast.store.stories import Delivery, Entry, Target, Try
from holdfast.web.masking import masked_email, masked_name, masked_phone
from holdfast.web.notices import Notice, notices
from holdfast.web.parts import PARTS
from holdfast.web.people import PERSON
from holdfast.web.problems import NOT_FOUND, Problem
from holdfast.web.screens.screen import number, show
from holdfast.web.screens.story import Line, data_of, told
from holdfast.web.screens.swimlane import Band, Picture, Point, picture

REVEALS: Role = "venue"
"""Who may see a guest in clear."""

OURS = "Holdfast"
TOLD = ("booking.", "conflict.")
"""Kinds that are drawn in our own lane."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Told:
    """All that the page shows of one booking."""

    booking: BookingRow
    zone: ZoneInfo
    targets: Sequence[Target]
    exposures: Sequence[Measured]
    lines: Sequence[Line]
    picture: Picture
    tries: Sequence[Try]
    deliveries: Sequence[Delivery]
    notices: Sequence[Notice]
    """What keeps it from being in order, worst first."""


async def page(request: web.Request) -> web.Response:
    """One booking, its guest masked. Raises Problem where there is none of this id."""
    return await _shown(request, masked=True)


async def reveal(request: web.Request) -> web.Response:
    """The same with its guest in clear, for this one view. Raises Problem."""
    return await _shown(request, masked=False)


async def _shown(request: web.Request, *, masked: bool) -> web.Response:
    found = await _told(request)
    guest = await reading.guest(request.app[PARTS].pool, found.booking.id)
    can_reveal = masked and guest is not None and request[PERSON].may(REVEALS)
    return show(
        request,
        "booking.html",
        "bookings",
        told=found,
        guest=_guest(guest, masked=masked),
        can_reveal=can_reveal,
        revealed=not masked,
    )


async def _told(request: web.Request) -> Told:
    pool, now = request.app[PARTS].pool, request.app[PARTS].clock.now()
    booking_id = number(request, "booking")
    row = await stories.header(pool, booking_id)
    booking = (await reading.bookings_by_id(pool, [booking_id])).get(booking_id)
    if booking is None or row is None or not request[PERSON].sees(booking.venue):
        raise Problem(NOT_FOUND, "There is no booking of this id.")
    zone = ZoneInfo(row.timezone)
    entries = await stories.entries(pool, booking_id, row.venue_id)
    targets = await stories.targets(pool, booking_id)
    exposed = await measured.of_booking(pool, booking_id)
    flawed = await flaws_of(pool, booking, now)
    return Told(
        booking=booking,
        notices=notices(flawed, now, everywhere=request[PERSON].venues is None),
        zone=zone,
        targets=targets,
        exposures=exposed,
        lines=told(entries, zone),
        picture=_drawn(booking, row.made_at, entries, (exposed, now), targets),
        tries=await stories.tries(pool, booking_id, [target.id for target in targets]),
        deliveries=await stories.deliveries(pool, row.account_id, booking.external_id),
    )


def _guest(guest: GuestRow | None, *, masked: bool) -> list[str]:
    if guest is None:
        return []
    parts = [guest.name, guest.email, guest.phone]
    if masked:
        parts = [masked_name(guest.name), masked_email(guest.email), masked_phone(guest.phone)]
    return [part for part in parts if part]


def _drawn(
    booking: BookingRow,
    made_at: datetime | None,
    entries: Sequence[Entry],
    exposed: tuple[Sequence[Measured], datetime],
    targets: Sequence[Target],
) -> Picture:
    episodes, now = exposed
    source = booking.listing or booking.account or booking.channel
    others = [*(target.listing for target in targets), *(one.listing for one in episodes)]
    points = [point for entry in entries for point in _points(entry, source)]
    if made_at is not None:
        points.append(
            Point(lane=source, at=made_at, text="made, by its channel's clock", look="made")
        )
    bands = [_band(episode, now) for episode in episodes if episode.ended_at != episode.began_at]
    return picture(list(dict.fromkeys([source, OURS, *others])), points, bands)


def _points(entry: Entry, source: str) -> list[Point]:
    if entry.kind.startswith(TOLD):
        heard = data_of(entry).get("heard_at")
        ours = Point(lane=OURS, at=entry.at, text=entry.kind, look=entry.kind.partition(".")[0])
        if not heard:
            return [ours]
        at = datetime.fromisoformat(str(heard))
        return [Point(lane=source, at=at, text=f"told us, by {entry.actor}", look="told"), ours]
    if entry.listing is None or entry.kind.startswith("block.wanted"):
        return []
    look = "wrong" if entry.kind.startswith("push.") else entry.kind.partition(".")[2]
    return [Point(lane=entry.listing, at=entry.at, text=entry.kind, look=look)]


def _band(episode: Measured, now: datetime) -> Band:
    until = episode.ended_at or max(now, episode.began_at)
    seconds = (until - episode.began_at).total_seconds()
    goes_on = "" if episode.ended_at else ", and still is"
    text = f"sellable twice on {episode.listing} for {seconds:.1f} s{goes_on}"
    return Band(lane=episode.listing, since=episode.began_at, until=until, text=text)
