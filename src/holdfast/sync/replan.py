"""The decision itself: load what a change can bear on, allocate, plan, diff, and write what follows."""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import replace
from datetime import timedelta

from holdfast.inventory.allocate import Clash, Seating, allocate
from holdfast.inventory.backoff import REMEMBERED, patience
from holdfast.inventory.demand import pause
from holdfast.inventory.known import Block, Outlet
from holdfast.inventory.model import Span
from holdfast.inventory.neighbours import Neighbours
from holdfast.inventory.occupied import as_bookings
from holdfast.inventory.plan import (
    Call,
    Change,
    Closed,
    diff,
    next_call,
    reach,
    risk,
    wound_up,
)
from holdfast.inventory.seating import Seats
from holdfast.store import blocks as block_store
from holdfast.store import bookings as booking_store
from holdfast.store import occupied, offers, pushes, schedule, seats
from holdfast.store.ranges import to_range
from holdfast.sync.clashes import note_clashes
from holdfast.sync.concerns import orphan_over
from holdfast.sync.exposure import View, measure
from holdfast.sync.turn import Turn
from holdfast.sync.wanted import Scene, sellable_by_listing, wanted_on

WIDEST = timedelta(days=60)
"""A chain of bookings and blocks without a gap longer than this is planned in pieces."""


async def replan(turn: Turn) -> None:
    """Derive allocations, conflicts, blocks and pushes anew around everything that was touched."""
    if not turn.seeds:
        return
    scene = await _load(turn)
    seats = await _seat(turn, scene)
    for outlet, part in _by_listing(turn, scene, seats):
        await _plan(turn, part, seats, outlet)
    await _wind_up(turn, scene)
    await _want_calls(turn, scene.stretch)
    view = View(
        stretch=scene.stretch,
        bookings=scene.bookings,
        sellable=scene.offers,
        seats=seats,
        strangers=scene.strangers,
    )
    await measure(turn, view)


async def _load(turn: Turn) -> Scene:
    """Load generously, see how far the change reaches, and load again where that was not enough."""
    venue, listings = turn.premises, list(turn.premises.outlets)
    loaded = _hull(turn.seeds).padded(timedelta(days=1), timedelta(days=1))
    while True:
        bookings = await booking_store.occupying_in(turn.connection, venue.id, loaded)
        blocks = await block_store.live_in(turn.connection, venue.id, loaded)
        longest = await offers.longest(turn.connection, listings, loaded)
        margin = 2 * longest + _padding(turn)
        strangers = await _strangers(turn, loaded)
        taken = [b.span for b in bookings if b.span] + [b.span for b in blocks]
        taken += [span for spans in strangers.values() for span in spans]
        stretch = reach(turn.seeds, taken, margin)
        if loaded.covers(stretch) or stretch.length > WIDEST:
            break
        loaded = stretch.padded(margin, margin)
    return Scene(
        stretch=stretch,
        bookings=[b for b in bookings if b.span and b.span.overlaps(stretch)],
        blocks=[b for b in blocks if b.span.overlaps(stretch)],
        offers=await sellable_by_listing(turn, stretch),
        strangers=strangers,
    )


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
    have = await seats.of_bookings(turn.connection, concerned)
    outlets, units = turn.premises.outlets, turn.premises.units
    single = {i: spans for i, spans in scene.strangers.items() if not _is_pool(turn, i)}
    everybody = [*scene.bookings, *as_bookings(single, outlets)]  # who can sit elsewhere, does
    seating = allocate(everybody, turn.premises.ever, units, have).known()
    wanted = set(seating.grants)
    await seats.free(turn.connection, have - wanted)
    missing = sorted(wanted - have, key=lambda g: (g.unit_id, g.span, g.booking_id))
    granted = await seats.grant(turn.connection, turn.premises.id, missing)
    refused = [g for g in missing if (g.booking_id, g.unit_id) not in granted]
    clashes = list(seating.clashes) + [
        Clash(booking_id=g.booking_id, unit_ids=(g.unit_id,), against=()) for g in refused
    ]
    _note_grants(turn, seating, granted)
    await note_clashes(turn, scene.bookings, concerned, clashes)
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


async def _plan(turn: Turn, scene: Scene, seats: Seats, outlet: Outlet) -> None:
    """`scene` is the listing's own part."""
    wanted, closed = wanted_on(turn, scene, seats, outlet)
    for change in diff(wanted, [b for b in scene.blocks if b.span.end > turn.now]):
        await _apply(turn, outlet, change)
    if turn.may_probe:
        await _probe_beyond_horizon(turn, outlet, closed)


async def _wind_up(turn: Turn, scene: Scene) -> None:
    """Listings out of service keep their blocks only as long as the bookings behind them."""
    for outlet in turn.premises.former.values():
        theirs = [b for b in scene.blocks if b.listing_id == outlet.id and b.span.end > turn.now]
        for change in wound_up(theirs, scene.bookings):
            await _apply(turn, outlet, change)


async def _apply(turn: Turn, outlet: Outlet, change: Change) -> None:
    wish, block = change.wish, change.block
    if block is not None:
        await block_store.wish(turn.connection, block.id, wish, turn.now)
        if block.wants == "nothing":
            await orphan_over(turn, block.id, "it is needed again")
        stands = {"stands": True} if block.wants == block.state == wish.wants else {}
        told = {**_about(outlet, wish.span), **stands}
        turn.note(f"block.wanted_{wish.wants}", told, block_id=block.id)
        if wish.wants == "nothing" and block.state == "held" and not outlet.releases_holds:
            until = block.expires_at.isoformat() if block.expires_at else None
            data = {**_about(outlet, wish.span), "until": until}
            turn.note("block.left_to_lapse", data, block_id=block.id)
        return
    marker = f"{outlet.id}-{turn.parts.random.getrandbits(60):x}"
    home = (turn.premises.id, outlet.account_id)
    added = await block_store.insert(turn.connection, home, wish, marker, turn.now)
    if added is not None:
        data = {**_about(outlet, wish.span), "because": list(wish.because)}
        turn.note(f"block.wanted_{wish.wants}", data, block_id=added)


def _about(outlet: Outlet, span: Span) -> dict[str, object]:
    return {
        "listing": outlet.name,
        "start": span.start.isoformat(),
        "end": span.end.isoformat(),
    }


async def _probe_beyond_horizon(turn: Turn, outlet: Outlet, closed: Sequence[Closed]) -> None:
    """Where the offers were never read, nothing can be covered yet: read them now."""
    if not closed:
        return
    known_until = await turn.horizon(outlet.account_id)
    blind = [p.span for p in closed if known_until is None or p.span.end > known_until]
    if blind:
        window = _hull(blind).padded(timedelta(hours=6), timedelta(0))
        await schedule.probe(turn.connection, outlet.id, window, turn.now)


async def _want_calls(turn: Turn, stretch: Span) -> None:
    """Every block gets the one call that brings it nearer to its wish; what is finished is closed."""
    blocks = await block_store.live_in(turn.connection, turn.premises.id, stretch)
    latest = await pushes.open_of_blocks(turn.connection, [b.id for b in blocks])
    refused = await _refused(turn, blocks)
    over: list[int] = []
    for block in blocks:
        before = refused.get((block.listing_id, block.span, block.party))
        if not block.flying and await _want_call(turn, block, latest.get(block.id), before):
            over.append(block.id)
    await block_store.close(turn.connection, over, turn.now)


async def _refused(turn: Turn, blocks: Sequence[Block]) -> Mapping[pushes.Asked, pushes.Refusals]:
    """What channels refused lately, where something is to be placed; else nobody asks."""
    if not any(b.state == "absent" and b.wants != "nothing" for b in blocks):
        return {}
    return await pushes.refusals(turn.connection, turn.premises.id, turn.now - REMEMBERED)


async def _want_call(
    turn: Turn, block: Block, latest: pushes.OpenPush | None, refused: pushes.Refusals | None
) -> bool:
    """Want its next call, if it is not wanted already; True: the block is over."""
    outlet = turn.premises.ever.get(block.listing_id)
    call = next_call(block, outlet.releases_holds) if outlet else None
    if call is None or outlet is None:
        if latest is not None and latest.waits:
            await pushes.supersede(turn.connection, latest.id, turn.now)
        return block.wants == "nothing" and block.state == "absent"
    push = _push(turn, block, outlet, call)
    if call == "place" and refused is not None:
        push = replace(push, due_at=max(turn.now, refused.last_at + patience(refused.times)))
    if latest is None or not _asked_already(block, push, latest):
        await pushes.wish(turn.connection, push)
        turn.calling.add(push.account_id)
    return False


def _asked_already(block: Block, push: pushes.NewPush, latest: pushes.OpenPush) -> bool:
    """The same call waits with the same urgency, or died and nothing has changed since."""
    if latest.call != push.call:
        return False
    died = latest.state == "dead" and (latest.settled_at or block.changed_at) >= block.changed_at
    same = latest.risk == push.risk and (latest.state == "shadow") == push.shadow
    return died or (latest.waits and same)


def _push(turn: Turn, block: Block, outlet: Outlet, call: Call) -> pushes.NewPush:
    account = turn.parts.accounts.get(outlet.account_id)
    return pushes.NewPush(
        venue_id=turn.premises.id,
        account_id=outlet.account_id,
        call=call,
        shadow=account is not None and account.mode == "shadow",
        risk=risk(call, block.wants),
        starts_at=block.span.start,
        due_at=turn.now,
        observed_at=turn.heard_at,
        block_id=block.id,
    )


async def placing_on(turn: Turn, listing_id: int, span: Span) -> bool:
    """Whether we are just placing a block on exactly this time: what appears there may be ours."""
    return await pushes.placing_on(turn.connection, listing_id, to_range(span))
