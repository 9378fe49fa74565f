"""pure: one change in a venue of 200 units and 400 listings, decided over a short past and over a long one."""

from collections.abc import Sequence
from contextlib import AsyncExitStack
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from statistics import median
from time import perf_counter

from holdfast.bench.figures import Demand, Figure, Series
from holdfast.bench.ground import Ground
from holdfast.bench.hall import Size, another, built, parts_on
from holdfast.embedded import embedded_postgres
from holdfast.inventory.allocate import allocate
from holdfast.inventory.known import Block, Booking
from holdfast.inventory.model import Seen, Span
from holdfast.inventory.neighbours import Neighbours
from holdfast.inventory.plan import closed_on, diff, sold_here, wishes
from holdfast.store import blocks as block_store
from holdfast.store import bookings as booking_store
from holdfast.store import offers, seats
from holdfast.sync.decide import Observation, decide
from holdfast.sync.parts import Account, Parts, Premises

UNITS, AHEAD, DAYS = 200, 20_000, 15
SHORT, LONG, LONGEST = 1_000, 100_000, 1_000_000
"""Past bookings. The longest take minutes to write, and are for a run with `--whole`."""

CHANGES = 3
"""In each round."""


@dataclass(slots=True, kw_only=True)
class Changer:
    """Moves one booking to and fro by an hour, as a webhook would tell of it."""

    name: str
    parts: Parts
    account: Account
    premises: Premises
    booking: Booking
    runs: list[float] = field(default_factory=list)
    moved: int = 0

    async def run(self) -> None:
        """Note the median of some changes, in milliseconds: from what was read to the commit."""
        times = []
        for _ in range(CHANGES):
            self.moved += 1
            began = perf_counter()
            await decide(self.parts, self.premises.id, [self._observation()])
            times.append((perf_counter() - began) * 1000)
        self.runs.append(median(times))

    def _observation(self) -> Observation:
        span, away = _span(self.booking), timedelta(hours=self.moved % 2)
        now = self.parts.now()
        seen = Seen(
            external_id=self.booking.external_id,
            listing=self.premises.outlets[self.booking.listing_id or 0].name,
            status="confirmed",
            raw_status="told",
            span=Span(start=span.start + away, end=span.end + away),
            read_at=now,
            party_size=2,
        )
        return Observation(account=self.account, seen=seen, via="webhook", heard_at=now)


async def measure(ground: Ground) -> Sequence[Figure]:
    """The whole decision over both pasts, and what the pure functions take of it, for the venue as a whole."""
    long = LONGEST if ground.whole else LONG
    async with AsyncExitStack() as stack:
        url = await stack.enter_async_context(embedded_postgres(ground.folder, durable=False))
        short = await _changer(stack, url, SHORT)
        other = await _changer(stack, url, long)
        alone: list[float] = []
        for turn in ground.turns():
            for one in (short, other) if turn % 2 else (other, short):
                await one.run()
            alone.append(await _alone(other))
    over = Series(name=f"over {SHORT:,} past bookings", runs=short.runs)
    return [
        Figure(
            bench="pure",
            what=f"one change decided, over {long:,} past bookings",
            unit="ms",
            ours=Series(name="holdfast", runs=other.runs),
            others=[over],
            demands=[Demand(against=over.name, at_most=1.3)],
        ),
        Figure(
            bench="pure",
            what=f"allocate, cover and plan anew, all {AHEAD:,} bookings to come",
            unit="ms",
            ours=Series(name="the pure functions alone", runs=alone),
        ),
    ]


async def _changer(stack: AsyncExitStack, server: str, past: int) -> Changer:
    url = await another(server, f"past_{past}")
    await built(url, Size(rooms=UNITS, ahead=AHEAD, past=past, days=DAYS))
    parts = await stack.enter_async_context(parts_on(url))
    premises = next(one for one in parts.premises.values() if len(one.units) == UNITS)
    changed = (await _all_ahead(parts, premises))[0]
    account_id = premises.outlets[changed.listing_id or 0].account_id
    return Changer(
        name=f"over {past:,} past bookings",
        parts=parts,
        account=parts.accounts[account_id],
        premises=premises,
        booking=changed,
    )


def _span(booking: Booking) -> Span:
    if booking.span is None:
        raise ValueError("a booking of a hall has its time")
    return booking.span


def _ahead(now: datetime) -> Span:
    return Span(start=now, end=now + timedelta(days=60))


async def _all_ahead(parts: Parts, premises: Premises) -> list[Booking]:
    async with parts.pool.acquire() as connection:
        return await booking_store.occupying_in(connection, premises.id, _ahead(parts.now()))


async def _alone(changer: Changer) -> float:
    """Milliseconds for all bookings to come at once, from values to values; nothing is to be changed."""
    premises, ahead = changer.premises, _ahead(changer.parts.now())
    bookings = await _all_ahead(changer.parts, premises)
    async with changer.parts.pool.acquire() as connection:
        blocks = await block_store.live_in(connection, premises.id, ahead)
        sold = await offers.known_in(connection, list(premises.outlets), ahead)
        have = await seats.of_bookings(connection, [booking.id for booking in bookings])
    by_listing: dict[int, list[Block]] = {}
    for block in blocks:
        by_listing.setdefault(block.listing_id, []).append(block)
    outlets, units = premises.outlets, premises.units
    began = perf_counter()
    seating = allocate(bookings, outlets, units, have)
    near = Neighbours(bookings, outlets, units, seating.seats)
    for outlet in outlets.values():
        those, ours = near.of(outlet), by_listing.get(outlet.id, [])
        closed = closed_on(outlet, those, outlets, units, seating.seats)
        here = sold_here(outlet, those)
        free = [o for o in sold[outlet.id].sellable if not any(o.overlaps(one) for one in here)]
        diff(wishes(outlet, closed, free, ours, premises.holds), ours)
    return (perf_counter() - began) * 1000
