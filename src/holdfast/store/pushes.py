"""Pushes: one wanted outward call each, with its attempts."""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import NamedTuple

import asyncpg

from holdfast.inventory.ending import Decided
from holdfast.inventory.known import Block
from holdfast.inventory.model import Span
from holdfast.store import decisions
from holdfast.store.blocks import block_of
from holdfast.store.queries import load
from holdfast.store.ranges import to_span

_SQL = load("pushes")


@dataclass(frozen=True, slots=True, kw_only=True)
class OpenPush:
    """The latest push about a block: under way, waiting, or how it ended."""

    block_id: int
    id: int
    call: str
    state: str
    risk: int
    settled_at: datetime | None

    @property
    def waits(self) -> bool:  # for its first try, or for its next
        return self.state in ("waiting", "shadow")


Asked = tuple[int, Span, int | None]
"""A listing, a span of it, and the party a block is placed for."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Refusals:
    """How often a channel said that something is taken, and when it did last."""

    times: int
    last_at: datetime


@dataclass(frozen=True, slots=True, kw_only=True)
class NewPush:
    """A wanted call. Exactly one of `block_id` and `booking_id` is set."""

    venue_id: int
    account_id: int
    call: str
    shadow: bool
    risk: int
    starts_at: datetime
    due_at: datetime
    observed_at: datetime
    block_id: int | None = None
    booking_id: int | None = None
    reason: str | None = None
    decided: Decided | None = None  # of a cancel: no guest's booking ends without
    stays: Sequence[int] = ()

    def __post_init__(self) -> None:
        if self.call == "cancel" and self.decided is None:
            raise ValueError("a guest's booking is cancelled by a decision only")

    @property
    def state(self) -> str:
        return "shadow" if self.shadow else "waiting"


@dataclass(frozen=True, slots=True, kw_only=True)
class Claimed:
    """A push that we hold a lease on. `was` is `unknown` when its outcome must be found out."""

    id: int
    venue_id: int
    account_id: int
    block_id: int | None
    booking_id: int | None
    call: str
    was: str
    epoch: int
    attempts: int
    absent_reads: int
    leased_by: int | None
    absent_from: datetime | None
    """Of a worker that died: what is not there may still come until then."""
    reason: str | None
    observed_at: datetime
    wished_at: datetime
    first_sent_at: datetime | None
    tried_since: datetime
    """What waited for its first try, or for the end of a pause, was not tried in vain meanwhile."""
    block: Block | None = None
    """What it is about, as it was when this was claimed: a block of ours,"""
    booking_ref: str | None = None
    """or a guest's booking, by the channel's id."""
    decided: Decided | None = None
    stays: Sequence[int] = ()

    @property
    def external_id(self) -> str | None:
        """Of what it is about, at the channel; None: it has none there."""
        return self.booking_ref if self.block is None else self.block.external_id


@dataclass(frozen=True, slots=True, kw_only=True)
class Try:
    """What one attempt came to, for its record."""

    outcome: str
    failure: str | None = None
    status: int | None = None
    detail: str | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Wanted:
    """What to claim: of these states, so many at most.

    `fresh_first`: what was tried least comes first, for what fails by itself must not fail for all others.
    """

    states: Sequence[str] = ("unknown", "waiting")
    limit: int
    fresh_first: bool = False
    holder: int | None = None
    """The worker's number: what it takes is taken over as soon as the worker died."""


async def open_of_blocks(
    connection: asyncpg.Connection, block_ids: Sequence[int]
) -> dict[int, OpenPush]:
    """The latest push of each block."""
    rows = await connection.fetch(_SQL["open_of_blocks"], list(block_ids))
    return {row["block_id"]: OpenPush(**row) for row in rows}


async def refusals(
    connection: asyncpg.Connection, venue_id: int, since: datetime
) -> dict[Asked, Refusals]:
    """Where channels of a venue refused our blocks as taken, by what was asked for."""
    rows = await connection.fetch(_SQL["refusals"], venue_id, since)
    return {
        (row["listing_id"], to_span(row["during"]), row["party"]): Refusals(
            times=row["times"], last_at=row["last_at"]
        )
        for row in rows
    }


async def wish(connection: asyncpg.Connection, push: NewPush) -> int:
    """Want a call; it replaces the one that waits about the same thing."""
    wanted: int = await connection.fetchval(
        _SQL["wish"],
        push.venue_id,
        push.account_id,
        push.block_id,
        push.booking_id,
        push.call,
        push.state,
        push.risk,
        push.starts_at,
        push.due_at,
        push.reason,
        push.observed_at,
        decisions.text_of(push.decided, push.stays),
    )
    return wanted


async def flying_of_booking(connection: asyncpg.Connection, booking_id: int) -> int | None:
    """The call about a booking that is under way, or whose outcome is not known yet."""
    found: int | None = await connection.fetchval(_SQL["flying_of_booking"], booking_id)
    return found


async def stop_of_booking(
    connection: asyncpg.Connection, booking_id: int, now: datetime
) -> dict[int, bool]:
    """End whatever is wanted of a booking; by push, whether it flies just now and may still be done."""
    rows = await connection.fetch(_SQL["stop_of_booking"], booking_id, now)
    return {row["id"]: row["flies"] for row in rows}


async def error(connection: asyncpg.Connection, push_id: int) -> str | None:
    """Why it ended as it did, for a person."""
    told: str | None = await connection.fetchval(_SQL["error"], push_id)
    return told


async def in_a_row(connection: asyncpg.Connection, push: Claimed, failure: str) -> int:
    """How often it has failed in this way without another outcome in between, its latest try included."""
    return 1 + int(await connection.fetchval(_SQL["in_a_row"], push.id, push.attempts, failure))


async def supersede(connection: asyncpg.Connection, push_id: int, now: datetime) -> None:
    """It is not wanted any more."""
    await connection.execute(_SQL["supersede"], push_id, now)


async def claim(
    connection: asyncpg.Connection, account_id: int, now: datetime, wanted: Wanted
) -> list[Claimed]:
    """Take what an account should send now, by risk, for 30 seconds of the database's clock."""
    return _claimed(await _claim(connection, (account_id, now), wanted, careful=False))


async def claim_undoubted(
    connection: asyncpg.Connection, account_id: int, now: datetime, wanted: Wanted
) -> list[Claimed] | None:
    """The same; None, and nothing is taken, where it is in doubt whether the provider answers."""
    rows = await _claim(connection, (account_id, now), wanted, careful=True)
    return None if rows[0]["in_doubt"] else _claimed(rows)


async def _claim(
    connection: asyncpg.Connection, whose: tuple[int, datetime], wanted: Wanted, *, careful: bool
) -> list[asyncpg.Record]:
    asked = (wanted.limit, wanted.states, wanted.fresh_first, careful, wanted.holder)
    return list(await connection.fetch(_SQL["claim"], *whose, *asked))


def _claimed(rows: Iterable[asyncpg.Record]) -> list[Claimed]:
    return [_one(row) for row in rows if row["push_id"] is not None]


def _one(row: asyncpg.Record) -> Claimed:
    made = ("id", "block", "decided", "stays")
    told = {name: row[name] for name in Claimed.__dataclass_fields__ if name not in made}
    block = None if row["block_id"] is None else block_of(row)
    told |= decisions.told(row["decision"])
    return Claimed(id=row["push_id"], block=block, **told)


class Settled(NamedTuple):
    """A push that is ended for good."""

    block: Block | None
    """What it was about, as it was until now; None: a guest's booking."""


class Delay(NamedTuple):
    """When a push comes up next: `waiting` for a new try, or `unknown`, to find out what became of the last."""

    state: str
    due_at: datetime
    in_vain: int
    """So many reads did not find what it did."""


async def settle(
    connection: asyncpg.Connection,
    push: Claimed,
    result: Try,
    ended: tuple[str, str | None],
    now: datetime,
) -> Settled | None:
    """Record what the try came to, and end the push as `done` or `dead`; `ended` is the outcome and its error.

    None: the lease was lost meanwhile, the push was not changed.
    """
    outcome, error = ended
    state = outcome if outcome in ("dead", "superseded") else "done"
    tried = (now, push.attempts, *_told(result))
    row = await connection.fetchrow(
        _SQL["settle"], push.id, push.epoch, state, outcome, error, *tried
    )
    if row is None:
        return None
    return Settled(block=None if row["id"] is None else block_of(row))


async def later(
    connection: asyncpg.Connection, push: Claimed, result: Try, delay: Delay, now: datetime
) -> bool:
    """Record what the try came to, and let it come again. False: the lease was lost, the push was not changed."""
    error = result.detail or result.failure or ""
    tried = (now, push.attempts, *_told(result))
    moved = await connection.fetchval(
        _SQL["later"], push.id, push.epoch, delay.state, delay.due_at, error, delay.in_vain, *tried
    )
    return moved is not None


def _told(result: Try) -> tuple[object, ...]:
    return result.outcome, result.failure, result.status, result.detail


async def placing_on(
    connection: asyncpg.Connection, listing_id: int, during: asyncpg.Range
) -> bool:
    """Whether a placing on exactly this time is under way or unknown."""
    placing: bool = await connection.fetchval(_SQL["placing_on"], listing_id, during)
    return placing
