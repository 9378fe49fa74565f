"""`/pushes`: what goes out, what waits longest, what was given up; the last can be revived or dropped at once."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Literal, get_args

from aiohttp import web

from holdfast.store import calls, events
from holdfast.store.calls import OPEN, CallFilter, CallRow
from holdfast.store.events import MOST_COUNTED
from holdfast.sync.revive import PushWish
from holdfast.web import paging
from holdfast.web.parts import PARTS
from holdfast.web.people import PERSON
from holdfast.web.problems import REFUSED, wrong_field
from holdfast.web.screens import filters
from holdfast.web.screens.acting import (
    LONGEST_REASON,
    MOST_AT_ONCE,
    SAY_WHY,
    ids_of,
    reason_of,
)
from holdfast.web.screens.screen import show

Act = Literal["revive", "drop"]

CALLS = ("place", "commit", "release", "cancel")
NAMES = ("state", "account", "call", "since", "ended")
UNDER_WAY = ("waiting", "in_flight", "unknown")


@dataclass(frozen=True, slots=True, kw_only=True)
class Choice:
    """What calls can be filtered by: in words, by their states, whether a person dropped them, and their queue."""

    words: str
    states: tuple[str, ...]
    dropped: bool | None = None
    queue: str | None = None


STATES: Mapping[str, Choice] = {
    "open": Choice(words="not done yet", states=OPEN),
    "under_way": Choice(words="not done yet, and to be sent", states=UNDER_WAY),
    "waiting": Choice(words="queued", states=("waiting",)),
    "queued": Choice(words="queued, not tried yet", states=("waiting",), queue="queued"),
    "retrying": Choice(words="queued, tried in vain", states=("waiting",), queue="retrying"),
    "paused": Choice(words="held back by a pause", states=OPEN, queue="paused"),
    "in_flight": Choice(words="sending", states=("in_flight",)),
    "unknown": Choice(words="unknown", states=("unknown",)),
    "unsure": Choice(words="unknown, to be read", states=("unknown",), queue="unknown"),
    "shadow": Choice(words="shadow, not sent", states=("shadow",)),
    "dead": Choice(words="given up", states=("dead",), dropped=False),
    "dropped": Choice(words="dropped", states=("dead",), dropped=True),
    "done": Choice(words="done", states=("done",)),
    "superseded": Choice(words="not needed any more", states=("superseded",)),
}


@dataclass(frozen=True, slots=True, kw_only=True)
class Listed:
    """What the page shows. `many` is how many match, as far as they are counted."""

    rows: Sequence[CallRow]
    many: int
    further: str
    dead: Sequence[int]
    """Of the rows, what can be revived or dropped."""


async def page(request: web.Request) -> web.Response:
    """One page of them; `act` shows the form for all that are dead, at most 200. Raises Problem."""
    return await _shown(request, request.query)


async def act(request: web.Request) -> web.StreamResponse:
    """Revive or drop exactly what was shown. Raises Problem."""
    asked = await request.post()
    what, ids = act_of(asked.get("act")), ids_of(asked.get("ids", ""))
    reason = reason_of(asked.get("reason", ""))
    if not reason:
        state = {name: str(asked.get(name, "")) for name in NAMES}
        return await _shown(request, {**state, "act": what}, wrong=SAY_WHY)
    wish = PushWish(act=what, push_ids=ids, actor=request[PERSON].name, reason=reason)
    done = await request.app[PARTS].handle(wish)
    shown = {"state": "open" if what == "revive" else "dropped"}
    raise web.HTTPSeeOther(
        filters.link("/pushes", shown, done=len(done.done), refused=len(done.refused))
    )


def act_of(value: object) -> Act:
    """What is to be done. Raises Problem for anything that is not."""
    found: dict[object, Act] = {act: act for act in get_args(Act)}
    if value not in found:
        raise wrong_field("act", "revive or drop", REFUSED)
    return found[value]


def wanted(asked: Mapping[str, str], now: datetime) -> CallFilter:
    """The filter as it stands in an address. Raises Problem for one that makes no sense."""
    state = filters.one_of(asked, "state", STATES)
    chosen = STATES[state] if state else None
    return CallFilter(
        states=chosen.states if chosen else None,
        dropped=chosen.dropped if chosen else None,
        queue=chosen.queue if chosen else None,
        ended=filters.instant(asked, "ended", now),
        account=filters.text(asked, "account"),
        call=filters.one_of(asked, "call", CALLS),
        since=filters.instant(asked, "since", now),
    )


async def _shown(
    request: web.Request, asked: Mapping[str, str], *, wrong: str = ""
) -> web.Response:
    pool = request.app[PARTS].pool
    state = {name: asked.get(name, "") for name in NAMES}
    acting = act_of(asked["act"]) if asked.get("act") else None
    listed = await _listed(request, asked, state, MOST_AT_ONCE if acting else filters.PAGE)
    return show(
        request,
        "pushes.html",
        "pushes",
        status=422 if wrong else 200,
        listed=listed,
        filter=state,
        states={name: choice.words for name, choice in STATES.items()},
        accounts=await filters.in_time(events.accounts(pool)),
        calls=CALLS,
        presets=filters.PRESETS,
        filtered=any(state.values()) or bool(asked.get("cursor")),
        counted_to=MOST_COUNTED,
        acting=acting,
        links={
            act: filters.link("/pushes", state | {"state": "dead"}, act=act)
            for act in get_args(Act)
        },
        most=MOST_AT_ONCE,
        longest=LONGEST_REASON,
        wrong=wrong,
        done=filters.whole(asked, "done", MOST_AT_ONCE),
        refused=filters.whole(asked, "refused", MOST_AT_ONCE),
    )


async def _listed(
    request: web.Request, asked: Mapping[str, str], state: Mapping[str, str], limit: int
) -> Listed:
    parts = request.app[PARTS]
    which = wanted(state, parts.clock.now())
    after = paging.position("pushes", asked.get("cursor"))
    found = await filters.in_time(calls.page(parts.pool, which, after, limit + 1))
    rows, following = paging.split("pushes", found, limit)
    return Listed(
        rows=rows,
        many=await filters.in_time(calls.count(parts.pool, which)),
        further=filters.link("/pushes", state, cursor=following) if following else "",
        dead=[row.id for row in rows if row.state == "dead" and row.outcome != "dropped"],
    )
