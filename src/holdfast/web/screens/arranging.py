"""What is done in a venue's calendar: first shown with all that it would change, then done if it still changes that."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from urllib.parse import urlencode
from zoneinfo import ZoneInfo

from aiohttp import web

from holdfast.store import venues
from holdfast.store.day import VenueRow
from holdfast.store.stories import Target
from holdfast.sync.arrange import Arrangement, Cancellation, NotAsShown
from holdfast.sync.operate import BookingUnknown, WishRefused
from holdfast.web.cautions import Caution, cautions_of
from holdfast.web.parts import PARTS
from holdfast.web.people import PERSON
from holdfast.web.problems import NOT_FOUND, REFUSED, Problem, wrong_field
from holdfast.web.recording import REHEARSED
from holdfast.web.screens.calendar import VIEWS, shown, units_of, venue_of
from holdfast.web.screens.drafts import FIELDS, Draft, draft_of, wish_of
from holdfast.web.screens.foreseen import foreseen
from holdfast.web.screens.panel import Form, Known, Panel, known_of


@dataclass(frozen=True, slots=True, kw_only=True)
class _Asked:
    """What a form sent, and what it is about."""

    venue: VenueRow
    draft: Draft
    known: Known | None
    units: list[str]
    seen: str
    warned: frozenset[str]
    """Of which cautions the form told."""


async def act(request: web.Request) -> web.StreamResponse:
    """Show what it would change, or do it. Raises Problem."""
    asked = await _asked(request)
    about = asked.known.booking if asked.known else None
    try:
        wish = wish_of(asked.draft, asked.venue, about)
        parts = request.app[PARTS]
        cautions = await cautions_of(parts.pool, asked.venue, wish, about, parts.clock.now())
        if asked.seen and {one.kind for one in cautions} <= asked.warned:
            await _done(request, asked, wish)
        return await _previewed(request, asked, wish, cautions)
    except WishRefused as error:
        return await _refused(request, asked, error)
    except BookingUnknown as error:
        raise Problem(NOT_FOUND, "There is no booking of this id at this venue.") from error


async def _asked(request: web.Request) -> _Asked:
    pool, venue = request.app[PARTS].pool, await venue_of(request)
    sent: Mapping[str, object] = await request.post()
    draft = draft_of(sent)
    known = await _known(request, venue, draft.booking) if draft.booking else None
    units = await units_of(pool, venue)
    return _Asked(
        venue=venue,
        draft=draft,
        known=known,
        units=units,
        seen=str(sent.get("seen", "")),
        warned=frozenset(str(sent.get("warned", "")).split(",")),
    )


async def _known(request: web.Request, venue: VenueRow, booking_id: int) -> Known:
    parts, everywhere = request.app[PARTS], request[PERSON].venues is None
    return await known_of(parts.pool, venue, booking_id, parts.clock.now(), everywhere=everywhere)


async def _done(request: web.Request, asked: _Asked, wish: Arrangement) -> None:
    """Ends with the booking; where it means something else by now, nothing is done."""
    try:
        done = await request.app[PARTS].arrange(wish, request[PERSON].name, asked.seen)
    except NotAsShown:
        return
    raise web.HTTPSeeOther(_where(request, asked, wish, done))


def _where(request: web.Request, asked: _Asked, wish: Arrangement, booking_id: int) -> str:
    """The booking, on the day on which it is now."""
    zone, view = ZoneInfo(asked.venue.timezone), request.query.get("view", "")
    query: dict[str, str] = {"view": view} if view in VIEWS else {}
    if not isinstance(wish, Cancellation):
        query["date"] = wish.start.astimezone(zone).date().isoformat()
    elif request.query.get("date"):
        query["date"] = request.query["date"]
    return f"{request.rel_url.raw_path}?{urlencode({**query, 'b': booking_id})}#panel"


async def _previewed(
    request: web.Request, asked: _Asked, wish: Arrangement, cautions: Sequence[Caution]
) -> web.Response:
    parts, zone = request.app[PARTS], ZoneInfo(asked.venue.timezone)
    request[REHEARSED] = True
    effects = await parts.rehearse(wish, request[PERSON].name)
    modes = await venues.modes(parts.pool, asked.venue.id)
    after = _alone(asked.known.targets, effects.booking_id) if asked.known else []
    form = Form(
        draft=asked.draft,
        units=asked.units,
        foreseen=foreseen(effects, modes, zone, after),
        seen=effects.seen,
        cautions=cautions,
        stale=bool(asked.seen),
    )
    panel = Panel(known=asked.known, form=form)
    return await shown(request, asked.venue, panel, 409 if form.stale else 200)


def _alone(targets: Sequence[Target], booking_id: int) -> list[Target]:
    return [target for target in targets if list(target.because) == [booking_id]]


async def _refused(request: web.Request, asked: _Asked, error: WishRefused) -> web.Response:
    """The form again, with what would do beside its field. Raises Problem for what has no field."""
    if error.field not in FIELDS[asked.draft.act]:
        raise wrong_field(error.field, error.expected, REFUSED) from error
    form = Form(draft=asked.draft, units=asked.units, wrong={error.field: error.said})
    return await shown(request, asked.venue, Panel(known=asked.known, form=form), 422)
