"""sheets: what a listing was read to sell is believed, compared with what we know, and planned for."""

from collections.abc import Sequence

from holdfast.channel import OfferSheet
from holdfast.inventory import occupied
from holdfast.inventory.known import Outlet
from holdfast.inventory.model import Span
from holdfast.store import blocks as block_store
from holdfast.store import occupied as occupied_store
from holdfast.store import offers
from holdfast.sync.echoes import lose
from holdfast.sync.parts import Account, Parts
from holdfast.sync.replan import replan
from holdfast.sync.room import is_full
from holdfast.sync.turn import Turn, again_after_a_migration, turn


@again_after_a_migration
async def believe(
    parts: Parts, account: Account, listing_id: int, sheet: OfferSheet, actor: str = "poll"
) -> None:
    """Keep it, and plan anew where it sells taken time, or where somebody unknown is."""
    sold = [offer.span for offer in sheet.offers]
    async with turn(parts, account.venues[listing_id], actor=actor) as current:
        believed = await offers.save(current.connection, listing_id, sold, sheet.read_at)
        await _were_never_ours(current, listing_id, sheet)
        if sheet.complete:
            await offers.close_absent(
                current.connection, listing_id, sheet.window, sold, sheet.read_at
            )
            await _look_for_strangers(current, listing_id, sheet)
            current.read[listing_id] = sheet.window
            current.touch(sheet.window)  # what is no longer sold there matters, too
        current.may_probe = False
        current.touch(*_stretches(believed))
        await replan(current)


async def _were_never_ours(current: Turn, listing_id: int, sheet: OfferSheet) -> None:
    """A hold that was taken to be ours only because its offer had vanished is none once any of its time is sold.

    Its own span may stay off the sheet for ever: whoever is next to it can overlap that as well.
    """
    outlet = current.premises.outlets.get(listing_id)
    if outlet is None:
        return
    for block in await block_store.nameless(current.connection, listing_id, sheet.read_at):
        over = [offer.span for offer in sheet.offers if offer.span.overlaps(block.span)]
        if over and await _contradict(current, outlet, block.span, over):
            await lose(current, block)


async def _contradict(current: Turn, outlet: Outlet, span: Span, over: Sequence[Span]) -> bool:
    """A pool goes on selling its other units beside our blocks."""
    if not outlet.pool:
        return True
    return span in over and await is_full(current.connection, current.premises, outlet, span)


async def _look_for_strangers(current: Turn, listing_id: int, sheet: OfferSheet) -> None:
    """Time that is sold no more although we know nobody there: shown, and closed elsewhere if trusted."""
    connection, venue = current.connection, current.premises
    grid, sold = await occupied_store.grid(connection, listing_id, sheet.window, sheet.read_at)
    if not grid:
        return
    reach = Span(start=sheet.window.start, end=max(span.end for span in grid))
    outlet = venue.outlets.get(listing_id)
    known = await occupied_store.taken_here(connection, listing_id, venue.id, reach)
    taken = occupied.bearing(known, sold, pool=outlet is not None and outlet.pool)
    found = occupied.occupied(occupied.Sheet(now=sheet.read_at, grid=grid, sold=sold, taken=taken))
    at = (sheet.read_at, current.now)
    changed = await occupied_store.replace(connection, listing_id, reach, found, at)
    current.touch(*changed, *found)  # whether the venue trusts it may have changed as well


def _stretches(spans: Sequence[Span]) -> list[Span]:
    """One seed a stretch: planning around each offer by itself would do the same work again and again."""
    if not spans:
        return []
    return [Span(start=min(s.start for s in spans), end=max(s.end for s in spans))]
