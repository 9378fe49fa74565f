"""`/events`: what came in, whether we believed it and what became of it; what failed can be read again at once."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import datetime, timedelta

from aiohttp import web

from holdfast.store import events
from holdfast.store.events import MOST_COUNTED, EventFilter, EventRow
from holdfast.sync.replay import Reread
from holdfast.web import paging
from holdfast.web.parts import PARTS
from holdfast.web.people import PERSON
from holdfast.web.screens import filters
from holdfast.web.screens.acting import (
    LONGEST_REASON,
    MOST_AT_ONCE,
    SAY_WHY,
    ids_of,
    reason_of,
)
from holdfast.web.screens.screen import show
from holdfast.web.words import EVENT_STATES

VIAS = ("webhook", "poll", "clock", "operator", "replay")
NAMES = ("account", "via", "state", "type", "ref", "since", "until", "tries")
MOST_TRIES = 100_000
FARTHEST = timedelta(days=7)
"""How far back is searched for what no index knows, unless somebody says since when."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Listed:
    """What the page shows. `many` is how many match, as far as they are counted."""

    rows: Sequence[EventRow]
    many: int
    older: str
    again: str
    """Where what is shown can be read again; empty: nothing can."""
    ids: Sequence[int]
    """What the form reads again."""
    days: int
    """So many days back is searched; 0: all."""


async def page(request: web.Request) -> web.Response:
    """One page of them; `act` shows the form for all that match, at most 200. Raises Problem."""
    return await _shown(request, request.query)


async def read_again(request: web.Request) -> web.StreamResponse:
    """Read again exactly what was shown. Raises Problem."""
    asked = await request.post()
    ids, reason = ids_of(asked.get("ids", "")), reason_of(asked.get("reason", ""))
    if not reason:
        state = {name: str(asked.get(name, "")) for name in NAMES}
        return await _shown(request, {**state, "act": "replay"}, wrong=SAY_WHY)
    wish = Reread(event_ids=ids, actor=request[PERSON].name, reason=reason)
    done = await request.app[PARTS].read_again(wish)
    raise web.HTTPSeeOther(
        filters.link(
            "/events", {}, via="replay", done=len(done.asked), refused=len(ids) - len(done.asked)
        )
    )


def wanted(asked: Mapping[str, str], now: datetime) -> EventFilter:
    """The filter as it stands in an address, as far back as can be searched. Raises Problem for no sense."""
    found = _asked(asked, now)
    return replace(found, since=now - FARTHEST) if too_far(found) else found


def too_far(found: EventFilter) -> bool:
    """Whether all that ever came in would have to be looked at."""
    named = found.via or found.raw_type or found.tries
    return bool(named) and not (found.since or found.ref or found.state)


def _asked(asked: Mapping[str, str], now: datetime) -> EventFilter:
    return EventFilter(
        account=filters.text(asked, "account"),
        via=filters.one_of(asked, "via", VIAS),
        state=filters.one_of(asked, "state", EVENT_STATES),
        raw_type=filters.text(asked, "type"),
        ref=filters.text(asked, "ref"),
        since=filters.instant(asked, "since", now),
        until=filters.instant(asked, "until", now),
        tries=filters.whole(asked, "tries", MOST_TRIES),
    )


async def _shown(
    request: web.Request, asked: Mapping[str, str], *, wrong: str = ""
) -> web.Response:
    pool = request.app[PARTS].pool
    state = {name: asked.get(name, "") for name in NAMES}
    listed = await _listed(request, asked, state)
    return show(
        request,
        "events.html",
        "events",
        status=422 if wrong else 200,
        listed=listed,
        filter=state,
        accounts=await filters.in_time(events.accounts(pool)),
        vias=VIAS,
        presets=filters.PRESETS,
        filtered=any(state.values()) or bool(asked.get("cursor")),
        counted_to=MOST_COUNTED,
        acting=asked.get("act") == "replay",
        most=MOST_AT_ONCE,
        longest=LONGEST_REASON,
        wrong=wrong,
        done=filters.whole(asked, "done", MOST_AT_ONCE),
        refused=filters.whole(asked, "refused", MOST_AT_ONCE),
    )


async def _listed(
    request: web.Request, asked: Mapping[str, str], state: Mapping[str, str]
) -> Listed:
    parts = request.app[PARTS]
    which = wanted(state, parts.clock.now())
    acting = asked.get("act") == "replay"
    limit = MOST_AT_ONCE if acting else filters.PAGE
    before = paging.position("events", asked.get("cursor"))
    found = await filters.in_time(events.page(parts.pool, which, before, limit + 1))
    rows, following = paging.split("events", found, limit)
    readable = [row.id for row in rows if row.ref is not None and row.account is not None]
    return Listed(
        rows=rows,
        many=await filters.in_time(events.count(parts.pool, which)),
        older=filters.link("/events", state, cursor=following) if following and not acting else "",
        again=filters.link("/events", state, act="replay") if readable else "",
        ids=readable,
        days=FARTHEST.days if too_far(_asked(state, parts.clock.now())) else 0,
    )
