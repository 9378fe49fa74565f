"""`/bookings`: every booking, newest first, by venue and status."""

from collections.abc import Mapping
from urllib.parse import urlencode
from zoneinfo import ZoneInfo

from aiohttp import web

from holdfast.inventory.model import Status
from holdfast.store import day, flaws, lists
from holdfast.store.lists import Stretch
from holdfast.web import paging
from holdfast.web.notices import notices
from holdfast.web.parts import PARTS
from holdfast.web.people import PERSON
from holdfast.web.problems import wrong_field
from holdfast.web.screens.screen import show
from holdfast.web.words import STATUS

PAGE = 50
MOST_VENUES = 1000


async def page(request: web.Request) -> web.Response:
    """One page of them. Raises Problem for a filter that makes no sense."""
    pool, asked = request.app[PARTS].pool, request.query
    status = _status(asked.get("status", ""))
    venue = asked.get("venue") or None
    before = paging.position("bookings", asked.get("cursor"))
    person = request[PERSON]
    which = Stretch(venue=venue, within=person.within)
    found = await lists.bookings_page(pool, which, status, before, PAGE + 1)
    rows, following = paging.split("bookings", found, PAGE)
    venues = await day.venues(pool, MOST_VENUES)
    zones: Mapping[str | None, ZoneInfo] = {v.name: ZoneInfo(v.timezone) for v in venues}
    now, everywhere = request.app[PARTS].clock.now(), person.venues is None
    flawed = await flaws.of_bookings(pool, [row.id for row in rows], now)
    return show(
        request,
        "bookings.html",
        "bookings",
        rows=rows,
        wrong={row.id: notices(flawed.get(row.id, ()), now, everywhere=everywhere) for row in rows},
        venues=[each.name for each in venues if person.sees(each.name)],
        zones={row.venue: zones.get(row.venue, ZoneInfo("UTC")) for row in rows},
        filter={"venue": venue or "", "status": status[0] if status else ""},
        filtered=bool(venue or status or before),
        older=_link(venue, status, following) if following else "",
    )


def _status(text: str) -> list[Status] | None:
    if not text:
        return None
    found = [status for status in STATUS if status == text]
    if not found:
        raise wrong_field("status", f"one of {', '.join(STATUS)}")
    return found


def _link(venue: str | None, status: list[Status] | None, cursor: str) -> str:
    state = {"venue": venue, "status": status[0] if status else None, "cursor": cursor}
    return f"/bookings?{urlencode({name: value for name, value in state.items() if value})}"
