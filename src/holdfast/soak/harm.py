"""What we must never do to a guest or to another's booking: pure functions over recorded evidence. No I/O."""

from collections.abc import Iterator, Sequence
from datetime import timedelta

from holdfast.inventory.model import OCCUPYING
from holdfast.soak.books import Stored
from holdfast.soak.changes import FORMER_CONTACTS
from holdfast.soak.evidence import Cancel, Evidence, Write

NO_PERSON = frozenset({"policy", "clock", "worker", "poll", "webhook", "audit", "brake"})
"""Who acts without a person behind it."""


def harm(found: Evidence) -> Iterator[str]:
    """Nothing of ours ends a guest's booking but a person, or a decision about two different bookings."""
    for name, side in found.sides.items():
        guests = {one.ref for one in side.made if not one.ours}
        for write in side.writes:
            for ref in sorted(write.refs & guests):
                yield from _undecided(name, ref, write, found.cancels)


def _undecided(name: str, ref: str, write: Write, cancels: Sequence[Cancel]) -> Iterator[str]:
    decided = [one for one in cancels if (one.channel, one.ref) == (name, ref)]
    if not decided:
        yield f"{name}: {write.call} although nothing was decided about the guest's booking {ref}"
    elif not any(_deserved(one) for one in decided):
        yield f"{name}: {write.call} because the guest's booking {ref} was in conflict with itself"
    elif not any(one.read_after for one in decided):
        yield f"{name}: {write.call} of the guest's booking {ref} on what was read before it was decided"


def _deserved(cancel: Cancel) -> bool:
    """The same reference at the same provider is the same booking, whatever account told of it."""
    if cancel.about:
        return bool(set(cancel.about) - {(cancel.channel, cancel.ref)})
    return cancel.actor not in NO_PERSON


def recipients(found: Evidence) -> Iterator[str]:
    """A call about a booking goes to whom it was made with, and each block is booked for its house."""
    refs = {name: {one.ref for one in side.made} for name, side in found.sides.items()}
    for name, side in found.sides.items():
        strange = {ref for other in refs if other != name for ref in refs[other]} - refs[name]
        for write in side.writes:
            for ref in sorted(write.refs & strange):
                yield f"{name}: {write.call} is about {ref}, which another provider made"
        for made in side.made:
            house = found.contacts.get((name, made.unit))
            known = {house, *FORMER_CONTACTS.get(house or "", ())}
            if made.ours and made.contact is not None and made.contact not in known:
                yield f"{name}: block {made.ref} on {made.unit} is for {made.contact}, not for {house}"


def conflicts(found: Evidence) -> Iterator[str]:
    """A double booking is shown for as long as both stand, and no longer."""
    known = {booking.id: booking for booking in found.store.bookings}
    pause = max(found.store.pauses.values(), default=timedelta(0))
    for clash in found.clashes:
        mine = known.get(clash.booking_id)
        others = [known[number] for number in clash.against_ids if number in known]
        if mine is None or not any(_clash(mine, other, pause) for other in others):
            yield f"conflict {clash.id} is open although {_named(mine)} is alone there"


def _clash(one: Stored, other: Stored, pause: timedelta) -> bool:
    if one.status not in OCCUPYING or other.status not in OCCUPYING:
        return False
    if one.span is None or other.span is None:
        return False
    return one.span.padded(pause, pause).overlaps(other.span)


def _named(booking: Stored | None) -> str:
    return f"{booking.channel} {booking.ref} ({booking.status})" if booking else "its booking"
