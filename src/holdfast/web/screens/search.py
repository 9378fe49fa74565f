"""`/search`: from a number, a provider's reference or a name to its page; no guest can be looked for."""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from urllib.parse import quote

import asyncpg
from aiohttp import web

from holdfast.store import search
from holdfast.store.search import Found, Kind
from holdfast.web.fields import is_id
from holdfast.web.parts import PARTS
from holdfast.web.people import PERSON
from holdfast.web.screens.filters import in_time, text
from holdfast.web.screens.screen import show

MOST = 50

KINDS: dict[Kind, str] = {
    "booking": "Bookings",
    "block": "Our blocks",
    "event": "Events",
    "push": "Pushes",
    "venue": "Venues",
    "unit": "Units",
    "listing": "Listings",
    "account": "Accounts",
}
"""In the order in which they are shown."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Hit:
    """A line of the list."""

    text: str
    about: str
    link: str


async def page(request: web.Request) -> web.Response:
    """What was found, by kind; straight to its page where it is one thing. Raises Problem."""
    sought, within = text(request.query, "q"), request[PERSON].within
    found = await in_time(_found(request.app[PARTS].pool, sought, within)) if sought else []
    hits = {kind: hits_of(kind, found[:MOST]) for kind in KINDS}
    links = {hit.link for group in hits.values() for hit in group}
    if len(links) == 1:
        raise web.HTTPSeeOther(links.pop())
    return show(
        request,
        "search.html",
        "search",
        sought=sought or "",
        groups=[(KINDS[kind], group) for kind, group in hits.items() if group],
        most=MOST,
        more=len(found) > MOST,
        limited=within is not None,
    )


async def _found(pool: asyncpg.Pool, sought: str, within: Sequence[str] | None) -> list[Found]:
    number = number_of(sought)
    found = await search.numbered(pool, number, within) if number else []
    found += await search.referenced(pool, sought, within, MOST + 1)
    return found + await search.named(pool, sought, within, MOST + 1)


def number_of(sought: str) -> int | None:
    """One of our ids, None for what can be none."""
    return int(sought) if is_id(sought) else None


def hits_of(kind: Kind, found: Iterable[Found]) -> list[Hit]:
    """Those of a kind, each once."""
    return list(dict.fromkeys(_hit(one) for one in found if one.kind == kind))


def _hit(one: Found) -> Hit:
    about = " · ".join(part for part in (one.told_by, one.venue) if part and part != one.name)
    return Hit(text=_text(one), about=about, link=_link(one))


def _text(one: Found) -> str:
    return one.name if one.id is None or one.kind == "block" else f"{one.id}: {one.name}"


def _link(one: Found) -> str:
    """Of what has no page of its own: its booking's or its venue's."""
    if one.kind == "account":
        return f"/accounts/{quote(one.name, safe='')}"
    if one.id is None:
        return f"/venues/{quote(one.venue or '', safe='')}/calendar"
    places: dict[Kind, str] = {"event": "events", "push": "pushes"}
    return f"/{places.get(one.kind, 'bookings')}/{one.id}"
