"""decide: observations of one venue become bookings, echoes or stale news, and then whatever follows from them."""

from collections.abc import Sequence
from dataclasses import dataclass, replace
from datetime import datetime, timedelta

from holdfast.inventory.doubt import as_large_as_may_be, beside_what_is_known, left_what_is_sold
from holdfast.inventory.known import Booking, Fact, Outlet
from holdfast.inventory.merge import Merged, merge
from holdfast.inventory.model import OCCUPYING, Absent, Guest, Seen, Span
from holdfast.store import blocks as block_store
from holdfast.store import bookings as booking_store
from holdfast.store import inbox, offers, schedule
from holdfast.store.bookings import Origin
from holdfast.store.inbox import Incoming
from holdfast.sync.concerns import left_us, news_of
from holdfast.sync.echoes import Outcome, adopt_orphan, echo, turn_out
from holdfast.sync.heard import heard, processed
from holdfast.sync.next_calls import placing_on
from holdfast.sync.parts import Account, Parts
from holdfast.sync.replan import replan
from holdfast.sync.turn import Turn, again_after_a_migration, turn

DEFER = timedelta(seconds=1)
"""Until our own placing, which a new booking may be the echo of, has settled."""


_KEPT: tuple[Outcome, ...] = ("applied", "unmapped")
"""What a poll read is kept in the inbox only if it changed something."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Observation:
    """One booking as read, and how we came to read it.

    `inbox_ids` are the rows that asked for the read; without any, one is added for the record.
    """

    account: Account
    seen: Seen | Absent
    via: str
    heard_at: datetime
    inbox_ids: tuple[int, ...] = ()
    venue_id: int | None = None
    """The venue of the booking as we know it, where `seen` does not say."""
    said_at: datetime | None = None
    """When its end was announced or accepted, before it was read; None: it was not."""

    @property
    def guest(self) -> Guest:
        """Who booked, as far as it was told."""
        return self.seen.guest if isinstance(self.seen, Seen) else Guest()


def venue_of(parts: Parts, account: Account, seen: Seen | Absent) -> int | None:
    """The venue of the listing that a booking was seen on; None: it cannot be mapped."""
    if isinstance(seen, Absent) or seen.listing is None:
        return None
    named = (i for i, listing in account.listings.items() if listing.name == seen.listing)
    return next((account.venues[i] for i in named), None)


@again_after_a_migration
async def decide(parts: Parts, venue_id: int, observations: Sequence[Observation]) -> None:
    """Apply them and everything that follows, in one transaction under the venue's lock."""
    via, heard_at = observations[0].via, min(o.heard_at for o in observations)
    async with turn(parts, venue_id, actor=via, heard_at=heard_at) as current:
        told = await consider(current, observations)
    for observation, outcome in told:
        _count(parts, observation, outcome)


def _count(parts: Parts, observation: Observation, outcome: Outcome) -> None:
    """By event, that is by row of the inbox; what a poll read and nothing came of has none."""
    events = len(observation.inbox_ids) or int(outcome in _KEPT)
    if events and outcome != "deferred":
        seconds = (parts.now() - observation.heard_at).total_seconds()
        channel = observation.account.channel_name
        processed(parts.metrics, channel, outcome, seconds, events)


async def consider(
    current: Turn, observations: Sequence[Observation]
) -> list[tuple[Observation, Outcome]]:
    """What becomes of each, and everything that follows from them; the turn commits it, or not."""
    called = [_as_called_now(current, observation) for observation in observations]
    told = [(observation, await _observe(current, observation)) for observation in called]
    await _record(current, told)
    await replan(current)
    return told


def _as_called_now(current: Turn, observation: Observation) -> Observation:
    """A listing may have got another name since the read of it began: what was seen is on the very same one."""
    seen, listings = observation.seen, observation.account.listings
    if isinstance(seen, Absent) or seen.listing is None:
        return observation
    number = next((i for i, listing in listings.items() if listing.name == seen.listing), 0)
    outlet = current.premises.ever.get(number)
    if outlet is None or outlet.name == seen.listing:
        return observation
    return replace(observation, seen=replace(seen, listing=outlet.name))


async def _record(current: Turn, told: Sequence[tuple[Observation, Outcome]]) -> None:
    """The rows that asked are done in this very transaction; a deferred one asks again soon."""
    asked: dict[Outcome, list[int]] = {}
    for observation, outcome in told:
        asked.setdefault(outcome, []).extend(observation.inbox_ids)
        if outcome in _KEPT and not observation.inbox_ids:
            await heard(current.parts, current.connection, event_of(observation), outcome)
    for outcome, ids in asked.items():
        if ids and outcome == "deferred":
            due = current.now + DEFER
            await inbox.later(current.connection, ids, due, "may be our own block")
        elif ids:
            await inbox.finish(current.connection, ids, current.now, outcome)


def event_of(observation: Observation) -> Incoming:
    """For the record: what was read for no event's sake, and changed something."""
    raw = "absent" if isinstance(observation.seen, Absent) else observation.seen.raw_status
    return Incoming(
        account_id=observation.account.id,
        via=observation.via,
        ref=observation.seen.external_id,
        raw_type=raw,
        received_at=observation.heard_at,
    )


async def _observe(current: Turn, observation: Observation) -> Outcome:
    seen, account = observation.seen, observation.account
    marker = seen.marker if isinstance(seen, Seen) else None
    block = await block_store.by_echo(current.connection, account.id, seen.external_id, marker)
    if block is not None or marker is not None:
        await _is_no_guest(current, observation)
    if block is not None:
        return await echo(current, account, block, seen)
    if isinstance(seen, Seen) and marker is not None:
        return await adopt_orphan(current, account, seen)
    known = await booking_store.by_ref(current.connection, account.id, seen.external_id)
    holds_show = account.channel.capabilities.reads_holds
    if known is None and holds_show and await _may_be_ours(current, seen):
        return "deferred"
    return await _merge(current, observation, known)


async def _is_no_guest(current: Turn, observation: Observation) -> None:
    """It may have been met before it could be known as ours."""
    which = (observation.account.id, observation.seen.external_id)
    found = await turn_out(current.changes, current.parts.metrics, which, current.now)
    if found is not None:
        booking_id, span = found
        data = {"account": observation.account.name, "ref": which[1]}
        current.note("booking.turned_out", data, booking_id=booking_id)
        current.freed.add(booking_id)
        current.touch(span)


async def _may_be_ours(current: Turn, seen: Seen | Absent) -> bool:
    """An unconfirmed booking exactly where we are just placing a hold: wait until we know ours."""
    if isinstance(seen, Absent) or seen.status not in ("held", "pending"):
        return False
    outlet = current.parts.outlet(current.premises.id, seen.listing)
    if outlet is None or seen.span is None:
        return False
    return await placing_on(current, outlet.id, seen.span)


async def _merge(current: Turn, observation: Observation, known: Booking | None) -> Outcome:
    outlets = current.premises.ever
    home = outlets.get(known.listing_id) if known and known.listing_id else None
    listing = home.name if home else None
    observation = replace(observation, seen=_sure(current, observation, known))
    merged = merge(known, listing, observation.seen)
    if merged.fact is None:
        if known is not None and merged.verdict == "noop":
            read_at = observation.seen.read_at
            await booking_store.seen_again(current.connection, known.id, read_at)
        return merged.verdict
    outlet = current.parts.outlet(current.premises.id, merged.fact.listing)
    booking_id = await _write(current, observation, known, (outlet, merged.fact))
    if booking_id is None:
        return "noop"
    await _sold(current, outlet, known, merged.fact)
    current.touch(known.span if known else None, merged.fact.span)
    current.freed.add(booking_id)
    _journal(current, observation, booking_id, merged)
    await news_of(current, known, merged.fact, booking_id)
    if known is not None and home is not None and _has_left(observation.seen):
        await _left(current, observation, home, known)
    current.parts.metrics.bookings_ingested.of(
        source=observation.account.channel_name, change=_kind_of_change(merged)
    ).inc()
    return "applied"


def _sure(current: Turn, observation: Observation, known: Booking | None) -> Seen | Absent:
    """What it means where something of it could not be read, or is told of a listing that is out of service."""
    seen = observation.seen
    if isinstance(seen, Absent):
        return seen
    is_sold = known is None or known.listing_id in observation.account.listings
    outlet = current.parts.outlet(current.premises.id, seen.listing) if seen.guessed else None
    sure = left_what_is_sold(seen, is_sold=is_sold)
    sure = as_large_as_may_be(sure, known, outlet, current.premises.units.values())
    return beside_what_is_known(sure, known.span if known else None)


def _has_left(seen: Seen | Absent) -> bool:
    """Whether its channel says that it is at a place that is not ours."""
    return isinstance(seen, Seen) and seen.elsewhere


async def _left(current: Turn, observation: Observation, home: Outlet, known: Booking) -> None:
    """Its old place is sold again, and a person is told where it went."""
    if known.occupying and known.span is not None:
        await _sold_again(current, home, known.span)
    if isinstance(observation.seen, Seen) and observation.seen.status in OCCUPYING:
        await left_us(current, observation.account.name, known, home.name)


def _kind_of_change(merged: Merged) -> str:
    """The metric's few words for what changed."""
    if merged.change in ("booking.moved", "booking.updated"):
        return "move"
    if merged.fact is not None and merged.fact.status not in OCCUPYING:
        return "cancellation"
    return "hold" if merged.fact and merged.fact.status in ("held", "pending") else "booking"


async def _write(
    current: Turn,
    observation: Observation,
    known: Booking | None,
    what: tuple[Outlet | None, Fact],
) -> int | None:
    outlet, fact = what
    origin = Origin(
        venue_id=None if _has_left(observation.seen) else current.premises.id,
        listing_id=outlet.id if outlet else None,
        account_id=observation.account.id,
        channel=observation.account.channel_name,
        external_id=observation.seen.external_id,
    )
    kept = (origin, fact, observation.guest)
    return await booking_store.keep(current.changes, known, kept, current.now)


async def _sold(current: Turn, outlet: Outlet | None, known: Booking | None, fact: Fact) -> None:
    """What the booking's own channel sells follows from the booking itself."""
    if outlet is None:
        return
    before = known.span if known and known.occupying else None
    after = fact.span if fact.status in OCCUPYING else None
    if before is not None and before != after:
        await _sold_again(current, outlet, before)
    if after is not None and not outlet.pool:  # a pool goes on selling its other units
        await offers.shut(current.connection, outlet.id, after, current.now)
    if known is None and after is None and fact.span is not None:
        # gone before we heard of it; it may be what refused a block of ours
        await offers.reopen(current.connection, outlet.id, fact.span, current.now)


async def _sold_again(current: Turn, outlet: Outlet, span: Span) -> None:
    """Whoever was there before the offers were first read hid what is sold once he is gone: read it now."""
    known = await offers.reopen(current.connection, outlet.id, span, current.now)
    if not known and span.end > current.now:
        await schedule.probe_around(current.connection, outlet.id, span, current.now)


def _journal(current: Turn, observation: Observation, booking_id: int, merged: Merged) -> None:
    fact = merged.fact
    data: dict[str, object] = {
        "account": observation.account.name,
        "channel": observation.account.channel_name,
        "ref": observation.seen.external_id,
    }
    if fact is not None:
        data |= {
            "listing": fact.listing,
            "status": fact.status,
            "raw_status": fact.raw_status,
            "start": fact.span.start.isoformat() if fact.span else None,
            "end": fact.span.end.isoformat() if fact.span else None,
            "party": fact.party_size,
            "read_at": fact.read_at.isoformat(),
            "heard_at": observation.heard_at.isoformat(),
        }
    rows = observation.inbox_ids
    current.note(merged.change, data, booking_id=booking_id, inbox_id=rows[0] if rows else None)
