"""Our own code, broken in one place for as long as a run lasts: for variants that no store or provider can stand for."""

import asyncio
from collections.abc import Collection, Iterator, Mapping
from contextlib import contextmanager
from datetime import datetime
from importlib import import_module
from types import ModuleType
from typing import Any

from tests.simulation.loop import SeededLoop

from holdfast.inventory.allocate import Grant
from holdfast.inventory.model import Seen
from holdfast.inventory.plan import Wish
from holdfast.store.changes import ChangeSet
from holdfast.store.queries import load

Mutation = tuple[ModuleType, str, Any]
"""A module, a name in it, and what stands for it."""


async def _as_it_was_known(side: Any) -> Seen:
    """Instead of reading: what was known is taken to be so just now."""
    await asyncio.sleep(0.001)
    booking, loop = side.booking, asyncio.get_running_loop()
    assert isinstance(loop, SeededLoop)
    return Seen(
        external_id=booking.external_id,
        listing=None,
        status=booking.status,
        raw_status=booking.raw_status,
        span=booking.span,
        read_at=loop.now(),
        party_size=booking.party_size,
    )


async def _free_untold(changes: ChangeSet, grants: Collection[Grant]) -> None:
    """Past the journal."""
    bookings, units = [g.booking_id for g in grants], [g.unit_id for g in grants]
    await changes.connection.fetch(load("allocations")["free"], bookings, units)


async def _wish_untold(changes: ChangeSet, block_id: int, wanted: Wish, now: datetime) -> None:
    """Past the journal."""
    told = (block_id, wanted.wants, wanted.until, list(wanted.because), now, wanted.lane)
    await changes.connection.fetch(load("blocks")["wish"], *told)


MUTATIONS: Mapping[str, Mutation] = {
    "frees untold": (import_module("holdfast.store.seats"), "free", _free_untold),
    "wishes untold": (import_module("holdfast.store.blocks"), "wish", _wish_untold),
    "decides on stale reads": (import_module("holdfast.sync.ending"), "_read", _as_it_was_known),
}


@contextmanager
def mutated(broken: Collection[str]) -> Iterator[None]:
    """What these variants break; afterwards all is whole again."""
    chosen = [MUTATIONS[name] for name in broken if name in MUTATIONS]
    before = [(module, name, vars(module)[name]) for module, name, _ in chosen]
    for module, name, instead in chosen:
        vars(module)[name] = instead
    try:
        yield
    finally:
        for module, name, whole in before:
            vars(module)[name] = whole
