"""Values of the domain for the tests: each names only what matters to it."""

from dataclasses import replace
from datetime import UTC, datetime, timedelta
from typing import Any

from hypothesis import settings
from hypothesis import strategies as st

from holdfast.inventory.known import Block, Booking, Outlet, Unit
from holdfast.inventory.model import Seen, Span, Takes

DAY = datetime(2026, 11, 20, tzinfo=UTC)
STEP = timedelta(minutes=15)

patient = settings(deadline=None)
"""The machine that runs the tests may be slow for a moment; that is no failure."""


def at(clock: str) -> datetime:
    """A time of the day: `19:30`."""
    hours, minutes = clock.split(":")
    return DAY + timedelta(hours=int(hours), minutes=int(minutes))


def span(text: str) -> Span:
    """A stretch of the day: `19:30-21:00`."""
    start, end = text.split("-")
    return Span(start=at(start), end=at(end))


def spans(text: str) -> list[Span]:
    """Several of them, with spaces between."""
    return [span(part) for part in text.split()]


def text(several: object) -> str:
    """Spans as the tests write them, in their order."""
    assert isinstance(several, list | tuple)
    return " ".join(f"{one.start:%H:%M}-{one.end:%H:%M}" for one in several)


def steps(start: int, length: int) -> Span:
    """Quarters of an hour since midnight."""
    return Span.of(DAY + start * STEP, length * STEP)


def some_spans(max_size: int, *, last: int = 30, longest: int = 8) -> st.SearchStrategy[list[Span]]:
    one = st.builds(steps, st.integers(0, last), st.integers(1, longest))
    return st.lists(one, max_size=max_size)


def apart(several: list[Span]) -> list[Span]:
    """Those of them that overlap none before them."""
    kept: list[Span] = []
    for one in several:
        if not any(one.overlaps(other) for other in kept):
            kept.append(one)
    return kept


_BOOKING = Booking(
    id=1,
    listing_id=1,
    external_id="b-1",
    status="confirmed",
    raw_status="CONFIRMED",
    payment="none",
    span=span("12:00-13:00"),
    party_size=2,
    unit_ids=(),
    held_until=None,
    made_at=at("08:00"),
    first_seen_at=at("09:00"),
    firm_at=None,
    read_at=at("10:00"),
    version=1,
)

_SEEN = Seen(
    external_id="b-1",
    listing="salon",
    status="confirmed",
    raw_status="CONFIRMED",
    span=span("12:00-13:00"),
    read_at=at("10:00"),
    party_size=2,
)

_BLOCK = Block(
    id=1,
    listing_id=1,
    span=span("12:00-13:00"),
    marker="m1",
    wants="booked",
    wanted_until=None,
    state="booked",
    external_id="x-1",
    expires_at=None,
    because=(1,),
    changed_at=at("09:00"),
)


def a_booking(**values: Any) -> Booking:
    """Confirmed, from noon to one, on listing 1."""
    return replace(_BOOKING, **values)


def a_seen(**values: Any) -> Seen:
    """The same, as its channel shows it."""
    return replace(_SEEN, **values)


def a_block(**values: Any) -> Block:
    """Booked and wanted so, from noon to one, on listing 1."""
    return replace(_BLOCK, **values)


def an_outlet(
    id: int = 1,
    units: tuple[int, ...] = (1,),
    *,
    releases_holds: bool = True,
    takes: Takes = "all",
) -> Outlet:
    return Outlet(
        id=id,
        name=f"listing-{id}",
        account_id=id,
        takes=takes,
        unit_ids=units,
        releases_holds=releases_holds,
    )


def a_unit(id: int = 1, setup: int = 0, cleanup: int = 0, seats: int = 4) -> Unit:
    """Setup and cleanup in minutes."""
    return Unit(
        id=id,
        name=f"unit-{id}",
        seats=seats,
        setup=timedelta(minutes=setup),
        cleanup=timedelta(minutes=cleanup),
    )
