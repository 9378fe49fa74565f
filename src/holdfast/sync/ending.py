"""ending: a guest's booking is cancelled at its channel only after both sides were read, and found as they were."""

import asyncio
from collections.abc import Sequence
from dataclasses import dataclass

import asyncpg

from holdfast.budget import spending
from holdfast.channel import ChannelError, Limited, NotSent
from holdfast.inventory.ending import POLICY, Witnessed, objection
from holdfast.inventory.known import Booking
from holdfast.inventory.model import Absent, Seen
from holdfast.store import bookings as booking_store
from holdfast.store import cases, decisions
from holdfast.store.pushes import Claimed
from holdfast.sync.absorb import apply, place_of
from holdfast.sync.brake import believed
from holdfast.sync.decide import Observation
from holdfast.sync.parts import Account, Parts


class Overtaken(Exception):
    """What was decided does not hold any more; the text says why. No call was made."""


@dataclass(frozen=True, slots=True, kw_only=True)
class _Side:
    booking: Booking
    account: Account


async def cancel(parts: Parts, account: Account, push: Claimed) -> None:
    """Read both sides, and cancel the one that was decided on. Raises Overtaken, ChannelError."""
    decided = push.decided
    if decided is None or push.booking_id is None:
        raise Overtaken("no decision is known for it")
    leaves, stays = await _sides(parts, push)
    if decided.actor == POLICY:
        await _refuse_the_policy(parts, [leaves, *stays])
    read = await asyncio.gather(*(_read(side) for side in (leaves, *stays)))
    await _believe(parts, [leaves, *stays], read)
    witnessed = [_witnessed(side, seen) for side, seen in zip([leaves, *stays], read, strict=True)]
    why = objection(decided, witnessed[0], witnessed[1:])
    if why is not None:
        raise Overtaken(why)
    reads = [_told(one) for one in witnessed]
    async with parts.pool.acquire() as connection:
        if not await decisions.witness(connection, push.id, push.epoch, reads):
            raise Overtaken("it was stopped meanwhile")
    contact = parts.premises[push.venue_id].house
    await account.channel.cancel(push.external_id or "", push.reason or "", contact)


async def _sides(parts: Parts, push: Claimed) -> tuple[_Side, list[_Side]]:
    """The booking that goes, and those that stay for it at their channels."""
    async with parts.pool.acquire() as connection:
        leaves = await _side(parts, connection, push.booking_id or 0)
        found = [await _side(parts, connection, number) for number in push.stays]
    if leaves is None:
        raise Overtaken("it was made at the venue itself")
    return leaves, [side for side in found if side is not None]


async def _side(parts: Parts, connection: asyncpg.Connection, number: int) -> _Side | None:
    """None: it was made at the venue itself, and stands as our own store says."""
    row = await booking_store.row_by_id(connection, number)
    if row is None:
        raise Overtaken(f"booking #{number} is not known any more")
    booking = booking_store.booking_of(row)
    if row["account_id"] is None:
        if not booking.occupying:
            raise Overtaken(f"#{number}, which was to stay, is {booking.status} now")
        return None
    account = parts.accounts.get(row["account_id"])
    if account is None:
        raise Overtaken(f"#{number} cannot be read: its account is not in service")
    return _Side(booking=booking, account=account)


async def _refuse_the_policy(parts: Parts, sides: Sequence[_Side]) -> None:
    """A person may act while something is out of order; nothing does so by itself."""
    async with parts.pool.acquire() as connection:
        sick = await cases.out_of_order(connection, [side.account.id for side in sides])
    if sick:
        raise Overtaken(f"{', '.join(sick)} is braked, paused or does not answer")


async def _read(side: _Side) -> Seen | Absent:
    listing, _ = place_of(side.account, side.booking.listing_id)
    try:
        with spending("hints"):
            return await side.account.channel.fetch(side.booking.external_id, listing)
    except Limited:
        raise
    except ChannelError as error:
        raise NotSent(f"#{side.booking.id} could not be read before: {error}") from error


async def _believe(parts: Parts, sides: Sequence[_Side], read: Sequence[Seen | Absent]) -> None:
    """What was read is news like any other."""
    for side, seen in zip(sides, read, strict=True):
        told = Observation(account=side.account, seen=seen, via="clock", heard_at=seen.read_at)
        await apply(parts, await believed(parts, side.account, [told]))


def _witnessed(side: _Side, seen: Seen | Absent) -> Witnessed:
    return Witnessed(
        name=f"#{side.booking.id}",
        channel=side.account.channel_name,
        ref=side.booking.external_id,
        seen=seen,
    )


def _told(one: Witnessed) -> dict[str, str]:
    status = "absent" if isinstance(one.seen, Absent) else one.seen.status
    return {"ref": one.ref, "status": status, "read_at": one.seen.read_at.isoformat()}
