"""Leaving the configuration: what is taken out of service, who is affected, and whether that was agreed to."""

from collections.abc import Collection, Iterator, Sequence
from dataclasses import dataclass
from datetime import datetime

import asyncpg

from holdfast.configuration_plan import Change, Plan, Thing
from holdfast.store import departures
from holdfast.store.departures import Alive, Leaving
from holdfast.web.words import counted


@dataclass(frozen=True, slots=True, kw_only=True)
class Departure:
    """One thing with guests or blocks of ours behind it."""

    thing: Thing
    alive: Alive

    def __str__(self) -> str:
        """`venue glasshouse leaves with 12 live bookings, 5 blocks of ours on 2 channels, 3 calls under way`."""
        alive = self.alive
        parts = [
            counted(alive.bookings, "live booking"),
            f"{counted(alive.blocks, 'block')} of ours on {counted(alive.channels, 'channel')}",
            f"{counted(alive.calls, 'call')} under way",
        ]
        amounts = (alive.bookings, alive.blocks, alive.calls)
        told = ", ".join(part for part, amount in zip(parts, amounts, strict=True) if amount)
        return f"{self.thing} leaves with {told}"


async def look(connection: asyncpg.Connection, plan: Plan, now: datetime) -> list[Departure]:
    """Whatever leaves with anything alive; what leaves with its venue or account is counted there."""
    removed = [change for change in plan.changes if change.verb == "removed"]
    things = [change.thing for change in removed if not _goes_with(change, removed)]
    asked = [(thing.noun, thing.name, thing.venue) for thing in things]
    found = await departures.alive(connection, asked, now)
    return [
        Departure(thing=thing, alive=alive)
        for thing, alive in zip(things, found, strict=True)
        if alive.anything
    ]


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


def told(found: Leaving) -> str:
    """`venue glasshouse is leaving: 5 blocks to release, 12 bookings until 3 Dec`."""
    amounts = [
        (found.to_release, f"{counted(found.to_release, 'block')} to release"),
        (found.kept, f"{counted(found.kept, 'block')} kept for guests"),
        (found.bookings, _bookings(found)),
    ]
    left = ", ".join(text for amount, text in amounts if amount) or "calls under way"
    return f"{found.noun} {found.name} is leaving: {left}"


def _bookings(found: Leaving) -> str:
    until = f" until {found.until.day} {found.until:%b}" if found.until is not None else ""
    return f"{counted(found.bookings, 'booking')}{until}"
