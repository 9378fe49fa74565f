"""What must never be, whatever broke: pure functions over recorded evidence. No I/O."""

from collections import Counter, defaultdict
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from itertools import combinations, pairwise

from holdfast.inventory.model import OCCUPYING
from holdfast.soak.books import said, wrongs
from holdfast.soak.evidence import Evidence, Grant, Made, Row, Told, Violation
from holdfast.soak.harm import conflicts, harm, recipients
from holdfast.soak.pools import wrongs_at
from holdfast.soak.replay import replay

Checker = Callable[[Evidence], Iterable[str]]


def end_state(found: Evidence) -> Iterable[str]:
    """Offers equal the canon, every guest is known as he is booked, no orphan block, no hidden clash."""
    return wrongs({name: side.books for name, side in found.sides.items()}, found.store)


def pools(found: Evidence) -> Iterator[str]:
    """A pool sells as many tables as there are: no guest too many, none too few, no hidden clash."""
    books = {name: side.books for name, side in found.sides.items()}
    for house in found.houses:
        yield from wrongs_at(house, books)


def rest(found: Evidence) -> Iterable[str]:
    """Once all is quiet nothing waits any more."""
    return found.waiting


def grants(found: Evidence) -> Iterator[str]:
    """At no look was a unit given to two bookings at once."""
    for look in found.looks:
        yield from _granted_twice(look.grants)


def _granted_twice(given: Sequence[Grant]) -> Iterator[str]:
    by_unit: dict[int, list[Grant]] = defaultdict(list)
    for grant in given:
        by_unit[grant.unit_id].append(grant)
    for unit, those in by_unit.items():
        for one, other in combinations(those, 2):
            if one.span.overlaps(other.span):
                yield f"unit {unit} given to bookings {one.booking_id} and {other.booking_id}"


def webhooks(found: Evidence) -> Iterator[str]:
    """Whatever was answered with a 2xx is in the inbox, as often as it was.

    Only what went with forgotten guests cannot be told any more by its body: it is counted.
    """
    for channel, side in found.sides.items():
        lost = {
            digest: (accepted, kept)
            for digest, accepted in side.accepted.items()
            if (kept := _kept(found.inbox.get((channel, digest)), accepted)) < accepted
        }
        if sum(accepted - kept for accepted, kept in lost.values()) > found.erased.get(channel, 0):
            for digest, (accepted, kept) in lost.items():
                yield f"{channel} webhook {digest[:12]}: {accepted} times 2xx, {kept} times kept"


def _kept(row: Row | None, accepted: int) -> int:
    """One that its provider numbers is kept once, however often it is delivered."""
    if row is None:
        return 0
    return max(row.count, accepted) if row.numbered else row.count


def effects(found: Evidence) -> Iterator[str]:
    """What we want once stands once at the provider, and nothing came in that we did not note before."""
    for channel, side in found.sides.items():
        tried = found.placed.get(channel, 0)
        if side.creates > tried:
            yield f"{channel}: {side.creates} creates came in, only {tried} were written down before"
        yield from _effects(channel, side.made)


def _effects(channel: str, made: Sequence[Made]) -> Iterator[str]:
    by_marker: dict[str, list[Made]] = defaultdict(list)
    for one in made:
        if one.ours and one.marker is not None:
            by_marker[one.marker].append(one)
    for marker, those in by_marker.items():
        for one, other in pairwise(sorted(those, key=lambda m: m.made)):
            if one.over is None or other.made < one.over:
                yield f"{channel}: block {marker} stands twice, as {one.ref} and as {other.ref}"


def blocks(found: Evidence) -> Iterator[str]:
    """What we placed and what we believe that we placed are the same: no forgotten hold.

    A hold whose id we never learned is believed until it must have lapsed, unless an offer disproves it.
    """
    ours = {(b.channel, b.ref): b for b in found.blocks if b.state != "absent" and b.ref}
    real = {
        (channel, entry.ref): (unit, entry)
        for channel, side in found.sides.items()
        for unit in side.books.taken
        for entry in side.books.blocks(unit)
    }
    for key, (unit, entry) in real.items():
        block = ours.get(key)
        if block is None:
            yield f"forgotten: {key[0]} {key[1]} on {unit} {said(entry.span)} is ours, the store knows no such block"
        elif (block.state == "held") != entry.held:
            yield f"{key[0]} {key[1]} is {'held' if entry.held else 'booked'}, the store says {block.state}"
    for channel, ref in ours.keys() - real.keys():
        yield f"only in the store: block {ours[channel, ref].id} as {channel} {ref}"


def revivals(found: Evidence) -> Iterator[str]:
    """A booking that was over never occupies again, and no older read overwrites a newer one.

    But for one whose id its provider gave to another guest.
    """
    by_booking: dict[int, list[Told]] = defaultdict(list)
    again = _given_again(found)
    for told in found.told:
        if told.ref in again:
            continue
        by_booking[told.booking_id].append(told)
    for story in by_booking.values():
        for before, after in pairwise(sorted(story, key=lambda t: (t.at, t.seq))):
            if before.status is None or after.status is None:
                continue
            if before.status not in OCCUPYING and after.status in OCCUPYING:
                yield f"{after.ref} was {before.status} and is {after.status} again"
            if before.read_at and after.read_at and after.read_at < before.read_at:
                yield f"{after.ref}: what was read at {after.read_at} came after {before.read_at}"


def _given_again(found: Evidence) -> set[str]:
    """One of its lives may have ended in a place that is none of ours."""
    sides = found.sides.values()
    refs = Counter(made.ref for side in sides for made in side.made if not made.ours)
    refs += Counter(ref for side in sides for ref in side.moved_away)
    return {ref for ref, bookings in refs.items() if bookings > 1}


def versions(found: Evidence) -> Iterator[str]:
    """A booking's version never falls, and no booking is ever dropped, but where the store went back."""
    known: dict[int, int] = {}
    age = 0
    for look in found.looks:
        if look.age != age:
            known, age = {}, look.age
        for booking, version in known.items():
            now = look.versions.get(booking)
            if now is None or now < version:
                yield f"booking {booking} went from version {version} to {now}"
        known = dict(look.versions)


def chain(found: Evidence) -> Iterator[str]:
    """The journal's hashes hold from the first entry to the last."""
    for venue, seq in found.broken.items():
        yield f"{venue}: the journal's chain does not hold at {seq}"


def processes(found: Evidence) -> Iterable[str]:
    """Whatever breaks around it, a process of ours stays up."""
    return (f"ended by itself: {words}" for words in found.ended_alone)


CHECKERS: Mapping[str, Checker] = {
    check.__name__: check
    for check in (
        end_state,
        pools,
        rest,
        grants,
        webhooks,
        effects,
        blocks,
        revivals,
        versions,
        chain,
        processes,
        harm,
        recipients,
        conflicts,
        replay,
    )
}

PASSING = frozenset(check.__name__ for check in (end_state, pools, rest, blocks, conflicts))
"""What these find may still come right, unlike what was ever broken in a history."""


def violations(found: Evidence) -> list[Violation]:
    """Everything that every checker finds, each once."""
    return [
        Violation(checker=name, what=what)
        for name, check in CHECKERS.items()
        for what in dict.fromkeys(check(found))
    ]
