"""`/pushes/{id}`: one wanted call, what it came to each time, what stands behind it, and what can be done about it."""

from collections.abc import Sequence
from dataclasses import dataclass
from zoneinfo import ZoneInfo

import asyncpg
from aiohttp import web

from holdfast.store import calls
from holdfast.store.calls import CallDetail
from holdfast.store.stories import Try
from holdfast.sync.revive import PushWish
from holdfast.web.parts import PARTS
from holdfast.web.people import PERSON
from holdfast.web.problems import NOT_FOUND, REFUSED, Problem
from holdfast.web.screens.acting import CHANGED, LONGEST_REASON, SAY_WHY, reason_of
from holdfast.web.screens.event import entries_of
from holdfast.web.screens.pushes import Act, act_of
from holdfast.web.screens.screen import number, show
from holdfast.web.screens.story import Line, told
from holdfast.web.words import exact


@dataclass(frozen=True, slots=True, kw_only=True)
class Told:
    """All that the page shows of one call."""

    push: CallDetail
    zone: ZoneInfo
    tries: Sequence[Try]
    lines: Sequence[Line]
    acts: Sequence[Act]
    """What can be done about it."""
    seen: str
    """Shows later whether it is still as it was shown."""


async def page(request: web.Request) -> web.Response:
    """One call; `act` shows what reviving or dropping it would do. Raises Problem."""
    chosen = act_of(request.query["act"]) if request.query.get("act") else None
    return _shown(request, await _told(request.app[PARTS].pool, number(request, "push")), chosen)


async def act(request: web.Request) -> web.StreamResponse:
    """Revive or drop it, if it still is as it was shown. Raises Problem."""
    parts, asked = request.app[PARTS], await request.post()
    push_id, what = number(request, "push"), act_of(asked.get("act"))
    found, reason = await _told(parts.pool, push_id), reason_of(asked.get("reason", ""))
    wrong = "" if reason else SAY_WHY
    if what not in found.acts or asked.get("seen") != found.seen:
        wrong = CHANGED
    if wrong:
        return _shown(request, found, what, wrong=wrong, reason=reason)
    wish = PushWish(act=what, push_ids=[push_id], actor=request[PERSON].name, reason=reason)
    done = await parts.handle(wish)
    if push_id not in done.done:
        raise Problem(REFUSED, f"It was not done: {done.refused[push_id]}.")
    raise web.HTTPSeeOther(f"/pushes/{done.done[push_id]}")


async def _told(pool: asyncpg.Pool, push_id: int) -> Told:
    push = await calls.one(pool, push_id)
    if push is None:
        raise Problem(NOT_FOUND, "There is no push of this id.")
    zone = ZoneInfo(push.timezone)
    return Told(
        push=push,
        zone=zone,
        tries=await calls.tries(pool, push_id),
        lines=told(entries_of(await calls.effects(pool, push_id)), zone),
        acts=_acts(push),
        seen=f"{push.state}-{push.outcome}-{push.attempts}-{push.newer}-{push.wants}-{push.call}-{exact(push.wished_at)}",
    )


def _acts(push: CallDetail) -> Sequence[Act]:
    """Whoever was asked again since is not asked twice."""
    if push.state != "dead" or push.outcome == "dropped":
        return ()
    return ("drop",) if push.newer else ("revive", "drop")


def _shown(
    request: web.Request, found: Told, chosen: Act | None, *, wrong: str = "", reason: str = ""
) -> web.Response:
    return show(
        request,
        "push.html",
        "pushes",
        status=422 if wrong else 200,
        told=found,
        chosen=chosen if chosen in found.acts else None,
        wrong=wrong,
        reason=reason,
        longest=LONGEST_REASON,
    )
