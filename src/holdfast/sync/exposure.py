"""exposure, measured: written in the very transaction in which time is taken, closed or offered again."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import assert_never

from holdfast.inventory.cover import joined
from holdfast.inventory.exposure import (
    Basis,
    Begin,
    Claim,
    End,
    Episode,
    Go,
    Remedy,
    Shelf,
    Sight,
    Step,
    began,
    claims,
    sight,
    steps,
    why,
    without_a_free_unit,
)
from holdfast.inventory.known import Booking, Outlet
from holdfast.inventory.model import Span
from holdfast.inventory.neighbours import Neighbours
from holdfast.inventory.occupied import as_bookings
from holdfast.inventory.plan import closed_on, sold_here
from holdfast.inventory.seating import Seats
from holdfast.store import exposures
from holdfast.store.exposures import Beginning
from holdfast.sync.turn import Turn
from holdfast.sync.wanted import Scene

Sighted = tuple[Claim, Sight]


async def measure(turn: Turn, scene: Scene, seats: Seats, remedies: Sequence[Remedy]) -> None:
    """Begin, go on with and end exposures, for the bookings that lie in the scene's stretch as a whole.

    `seats` says where bookings of pools sit, `remedies` what stands or will stand over closed time.
    """
    whole = [b for b in scene.bookings if b.span is not None and scene.stretch.covers(b.span)]
    examined = {b.id for b in whole} | turn.freed
    sighted = _look(turn, scene, seats, whole)
    found = steps(sighted, await exposures.latest(turn.connection, examined), examined)
    if not found:
        return
    fresh = {s.claim.booking.id for s in found if isinstance(s, Begin) and s.cause == "taken"}
    told = await exposures.beginnings(turn.connection, fresh) if fresh else {}
    for step in found:
        await _take(turn, step, remedies, told)


def _look(turn: Turn, scene: Scene, seats: Seats, bookings: Sequence[Booking]) -> list[Sighted]:
    outlets, units = turn.premises.outlets, turn.premises.units
    everybody = [*scene.bookings, *as_bookings(scene.strangers, outlets)]
    near = Neighbours(bookings, turn.premises.ever, units, seats)
    found: list[Sighted] = []
    for outlet in outlets.values():
        theirs = _claims(turn, outlet, near.of(outlet), seats)
        if theirs:
            sold = sold_here(outlet, scene.bookings)
            offered = [o for o in scene.offers[outlet.id].open if o.start >= turn.now]
            free = [o for o in offered if not any(o.overlaps(s) for s in sold)]
            twice = without_a_free_unit(outlet, free, everybody, turn.premises.ever, units, seats)
            shelf = Shelf(twice)
            read = _Read.of(turn, outlet, scene)
            found += [(claim, sight(claim, shelf, read.covers(claim.span))) for claim in theirs]
    return found


def _claims(turn: Turn, outlet: Outlet, bookings: Sequence[Booking], seats: Seats) -> list[Claim]:
    closed = closed_on(outlet, bookings, turn.premises.ever, turn.premises.units, seats)
    found = claims(outlet.id, closed, {b.id: b for b in bookings})
    return [claim for claim in found if claim.span.end > turn.now]


@dataclass(frozen=True, slots=True, kw_only=True)
class _Read:
    """What of a listing was ever read: before, or just now."""

    looks: Sequence[Span]
    known: Shelf

    @classmethod
    def of(cls, turn: Turn, outlet: Outlet, scene: Scene) -> "_Read":
        offers, just = scene.offers[outlet.id], turn.read.get(outlet.id)
        known = Shelf(offers.open if outlet.pool else offers.sellable)
        looks = [*scene.ground.looks.get(outlet.id, ()), *([just] if just is not None else [])]
        return cls(looks=joined(looks), known=known)

    def covers(self, span: Span) -> bool:
        return any(look.covers(span) for look in self.looks) or bool(self.known.over(span))


async def _take(
    turn: Turn, step: Step, remedies: Sequence[Remedy], told: Mapping[int, Beginning]
) -> None:
    match step:
        case Begin():
            await _begin(turn, step, remedies, told)
        case Go(episode=episode):
            reason = _reason(turn, step, remedies)
            if reason is not None and reason != episode.why:  # what took so long stays written
                await exposures.say_why(turn.connection, episode.id, reason)
        case End(episode=episode):
            await _end(turn, episode, remedies)
        case _:
            assert_never(step)


async def _begin(
    turn: Turn, step: Begin, remedies: Sequence[Remedy], told: Mapping[int, Beginning]
) -> None:
    reason = None if step.over else _reason(turn, step, remedies)
    await exposures.begin(turn.connection, step, _since(turn, step, told), reason)
    if step.over:
        _observe(turn, step.claim.booking.listing_id, step.claim.listing_id, 0.0)


def _since(turn: Turn, step: Begin, told: Mapping[int, Beginning]) -> tuple[datetime, Basis]:
    """What is sold again is so from now; a booking that moved, from when we heard of it."""
    match step.cause:
        case "taken":
            beginning = told[step.claim.booking.id]
            return began(step.claim.booking, beginning.released_at, beginning.read_before)
        case "moved":
            return min(turn.heard_at, turn.now), "receipt"
        case "again":
            return turn.now, "receipt"


def _reason(turn: Turn, step: Begin | Go, remedies: Sequence[Remedy]) -> str | None:
    claim = step.claim
    account = turn.parts.accounts.get(turn.premises.outlets[claim.listing_id].account_id)
    over = [r for r in remedies if r.listing_id == claim.listing_id and _near(r.span, claim)]
    mode = account.mode if account is not None else "paused"
    return why(claim, step.sight == "unread", mode, turn.premises.holds, over)


def _near(span: Span, claim: Claim) -> bool:
    return any(span.overlaps(part) for part in claim.parts)


async def _end(turn: Turn, episode: Episode, remedies: Sequence[Remedy]) -> None:
    failure = next(
        (
            r.failure
            for r in remedies
            if r.failure and r.listing_id == episode.listing_id and r.span.overlaps(episode.span)
        ),
        None,
    )
    source = await exposures.end(turn.connection, episode.id, turn.now, failure)
    seconds = (turn.now - episode.began_at).total_seconds()
    _observe(turn, source, episode.listing_id, max(0.0, seconds))


def _observe(turn: Turn, source: int | None, target: int, seconds: float) -> None:
    turn.parts.metrics.exposure_duration.of(
        source=_channel(turn, source), target=_channel(turn, target)
    ).observe(seconds)


def _channel(turn: Turn, listing_id: int | None) -> str:
    """A listing's channel; a booking of none was made at the venue."""
    if listing_id is None:
        return "direct"
    outlet = turn.premises.outlets.get(listing_id)
    account = turn.parts.accounts.get(outlet.account_id) if outlet is not None else None
    return account.channel_name if account is not None else "other"
