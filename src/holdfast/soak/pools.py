"""Whether a venue with a pool is sold as it is: the providers' own books against what the canon gave. No I/O.

For venues whose units need no pause, as the second example's.
"""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from itertools import chain

from holdfast.inventory.demand import Demand, demand_of
from holdfast.inventory.known import Booking, Outlet, Unit
from holdfast.inventory.model import Span
from holdfast.inventory.seating import seated
from holdfast.soak.books import Books, Entry, said

Key = tuple[str, str]
"""A booking: its channel, and its reference there."""

Units = set[int]

NOBODY = 0
"""The number of somebody who could book now."""

ANY_TIME = datetime(2000, 1, 1, tzinfo=UTC)


@dataclass(frozen=True, slots=True, kw_only=True)
class Sold:
    """A listing: what a place at a channel sells."""

    channel: str
    place: str
    outlet: Outlet


@dataclass(frozen=True, slots=True, kw_only=True)
class House:
    """A venue with a pool as our store has it."""

    units: Mapping[int, Unit]
    listings: Sequence[Sold]
    granted: Mapping[Key, Mapping[int, Span]]
    """What each booking was given of which units."""
    losers: frozenset[Key]
    """Who is shown to a person as without a unit."""
    unnamed: Mapping[tuple[str, str], Sequence[Span]]
    """By channel and place: holds of ours that may stand there, though their answer was lost."""
    kept: frozenset[Key] = frozenset()
    """Blocks of ours that are given back only when it is known whether such a hold stands."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Guest:
    """Somebody who has booked, or could (`entry` is then made up)."""

    number: int
    sold: Sold
    entry: Entry

    @property
    def key(self) -> Key:
        return self.sold.channel, self.entry.ref

    def __str__(self) -> str:
        return f"{self.sold.channel} {self.sold.place} {self.entry.ref} {said(self.entry.span)}"


@dataclass(frozen=True, slots=True, kw_only=True)
class _Scene:
    house: House
    books: Mapping[str, Books]
    guests: Sequence[Guest]

    def offers(self, sold: Sold) -> Sequence[Span]:
        return self.books[sold.channel].offers.get(sold.place, ())

    def blocks(self, sold: Sold) -> Sequence[Entry]:
        return self.books[sold.channel].blocks(sold.place)

    def demand(self, guest: Guest) -> Demand:
        outlets = {sold.outlet.id: sold.outlet for sold in self.house.listings}
        return demand_of(_booking(guest), outlets, self.house.units)

    def place_of(self, guest: Guest) -> Units:
        """The units that nobody else may have: his own; of somebody without one, all that he may be on."""
        given = self.house.granted.get(guest.key)
        return set(given or self.demand(guest).spans)

    def elsewhere(self, sold: Sold) -> list[tuple[Guest, Units]]:
        """Who has booked another listing, and what he takes of this one's units."""
        found = [(g, self.place_of(g)) for g in self.guests if g.sold.outlet.id != sold.outlet.id]
        return [
            (g, mine) for g, units in found if (mine := units.intersection(sold.outlet.unit_ids))
        ]


def wrongs_at(house: House, books: Mapping[str, Books]) -> Iterator[str]:
    """Everything that must not be so once all is quiet, in words."""
    listings = [sold for sold in house.listings if sold.channel in books]
    entries = [
        (sold, entry) for sold in listings for entry in books[sold.channel].guests(sold.place)
    ]
    guests = [Guest(number=n, sold=s, entry=e) for n, (s, e) in enumerate(entries, 1)]
    scene = _Scene(house=house, books=books, guests=guests)
    yield from _seatless(scene)
    yield from _needless(scene)
    for sold in listings:
        yield from (_pool if sold.outlet.pool else _whole)(scene, sold)
        yield from _orphans(scene, sold)


def _seatless(scene: _Scene) -> Iterator[str]:
    """Whoever is not shown as being in conflict has what he booked, all of it."""
    for guest in scene.guests:
        given = scene.house.granted.get(guest.key, {})
        wanted = scene.demand(guest).spans
        right = {unit: span for unit, span in given.items() if wanted.get(unit) == span}
        enough = 1 if guest.sold.outlet.pool else len(wanted)
        if guest.key in scene.house.losers:
            if given:
                yield f"in conflict, and has units all the same: {guest}"
        elif right != given or len(right) != enough:
            yield f"hidden clash: {guest} was given {len(right)} of {enough} units"


def _needless(scene: _Scene) -> Iterator[str]:
    for guest in scene.guests:
        if guest.key in scene.house.losers and _has_room(scene, guest):
            yield f"shown as in conflict, though there is room: {guest}"


def _has_room(scene: _Scene, newcomer: Guest) -> bool:
    """Whether all who have units can have some beside the newcomer, be it others."""
    there = [guest for guest in scene.guests if guest.key not in scene.house.losers]
    demands = [scene.demand(guest) for guest in [*there, newcomer]]
    fixed: dict[int, list[Span]] = {}
    for unit, span in chain.from_iterable(d.spans.items() for d in demands if not d.movable):
        if any(span.overlaps(other) for other in fixed.get(unit, ())):
            return False
        fixed.setdefault(unit, []).append(span)
    movable = [demand for demand in demands if demand.movable]
    sitting = {guest.number: next(iter(scene.place_of(guest)), NOBODY) for guest in there}
    return seated(movable, fixed, sitting) is not None


def _pool(scene: _Scene, sold: Sold) -> Iterator[str]:
    """What is offered leaves no more units than there are, and somebody could be seated for it."""
    elsewhere = [(guest.entry.span, units) for guest, units in scene.elsewhere(sold)]
    closed = [block.span for block in scene.blocks(sold)]
    closed += scene.house.unnamed.get((sold.channel, sold.place), ())
    for offer in scene.offers(sold):
        if any(_missing(at, elsewhere, closed) for at in _turns(offer, elsewhere, closed)):
            yield f"too many: {sold.channel} {sold.place} sells a unit in {said(offer)}, taken elsewhere{_by(scene, offer)}"
        newcomer = _newcomer(sold, offer)
        if not (_one_free(scene, newcomer) or _has_room(scene, newcomer)):
            yield f"exposure: {sold.channel} {sold.place} offers {said(offer)}, no unit is free, taken{_by(scene, offer)}"


def _by(scene: _Scene, offer: Span) -> str:
    """Whose histories should be told."""
    near = [guest for guest in scene.guests if guest.entry.span.overlaps(offer)]
    return " by " + ", ".join(guest.entry.ref for guest in near)


def _turns(
    offer: Span, elsewhere: Sequence[tuple[Span, Units]], closed: Sequence[Span]
) -> Iterator[datetime]:
    """The instants of an offer at which a unit may come to be missing."""
    yield offer.start
    for at in (*(span.start for span, _ in elsewhere), *(span.end for span in closed)):
        if _at(offer, at):
            yield at


def _missing(at: datetime, elsewhere: Sequence[tuple[Span, Units]], closed: Sequence[Span]) -> bool:
    """Whether more units are taken elsewhere at that instant than are closed here."""
    taken: set[int] = set().union(*(units for span, units in elsewhere if _at(span, at)))
    return sum(_at(span, at) for span in closed) < len(taken)


def _at(span: Span, instant: datetime) -> bool:
    return span.start <= instant < span.end


def _newcomer(sold: Sold, offer: Span) -> Guest:
    entry = Entry(ref="", span=offer, ours=False, held=False)
    return Guest(number=NOBODY, sold=sold, entry=entry)


def _one_free(scene: _Scene, newcomer: Guest) -> bool:
    """Without a search: whether some unit is nobody's for all that time."""
    span = newcomer.entry.span
    taken = (scene.place_of(g) for g in scene.guests if g.entry.span.overlaps(span))
    return bool(set(scene.demand(newcomer).spans).difference(*taken))


def _whole(scene: _Scene, sold: Sold) -> Iterator[str]:
    """No offer overlaps time in which somebody has one of the units."""
    elsewhere = scene.elsewhere(sold)
    for offer in scene.offers(sold):
        for guest, _ in elsewhere:
            if guest.entry.span.overlaps(offer):
                yield f"exposure: {sold.channel} {sold.place} offers {said(offer)}, taken by {guest}"


def _orphans(scene: _Scene, sold: Sold) -> Iterator[str]:
    """Of our blocks as many stand at a time as units are taken elsewhere close by, and no more.

    One more, and a pool offers a unit too few to guests for whom there would be room.
    """
    elsewhere = scene.elsewhere(sold)
    blocks = [b for b in scene.blocks(sold) if (sold.channel, b.ref) not in scene.house.kept]
    for block in blocks:
        reach = block.span.padded(block.span.length, block.span.length)
        behind = [(g, units) for g, units in elsewhere if g.entry.span.overlaps(reach)]
        taken = sum(len(units) for _, units in behind)
        there = sum(_at(other.span, block.span.start) for other in blocks)
        if there > (taken if sold.outlet.pool else min(taken, 1)):
            where = f"{sold.channel} {sold.place} {block.ref} {said(block.span)}"
            yield f"orphan block: {where}, {there} stand there, {taken} taken elsewhere"
        elif block.held and not any(guest.entry.held for guest, _ in behind):
            yield f"block only held behind a booking: {sold.channel} {sold.place} {block.ref}"


def _booking(guest: Guest) -> Booking:
    """The pure core's picture of him; of when he came it is not asked."""
    return Booking(
        id=guest.number,
        listing_id=guest.sold.outlet.id,
        external_id=guest.entry.ref,
        status="held" if guest.entry.held else "confirmed",
        raw_status="",
        payment="none",
        span=guest.entry.span,
        party_size=guest.entry.party,
        unit_ids=(),
        held_until=None,
        made_at=None,
        first_seen_at=ANY_TIME,
        firm_at=None,
        read_at=ANY_TIME,
        version=1,
    )
