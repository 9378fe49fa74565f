"""replay: read again what an event was about. The event stays as it is; a new one asks, and repeating it does no harm."""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from typing import Literal

from holdfast.channel import ChannelError
from holdfast.inventory.model import Absent, Seen
from holdfast.metrics import Metrics
from holdfast.store import again
from holdfast.store import bookings as booking_store
from holdfast.store.again import Heard
from holdfast.store.journal import Entry
from holdfast.sync.absorb import place_of, venue_for
from holdfast.sync.decide import Observation, consider
from holdfast.sync.outcome import failure_of
from holdfast.sync.parts import Account, Parts
from holdfast.sync.turn import Turn, turn
from holdfast.sync.unmapped import is_ours

NOTHING_TO_READ = "it names nothing that could be read"
OUT_OF_SERVICE = "its account is not in service"
WAITS = "a read of it waits already"
UNMAPPED = "it belongs to no listing of ours, and would be kept as unmapped"


class EventUnknown(Exception):
    """There is no event of this id."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Reread:
    """Which events to read again, who wants it, and why."""

    event_ids: Sequence[int]
    actor: str
    reason: str


@dataclass(slots=True, kw_only=True)
class Rereading:
    """By event, the new one that asks for its read, or why there is none."""

    asked: dict[int, int] = field(default_factory=dict)
    refused: dict[int, str] = field(default_factory=dict)


@dataclass(frozen=True, slots=True, kw_only=True)
class Preview:
    """What a read now would change. `failed`: why that cannot be said."""

    verdict: Literal["changes", "nothing", "unmapped", "failed"]
    entries: Sequence[Entry] = ()
    failed: str = ""


async def read_again(parts: Parts, wish: Reread) -> Rereading:
    """Ask for one read of each booking that these events name, noted in the journal of its venue."""
    async with parts.pool.acquire() as connection:
        events = await again.heard(connection, wish.event_ids)
    done = Rereading()
    usable = [event for event in events if not _refused(parts, event, done)]
    for venue_id, group in _by_venue(parts, usable).items():
        if venue_id is None:
            await _ask_unmapped(parts, group, done)
            continue
        async with turn(parts, venue_id, wish.actor) as current:
            for event in group:
                await _ask(current, event, wish.reason, done)
    return done


def _refused(parts: Parts, event: Heard, done: Rereading) -> bool:
    if event.ref is None or event.account_id is None:
        done.refused[event.id] = NOTHING_TO_READ
    elif event.account_id not in parts.accounts:
        done.refused[event.id] = OUT_OF_SERVICE
    return event.id in done.refused


def _by_venue(parts: Parts, events: Iterable[Heard]) -> Mapping[int | None, Sequence[Heard]]:
    found: dict[int | None, list[Heard]] = {}
    for event in events:
        venue_id = event.venue_id if event.venue_id in parts.premises else None
        found.setdefault(venue_id, []).append(event)
    return found


async def _ask(current: Turn, event: Heard, reason: str, done: Rereading) -> None:
    asked = await again.ask(current.connection, event, current.now)
    if asked is None:
        done.refused[event.id] = WAITS
        return
    done.asked[event.id] = asked
    data = {"event": event.id, "account": event.account, "ref": event.ref, "reason": reason}
    about = {"booking_id": event.booking_id, "block_id": event.block_id, "inbox_id": asked}
    current.note("event.replayed", data, **about)


async def _ask_unmapped(parts: Parts, events: Sequence[Heard], done: Rereading) -> None:
    """What belongs to no venue has no journal."""
    async with parts.pool.acquire() as connection, connection.transaction():
        for event in events:
            asked = await again.ask(connection, event, parts.now())
            if asked is None:
                done.refused[event.id] = WAITS
            else:
                done.asked[event.id] = asked
    parts.wake()


class _OnlyLooked(Exception):
    """Ends a turn without its commit."""


async def preview(parts: Parts, event_id: int) -> Preview:
    """Read it now and decide, and take everything back. Costs one call to the channel; raises EventUnknown."""
    async with parts.pool.acquire() as connection:
        found = await again.heard(connection, [event_id])
    if not found:
        raise EventUnknown(event_id)
    event, refusal = found[0], Rereading()
    if _refused(parts, event, refusal):
        return Preview(verdict="failed", failed=refusal.refused[event_id])
    account = parts.accounts[event.account_id or 0]
    async with parts.pool.acquire() as connection:
        known = await booking_store.by_ref(connection, account.id, event.ref or "")
    listing, venue_id = place_of(account, known.listing_id if known else None)
    try:
        seen = await account.channel.fetch(event.ref or "", listing)
    except ChannelError as error:
        return Preview(verdict="failed", failed=f"{failure_of(error).replace('_', ' ')}: {error}")
    return await _decided(parts, _observation(parts, account, seen, venue_id))


def _observation(
    parts: Parts, account: Account, seen: Seen | Absent, venue_id: int | None
) -> Observation:
    return Observation(
        account=account, seen=seen, via="replay", heard_at=parts.now(), venue_id=venue_id
    )


async def _unmapped(parts: Parts, observation: Observation) -> Preview:
    async with parts.pool.acquire() as connection:
        if await is_ours(connection, observation.account, observation.seen):
            return Preview(verdict="nothing")
    return Preview(verdict="unmapped", failed=UNMAPPED)


async def _decided(parts: Parts, observation: Observation) -> Preview:
    """The whole decision in a transaction that is rolled back, on figures that nobody sees."""
    venue_id = await venue_for(parts, observation)
    if venue_id is None:
        return await _unmapped(parts, observation)
    entries: list[Entry] = []
    unseen = replace(parts, metrics=Metrics([observation.account.channel_name]))
    try:
        async with turn(unseen, venue_id, "replay", observation.heard_at) as current:
            await consider(current, [observation])
            entries += current.entries
            raise _OnlyLooked
    except _OnlyLooked:
        return Preview(verdict="changes" if entries else "nothing", entries=entries)
