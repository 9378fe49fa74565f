"""What was decided about conflicts, what the clock has to say about them, and the evidence of how they arose."""

import json
from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass, field
from datetime import datetime, timedelta
from typing import Any

import asyncpg

from holdfast.inventory.evidence import Closing, Witness
from holdfast.inventory.remedy import Act, Call
from holdfast.store.changes import ChangeSet
from holdfast.store.queries import load

_SQL = load("conflicts")


@dataclass(frozen=True, slots=True, kw_only=True)
class Decision:
    """What was decided about a conflict. `pushes` must be done and `cancels` be seen to be off.

    `kept`: what the bookings of an intended overlap were like, by id.
    """

    act: Act
    actor: str
    reason: str
    calls: Sequence[Call] = ()
    cancels: Sequence[int] = ()
    moves: Sequence[int] | None = None
    pushes: Sequence[int] = ()
    kept: Mapping[str, str] = field(default_factory=dict)


@dataclass(frozen=True, slots=True, kw_only=True)
class Conflict:
    """One, open or closed."""

    id: int
    venue_id: int | None
    kind: str
    booking_id: int | None
    block_id: int | None
    against_ids: Sequence[int]
    unit_ids: Sequence[int]
    auto_at: datetime | None
    decision: Decision | None
    closed_at: datetime | None
    resolution: str | None


@dataclass(frozen=True, slots=True, kw_only=True)
class Due:
    """What the clock has to say about a conflict: its time is `over`, `auto`, or a decision is `unseen`."""

    id: int
    venue_id: int | None
    matter: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Unseen:
    """A booking that every call says is cancelled, and that was not seen to be."""

    id: int
    account_id: int
    external_id: str
    read_at: datetime
    settled_at: datetime


async def by_id(connection: asyncpg.Connection | asyncpg.Pool, conflict_id: int) -> Conflict | None:
    """One, open or closed."""
    row = await connection.fetchrow(_SQL["by_id"], conflict_id)
    if row is None:
        return None
    known = {name: row[name] for name in Conflict.__dataclass_fields__}
    return Conflict(**known | {"decision": _decision(row["decision"])})


def _decision(text: str | None) -> Decision | None:
    if text is None:
        return None
    told: dict[str, Any] = json.loads(text)
    calls = tuple(Call(**call) for call in told["calls"])
    return Decision(**told | {"calls": calls})


async def decide(changes: ChangeSet, conflict_id: int, decision: Decision, now: datetime) -> None:
    """Write it down; the venue's lock is held."""
    told = json.dumps(asdict(decision))
    await changes.write("conflicts", _SQL["decide"], conflict_id, told, now)


async def reopen(changes: ChangeSet, conflict_id: int, why: Mapping[str, object]) -> bool:
    """Take the decision back and add to the evidence why; False: there was none."""
    told = json.dumps(dict(why))
    return bool(await changes.write("conflicts", _SQL["reopen"], conflict_id, told))


async def snooze(changes: ChangeSet, conflict_id: int, until: datetime) -> None:
    """Rest until then; a policy does nothing any more."""
    await changes.write("conflicts", _SQL["snooze"], conflict_id, until)


async def set_auto(changes: ChangeSet, conflict_id: int, at: datetime | None) -> None:
    """When the policy acts; None: it does not."""
    await changes.write("conflicts", _SQL["set_auto"], conflict_id, at)


async def renew(
    changes: ChangeSet, conflict_id: int, against: Sequence[int], units: Sequence[int]
) -> None:
    """Whom it is against now."""
    await changes.write("conflicts", _SQL["renew"], conflict_id, list(against), list(units))


async def about(
    connection: asyncpg.Connection, booking_id: int, kinds: Sequence[str]
) -> dict[int, str]:
    """The open conflicts of these kinds about a booking: id → kind."""
    rows = await connection.fetch(_SQL["about"], booking_id, list(kinds))
    return {row["id"]: row["kind"] for row in rows}


async def about_block(
    connection: asyncpg.Connection, block_id: int, kinds: Sequence[str]
) -> dict[int, str]:
    """The open conflicts of these kinds about a block of ours: id → kind."""
    rows = await connection.fetch(_SQL["about_block"], block_id, list(kinds))
    return {row["id"]: row["kind"] for row in rows}


async def resting_on(connection: asyncpg.Connection, booking_id: int) -> dict[int, str]:
    """The open conflicts whose decision needs this booking to be cancelled: id → kind."""
    rows = await connection.fetch(_SQL["resting_on"], booking_id)
    return {row["id"]: row["kind"] for row in rows}


async def cancelled_for(
    connection: asyncpg.Connection, booking_id: int
) -> tuple[int, list[int]] | None:
    """The conflict in which others were cancelled so that this booking stays, and those others."""
    row = await connection.fetchrow(_SQL["cancelled_for"], booking_id)
    return None if row is None else (row["id"], json.loads(row["cancelled"]))


async def kept(
    connection: asyncpg.Connection, booking_ids: Sequence[int], kind: str
) -> list[dict[str, str]]:
    """What somebody left as it is, of a kind of conflict: what each booking was like then, by id."""
    rows = await connection.fetch(_SQL["kept"], list(booking_ids), kind)
    return [json.loads(row["kept"]) for row in rows if row["kept"]]


async def due(
    connection: asyncpg.Connection, now: datetime, patience: timedelta, venue_ids: Sequence[int]
) -> list[Due]:
    """What the clock has to say now at these venues, or at none; a confirmation may take `patience`."""
    rows = await connection.fetch(_SQL["due"], now, now - patience, list(venue_ids))
    return [Due(**row) for row in rows]


async def unseen(connection: asyncpg.Connection, conflict_id: int) -> list[Unseen]:
    """The bookings that should be cancelled and are not seen to be."""
    return [Unseen(**row) for row in await connection.fetch(_SQL["unseen"], conflict_id)]


async def witnesses(
    connection: asyncpg.Connection, booking_ids: Sequence[int]
) -> dict[int, Witness]:
    """Bookings as they were observed."""
    rows = await connection.fetch(_SQL["witnesses"], list(booking_ids))
    return {row["id"]: Witness(**row) for row in rows}


async def sold_there(connection: asyncpg.Connection, first_id: int, second_id: int) -> bool | None:
    """Whether the second booking's listing sold the time when the first was decided on; None: not known."""
    sold: bool | None = await connection.fetchval(_SQL["sold_there"], first_id, second_id)
    return sold


async def closing(connection: asyncpg.Connection, first_id: int, second_id: int) -> Closing | None:
    """The push that should have closed the second booking's listing for the first one."""
    row = await connection.fetchrow(_SQL["closing"], first_id, second_id)
    return None if row is None else Closing(**row)
