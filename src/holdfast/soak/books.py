"""The one checker of all these tests: what is wrong between two providers' own books, and with our store. No I/O."""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field, replace
from datetime import datetime, timedelta
from itertools import combinations, product
from typing import Any

from holdfast.inventory.model import OCCUPYING, Span


@dataclass(frozen=True, slots=True, kw_only=True)
class Entry:
    """What occupies a unit at a provider."""

    ref: str
    span: Span
    ours: bool
    held: bool
    party: int | None = None
    """None: the provider does not tell."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Books:
    """A provider's truth, by our units' names."""

    taken: Mapping[str, Sequence[Entry]]
    offers: Mapping[str, Sequence[Span]]
    taken_twice: int
    elsewhere: frozenset[str] = frozenset()
    """References of what is booked in places that are none of ours."""

    def guests(self, unit: str) -> list[Entry]:
        return [entry for entry in self.taken.get(unit, ()) if not entry.ours]

    def blocks(self, unit: str) -> list[Entry]:
        return [entry for entry in self.taken.get(unit, ()) if entry.ours]

    def everybody(self) -> list[Entry]:
        """All guests' bookings."""
        return [entry for unit in self.taken for entry in self.guests(unit)]


NO_PAUSE = timedelta(0)
NOBODY_HERE = Books(taken={}, offers={}, taken_twice=0)
DIRECT = "direct"


@dataclass(frozen=True, slots=True, kw_only=True)
class Stored:
    """A booking as our store has it."""

    id: int
    channel: str
    ref: str
    status: str
    span: Span | None


@dataclass(frozen=True, slots=True, kw_only=True)
class Store:
    """What the store says: its bookings, whose conflict is open or meant to be, and calls that were given up.

    `direct` are the bookings made at the venue itself, of the units that can be booked so: no provider has them.
    """

    bookings: Sequence[Stored]
    in_conflict: frozenset[int]
    dead_pushes: int
    direct: Books = NOBODY_HERE
    pauses: Mapping[str, timedelta] = field(default_factory=dict)
    """By unit, the least time between two bookings; no entry: none."""


def said(span: Span) -> str:
    """As it stands in a violation: UTC."""
    return f"{span.start:%a %d %H:%M} to {span.end:%a %d %H:%M}"


def read_books(truth: Mapping[str, Any], units: Mapping[str, str]) -> Books:
    """A simulator's answer to `/control/truth`; `units` names our unit for each place that counts."""
    places = [place for place in truth["places"] if place["place"] in units]
    taken = {units[p["place"]]: [_entry(t) for t in p["taken"]] for p in places}
    offers = {units[p["place"]]: [_span(o) for o in p["offers"]] for p in places}
    strange = [place for place in truth["places"] if place["place"] not in units]
    return Books(
        taken=taken,
        offers=offers,
        taken_twice=truth["taken_twice"],
        elsewhere=frozenset(t["ref"] for place in strange for t in place["taken"]),
    )


def _entry(taken: Mapping[str, Any]) -> Entry:
    return Entry(
        ref=taken["ref"],
        span=_span(taken),
        ours=taken["by"] == "client",
        held=taken["expires"] is not None,
        party=taken.get("party"),
    )


def _span(told: Mapping[str, str]) -> Span:
    return Span(
        start=datetime.fromisoformat(told["start"]), end=datetime.fromisoformat(told["end"])
    )


def wrongs(books: Mapping[str, Books], store: Store) -> list[str]:
    """Everything that must not be so once all is quiet, in words; empty: the end state that is promised."""
    books = {**books, DIRECT: store.direct}
    found = [
        f"{name} sold {side.taken_twice} times twice"
        for name, side in books.items()
        if side.taken_twice
    ]
    for name, side in books.items():
        others = [book for other, book in books.items() if other != name]
        for unit in side.taken:
            alike = [book for book in others if unit in book.taken]  # sold alike there
            if alike:
                closed = _closed(unit, side, alike, store.pauses.get(unit, NO_PAUSE))
                found += _exposed(f"{name} {unit}", side.offers.get(unit, ()), closed)
                found += _blocks(f"{name} {unit}", side.blocks(unit), closed)
    found += _memory(books, store)
    found += _clashes(books, store)
    if store.dead_pushes:
        found.append(f"{store.dead_pushes} calls were given up")
    return found


def _closed(unit: str, side: Books, alike: Sequence[Books], pause: timedelta) -> list[Entry]:
    """What must not be sold there: what is taken elsewhere, with the pauses that it needs, and those of its own."""
    taken = [*alike, side] if pause else alike
    return [
        replace(guest, span=guest.span.padded(pause, pause))
        for book in taken
        for guest in book.guests(unit)
    ]


def _exposed(where: str, offers: Sequence[Span], closed: Sequence[Entry]) -> Iterator[str]:
    for offer, guest in product(offers, closed):
        if offer.overlaps(guest.span):
            yield f"exposure: {where} offers {said(offer)}, taken elsewhere by {guest.ref}"


def _blocks(where: str, blocks: Sequence[Entry], closed: Sequence[Entry]) -> Iterator[str]:
    for block in blocks:
        behind = [guest for guest in closed if _keeps(block.span, guest.span)]
        if not behind:
            yield f"orphan block: {where} {block.ref} {said(block.span)}"
        elif block.held and not any(guest.held for guest in behind):
            yield f"block only held behind a booking: {where} {block.ref}"


def _keeps(block: Span, taken: Span) -> bool:
    """Whether the block withdraws an offer, as long as itself, that would overlap the taken time.

    So it may stand beside that time, where the time itself could not be taken.
    """
    return block.overlaps(taken.padded(block.length, block.length))


def _memory(books: Mapping[str, Books], store: Store) -> Iterator[str]:
    """Every guest's booking is in the store as it is at its channel, and nothing else is."""
    known = {(b.channel, b.ref): b for b in store.bookings if b.status in OCCUPYING}
    real = {(name, g.ref): g for name, side in books.items() for g in side.everybody()}
    for key, guest in real.items():
        booking = known.get(key)
        if booking is None:
            yield f"not in the store: {key}"
        elif booking.span != guest.span or (booking.status == "held") != guest.held:
            yield f"otherwise in the store: {key} {booking}, really {guest}"
    away = {(name, ref) for name, side in books.items() for ref in side.elsewhere}
    yield from (
        f"only in the store: {key}" for key in known.keys() - real.keys() - away if key[0] in books
    )


def _clashes(books: Mapping[str, Books], store: Store) -> Iterator[str]:
    """Where the same time was sold in two places, one of the two bookings is shown as a conflict."""
    numbers = {(b.channel, b.ref): b.id for b in store.bookings}
    units = {unit for side in books.values() for unit in side.taken}
    for unit in sorted(units):
        pause = store.pauses.get(unit, NO_PAUSE)
        guests = [(name, g) for name, side in sorted(books.items()) for g in side.guests(unit)]
        for (one, a), (two, b) in combinations(guests, 2):
            pair = {numbers.get((one, a.ref)), numbers.get((two, b.ref))}
            clash = a.span.padded(pause, pause).overlaps(b.span) and (one != two or bool(pause))
            if clash and not pair & store.in_conflict:
                yield f"hidden clash: {unit} {a.ref} and {b.ref}"
