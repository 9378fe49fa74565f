"""`propagate`: a guest books on one channel; until the request for the block that closes it arrives at the other.

Both ends are dated by the simulators, for ours and by hand: the answer is part of neither.
"""

import asyncio
import time
from collections.abc import Iterator, Mapping, Sequence
from datetime import datetime, timedelta
from itertools import islice
from statistics import median, quantiles

from holdfast.bench.byhand import ByHand, by_hand
from holdfast.bench.figures import Demand, Figure, Series
from holdfast.bench.ground import Ground
from holdfast.bench.street import Street, street
from holdfast.clock import SystemClock
from holdfast.soak.faults import SIDES
from holdfast.soak.side import UNITS, Side
from holdfast.store.queries import load

_SQL = load("propagate", "holdfast.bench")

HORIZON_DAYS = 14
APART = 4
"""Hours between two bookings of a room, so that each needs a block of its own."""

IDLE = 8
"""Bookings one at a time, in each round."""
RATES: Mapping[int, int] = {1: 4, 50: 50, 200: 60}
"""Bookings a second, and how many of them in each round."""

Offer = Mapping[str, str]


async def measure(ground: Ground) -> Sequence[Figure]:
    """All times in milliseconds, by the providers' clocks: from the booking, by hand from the first request on."""
    idle, floor = list[float](), list[float]()
    rates: dict[int, list[list[float]]] = {rate: [] for rate in RATES}
    async with street(ground.folder, HORIZON_DAYS) as town:
        here = town.sides[SIDES[0]]
        offers = await _offers(here)
        ref = await here.book(next(offers))
        await town.rest()
        many = IDLE * (ground.rounds + 1)
        async with by_hand(town, (SIDES[0], SIDES[1]), ref, many) as hand:
            await _idle(town, here, islice(offers, IDLE), hand)  # nobody is warm at first
            for _ in ground.turns():
                await _cancelled(town, here)
                offers = await _offers(here)
                ours, theirs = await _idle(town, here, islice(offers, IDLE), hand)
                idle.append(median(ours))
                floor.append(median(theirs))
                for rate, many in RATES.items():
                    rates[rate].append(await _at(town, here, list(islice(offers, many)), rate))
    return _figures(idle, floor, rates)


def _figures(
    idle: Sequence[float], floor: Sequence[float], rates: Mapping[int, Sequence[Sequence[float]]]
) -> list[Figure]:
    alone = Series(name="one at a time, p50", runs=idle)
    by_hand_alone = Series(name="by hand: fetch, transaction, hold", runs=floor)
    found = [
        Figure(
            bench="propagate",
            what="booked until asked for elsewhere, p50",
            unit="ms",
            ours=alone,
            others=[by_hand_alone],
            demands=[Demand(against=by_hand_alone.name, at_most=3.0)],
        )
    ]
    for rate, runs in rates.items():
        p99 = Series(name="holdfast", runs=[_p99(run) for run in runs])
        demands = [Demand(against=alone.name, at_most=5.0)] if rate == 50 else []
        found.append(
            Figure(
                bench="propagate",
                what=f"at {rate} bookings a second, p99",
                unit="ms",
                ours=p99,
                others=[alone],
                demands=demands,
            )
        )
    return found


def _p99(times: Sequence[float]) -> float:
    return quantiles(times, n=100, method="inclusive")[98]


async def _offers(side: Side) -> Iterator[Offer]:
    """Rooms of the first venue by turns, the soonest first, each so far from the last that both need a block."""
    every: list[Offer] = await side.ask("GET", f"/offers?days={HORIZON_DAYS}")
    last: dict[str, datetime] = {}
    tomorrow = SystemClock().now() + timedelta(days=1)
    chosen = []
    for offer in sorted(every, key=lambda offer: (offer["start"], offer["place"])):
        start, place = datetime.fromisoformat(offer["start"]), offer["place"]
        if side.units.get(place) not in UNITS or start < tomorrow:
            continue
        if place not in last or (start - last[place]).total_seconds() >= 3600 * APART:
            last[place] = start
            chosen.append(offer)
    return iter(chosen)


async def _idle(
    town: Street, side: Side, offers: Iterator[Offer], hand: ByHand
) -> tuple[list[float], list[float]]:
    """By turns: one of ours, one by hand."""
    ours, theirs = [], []
    for offer in offers:
        ours += await _at(town, side, [offer], 1)
        theirs.append(1000 * await hand.act())
    return ours, theirs


async def _cancelled(town: Street, side: Side) -> None:
    """The next round finds all rooms free."""
    books = await side.books()
    for entry in books.everybody():
        await side.act(entry.ref, "cancel")
    await town.rest()


async def _at(town: Street, side: Side, offers: Sequence[Offer], rate: int) -> list[float]:
    """Guests come at this rate; how long each took, in milliseconds."""
    began = time.monotonic()
    tasks = []
    for number, offer in enumerate(offers):
        await asyncio.sleep(began + number / rate - time.monotonic())
        tasks.append(asyncio.create_task(side.book(offer)))
    refs = await asyncio.gather(*tasks)
    await town.rest()
    made, asked = await _since(side), await _since(town.sides[SIDES[1]])
    blocks = {row["ref"]: row["blocks"] for row in await town.store.fetch(_SQL["blocks"], refs)}
    arrived = {ref: min(asked[block] for block in blocks[ref]) for ref in refs}
    return [1000 * (arrived[ref] - made[ref]).total_seconds() for ref in refs]


async def _since(side: Side) -> dict[str, datetime]:
    """When each booking there was first asked for."""
    records = await side.ask("GET", "/records")
    return {one["ref"]: datetime.fromisoformat(one["since"]) for one in records}
