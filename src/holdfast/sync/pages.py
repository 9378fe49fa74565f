"""pages: what a page of bookings shows is compared with what is known; only what differs is decided on."""

from collections import Counter
from collections.abc import Mapping, Sequence

import asyncpg

from holdfast.channel import Announced, Page
from holdfast.inventory.doubt import beside_what_is_known, left_what_is_sold
from holdfast.inventory.known import There, Told
from holdfast.inventory.merge import is_news
from holdfast.inventory.model import OCCUPYING, Seen
from holdfast.store import blocks as block_store
from holdfast.store import bookings as booking_store
from holdfast.store import inbox
from holdfast.sync.absorb import apply
from holdfast.sync.decide import Observation
from holdfast.sync.parts import Account, Parts
from holdfast.sync.unreadable import keep_partly_read, keep_strange


async def believe_page(parts: Parts, account: Account, page: Page) -> None:
    """Decide on what is told anew."""
    await keep_strange(parts, account, page.strange)
    await keep_partly_read(parts, account, page.bookings)
    if page.bookings:
        await apply(parts, await _differences(parts, account, page))


async def _differences(parts: Parts, account: Account, page: Page) -> list[Observation]:
    refs = [seen.external_id for seen in page.bookings]
    async with parts.pool.acquire() as connection:
        known = await booking_store.told_by_refs(connection, account.id, refs)
        news = [s for s in page.bookings if _changed(account, known.get(s.external_id), s)]
        ours = await _ours(connection, account, news)
    different = [
        seen
        for seen in news
        if seen.external_id not in ours
        or not _as_believed(seen, ours[seen.external_id])
        or _is_kept(known.get(seen.external_id))
    ]
    theirs = [seen for seen in different if seen.external_id not in ours and seen.marker is None]
    missed = await _missed(parts, account, known, theirs)
    unchanged = len(page.bookings) - len(different)
    results = Counter({"unchanged": unchanged})
    results.update(_result(seen, known, missed) for seen in different)
    for result, amount in results.items():
        parts.metrics.poll_items.of(channel=account.channel_name, result=result).inc(amount)
    return [
        Observation(account=account, seen=seen, via="poll", heard_at=seen.read_at)
        for seen in different
    ]


async def _ours(
    connection: asyncpg.Connection, account: Account, news: Sequence[Seen]
) -> dict[str, There]:
    """Which of them are blocks of ours: those are no bookings to us, and so news whenever they are shown."""
    if not news:
        return {}
    refs = [seen.external_id for seen in news]
    return await block_store.states_by_ref(connection, account.id, refs)


def _result(seen: Seen, known: Mapping[str, Told], missed: set[str]) -> str:
    if seen.external_id in missed:
        return "missed_by_webhook"
    return "changed" if seen.external_id in known else "new"


async def _missed(
    parts: Parts, account: Account, known: Mapping[str, Told], theirs: Sequence[Seen]
) -> set[str]:
    """Changes of a kind that the channel announces, and no webhook told us of."""
    announces = account.channel.capabilities.announces
    made = {
        seen.external_id: None if seen.external_id in known else seen.made_at
        for seen in theirs
        if _announced(seen, seen.external_id in known) in announces
    }
    if not made:
        return set()
    async with parts.pool.acquire() as connection:
        return await inbox.untold(connection, account.id, made)


def _announced(seen: Seen, is_known: bool) -> Announced:
    if seen.status not in OCCUPYING:
        return "cancelled"
    return "updated" if is_known else "created"


def _as_believed(seen: Seen, state: There) -> bool:
    return (seen.status in ("held", "pending") and state == "held") or (
        seen.status in ("confirmed", "seated", "completed") and state == "booked"
    )


def _is_kept(known: Told | None) -> bool:
    """As a guest's live booking."""
    return known is not None and known.status in OCCUPYING


def _changed(account: Account, known: Told | None, seen: Seen) -> bool:
    if seen.marker is not None and _is_kept(known):
        return True  # it is a block of ours, and was taken for a guest's
    listing = account.listings.get(known.listing_id or 0) if known else None
    sure = left_what_is_sold(seen, is_sold=known is None or listing is not None)
    sure = beside_what_is_known(sure, known.span if known else None)
    return is_news(known, listing.name if listing else None, sure)
