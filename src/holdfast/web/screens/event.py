"""`/events/{id}`: did they tell us, did we believe it, what did we do, and would reading it again change anything?"""

import difflib
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from zoneinfo import ZoneInfo

import asyncpg
from aiohttp import web

from holdfast.kind import WebhookProof
from holdfast.store import events
from holdfast.store.events import Effect, EventDetail
from holdfast.store.journal import canonical
from holdfast.store.stories import Entry
from holdfast.sync.replay import EventUnknown, Preview, Reread
from holdfast.web.parts import PARTS
from holdfast.web.people import PERSON
from holdfast.web.problems import NOT_FOUND, REFUSED, Problem, wrong_field
from holdfast.web.redaction import headers_shown, payload_shown
from holdfast.web.screens.acting import LONGEST_REASON, SAY_WHY, reason_of
from holdfast.web.screens.screen import number, show
from holdfast.web.screens.story import Line, told

PROOFS: Mapping[WebhookProof | None, str] = {
    "signature": "signed by its channel, and confirmed by reading",
    "token": "unsigned: let in by its token, and confirmed by reading",
    None: "nobody can tell: its channel is not known here any more",
}
OURS = {
    "poll": "read by ourselves",
    "clock": "our own clock",
    "operator": "a person asked here",
    "replay": "a person asked here, and it was read by ourselves",
}


@dataclass(frozen=True, slots=True, kw_only=True)
class Told:
    """All that the page shows of one event."""

    event: EventDetail
    zone: ZoneInfo
    proof: str
    headers: Mapping[str, str]
    payload: str | None
    changed: Sequence[str]
    """The payload against the one before about the same thing; empty: there is none, or it is the same."""
    effects: Sequence[Effect]
    lines: Sequence[Line]


async def page(request: web.Request) -> web.Response:
    """One event; `act` shows the form to read it again. Raises Problem."""
    return await _shown(request)


async def act(request: web.Request) -> web.StreamResponse:
    """Read it again, or only look what that would change. Raises Problem."""
    asked = await request.post()
    if asked.get("act") == "look":
        return await _looked(request)
    if asked.get("act") != "replay":
        raise wrong_field("act", "replay or look", REFUSED)
    reason = reason_of(asked.get("reason", ""))
    if not reason:
        return await _shown(request, wrong=SAY_WHY)
    event_id = number(request, "event")
    done = await request.app[PARTS].read_again(
        Reread(event_ids=[event_id], actor=request[PERSON].name, reason=reason)
    )
    if event_id not in done.asked:
        raise _refused(done.refused.get(event_id))
    raise web.HTTPSeeOther(f"/events/{done.asked[event_id]}")


def _refused(why: str | None) -> Problem:
    if why is None:
        return Problem(NOT_FOUND, "There is no event of this id.")
    return Problem(REFUSED, f"It is not read again: {why}.")


async def _looked(request: web.Request) -> web.Response:
    try:
        found = await request.app[PARTS].preview(number(request, "event"))
    except EventUnknown as error:
        raise _refused(None) from error
    return await _shown(request, preview=found)


async def _shown(
    request: web.Request, *, wrong: str = "", preview: Preview | None = None
) -> web.Response:
    parts = request.app[PARTS]
    found = await _told(parts.pool, number(request, "event"), parts.proofs)
    return show(
        request,
        "event.html",
        "events",
        status=422 if wrong else 200,
        told=found,
        preview=preview,
        foreseen=_foreseen(preview, found.zone) if preview else [],
        acting=bool(wrong) or request.query.get("act") == "replay",
        wrong=wrong,
        longest=LONGEST_REASON,
    )


async def _told(pool: asyncpg.Pool, event_id: int, proofs: Mapping[str, WebhookProof]) -> Told:
    event = await events.one(pool, event_id)
    if event is None:
        raise _refused(None)
    effects, zone = await events.effects(pool, event_id), ZoneInfo(event.timezone)
    payload = payload_shown(event.body)
    return Told(
        event=event,
        zone=zone,
        proof=OURS.get(event.via) or PROOFS[proofs.get(event.channel or "")],
        headers=headers_shown(event.headers),
        payload=payload,
        changed=await _changed(pool, event, payload),
        effects=effects,
        lines=told(entries_of(effects), zone),
    )


async def _changed(pool: asyncpg.Pool, event: EventDetail, payload: str | None) -> Sequence[str]:
    if payload is None or event.previous_id is None:
        return []
    before = await events.one(pool, event.previous_id)
    shown = payload_shown(before.body) if before else None
    lines = difflib.unified_diff((shown or "").splitlines(), payload.splitlines(), lineterm="", n=1)
    return list(lines)[2:] if shown else []


def entries_of(effects: Sequence[Effect]) -> list[Entry]:
    """As they stand in a story."""
    return [
        Entry(
            seq=effect.seq,
            at=effect.at,
            kind=effect.kind,
            actor=effect.actor,
            block_id=effect.block_id,
            push_id=effect.push_id,
            inbox_id=effect.inbox_id,
            data=effect.data,
            listing=effect.listing,
            channel=effect.channel,
        )
        for effect in effects
    ]


def _foreseen(preview: Preview, zone: ZoneInfo) -> list[Line]:
    """What would stand in the journal; nothing of it does."""
    entries = [
        Entry(
            seq=0,
            at=entry.at,
            kind=entry.kind,
            actor=entry.actor,
            block_id=None,
            push_id=None,
            inbox_id=None,
            data=canonical(entry.data),
            listing=None,
            channel=None,
        )
        for entry in preview.entries
    ]
    return told(entries, zone)
