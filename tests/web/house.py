"""A venue that decides for itself: what is arranged on a page is really done, over the rows that a test made."""

from dataclasses import dataclass, field
from random import Random

import asyncpg
from tests.web.rows import NOW

from holdfast.clock import ManualClock
from holdfast.metrics import Metrics
from holdfast.store import configuration
from holdfast.store.configuration import Book, VenueRow
from holdfast.sync.arrange import Arrangement, Effects, arrange, rehearse
from holdfast.sync.parts import Lane, Parts, Premises


@dataclass
class House:
    """Channels are not there: what they are to be told is wished and stays so."""

    pool: asyncpg.Pool
    woken: int = 0
    actors: list[str] = field(default_factory=list)
    random: Random = field(default_factory=lambda: Random(1))
    metrics: Metrics = field(default_factory=lambda: Metrics(["rooms", "tables"]))

    async def rehearse(self, wish: Arrangement, actor: str) -> Effects:
        return await rehearse(await self.parts(), wish, actor)

    async def arrange(self, wish: Arrangement, actor: str, seen: str) -> int:
        self.actors.append(actor)
        return await arrange(await self.parts(), wish, actor, seen)

    async def parts(self) -> Parts:
        book = await configuration.load(self.pool)
        return Parts(
            pool=self.pool,
            clock=ManualClock(NOW),
            random=self.random,
            accounts={},
            premises={venue.id: _premises(book, venue) for venue in book.venues.values()},
            metrics=self.metrics,
            wake=self._wake,
        )

    def _wake(self, *_lanes: Lane) -> None:
        self.woken += 1


def _premises(book: Book, venue: VenueRow) -> Premises:
    return Premises(
        id=venue.id,
        name=venue.name,
        holds=venue.holds,
        conflicts=venue.conflicts,
        units={u.id: u.unit() for u in book.units.values() if u.venue_id == venue.id},
        outlets={
            row.id: row.outlet(releases_holds=True)
            for row in book.listings.values()
            if row.venue_id == venue.id
        },
        house=venue.house_contact,
        former={},
    )
