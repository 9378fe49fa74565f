"""Each offer that is sellable twice, with since when it is, why it lasts, and the call that closes it. Read only."""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import datetime

import asyncpg

from holdfast.store.queries import load
from holdfast.store.reading import ExposureRow, exposures
from holdfast.store.typed import fetched

_SQL = load("exposed")


@dataclass(frozen=True, slots=True, kw_only=True)
class Closing:
    """A call that closes a stretch of a listing. `mode` says whether anything is sent there now."""

    listing: str
    starts_at: datetime
    ends_at: datetime
    push: int
    call: str
    state: str
    attempts: int
    due_at: datetime
    mode: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Exposed:
    """`since` None: not measured yet. `closing` None: no call is on its way."""

    offer: ExposureRow
    since: datetime | None
    why: str
    closing: Closing | None


@dataclass(frozen=True, slots=True, kw_only=True)
class Measured:
    """A booking whose time counts as sold twice on a listing, from then on."""

    booking: int
    listing: str
    venue: str
    account: str
    starts_at: datetime
    ends_at: datetime
    began_at: datetime
    why: str


@dataclass(frozen=True, slots=True, kw_only=True)
class _Episode:
    listing: str
    booking: int
    began_at: datetime
    why: str | None


async def exposed(
    pool: asyncpg.Pool, now: datetime, within: Sequence[str] | None = None
) -> list[Exposed]:
    """All of them from now on, soonest first; within some venues, None: all."""
    offers = [row for row in await exposures(pool, now) if within is None or row.venue in within]
    names = sorted({row.listing for row in offers})
    if not names:
        return []
    episodes = await fetched(pool, _Episode, _SQL["episodes"], names)
    closings = await fetched(pool, Closing, _SQL["closings"], names, now)
    return [_told(offer, episodes, closings) for offer in offers]


async def measured_only(
    pool: asyncpg.Pool,
    now: datetime,
    found: Iterable[Exposed],
    within: Sequence[str] | None = None,
) -> list[Measured]:
    """What counts as sold twice and is behind none of the offers `found`."""
    shown = {(one.offer.listing, number) for one in found for number in one.offer.because}
    rows = await fetched(pool, Measured, _SQL["measured"], now, within)
    return [row for row in rows if (row.listing, row.booking) not in shown]


def _told(offer: ExposureRow, episodes: Iterable[_Episode], closings: Iterable[Closing]) -> Exposed:
    mine = [e for e in episodes if e.listing == offer.listing and e.booking in offer.because]
    near = (
        one
        for one in closings
        if one.listing == offer.listing
        and one.starts_at < offer.ends_at
        and offer.starts_at < one.ends_at
    )
    return Exposed(
        offer=offer,
        since=min((e.began_at for e in mine), default=None),
        why=next((e.why for e in mine if e.why), ""),
        closing=next(near, None),
    )
