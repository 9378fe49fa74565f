"""audit: a channel's own list and offers against what we believe, repaired by the ordinary path."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime, timedelta

from holdfast.inventory.audit import Believed, Finding, compare
from holdfast.inventory.known import Block
from holdfast.inventory.model import Seen, Span
from holdfast.store import audits, readings
from holdfast.store import blocks as block_store
from holdfast.store import bookings as booking_store
from holdfast.store import brake as brake_store
from holdfast.sync.absorb import absorb, apply
from holdfast.sync.aftermath import Became, became
from holdfast.sync.audit_offers import Sheets, all_of, as_known, exposed, read_offers_of
from holdfast.sync.brake import ask_after, would_hold_back
from holdfast.sync.decide import Observation
from holdfast.sync.parts import Account, Parts
from holdfast.sync.sheets import believe

ROUNDS = 20
"""Batches of the inbox worked off after an audit: what was asked after is among the first."""

KEPT = timedelta(days=30)


@dataclass(frozen=True, slots=True, kw_only=True)
class Look:
    """What was read of an account at a venue, what it was compared with, and what differs."""

    began_at: datetime
    shown: Mapping[str, Seen] = field(repr=False)
    scanned: bool
    """Whether every booking was shown: only then absence means anything."""
    complete: bool
    """Whether every offer that was asked for was, too."""
    sheets: Sheets
    believed: Believed
    findings: Sequence[Finding]
    braked: bool
    """Whether the brake holds back, or would, what is missing there."""

    @property
    def offers(self) -> int:
        """How many were compared."""
        return sum(len(sheet.offers) for sheet in all_of(self.sheets))


@dataclass(frozen=True, slots=True, kw_only=True)
class Report:
    """An audit: what it found and, unless it was only a look, what became of each (`became`)."""

    account: str
    venue: str
    look: Look
    became: Sequence[Became]
    ended_at: datetime


async def audit(parts: Parts, account: Account, venue_id: int, *, dry_run: bool) -> Report:
    """Compare an account with what we believe at one venue, and repair. Raises ChannelError.

    Nothing is written by a dry run. Nothing is concluded from absence unless the scan was complete.
    """
    look = await take_a_look(parts, account, venue_id)
    outcome: Sequence[Became] = ()
    if not dry_run:
        await _repair(parts, account, look)
        outcome = [await became(parts, account, venue_id, finding) for finding in look.findings]
        await _record(parts, account, venue_id, (look, outcome))
    return Report(
        account=account.name,
        venue=parts.venue(venue_id).name,
        look=look,
        became=outcome,
        ended_at=parts.now(),
    )


async def take_a_look(parts: Parts, account: Account, venue_id: int) -> Look:
    """Read everything and compare it. Raises ChannelError."""
    began, mine = parts.now(), [i for i, venue in account.venues.items() if venue == venue_id]
    shown, complete = await _scanned(account, mine, began)
    ahead = Span(start=began, end=began + timedelta(days=account.horizon_days))
    sheets = await read_offers_of(parts, account, venue_id, ahead)
    believed = await _believed(parts, account, (venue_id, mine, began), shown)
    found = compare(believed, shown.values(), complete=complete)
    return Look(
        began_at=began,
        shown=shown,
        scanned=complete,
        complete=complete and all(sheet.complete for sheet in all_of(sheets)),
        sheets=sheets,
        believed=believed,
        findings=[*found, *await exposed(parts, venue_id, sheets)],
        braked=complete and await would_hold_back(parts, account, believed.expected, shown),
    )


async def _scanned(
    account: Account, listing_ids: Sequence[int], began: datetime
) -> tuple[dict[str, Seen], bool]:
    shown: dict[str, Seen] = {}
    complete = False
    listings = [account.listings[i] for i in listing_ids]
    async for page in account.channel.scan(listings, account.window(began)):
        shown |= {seen.external_id: seen for seen in page.bookings}
        complete = page.complete
    return shown, complete


async def _believed(
    parts: Parts,
    account: Account,
    scope: tuple[int, Sequence[int], datetime],
    shown: Mapping[str, Seen],
) -> Believed:
    venue_id, mine, began = scope
    window, listed = account.window(began), account.channel.capabilities.reads_holds
    async with parts.pool.acquire() as connection:
        live = await booking_store.live_refs(connection, account.id, window, began)
        standing = await block_store.live_refs(connection, account.id, window, began, listed)
        due = await brake_store.expected(connection, account.id, live | standing, began)
        known = await booking_store.by_refs(connection, account.id, [*shown, *live])
        blocks = await block_store.live_on(connection, venue_id, mine)
    return Believed(
        bookings=known,
        blocks=_by_ref(blocks),
        expected=[one.ref for one in due if one.listing_id in mine],
        busy=[b.marker for b in blocks if b.flying or b.changed_at >= began],
        listings={i: account.listings[i].name for i in account.listings},
    )


def _by_ref(blocks: Sequence[Block]) -> dict[str, Block]:
    return {b.external_id: b for b in blocks if b.external_id is not None and b.state != "absent"}


async def _repair(parts: Parts, account: Account, look: Look) -> None:
    """Differences become observations, absences reads by id, offers plans: nothing but the ordinary path."""
    seen = [finding.seen for finding in look.findings if finding.seen is not None]
    observations = [
        Observation(account=account, seen=one, via="poll", heard_at=one.read_at) for one in seen
    ]
    await apply(parts, observations)
    for listing_id, sheets in look.sheets.items():
        for sheet in sheets:
            await believe(parts, account, listing_id, sheet, "audit")
    if look.scanned and await ask_after(parts, account, look.believed.expected, look.shown):
        for _ in range(ROUNDS):
            if not await absorb(parts, account):
                break


async def _record(
    parts: Parts, account: Account, venue_id: int, what: tuple[Look, Sequence[Became]]
) -> None:
    look, outcome = what
    record = audits.Record(
        account_id=account.id,
        venue_id=venue_id,
        began_at=look.began_at,
        ended_at=parts.now(),
        complete=look.complete,
        findings=[one.plain() for one in outcome],
    )
    async with parts.pool.acquire() as connection:
        await audits.add(connection, record)
        await audits.forget(connection, parts.now() - KEPT)


async def audit_standing(parts: Parts, account: Account) -> bool:
    """Record how an account stands at each venue, from what its readings showed; True: all of it was read.

    Nothing is read for it: reading goes through all lists and offers again and again, and repairs what differs.
    """
    now = parts.now()
    async with parts.pool.acquire() as connection:
        since = await readings.read_since(connection, account.id)
    for venue_id in sorted({*account.venues.values()} & {*parts.premises}):
        found = await exposed(parts, venue_id, await as_known(parts, account, venue_id, now))
        outcome = [await became(parts, account, venue_id, finding) for finding in found]
        record = audits.Record(
            account_id=account.id,
            venue_id=venue_id,
            began_at=since or now,
            ended_at=now,
            complete=since is not None,
            findings=[one.plain() for one in outcome],
        )
        async with parts.pool.acquire() as connection:
            await audits.add(connection, record)
    async with parts.pool.acquire() as connection:
        await audits.forget(connection, now - KEPT)
    return since is not None
