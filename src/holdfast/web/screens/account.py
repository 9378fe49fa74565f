"""`/accounts/{name}`: how one account stands, and holding it back, letting it go on, or having it read now."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from aiohttp import web

from holdfast import reckoning
from holdfast.closing import told
from holdfast.inventory.freshness import Judged
from holdfast.store import configuration, pauses, reading, refusals
from holdfast.store import operations as store
from holdfast.store.closing import closings
from holdfast.store.freshness import Unreadable, knowledge
from holdfast.store.operations import FailingRow, QueuedRow, ScheduleRow, TriesRow
from holdfast.store.pauses import PauseRow
from holdfast.store.reading import AccountRow
from holdfast.store.refusals import RefusedRow
from holdfast.sync.steer import (
    READS,
    STEER_ACTS,
    NotSteered,
    SteerAct,
    SteeredMeanwhile,
    SteerWish,
    refusal,
    seen_of,
)
from holdfast.web.parts import PARTS
from holdfast.web.people import PERSON
from holdfast.web.problems import NOT_FOUND, REFUSED, Problem, wrong_field
from holdfast.web.screens.acting import CHANGED, LONGEST_REASON, SAY_WHY, reason_of
from holdfast.web.screens.screen import show
from holdfast.web.verdict import Phrase, of_account

PAUSES_SHOWN = 10

TITLES: Mapping[SteerAct, str] = {
    "pause_intake": "Pause intake",
    "resume_intake": "Let intake go on",
    "pause_pushes": "Pause pushes",
    "resume_pushes": "Let pushes go on",
    "read_bookings": "Poll now",
    "read_offers": "Read offers now",
    "audit": "Audit now",
}
DONE: Mapping[SteerAct, str] = {
    "pause_intake": "Its intake is paused",
    "resume_intake": "Its intake goes on",
    "pause_pushes": "Its pushes are paused",
    "resume_pushes": "Its pushes go on",
    "read_bookings": "Its bookings are read as soon as its budget allows",
    "read_offers": "Its offers are read as soon as its budget allows",
    "audit": "It is audited as soon as its budget allows",
}


@dataclass(frozen=True, slots=True, kw_only=True)
class Option:
    """Something that can be done with it; `why_not` empty: it can be done now."""

    act: SteerAct
    title: str
    why_not: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Told:
    """All that the page shows of one account."""

    account: AccountRow
    state: Judged | None
    phrases: Sequence[Phrase]
    unreadable: Sequence[Unreadable]
    closing: str
    """How far it is with what takes long to close."""
    sums: Sequence[str]
    doubts: Sequence[str]
    """What its settings need against what there is, and what cannot be kept."""
    tries: TriesRow
    refused: Sequence[RefusedRow]
    schedules: Mapping[str, ScheduleRow]
    queued: Sequence[QueuedRow]
    failing: Sequence[FailingRow]
    pauses: Sequence[PauseRow]
    options: Sequence[Option]
    seen: str

    @property
    def waiting(self) -> int:
        """Calls that are not under way yet."""
        return sum(row.waiting for row in self.queued)

    @property
    def under_way(self) -> int:
        """Calls that are made now, or whose outcome is being found out."""
        return sum(row.under_way for row in self.queued)


async def page(request: web.Request) -> web.Response:
    """One account; `act` shows what that would do. Raises Problem."""
    chosen = _act(request.query["act"]) if request.query.get("act") else None
    did = _act(request.query["done"]) if request.query.get("done") else None
    return _shown(request, await _told(request), chosen, did=DONE[did] if did else "")


async def act(request: web.Request) -> web.StreamResponse:
    """Do what was shown, if the account still stands as it was shown. Raises Problem."""
    asked = await request.post()
    found, what = await _told(request), _act(asked.get("act"))
    reason, seen = reason_of(asked.get("reason", "")), str(asked.get("seen", ""))
    if seen != found.seen:
        return _shown(request, found, what, wrong=CHANGED, reason=reason)
    if not reason:
        return _shown(request, found, what, wrong=SAY_WHY)
    name, actor = found.account.name, request[PERSON].name
    wish = SteerWish(account=name, act=what, actor=actor, reason=reason, seen=seen)
    try:
        await request.app[PARTS].steer(wish)
    except SteeredMeanwhile:
        again = await _told(request)
        return _shown(request, again, what, wrong=CHANGED, reason=reason)
    except NotSteered as error:
        raise Problem(REFUSED, f"It was not done: {error}.") from error
    raise web.HTTPSeeOther(f"/accounts/{name}?done={what}")


def _act(value: object) -> SteerAct:
    known: dict[object, SteerAct] = {act: act for act in STEER_ACTS}
    if value not in known:
        raise wrong_field("act", f"one of {', '.join(STEER_ACTS)}", REFUSED)
    return known[value]


async def _told(request: web.Request) -> Told:
    parts, name = request.app[PARTS], request.match_info["name"]
    pool, now = parts.pool, parts.clock.now()
    account = next((a for a in await reading.accounts(pool, now) if a.name == name), None)
    if account is None:
        raise Problem(NOT_FOUND, "There is no account of this name in use.")
    known = await knowledge(pool, now)
    stands = (account.mode, account.intake_pause, account.pushes_pause)
    needs = (await reckoning.of_book(pool, await configuration.load(pool), now)).get(name)
    return Told(
        account=account,
        state=known.states.get(name),
        phrases=of_account(account, known, now),
        unreadable=known.unreadable_of(name),
        closing=told((await closings(pool, now)).get(name)),
        sums=needs.lines if needs else (),
        doubts=needs.doubts if needs else (),
        tries=(await store.tries(pool, now))[name],
        refused=(await refusals.lately(pool, now)).get(name, ()),
        schedules={row.task: row for row in await store.schedules(pool) if row.account == name},
        queued=await store.queued(pool, name),
        failing=[row for row in await store.failing(pool, now) if row.account == name],
        pauses=await pauses.of_account(pool, name, PAUSES_SHOWN),
        options=_options(*stands),
        seen=seen_of(*stands),
    )


def _options(mode: str, intake: int | None, pushes: int | None) -> list[Option]:
    """Of pausing and going on only what can be done; of reading all, with why it cannot."""
    found = [
        Option(act=act, title=TITLES[act], why_not=refusal(act, mode, intake, pushes))
        for act in STEER_ACTS
    ]
    return [option for option in found if option.act in READS or not option.why_not]


def _shown(
    request: web.Request,
    found: Told,
    chosen: SteerAct | None,
    *,
    wrong: str = "",
    reason: str = "",
    did: str = "",
) -> web.Response:
    able = {option.act for option in found.options if not option.why_not}
    return show(
        request,
        "account.html",
        "ops",
        status={"": 200, CHANGED: 409}.get(wrong, 422),
        told=found,
        chosen=chosen if chosen in able else None,
        wrong=wrong,
        reason=reason,
        did=did,
        longest=LONGEST_REASON,
    )
