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
NAMES = ("state", "account", "call", "since")
STATES: Mapping[str, tuple[str, tuple[str, ...], bool | None]] = {
    "open": ("not done yet", OPEN, None),
    "waiting": ("queued", ("waiting",), None),
    "in_flight": ("sending", ("in_flight",), None),
    "unknown": ("unknown", ("unknown",), None),
    "shadow": ("shadow, not sent", ("shadow",), None),
    "dead": ("given up", ("dead",), False),
    "dropped": ("dropped", ("dead",), True),
    "done": ("done", ("done",), None),
    "superseded": ("not needed any more", ("superseded",), None),
}
"""What calls can be filtered by: in words, by their states, and whether a person dropped them."""


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
    _, states, dropped = STATES[state] if state else ("", None, None)
    return CallFilter(
        states=states,
        dropped=dropped,
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
        states={name: words for name, (words, _, _) in STATES.items()},
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
