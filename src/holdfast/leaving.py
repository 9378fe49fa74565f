"""What a plan does to guests: what is taken out of service, what changes under them, and whether that was agreed to."""

from collections.abc import Collection, Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime

import asyncpg

from holdfast.configuration_plan import Change, Plan, Thing
from holdfast.store import departures
from holdfast.store.configuration import Noun
from holdfast.store.departures import Alive
from holdfast.web.words import counted


@dataclass(frozen=True, slots=True, kw_only=True)
class Departure:
    """One thing with guests or blocks of ours behind it."""

    thing: Thing
    alive: Alive

    def __str__(self) -> str:
        """`venue glasshouse leaves with 12 live bookings, 5 blocks of ours on 2 channels, 3 calls under way`."""
        return f"{self.thing} leaves with {_told(self.alive)}"


@dataclass(frozen=True, slots=True, kw_only=True)
class Upheaval:
    """One thing that changes in what guests or blocks of ours rest on."""

    thing: Thing
    alive: Alive
    keys: Sequence[str]

    def __str__(self) -> str:
        """`listing salon-rooms changes under 3 live bookings: units`."""
        return f"{self.thing} changes under {_told(self.alive)}: {', '.join(self.keys)}"


_RESTED_ON: Mapping[Noun, frozenset[str]] = {
    "listing": frozenset({"takes", "units"}),
    "venue": frozenset({"timezone"}),
}
"""Who has which unit, and what the times mean that a channel tells without a zone."""


def _told(alive: Alive) -> str:
    parts = [
        counted(alive.bookings, "live booking"),
        f"{counted(alive.blocks, 'block')} of ours on {counted(alive.channels, 'channel')}",
        f"{counted(alive.calls, 'call')} under way",
    ]
    amounts = (alive.bookings, alive.blocks, alive.calls)
    return ", ".join(part for part, amount in zip(parts, amounts, strict=True) if amount)


async def look(connection: asyncpg.Connection, plan: Plan, now: datetime) -> list[Departure]:
    """Whatever leaves with anything alive; what leaves with its venue or account is counted there."""
    removed = [change for change in plan.changes if change.verb == "removed"]
    things = [change.thing for change in removed if not _goes_with(change, removed)]
    found = await _alive(connection, plan, things, now)
    return [
        Departure(thing=thing, alive=alive)
        for thing, alive in zip(things, found, strict=True)
        if alive.anything
    ]


async def upheavals(connection: asyncpg.Connection, plan: Plan, now: datetime) -> list[Upheaval]:
    """Whatever changes in what guests or blocks of ours rest on."""
    found = [
        (change.thing, [diff.key for diff in change.differences if diff.key in rested])
        for change in plan.changes
        if (rested := _RESTED_ON.get(change.thing.noun)) and change.verb == "changed"
    ]
    touched = [(thing, keys) for thing, keys in found if keys]
    alive = await _alive(connection, plan, [thing for thing, _ in touched], now)
    return [
        Upheaval(thing=thing, alive=one, keys=keys)
        for (thing, keys), one in zip(touched, alive, strict=True)
        if one.anything
    ]


async def _alive(
    connection: asyncpg.Connection, plan: Plan, things: Sequence[Thing], now: datetime
) -> list[Alive]:
    asked = [plan.before(thing) for thing in things]
    return await departures.alive(connection, [(t.noun, t.name, t.venue) for t in asked], now)


def unnamed(leaving: Sequence[Departure], names: Collection[str]) -> list[Departure]:
    """Those that nobody asked for by name."""
    return [departure for departure in leaving if departure.thing.name not in names]


def _goes_with(change: Change, removed: Sequence[Change]) -> bool:
    return any(other.thing in _wholes(change) for other in removed)


def _wholes(change: Change) -> Iterator[Thing]:
    """What a thing is a part of."""
    for noun, key in (("venue", "venue"), ("account", "account")):
        name = change.record.get(key)
        if change.thing.noun in ("unit", "listing") and isinstance(name, str):
            yield Thing(noun="venue" if noun == "venue" else "account", name=name)
