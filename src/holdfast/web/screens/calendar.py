"""`/venues/{name}/calendar`: what is booked, by which channel, and whether everybody else knows."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import date, datetime
from typing import Literal, get_args
from zoneinfo import ZoneInfo

import asyncpg
from aiohttp import web

from holdfast.inventory.freshness import Judged
from holdfast.inventory.model import Span
from holdfast.inventory.wall import whole_day
from holdfast.store import day as store_day
from holdfast.store import freshness, reading, venues
from holdfast.store.day import VenueRow
from holdfast.store.reading import ConflictRow
from holdfast.store.venues import Unmapped
from holdfast.web.addresses import Addresses
from holdfast.web.axis import USUAL
from holdfast.web.gaps import gaps
from holdfast.web.overview import Choice, Day, days_of
from holdfast.web.parts import PARTS
from holdfast.web.people import PERSON
from holdfast.web.problems import NOT_FOUND, Problem
from holdfast.web.screens.acting import LONGEST_REASON
from holdfast.web.screens.drafts import ACTS, Act, filled
from holdfast.web.screens.filters import a_day, instant, one_of, text, whole
from holdfast.web.screens.panel import Form, Panel, known_of
from holdfast.web.screens.screen import show
from holdfast.web.timeline import Offered, only_problems
from holdfast.web.week import WeekRow, monday, week, week_span

MOST_CONFLICTS = 10
Name = Literal["day", "week", "agenda"]
VIEWS: tuple[Name, ...] = get_args(Name)
SWITCHES = ("whole", "problems")
MOST_PAGES = 999
"""Of bookings that are off."""


@dataclass(frozen=True, slots=True, kw_only=True)
class View:
    """What the address asks for. `name` None: the day, as a timeline or as a list, whichever fits the window."""

    name: Name | None
    day: date
    state: Mapping[str, str]
    off: int = 0
    """The page of bookings that are off; 0: without them."""

    def on(self, switch: str) -> bool:
        """Whether it is set."""
        return switch in self.state


@dataclass(frozen=True, slots=True, kw_only=True)
class Tray:
    """What is on no unit of the venue, or on the wrong one."""

    conflicts: Sequence[ConflictRow]
    more: bool
    unitless: Sequence[str]
    unmapped: Sequence[Unmapped]

    def __bool__(self) -> bool:
        return bool(self.conflicts or self.unitless or self.unmapped)


@dataclass(frozen=True, slots=True, kw_only=True)
class Sheet:
    """The calendar itself: a day, or seven."""

    venue: VenueRow
    zone: ZoneInfo
    view: View
    links: Addresses
    tray: Tray
    doubts: Mapping[str, Judged]
    """Accounts on which the venue is sold, of which what is shown may not be how things are."""
    day: Day | None = None
    week: Sequence[WeekRow] = ()
    usual: str = f"{USUAL[0]:%H:%M}\N{EN DASH}{USUAL[1]:%H:%M}"

    @property
    def monday(self) -> date:
        """The first day of the week that is shown."""
        return monday(self.view.day)


async def page(request: web.Request) -> web.Response:
    """One venue's calendar, with a booking or a form beside it. Raises Problem."""
    venue = await venue_of(request)
    return await shown(request, venue, await _panel(request, venue))


async def venue_of(request: web.Request) -> VenueRow:
    """The venue in the path. Raises Problem where there is none, or it is none of his."""
    return await venue_named(request, request.match_info["name"])


async def venue_named(request: web.Request, name: str) -> VenueRow:
    """Raises Problem where there is none, or it is none of his."""
    seen = name.isprintable() and request[PERSON].sees(name)
    found = await venues.by_name(request.app[PARTS].pool, name) if seen else None
    if found is None:
        raise Problem(NOT_FOUND, "There is no venue of this name.")
    return found


async def shown(
    request: web.Request, venue: VenueRow, panel: Panel | None, status: int = 200
) -> web.Response:
    """The whole page. Raises Problem for an address that makes no sense."""
    parts = request.app[PARTS]
    sheet = await _sheet(request, venue, parts.clock.now())
    return show(
        request,
        "calendar.html",
        "calendar",
        status=status,
        sheet=sheet,
        everywhere=request[PERSON].venues is None,
        panel=panel,
        longest=LONGEST_REASON,
    )


async def units_of(pool: asyncpg.Pool, venue: VenueRow) -> list[str]:
    """Their names."""
    return [unit.name for unit in await store_day.units(pool, venue)]


async def _panel(request: web.Request, venue: VenueRow) -> Panel | None:
    """What the address asks for beside the calendar."""
    pool, asked = request.app[PARTS].pool, request.query
    now, zone = request.app[PARTS].clock.now(), ZoneInfo(venue.timezone)
    act, booking_id = _act(asked), whole(asked, "b", 2**63 - 1)
    if booking_id is not None:
        everywhere = request[PERSON].venues is None
        known = await known_of(pool, venue, booking_id, now, everywhere=everywhere)
        if act is None or act not in known.acts:
            return Panel(known=known)
        draft = filled(act, known.booking, None, "", zone)
        return Panel(known=known, form=Form(draft=draft, units=await units_of(pool, venue)))
    unit = text(asked, "new")
    if unit is None:
        return None
    units = await units_of(pool, venue)
    chosen = unit if unit in units else ""
    since, made = instant(asked, "from", now), _made(act)
    draft = filled(made, None, since, chosen, zone)
    return Panel(form=Form(draft=draft, units=units, since=since))


def _made(act: Act | None) -> Act:
    """A booking, unless it is to be a closure."""
    return "close" if act == "close" else "book"


def _act(asked: Mapping[str, str]) -> Act | None:
    found = one_of(asked, "act", ACTS)
    return next((act for act in ACTS if act == found), None)


async def _sheet(request: web.Request, venue: VenueRow, now: datetime) -> Sheet:
    pool, zone = request.app[PARTS].pool, ZoneInfo(venue.timezone)
    view = view_of(request.query, now.astimezone(zone).date())
    links = Addresses(venue=venue.name, day=view.day, state=view.state)
    tray = await _tray(pool, venue, everything=request[PERSON].venues is None)
    doubts = await _doubts(pool, venue, now)
    sheet = Sheet(venue=venue, zone=zone, view=view, links=links, tray=tray, doubts=doubts)
    if view.name == "week":
        return replace(sheet, week=await _week(pool, sheet, now))
    return replace(sheet, day=await _day(pool, sheet, now))


def view_of(asked: Mapping[str, str], today: date) -> View:
    """Raises Problem."""
    chosen, name = a_day(asked, "date"), one_of(asked, "view", VIEWS)
    off = whole(asked, "off", MOST_PAGES) or 0
    state = {"date": chosen.isoformat() if chosen else "", "view": name or ""}
    state["off"] = "1" if off else ""
    state |= {switch: "1" for switch in SWITCHES if asked.get(switch) == "1"}
    named = next((one for one in VIEWS if one == name), None)
    kept = {key: value for key, value in state.items() if value}
    return View(name=named, day=chosen or today, state=kept, off=off)


async def _day(pool: asyncpg.Pool, sheet: Sheet, now: datetime) -> Day:
    view = sheet.view
    choice = Choice(day=view.day, off=view.off, whole=view.on("whole"))
    offered = await _offered(pool, sheet.venue, whole_day(view.day, sheet.zone), now)
    (found,) = await days_of(pool, [sheet.venue], choice, offered, now)
    line = only_problems(found.timeline) if view.on("problems") else found.timeline
    free = {row.unit.id: gaps(line.axis, row, now) for row in line.rows}
    only = None if view.name == "week" else view.name
    return replace(found, timeline=line, links=sheet.links, gaps=free, only=only)


async def _week(pool: asyncpg.Pool, sheet: Sheet, now: datetime) -> list[WeekRow]:
    first = monday(sheet.view.day)
    span = week_span(first, sheet.zone)
    rows = await store_day.venue_day(pool, sheet.venue, span, off=0)
    offered = await _offered(pool, sheet.venue, span, now)
    found = week(first, sheet.zone, rows, offered)
    return [row for row in found if row.problem] if sheet.view.on("problems") else found


async def _offered(pool: asyncpg.Pool, venue: VenueRow, span: Span, now: datetime) -> list[Offered]:
    """What channels still sell, and what they sell no more; of the past nothing can be sold."""
    if span.end <= now:
        return []
    ahead = Span(start=max(span.start, now), end=span.end)
    found: list[Offered] = [*await reading.exposures(pool, ahead, venue=venue.name)]
    unknown = await reading.occupied(pool, ahead.start)
    return found + [row for row in unknown if row.venue == venue.name]


async def _doubts(pool: asyncpg.Pool, venue: VenueRow, now: datetime) -> dict[str, Judged]:
    states = await freshness.states(pool, now)
    sold_on = await venues.accounts(pool, venue.id)
    return {name: states[name] for name in sold_on if name in states and not states[name].fresh}


async def _tray(pool: asyncpg.Pool, venue: VenueRow, *, everything: bool) -> Tray:
    """What belongs to no venue is shown to whoever sees them all."""
    found = await reading.conflicts_page(pool, venue.name, False, None, MOST_CONFLICTS + 1)
    return Tray(
        conflicts=found[:MOST_CONFLICTS],
        more=len(found) > MOST_CONFLICTS,
        unitless=await venues.unitless(pool, venue.id),
        unmapped=await venues.unmapped(pool) if everything else (),
    )
