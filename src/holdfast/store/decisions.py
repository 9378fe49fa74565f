"""Decisions that guests' bookings end: kept with the push that carries them out, with what was read after them."""

import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any

import asyncpg

from holdfast.inventory.ending import Decided
from holdfast.inventory.model import Span
from holdfast.store.queries import load

_SQL = load("decisions")


@dataclass(frozen=True, slots=True, kw_only=True)
class Cause:
    """For what a booking is cancelled: a conflict, and the bookings that stay."""

    conflict: int
    act: str
    stays: tuple[int, ...]


def text_of(decided: Decided | None, stays: Sequence[int]) -> str | None:
    """As JSON; `stays` are the bookings for which another is cancelled."""
    if decided is None:
        return None
    span = decided.span
    return json.dumps(
        {
            "conflict": decided.conflict,
            "act": decided.act,
            "actor": decided.actor,
            "decided_at": decided.decided_at.isoformat(),
            "span": [span.start.isoformat(), span.end.isoformat()] if span else None,
            "stays": list(stays),
        }
    )


def told(text: str | None) -> dict[str, Any]:
    """The fields `decided` and `stays` of a push; empty where it is no cancel."""
    if text is None:
        return {}
    kept: dict[str, Any] = json.loads(text)
    ends = [datetime.fromisoformat(end) for end in kept["span"] or ()]
    decided = Decided(
        conflict=kept["conflict"],
        act=kept["act"],
        actor=kept["actor"],
        decided_at=datetime.fromisoformat(kept["decided_at"]),
        span=Span(start=ends[0], end=ends[1]) if ends else None,
    )
    return {"decided": decided, "stays": tuple(kept["stays"])}


async def witness(
    connection: asyncpg.Connection,
    push_id: int,
    epoch: int,
    reads: Sequence[Mapping[str, str]],
) -> bool:
    """Keep what was read after the decision; False: the push is not ours to carry out any more."""
    text = json.dumps(list(reads))
    return await connection.fetchval(_SQL["witness"], push_id, epoch, text) is not None


async def cause(connection: asyncpg.Connection, push_id: int) -> Cause | None:
    """For what a cancel was wanted; None: for nothing but itself."""
    text = await connection.fetchval(_SQL["decision"], push_id)
    kept: dict[str, Any] = json.loads(text) if text else {}
    if kept.get("conflict") is None:
        return None
    return Cause(conflict=kept["conflict"], act=kept["act"], stays=tuple(kept["stays"]))
