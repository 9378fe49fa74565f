"""Waits until all is as it should be and nothing has to be done any more: what is then wrong stays wrong."""

import asyncio
import time
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass

import asyncpg

from holdfast.soak.books import wrongs
from holdfast.soak.checkers import PASSING, violations
from holdfast.soak.evidence import Evidence, Look
from holdfast.soak.gather import evidence, stored, waiting
from holdfast.soak.lost import Lost, beside, less_known
from holdfast.soak.side import Side

LATE_SECONDS = 900.0
"""Far beyond what rest takes: a slow machine is no violation. A call that was refused for a bad key waits for five
minutes by itself, and a hold on a pool whose answer was lost is believed for seven."""

LOOK_SECONDS = 0.5


@dataclass(frozen=True, slots=True, kw_only=True)
class Scene:
    """Where to look. `ended_alone`: the processes of ours that are gone, in words."""

    connection: asyncpg.Connection
    sides: Mapping[str, Side]
    looks: Sequence[Look]
    ended_alone: Callable[[], Sequence[str]]
    lost: Sequence[Lost] = ()
    """What the store knew when it went back."""


async def at_rest(scene: Scene) -> tuple[float | None, Evidence]:
    """Seconds until the end state was there and nothing waited any more; None: it never was.

    A webhook that comes late wakes somebody for a moment: then we look again. What was broken before stays so.
    """
    began = time.monotonic()
    while True:
        since = time.monotonic() - began
        if since >= LATE_SECONDS or await _quiet(scene):
            found = await _evidence(scene)
            if not any(broken.checker in PASSING for broken in violations(found)):
                return since, found
            if since >= LATE_SECONDS:
                return None, found
        await asyncio.sleep(LOOK_SECONDS)


async def _evidence(scene: Scene) -> Evidence:
    found = await evidence(scene.connection, scene.sides, scene.looks, scene.ended_alone())
    for lost in scene.lost:
        found = beside(found, await less_known(scene.connection, lost))
    return found


async def _quiet(scene: Scene) -> bool:
    """At a first look."""
    books = {name: await side.books() for name, side in scene.sides.items()}
    return not (wrongs(books, await stored(scene.connection)) or await waiting(scene.connection))
