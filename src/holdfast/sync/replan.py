"""The decision itself: load what a change can bear on, allocate, plan, diff, and write what follows."""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import replace
from datetime import datetime, timedelta
from typing import get_args

from holdfast.inventory.allocate import NOBODY, Clash, Seating, Trouble, allocate
from holdfast.inventory.backoff import REMEMBERED
from holdfast.inventory.demand import pause
from holdfast.inventory.known import Block, Outlet
from holdfast.inventory.model import Span
from holdfast.inventory.neighbours import Neighbours
from holdfast.inventory.occupied import as_bookings
from holdfast.inventory.plan import (
    Change,
    Wish,
    diff,
    is_enough,
    reach,
    wound_up,
)
from holdfast.inventory.seating import Seats
from holdfast.store import blocks as block_store
from holdfast.store import bookings as booking_store
from holdfast.store import occupied, offers, seats
from holdfast.store.called import Called, called_in
from holdfast.store.ground import Where, ground
from holdfast.sync.blind import guessed, probe_unread
from holdfast.sync.clashes import note_clashes
from holdfast.sync.concerns import orphan_over
from holdfast.sync.exposure import measure
from holdfast.sync.next_calls import want_calls
from holdfast.sync.parts import Premises
from holdfast.sync.turn import Turn
from holdfast.sync.wanted import Scene, wanted_on


async def replan(turn: Turn) -> None:
    """Derive allocations, conflicts, blocks and pushes anew around everything that was touched.

    Where nothing came but blocks that were wanted, only the calls after it and the exposures are looked at: who sits
    where, and what is wanted, does not depend on it. A pool's may, and what strangers take is read off the offers.
    """
    if turn.seeds or not _is_plain(turn.premises):
        turn.touch(*turn.stood)
        await _replan(turn)
    elif turn.stood:
        scene, called = await _load(turn, turn.stood)
        remedies = await want_calls(turn, called, scene.ground)
        await measure(turn, scene, NOBODY, remedies)


def _is_plain(premises: Premises) -> bool:
    return not premises.trust_offers and not any(o.pool for o in premises.ever.values())


async def _replan(turn: Turn) -> None:
    if not turn.seeds:
        return
    scene, called = await _load(turn, turn.seeds)
    seats = await _seat(turn, scene)
    changed = list[Block | None]()
    for outlet, part in _by_listing(turn, scene, seats):
        changed += await _plan(turn, part, seats, outlet)
    changed += await _wind_up(turn, scene)
    remedies = await want_calls(turn, _renewed(called, changed), scene.ground)
    await measure(turn, scene, seats, remedies)


async def _load(turn: Turn, seeds: Sequence[Span]) -> tuple[Scene, Sequence[Called]]:
    """Load generously, see how far the change reaches, and load again where that was not enough.

    Also returns the scene's blocks with the last call about each.
    """
    venue, where = turn.premises, _where(turn.premises)
    loaded = _hull(seeds).padded(timedelta(days=1), timedelta(days=1))
    while True:
        bookings = await booking_store.occupying_in(turn.connection, venue.id, loaded)
        called = await called_in(turn.connection, venue.id, loaded)
        rests = await ground(turn.connection, where, loaded, turn.now - REMEMBERED)
        margin = 2 * rests.longest + _padding(turn)
        strangers = await _strangers(turn, loaded)
        taken = [b.span for b in bookings if b.span] + [one.block.span for one in called]
        taken += [span for spans in strangers.values() for span in spans]
        stretch = reach(seeds, taken, margin)
        if is_enough(loaded, stretch, seeds):
            break
        loaded = stretch.padded(margin, margin)
    called = [one for one in called if one.block.span.overlaps(stretch)]
    scene = Scene(
        stretch=stretch,
        bookings=[b for b in bookings if b.span and b.span.overlaps(stretch)],
        blocks=[one.block for one in called],
        offers=await offers.known_in(turn.connection, list(venue.outlets), stretch),
        strangers=strangers,
        ground=rests,
        guessed={} if rests.refused else await guessed(turn, taken, rests.looks),
    )
    return scene, called


def _where(premises: Premises) -> Where:
    accounts = {outlet.account_id for outlet in premises.ever.values()}
    return Where(venue_id=premises.id, listing_ids=list(premises.outlets), account_ids=accounts)


def _renewed(called: Sequence[Called], changed: Sequence[Block | None]) -> list[Called]:
    """With the blocks as they are now, in the order in which they were made."""
    before = {one.block.id: one for one in called}
    for block in filter(None, changed):
        known = before.get(block.id) or Called(block=block, push=None, failure=None)
        before[block.id] = replace(known, block=block)
    return list(before.values())


async def _strangers(turn: Turn, stretch: Span) -> Mapping[int, Sequence[Span]]:
    if not turn.premises.trust_offers:
        return {}
    return await occupied.of_venue(turn.connection, turn.premises.id, stretch)


def _hull(spans: Sequence[Span]) -> Span:
    return Span(start=min(s.start for s in spans), end=max(s.end for s in spans))


def _padding(turn: Turn) -> timedelta:
    return max((2 * pause(u) for u in turn.premises.units.values()), default=timedelta(0))


async def _seat(turn: Turn, scene: Scene) -> Seats:
    """Give back first, then grant; whom the database refuses is in conflict, whatever we computed."""
    concerned = {b.id for b in scene.bookings} | turn.freed
    found = await seats.found(turn.connection, concerned, get_args(Trouble))
    have = found.grants
    outlets, units = turn.premises.outlets, turn.premises.units
    single = {i: spans for i, spans in scene.strangers.items() if not _is_pool(turn, i)}
    everybody = [*scene.bookings, *as_bookings(single, outlets)]  # who can sit elsewhere, does
    seating = allocate(everybody, turn.premises.ever, units, have).known()
    wanted = set(seating.grants)
    await seats.free(turn.changes, have - wanted)
    missing = sorted(wanted - have, key=lambda g: (g.unit_id, g.span, g.booking_id))
    granted = await seats.grant(turn.changes, turn.premises.id, missing)
    refused = [g for g in missing if (g.booking_id, g.unit_id) not in granted]
    clashes = list(seating.clashes) + [
        Clash(booking_id=g.booking_id, unit_ids=(g.unit_id,), against=()) for g in refused
    ]
    _note_grants(turn, seating, granted)
    await note_clashes(turn, scene.bookings, found.conflicts, clashes)
    return seating.seats


def _is_pool(turn: Turn, listing_id: int) -> bool:
    outlet = turn.premises.outlets.get(listing_id)
    return outlet is not None and outlet.pool


def _note_grants(turn: Turn, seating: Seating, granted: set[tuple[int, int]]) -> None:
    for grant in seating.grants:
        if (grant.booking_id, grant.unit_id) in granted:
            unit = turn.premises.units[grant.unit_id].name
            turn.note("allocation.granted", {"unit": unit}, booking_id=grant.booking_id)


def _by_listing(turn: Turn, scene: Scene, seats: Seats) -> Iterator[tuple[Outlet, Scene]]:
    """Each listing with its own part of the scene; for a pool everybody counts, for others may change tables for it."""
    near = Neighbours(scene.bookings, turn.premises.ever, turn.premises.units, seats)
    blocks: dict[int, list[Block]] = {}
    for block in scene.blocks:
        blocks.setdefault(block.listing_id, []).append(block)
    for outlet in turn.premises.outlets.values():
        bookings = scene.bookings if outlet.pool else near.of(outlet)
        yield outlet, replace(scene, bookings=bookings, blocks=blocks.get(outlet.id, []))


async def _plan(turn: Turn, scene: Scene, seats: Seats, outlet: Outlet) -> list[Block | None]:
    """`scene` is the listing's own part. Returns its blocks that were changed; see `_apply`."""
    wanted, closed = wanted_on(turn, scene, seats, outlet)
    changes = diff(wanted, [b for b in scene.blocks if b.span.end > turn.now])
    changed = [await _apply(turn, outlet, change) for change in changes]
    if turn.may_probe:
        await probe_unread(turn, outlet, closed, scene.ground.looks.get(outlet.id, ()))
    return changed


async def _wind_up(turn: Turn, scene: Scene) -> list[Block | None]:
    """A listing that leaves alone keeps its blocks as long as the bookings behind them: its unit is taken meanwhile. One that
    leaves with its venue or account gives them back. Returns those changed."""
    changed = []
    for outlet in turn.premises.former.values():
        theirs = [b for b in scene.blocks if b.listing_id == outlet.id and b.span.end > turn.now]
        behind = () if outlet.id in turn.premises.let_go else scene.bookings
        for change in wound_up(theirs, behind):
            changed.append(await _apply(turn, outlet, change))
    return changed


async def _apply(turn: Turn, outlet: Outlet, change: Change) -> Block | None:
    """The block as it is then; None: one that we do not see has its place."""
    wish, block = change.wish, change.block
    if block is None:
        return await _add(turn, outlet, wish)
    await block_store.wish(turn.changes, block.id, wish, turn.now)
    if block.wants == "nothing":
        await orphan_over(turn, block.id, "it is needed again")
    stands = {"stands": True} if block.wants == block.state == wish.wants else {}
    told = {**_about(outlet, wish.span), **stands}
    turn.note(f"block.wanted_{wish.wants}", told, block_id=block.id)
    if wish.wants == "nothing" and block.state == "held" and not outlet.releases_holds:
        until = block.expires_at.isoformat() if block.expires_at else None
        data = {**_about(outlet, wish.span), "until": until}
        turn.note("block.left_to_lapse", data, block_id=block.id)
    return _wished(block, wish, turn.now)


async def _add(turn: Turn, outlet: Outlet, wish: Wish) -> Block | None:
    marker = f"{outlet.id}-{turn.parts.random.getrandbits(60):x}"
    home = (turn.premises.id, outlet.account_id)
    added = await block_store.insert(turn.changes, home, wish, marker, turn.now)
    if added is None:
        return None
    data = {**_about(outlet, wish.span), "because": list(wish.because)}
    turn.note(f"block.wanted_{wish.wants}", data, block_id=added)
    return _fresh(added, wish, marker, turn.now)


def _fresh(number: int, wish: Wish, marker: str, now: datetime) -> Block:
    """A block that was just added for a wish."""
    return Block(
        id=number,
        listing_id=wish.listing_id,
        span=wish.span,
        marker=marker,
        wants=wish.wants,
        wanted_until=wish.until,
        state="absent",
        external_id=None,
        expires_at=None,
        because=wish.because,
        changed_at=now,
        lane=wish.lane,
        party=wish.party,
    )


def _wished(block: Block, wish: Wish, now: datetime) -> Block:
    """A known block after another wish for it."""
    return replace(
        block,
        wants=wish.wants,
        wanted_until=wish.until,
        because=wish.because,
        lane=wish.lane,
        changed_at=now,
    )


def _about(outlet: Outlet, span: Span) -> dict[str, object]:
    return {
        "listing": outlet.name,
        "start": span.start.isoformat(),
        "end": span.end.isoformat(),
    }
