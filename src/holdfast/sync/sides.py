"""sides: both sides of a conflict are read again when a person looks, and nobody decides on what is older than a minute.

A decision is carried out on reads made after it in any case; this is so that a person sees how things stand before.
"""

from collections.abc import Sequence
from datetime import timedelta

from holdfast.inventory.remedy import Case, Side
from holdfast.store.cases import cases
from holdfast.store.inbox import Incoming
from holdfast.sync.heard import hear
from holdfast.sync.parts import Parts

TOO_OLD = timedelta(minutes=1)
"""On what was read longer ago nobody ends a guest's booking."""

JUST_READ = timedelta(seconds=10)
"""What was read since is not read again because somebody looks."""


async def read_sides(parts: Parts, conflict_id: int) -> None:
    """Have the bookings of a conflict read by their ids, as far as they were not read just now."""
    async with parts.pool.acquire() as connection:
        case = (await cases(connection, [conflict_id])).get(conflict_id)
    if case is not None:
        await _ask(parts, _older(parts, case, JUST_READ))


async def older_sides(parts: Parts, case: Case) -> str:
    """What was read too long ago to decide on it, in words; it is asked for. Empty: nothing was."""
    old = _older(parts, case, TOO_OLD)
    await _ask(parts, old)
    now = parts.now()
    ages = [f"#{s.booking.id} {(now - s.booking.read_at).total_seconds():,.0f} s ago" for s in old]
    return f"last read: {', '.join(ages)}. It is read again just now" if ages else ""


def _older(parts: Parts, case: Case, age: timedelta) -> list[Side]:
    before = parts.now() - age
    return [s for s in case.sides if s.account_id in parts.accounts and s.booking.read_at < before]


async def _ask(parts: Parts, sides: Sequence[Side]) -> None:
    if not sides:
        return
    rows = [
        Incoming(
            account_id=side.account_id,
            via="operator",
            ref=side.booking.external_id,
            raw_type="looked_at",
            received_at=parts.now(),
        )
        for side in sides
    ]
    async with parts.pool.acquire() as connection:
        await hear(parts, connection, rows)
    parts.wake(*(("absorb", side.account_id) for side in sides if side.account_id is not None))
