"""`/conflicts` and `/conflicts/{id}`: what a person must decide now, and what each decision would do."""

import hashlib
import json
from collections.abc import Sequence
from dataclasses import asdict, dataclass
from datetime import datetime
from zoneinfo import ZoneInfo

import asyncpg
from aiohttp import web

from holdfast.inventory.evidence import UNKNOWN
from holdfast.inventory.remedy import Action
from holdfast.store import reading
from holdfast.store.freshness import states
from holdfast.store.reading import BookingRow, ConflictDetailRow
from holdfast.sync.remedy import Wish
from holdfast.web import paging
from holdfast.web.clashes import clashes
from holdfast.web.parts import PARTS
from holdfast.web.people import PERSON
from holdfast.web.screens.acting import LONGEST_REASON, SAY_WHY
from holdfast.web.screens.filters import text
from holdfast.web.screens.screen import number, show
from holdfast.web.settling import decided, own, proposed, refs_of

MOST_OPEN = 200
PAGE = 50
SNOOZE_MINUTES = 10


@dataclass(frozen=True, slots=True, kw_only=True)
class Way:
    """One way out, with what shows later whether it still means the same."""

    action: Action
    seen: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Heard:
    """When one side was made, by its channel's clock, and when we heard of it and that it is firm, by ours."""

    side: str
    booking: str
    account: str
    via: str
    made_at: datetime | None
    heard_at: datetime | None
    firm_at: datetime | None


@dataclass(frozen=True, slots=True, kw_only=True)
class Evidence:
    """How it happened, in words, by both clocks, and as it is kept."""

    words: str
    sides: Sequence[Heard]
    raw: str
    order_known: bool = True
    """Whether it can be told who booked first."""

    @property
    def untold(self) -> str:
        """Why it cannot."""
        silent = sorted({side.account for side in self.sides if side.made_at is None})
        if not silent:
            return "both booked within seconds by two different clocks"
        return f"{' and '.join(silent)} does not say when a booking was made"


@dataclass(frozen=True, slots=True, kw_only=True)
class Disputed:
    """A conflict with all that a decision rests on."""

    row: ConflictDetailRow
    zone: ZoneInfo
    a: Sequence[BookingRow]
    b: BookingRow | None
    evidence: Evidence
    ways: Sequence[Way]


async def page_of_all(request: web.Request) -> web.Response:
    """The open ones by their start, and a page of the settled ones."""
    parts = request.app[PARTS]
    now = parts.clock.now()
    within = request[PERSON].within
    venue = text(request.query, "venue")
    found = await reading.conflicts_page(parts.pool, venue, False, None, MOST_OPEN + 1, within)
    before = paging.position("settled", request.query.get("cursor"))
    settled = await reading.conflicts_settled(parts.pool, before, PAGE + 1, within)
    rows, following = paging.split("settled", settled, PAGE)
    return show(
        request,
        "conflicts.html",
        "conflicts",
        clashes=await clashes(parts.pool, found[:MOST_OPEN], now),
        fresh=await _fresh(parts.pool, now),
        more=len(found) > MOST_OPEN,
        venue=venue,
        settled=rows,
        older=f"/conflicts?cursor={following}#settled" if following else "",
    )


async def _fresh(pool: asyncpg.Pool, now: datetime) -> bool:
    """Whether none being known means that there is none: every account that is read was read in time."""
    known = await states(pool, now)
    read = [state for state in known.values() if state.state != "paused"]
    return not known or (bool(read) and all(state.fresh for state in read))


async def page(request: web.Request) -> web.Response:
    """One, with its ways out; `act` shows what that one would do. Looking has both sides read again. Raises Problem."""
    disputed = await _disputed(request)
    if disputed.ways:
        await request.app[PARTS].read_sides(disputed.row.id)
    chosen = [way for way in disputed.ways if way.action.act == request.query.get("act")]
    return _shown(request, disputed, chosen[0] if chosen else None)


async def decide(request: web.Request) -> web.StreamResponse:
    """Do what was shown, if it still means the same. Raises Problem."""
    parts, asked = request.app[PARTS], await request.post()
    conflict_id = number(request, "conflict")
    act, reason = str(asked.get("act", "")), str(asked.get("reason", "")).strip()
    disputed = await _disputed(request)
    way = next((way for way in disputed.ways if way.action.act == act), None)
    wrong = _wrong(disputed, way, reason, str(asked.get("seen", "")))
    if wrong:
        return _shown(request, disputed, way, wrong=wrong, reason=reason)
    wish = Wish(act=act, actor=request[PERSON].name, reason=reason, minutes=SNOOZE_MINUTES)
    with decided():
        await parts.settle(conflict_id, wish)
    raise web.HTTPSeeOther(f"/conflicts/{conflict_id}")


def _wrong(disputed: Disputed, way: Way | None, reason: str, seen: str) -> str:
    """Why nothing was done; empty: it may be done."""
    if way is None and not disputed.row.decided and disputed.row.closed_at is None:
        return "This cannot be done any more: choose again."
    if not 1 <= len(reason) <= LONGEST_REASON:
        return SAY_WHY
    if way is not None and way.seen != seen:
        return "Something changed meanwhile: these are the calls that would be made now."
    return ""


def _shown(
    request: web.Request,
    disputed: Disputed,
    chosen: Way | None,
    *,
    wrong: str = "",
    reason: str = "",
) -> web.Response:
    return show(
        request,
        "conflict.html",
        "conflicts",
        status=422 if wrong else 200,
        disputed=disputed,
        chosen=chosen,
        wrong=wrong,
        reason=reason,
        longest=LONGEST_REASON,
        minutes=SNOOZE_MINUTES,
    )


async def _disputed(request: web.Request) -> Disputed:
    pool, conflict_id = request.app[PARTS].pool, number(request, "conflict")
    row = await own(pool, conflict_id, request[PERSON])
    ids = [each for each in (row.booking_id, *row.against_ids) if each]
    bookings = await reading.bookings_by_id(pool, ids)
    undecided = row.closed_at is None and row.decided is None
    return Disputed(
        row=row,
        zone=ZoneInfo(row.timezone or "UTC"),
        a=[bookings[each] for each in row.against_ids if each in bookings],
        b=bookings.get(row.booking_id or 0),
        evidence=_evidence(row.evidence),
        ways=await _ways(pool, row) if undecided else [],
    )


async def _ways(pool: asyncpg.Pool, row: ConflictDetailRow) -> list[Way]:
    about = [row.kind, *await refs_of(pool, row)]
    return [Way(action=a, seen=_seen(a, about)) for a in await proposed(pool, row.id)]


def _seen(action: Action, about: Sequence[str]) -> str:
    """The same for the same calls about the same bookings, by their references: some ways make no call."""
    told = json.dumps([asdict(action), list(about)], sort_keys=True)
    return hashlib.sha256(told.encode()).hexdigest()


def _evidence(text: str) -> Evidence:
    """What is not as expected is only in `raw`."""
    found = json.loads(text)
    told = found if isinstance(found, dict) else {}
    why = told.get("why")
    words = why.get("text", "") if isinstance(why, dict) else why or ""
    bookings = told.get("bookings")
    return Evidence(
        words=str(words).replace("_", " "),
        sides=[_told(each) for each in bookings] if isinstance(bookings, list) else [],
        raw=json.dumps(found, indent=2, sort_keys=True, ensure_ascii=False) if found else "",
        order_known=told.get("first_by") != UNKNOWN,
    )


def _told(booking: object) -> Heard:
    known = booking if isinstance(booking, dict) else {}
    return Heard(
        side=str(known.get("side", "")),
        booking=str(known.get("id", "")),
        account=str(known.get("account") or known.get("channel") or ""),
        via=str(known.get("via", "")),
        made_at=_instant(known.get("made_at")),
        heard_at=_instant(known.get("heard_at")),
        firm_at=_instant(known.get("firm_at")),
    )


def _instant(value: object) -> datetime | None:
    return datetime.fromisoformat(value) if isinstance(value, str) else None
