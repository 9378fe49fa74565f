"""`calls`: how many calls to providers bookings cost over their lives, against the fewest that could do."""

from collections import Counter
from collections.abc import AsyncIterator, Iterable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from datetime import timedelta

from holdfast.bench.figures import Demand, Figure, Series
from holdfast.bench.ground import Ground
from holdfast.bench.street import Street, street
from holdfast.channel import Announced
from holdfast.clock import SystemClock
from holdfast.inventory.model import Span
from holdfast.soak.faults import SIDES
from holdfast.soak.program import until
from holdfast.soak.side import UNITS, Side
from holdfast.soak.traits import traits

HORIZON_DAYS = 7
COPIES = (1, 5)
"""How often each webhook comes: once, and as a burst."""

APART = timedelta(hours=2)
"""Between two bookings of a room, so that none of them is closed for another."""

AT_MOST = 1.10

Calls = Counter[tuple[str, str]]


@dataclass(frozen=True, slots=True, kw_only=True)
class _Booked:
    """A guest's booking, and how many blocks stand for it on the other channel; none, if nobody was told of it."""

    ref: str
    span: Span
    blocks: int
    firm: bool = True


@dataclass(kw_only=True)
class _Life:
    """Guests of one provider, one act after the other. `least`: the fewest calls that these acts need."""

    town: Street
    here: Side
    there: Side
    bookings: int = 0
    least: Calls = field(default_factory=Counter)

    async def lead(self) -> None:
        """Every kind of life of which webhooks tell here."""
        booked = await self._book(confirm=True)
        if self._told("updated"):
            booked = await self._move(booked)
        await self._cancel(booked)
        if traits()[self.here.name].guests_hold:
            await self._cancel(await self._book(confirm=False))
            await self._cancel(await self._confirm(await self._book(confirm=False)))

    async def _book(self, *, confirm: bool) -> _Booked:
        span, blocks = await self._free()
        place = next(place for place, unit in self.here.units.items() if unit == UNITS[0])
        ref = await self.here.book({"place": place, **_times(span)}, confirm=confirm)
        self.bookings += 1
        if not self._told("created"):
            return _Booked(ref=ref, span=span, blocks=0)
        await self._settled(1, {"hold": blocks, "commit": blocks if confirm else 0})
        return _Booked(ref=ref, span=span, blocks=blocks, firm=confirm)

    async def _confirm(self, booked: _Booked) -> _Booked:
        ref = await self.here.act(booked.ref, "confirm")
        await self._settled(1, {"commit": booked.blocks})
        return replace(booked, ref=ref, firm=True)

    async def _move(self, booked: _Booked) -> _Booked:
        """Where that is another booking from then on, both must be read."""
        span, blocks = await self._free()
        ref = await self.here.act(booked.ref, "move", _times(span))
        there = {"hold": blocks, "commit": blocks, "release": booked.blocks}
        await self._settled(1 if ref == booked.ref else 2, there)
        return _Booked(ref=ref, span=span, blocks=blocks)

    async def _cancel(self, booked: _Booked) -> None:
        """A hold lapses by itself where none can be given back."""
        await self.here.act(booked.ref, "cancel")
        given_back = booked.firm or self.town.able[self.there.name].releases_holds
        await self._settled(1, {"release": booked.blocks if given_back else 0})

    def _told(self, change: Announced) -> bool:
        return change in self.town.able[self.here.name].announces

    async def _settled(self, reads: int, there: Mapping[str, int]) -> None:
        self.least[self.here.name, "fetch"] += reads
        for kind, many in there.items():
            self.least[self.there.name, kind] += many
        await self.town.rest()

    async def _free(self) -> tuple[Span, int]:
        """What a guest can book here that is also sold there, and how many blocks would close it.

        Where holds cannot be given back, those of before must lapse first.
        """
        found: list[tuple[Span, int]] = []

        async def seen() -> bool:
            found.extend([free async for free in self._every_free()])
            return bool(found)

        await until(seen, "something is free on both channels", look=0.5)
        return found[0]

    async def _every_free(self) -> AsyncIterator[tuple[Span, int]]:
        here, there = await self.here.books(), await self.there.books()
        taken = [entry.span for books in (here, there) for entry in books.taken[UNITS[0]]]
        tomorrow = SystemClock().now() + timedelta(days=1)
        for span in sorted(here.offers[UNITS[0]]):
            around = Span(start=span.start - APART, end=span.end + APART)
            blocks = fewest(span, there.offers[UNITS[0]])
            if span.start > tomorrow and blocks and not any(map(around.overlaps, taken)):
                yield span, blocks


def fewest(span: Span, offers: Iterable[Span]) -> int:
    """How many of these offers must be taken so that nothing of the span is sold any more."""
    left = [offer for offer in offers if offer.overlaps(span)]
    many, at = 0, span.start
    while left and at < span.end:
        at = max(at, min(offer.start for offer in left))  # until there nothing is sold
        at = max(offer.end for offer in left if offer.start <= at)
        left = [offer for offer in left if offer.end > at]
        many += 1
    return many


def _times(span: Span) -> dict[str, str]:
    return {"start": span.start.isoformat(), "end": span.end.isoformat()}


async def measure(ground: Ground) -> Sequence[Figure]:
    """Calls of each kind to each channel for one booking, with all that happens to it later."""
    runs: dict[tuple[str, str], list[float]] = {}
    least: dict[tuple[str, str], list[float]] = {}
    async with street(ground.folder, HORIZON_DAYS) as town:
        await _round(town)  # what is asked for only once, a token or so, is asked for now
        for _ in ground.turns():
            spent, lives = await _round(town)
            bookings = sum(life.bookings for life in lives)
            needed = sum((life.least for life in lives), Calls())
            for key in {*spent, *needed, *runs}:
                runs.setdefault(key, []).append(spent[key] / bookings)
                least.setdefault(key, []).append(needed[key] / bookings)
    return [_figure(key, runs[key], least[key]) for key in sorted(runs)]


async def _round(town: Street) -> tuple[Calls, Sequence[_Life]]:
    before = await town.calls()
    lives = []
    for number, name in enumerate(SIDES):
        here, there = town.sides[name], town.sides[SIDES[1 - number]]
        life = _Life(town=town, here=here, there=there)
        for copies in COPIES:
            await here.manner(copies=copies)
            await life.lead()
        await here.manner(copies=1)
        lives.append(life)
    return await town.calls() - before, lives


def _figure(key: tuple[str, str], runs: Sequence[float], least: Sequence[float]) -> Figure:
    channel, kind = key
    floor = Series(name="the fewest possible", runs=least)
    return Figure(
        bench="calls",
        what=f"{kind} at {channel}, for each booking",
        unit="calls",
        ours=Series(name="holdfast", runs=runs),
        others=[floor],
        demands=[Demand(against=floor.name, at_most=AT_MOST)],
    )
