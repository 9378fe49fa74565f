"""`/explain`: why a unit's time is or is not sellable, by the function that decides it."""

import asyncio
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from zoneinfo import ZoneInfo

import asyncpg
from aiohttp import web

from holdfast.inventory import wall
from holdfast.inventory.case import Explanation, Reason
from holdfast.inventory.model import Span
from holdfast.store.typed import PATIENCE
from holdfast.sync.explain import NoSuchUnit, of_unit
from holdfast.web.addresses import Addresses
from holdfast.web.parts import PARTS
from holdfast.web.people import PERSON
from holdfast.web.problems import NOT_FOUND, Problem, wrong_field
from holdfast.web.screens.calendar import units_of, venue_named
from holdfast.web.screens.drafts import moment, said
from holdfast.web.screens.filters import in_time, text
from holdfast.web.screens.screen import show

LONGEST = timedelta(days=31)
MOST_COMING = 5

BY_BOOKINGS = ("conflict", "closure", "direct", "booking", "hold", "setup", "cleanup")
"""Rules that are about somebody who has the time."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Step:
    """The one thing that would change the answer."""

    text: str
    link: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Why:
    """An explanation with what can be done about it; `since` and `until` as a form says them."""

    told: Explanation
    units: Sequence[str]
    step: Step | None
    since: str
    until: str
    links: Addresses


async def page(request: web.Request) -> web.Response:
    """Raises Problem."""
    pool, asked = request.app[PARTS].pool, request.query
    now = request.app[PARTS].clock.now()
    # units are unique within a venue only, so it is named
    venue = await venue_named(request, _name(asked, "venue"))
    zone, unit = ZoneInfo(venue.timezone), _name(asked, "unit")
    told = await _told(pool, (venue.name, unit), _span(asked, zone), now)
    day = told.span.start.astimezone(zone).date()
    links = Addresses(venue=venue.name, day=day)
    why = Why(
        told=told,
        units=await units_of(pool, venue),
        step=step(told, links, takes=request[PERSON].may("venue")),
        since=said(told.span.start, zone),
        until=said(told.span.end, zone),
        links=links,
    )
    return show(request, "why.html", "calendar", why=why, coming=told.coming[:MOST_COMING])


def _name(asked: Mapping[str, str], what: str) -> str:
    name = text(asked, what)
    if name is None:
        raise wrong_field(what, f"the name of a {what}")
    return name


async def _told(
    pool: asyncpg.Pool, names: tuple[str, str], span: Span, now: datetime
) -> Explanation:
    async def work() -> Explanation:
        async with asyncio.timeout(PATIENCE), pool.acquire() as connection:
            return await of_unit(connection, names, span, now)

    try:
        return await in_time(work())
    except NoSuchUnit as error:
        raise Problem(NOT_FOUND, f"{str(error).capitalize()}.") from error


def _span(asked: Mapping[str, str], zone: ZoneInfo) -> Span:
    """`from` and `to`, or `from` and `for` as in `90m`; without a zone they are the venue's wall clock."""
    start = _instant(asked, "from", zone)
    end = start + _length(asked) if asked.get("for") else _instant(asked, "to", zone)
    if not start < end <= start + LONGEST:
        raise wrong_field("to", f"a time after the start, at most {LONGEST.days} days later")
    return Span(start=start, end=end)


def _length(asked: Mapping[str, str]) -> timedelta:
    try:
        return wall.length(asked["for"])
    except (ValueError, OverflowError) as error:
        raise wrong_field("for", "a length such as 90m, 2h or 1h30m") from error


def _instant(asked: Mapping[str, str], name: str, zone: ZoneInfo) -> datetime:
    try:
        return moment(asked.get(name, ""), zone)
    except ValueError as error:
        raise wrong_field(name, str(error)) from error


def step(told: Explanation, links: Addresses, *, takes: bool = True) -> Step | None:
    """Of what speaks against it, the first that somebody can do something about; free time can be taken by some."""
    if _given_up(told):
        return Step(text="Make the call that was given up once more", link="/pushes?state=dead")
    named = {reason.rule: reason for reason in reversed(told.reasons) if reason.mark != "ok"}
    rule = next((rule for rule in BY_BOOKINGS if rule in named), None)
    if rule is not None:
        return _about(rule, named[rule], links)
    if "time" in named or "listing" in named:
        return None
    stopped = next((rule for rule in ("brake", "account") if rule in named), None)
    if stopped is not None:
        return Step(text=f"See how its {stopped} stands", link="/#accounts")
    if "evidence" in named:
        return Step(text="See how its accounts stand", link="/ops#accounts")
    if not takes:
        return None
    taking = links.new(told.unit, told.span.start)
    return Step(text="Take it: a booking or a closure", link=taking)


def _about(rule: str, reason: Reason, links: Addresses) -> Step | None:
    if reason.booking_id is None:
        return None
    number = reason.booking_id
    if rule == "conflict":
        return Step(text=f"Settle the conflict of booking {number}", link="/conflicts")
    words = {"closure": f"Open it again, or move closure {number}"}
    does = "Move or cancel" if rule == "direct" else "See"
    return Step(text=words.get(rule, f"{does} booking {number}"), link=links.panel(number))


def _given_up(told: Explanation) -> bool:
    blocks = [standing for view in told.views for standing in view.blocks]
    return any(standing.errand and standing.errand.state == "dead" for standing in blocks)
