"""What an observation means of which something is a guess: it takes nothing back, and is taken for the larger. No I/O."""

from collections.abc import Iterable
from dataclasses import replace

from holdfast.inventory.known import Booking, Outlet, Unit
from holdfast.inventory.model import Seen, Span


def beside_what_is_known(seen: Seen, known: Span | None) -> Seen:
    """A guessed time is what it takes at least: what it was known to take of the same time stays taken."""
    span = seen.span
    if "time" not in seen.guessed or span is None or known is None or not span.overlaps(known):
        return seen
    both = Span(start=min(span.start, known.start), end=max(span.end, known.end))
    return replace(seen, span=both)


def left_what_is_sold(seen: Seen, *, is_sold: bool) -> Seen:
    """A channel knows only the listings that are in service: of another one it cannot say that a booking left it."""
    return replace(seen, elsewhere=False) if seen.elsewhere and not is_sold else seen


def as_large_as_may_be(
    seen: Seen, known: Booking | None, outlet: Outlet | None, units: Iterable[Unit]
) -> Seen:
    """A party that cannot be read is as large as it was known to be, else as large as its pool can seat.

    A pool seats the smallest party that fits best, and a party that is not told is taken for one guest.
    """
    if "party" not in seen.guessed or (known is not None and known.party_size is not None):
        return seen
    if outlet is None or outlet.takes != "one":
        return seen
    seats = [unit.seats for unit in units if unit.id in outlet.unit_ids]
    return replace(seen, party_size=max(seats, default=None))
