"""How many blocks a booking needs at the least, by what the other channel sells."""

from datetime import UTC, datetime, timedelta

from holdfast.bench.calls import fewest
from holdfast.inventory.model import Span

NOON = datetime(2026, 11, 22, 12, tzinfo=UTC)


def span(start: float, hours: float) -> Span:
    begin = NOON + timedelta(hours=start)
    return Span(start=begin, end=begin + timedelta(hours=hours))


def test_of_slots_side_by_side_each_that_it_touches_must_be_taken() -> None:
    slots = [span(hour, 1) for hour in range(6)]
    assert fewest(span(1, 1), slots) == 1
    assert fewest(span(1, 2), slots) == 2
    assert fewest(span(1.5, 2), slots) == 3
    assert fewest(span(7, 1), slots) == 0


def test_a_long_turn_that_may_begin_at_any_quarter_closes_it_alone() -> None:
    starts = [span(quarter / 4, 2) for quarter in range(-12, 12)]
    assert fewest(span(0, 1), starts) == 1
    assert fewest(span(0, 2), starts) == 1
    assert fewest(span(0, 3), starts) == 2
