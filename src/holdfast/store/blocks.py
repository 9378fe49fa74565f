"""Blocks: what we placed on listings, or are about to."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime

import asyncpg

from holdfast.inventory.known import Block, There
from holdfast.inventory.model import Span
from holdfast.inventory.plan import Wish
from holdfast.store.changes import ChangeSet
from holdfast.store.queries import load
from holdfast.store.ranges import to_range, to_span

_SQL = load("blocks")


@dataclass(frozen=True, slots=True, kw_only=True)
class Stood:
    """`source`: the channel of the first booking that it stands for; `lost`: open conflicts about its loss."""

    source: str | None
    lost: tuple[int, ...]


def block_of(row: asyncpg.Record) -> Block:
    """A whole row of the table, and whether a call about it flies, as a value."""
    return Block(
        id=row["id"],
        listing_id=row["listing_id"],
        span=to_span(row["during"]),
        marker=row["marker"],
        wants=row["wants"],
        wanted_until=row["wanted_until"],
        state=row["state"],
        external_id=row["external_id"],
        expires_at=row["expires_at"],
        because=tuple(row["because"]),
        gap_since=row["gap_since"],
        changed_at=row["updated_at"],
        flying=row["flying"],
        closed=row["closed_at"] is not None,
        losses=row["losses"],
        lane=row["lane"],
        party=row["party"],
    )


async def live_in(connection: asyncpg.Connection, venue_id: int, stretch: Span) -> list[Block]:
    """The blocks of a venue that stand or should stand within a stretch."""
    rows = await connection.fetch(_SQL["live_in"], venue_id, to_range(stretch))
    return [block_of(row) for row in rows]


async def by_id(connection: asyncpg.Connection, block_id: int) -> Block:
    """One block, open or closed."""
    return block_of(await connection.fetchrow(_SQL["by_id"], block_id))


async def by_echo(
    connection: asyncpg.Connection, account_id: int, external_id: str, marker: str | None
) -> Block | None:
    """Our own block behind what a channel shows, if it is one."""
    row = await connection.fetchrow(_SQL["by_echo"], account_id, external_id, marker)
    return None if row is None else block_of(row)


async def states_by_ref(
    connection: asyncpg.Connection, account_id: int, external_ids: Sequence[str]
) -> dict[str, There]:
    """Which of these ids are blocks of ours, and how we believe them to be."""
    rows = await connection.fetch(_SQL["by_refs"], account_id, list(external_ids))
    return {row["external_id"]: row["state"] for row in rows}


async def nameless(
    connection: asyncpg.Connection, listing_id: int, before: datetime
) -> list[Block]:
    """Holds of ours on a listing whose ids at the channel we never learned, known since `before`."""
    rows = await connection.fetch(_SQL["nameless"], listing_id, before)
    return [block_of(row) for row in rows]


async def insert(
    changes: ChangeSet,
    home: tuple[int, int],
    wish: Wish,
    marker: str,
    now: datetime,
) -> int | None:
    """Add a wished block; `home` is its venue and account. None: one lives there already."""
    venue_id, account_id = home
    rows = await changes.write(
        "blocks",
        _SQL["insert"],
        venue_id,
        wish.listing_id,
        account_id,
        to_range(wish.span),
        marker,
        wish.wants,
        wish.until,
        list(wish.because),
        now,
        wish.lane,
        wish.party,
    )
    return rows[0]["id"] if rows else None


async def wish(changes: ChangeSet, block_id: int, wanted: Wish, now: datetime) -> None:
    """What it should be from now on."""
    because = list(wanted.because)
    told = (block_id, wanted.wants, wanted.until, because, now, wanted.lane)
    await changes.write("blocks", _SQL["wish"], *told)


async def shrink(changes: ChangeSet, block_id: int, party: int, now: datetime) -> None:
    """Place it for a smaller party from now on."""
    await changes.write("blocks", _SQL["shrink"], block_id, party, now)


async def stands(
    changes: ChangeSet,
    block_id: int,
    state: There,
    there: tuple[str | None, datetime | None],
    now: datetime,
) -> Stood:
    """It is at the channel; `there` is its id and, for a hold, when it may lapse."""
    (row,) = await changes.write("blocks", _SQL["stands"], block_id, state, *there, now)
    return Stood(source=row["source"], lost=tuple(row["lost"]))


async def gone(changes: ChangeSet, block_id: int, now: datetime) -> None:
    """It is not at the channel (any more)."""
    await changes.write("blocks", _SQL["gone"], block_id, now)


async def lost(changes: ChangeSet, block_id: int, now: datetime) -> int:
    """Somebody took it away at the channel; returns how often that happened."""
    (row,) = await changes.write("blocks", _SQL["lost"], block_id, now)
    return int(row["losses"])


async def close(changes: ChangeSet, block_ids: Sequence[int], now: datetime) -> None:
    """They are over and done with, and so is what was asked about them."""
    if not block_ids:
        return
    rows = await changes.write("blocks", _SQL["close"], list(block_ids), now)
    await _unasked(changes, rows, now, "the block is not wanted any more")


async def _unasked(
    changes: ChangeSet, rows: Sequence[asyncpg.Record], now: datetime, why: str
) -> None:
    if rows:
        ids = [row["id"] for row in rows]
        await changes.write("conflicts", _SQL["unasked"], ids, now, why)


async def past(connection: asyncpg.Connection, now: datetime) -> list[int]:
    """The venues that have blocks whose time has passed."""
    return [row["venue_id"] for row in await connection.fetch(_SQL["past"], now)]


async def finish_past(changes: ChangeSet, venue_id: int, now: datetime) -> int:
    """Close a venue's blocks whose time has passed, and want nothing more of them; returns how many."""
    rows = await changes.write("blocks", _SQL["finish_past"], venue_id, now)
    await _unasked(changes, rows, now, "its time is over")
    await changes.connection.execute(_SQL["uncalled"], [row["id"] for row in rows], now)
    return len(rows)


async def lapsed(connection: asyncpg.Connection, now: datetime) -> list[tuple[int, int]]:
    """Venue and id of the holds of ours whose time is over."""
    rows = await connection.fetch(_SQL["lapsed"], now)
    return [(row["venue_id"], row["id"]) for row in rows]


async def live_refs(
    connection: asyncpg.Connection,
    account_id: int,
    window: Span,
    before: datetime,
    holds_are_listed: bool,
) -> set[str]:
    """What a complete scan of the window, begun at `before`, should have shown of ours."""
    rows = await connection.fetch(
        _SQL["live_refs"], account_id, to_range(window), before, holds_are_listed
    )
    return {row["external_id"] for row in rows}


async def venue_of_ref(
    connection: asyncpg.Connection, account_id: int, external_id: str
) -> int | None:
    """The venue of a block of ours, by its id at the channel."""
    venue: int | None = await connection.fetchval(_SQL["venue_of_ref"], account_id, external_id)
    return venue


async def ask_again(changes: ChangeSet, block_id: int, now: datetime) -> Span | None:
    """A person wants it there after all; its span."""
    rows = await changes.write("blocks", _SQL["ask_again"], block_id, now)
    return to_span(rows[0]["during"]) if rows else None


async def hurry_over(connection: asyncpg.Connection, gone: Block, now: datetime) -> set[int]:
    """A block is gone: what was refused over its time there is asked for now. The accounts of which a call is wanted."""
    asked = (gone.listing_id, to_range(gone.span), now)
    return {row["account_id"] for row in await connection.fetch(_SQL["hurry_over"], *asked)}


async def live_on(
    connection: asyncpg.Connection, venue_id: int, listing_ids: Sequence[int]
) -> list[Block]:
    """All live blocks on these listings of a venue."""
    rows = await connection.fetch(_SQL["live_on"], venue_id, list(listing_ids))
    return [block_of(row) for row in rows]


async def is_served(connection: asyncpg.Connection, block_id: int) -> bool:
    """Whether the listing that it stands on is in service."""
    return bool(await connection.fetchval(_SQL["is_served"], block_id))
