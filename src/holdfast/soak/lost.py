"""What a store knew that went back to an older state: read from what is left of it, and put beside what it knows now."""

from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import datetime

import asyncpg

from holdfast.soak.bounds import Exposed
from holdfast.soak.checkers import revivals
from holdfast.soak.evidence import Cancel, Clock, Evidence, Row, Told, Violation
from holdfast.soak.gather import cancels, told
from holdfast.soak.sales import ours
from holdfast.store import journal
from holdfast.store.queries import load

_SQL = load("lost", "holdfast.soak")


@dataclass(frozen=True, slots=True, kw_only=True)
class Kept:
    """A webhook of the inbox that was lost."""

    channel: str
    digest: str
    numbered: bool


@dataclass(frozen=True, slots=True, kw_only=True)
class Lost:
    """Of one time that it went back. Of what has a number, what was there before is in it as well."""

    began: datetime
    """The state of this moment is there again."""
    ended: datetime
    """All from there until now is lost."""
    inbox: Mapping[int, Kept]
    placed: Mapping[int, str]
    """Tries to place a block, with their channels."""
    exposures: Mapping[int, Exposed]
    cancels: Sequence[Cancel]
    told: Sequence[Told]
    broken: Mapping[str, int]


async def read(
    connection: asyncpg.Connection, when: tuple[datetime, datetime], clocks: Sequence[Clock]
) -> Lost:
    """All that is needed of a store that nobody else uses any more."""
    began, ended = when
    venues = await connection.fetch(_SQL["venues"])
    broken = {v["name"]: await journal.broken_at(connection, v["id"]) for v in venues}
    return Lost(
        began=began,
        ended=ended,
        inbox={
            row["id"]: Kept(channel=row["channel"], digest=row["digest"], numbered=row["numbered"])
            for row in await connection.fetch(_SQL["inbox"])
        },
        placed={row["id"]: row["channel"] for row in await connection.fetch(_SQL["placed"])},
        exposures={
            row["id"]: _exposed(row, clocks)
            for row in await connection.fetch(_SQL["exposures"], ended)
        },
        cancels=await cancels(connection),
        told=await told(connection),
        broken={venue: seq for venue, seq in broken.items() if seq is not None},
    )


def _exposed(row: asyncpg.Record, clocks: Sequence[Clock]) -> Exposed:
    began = row["began_at"]
    return Exposed(
        source=row["source"],
        target=row["target"],
        ref=row["ref"],
        began=ours(clocks, row["source"], began) if row["theirs"] else began,
        ended=row["ended_at"],
    )


async def less_known(connection: asyncpg.Connection, lost: Lost) -> Lost:
    """Without what the store still has: no number means something else after it went back."""
    inbox = await _there(connection, "inbox_there", lost.inbox)
    placed = await _there(connection, "placed_there", lost.placed)
    exposures = await _there(connection, "exposures_there", lost.exposures)
    return replace(
        lost,
        inbox={number: row for number, row in lost.inbox.items() if number not in inbox},
        placed={number: row for number, row in lost.placed.items() if number not in placed},
        exposures={n: one for n, one in lost.exposures.items() if n not in exposures},
    )


async def _there(
    connection: asyncpg.Connection, query: str, numbers: Mapping[int, object]
) -> frozenset[int]:
    return frozenset(row["id"] for row in await connection.fetch(_SQL[query], list(numbers)))


def beside(found: Evidence, lost: Lost) -> Evidence:
    """The evidence with what was answered, tried and decided in the time that is lost; see `less_known`."""
    inbox = dict(found.inbox)
    for row in lost.inbox.values():
        key = (row.channel, row.digest)
        known = inbox.get(key, Row(count=0, numbered=False))
        inbox[key] = Row(count=known.count + 1, numbered=known.numbered or row.numbered)
    placed = Counter(found.placed) + Counter(lost.placed.values())
    return replace(
        found,
        inbox=inbox,
        placed=placed,
        cancels=[*found.cancels, *lost.cancels],
        broken={**found.broken, **lost.broken},
    )


def wrongs_then(found: Evidence, lost: Lost) -> list[Violation]:
    """Violations in the history that the store told until it went back: a history of its own."""
    then = replace(found, told=lost.told)
    return [
        Violation(checker="revivals", what=f"before the store went back: {what}")
        for what in revivals(then)
    ]
