"""twins: one booking of a provider that we know twice, through two accounts or under two names. No I/O."""

from collections.abc import Iterable, Mapping, Sequence

from holdfast.inventory.known import Booking

Reference = tuple[str, str]
"""A channel, and its id of a booking."""


def reference_of(channel: str, external_id: str) -> Reference:
    """What a booking is at its provider, whatever the account is called through which we know it.

    Ids that differ by case only count as one: to take two bookings for one asks a person, the other way round cancels
    a guest.
    """
    return channel, external_id.casefold()


def twins(bookings: Iterable[Booking]) -> dict[int, int]:
    """Each booking that stands for the same one as an earlier one of ours, with that earlier one."""
    first: dict[Reference, list[Booking]] = {}
    found: dict[int, int] = {}
    for booking in sorted(bookings, key=lambda b: b.id):
        if not booking.channel:
            continue
        known = first.setdefault(reference_of(booking.channel, booking.external_id), [])
        elder = next((b for b in known if _at_once(b, booking)), None)
        if elder is None:
            known.append(booking)
        else:
            found[booking.id] = elder.id
    return found


def _at_once(one: Booking, other: Booking) -> bool:
    return one.span is not None and other.span is not None and one.span.overlaps(other.span)


def is_doubled(side: Booking, others: Sequence[Booking]) -> bool:
    """Whether a booking also stands on the other side: to cancel it here is to cancel it there."""
    return any(
        side.channel
        and reference_of(side.channel, side.external_id) == reference_of(o.channel, o.external_id)
        for o in others
    )


def against_itself(
    booking_id: int, against: Iterable[int], pairs: Mapping[int, int]
) -> tuple[int, ...]:
    """Those of `against` that are the very same booking."""
    family = {booking_id, pairs.get(booking_id, booking_id)}
    return tuple(other for other in against if {other, pairs.get(other, other)} & family)
