"""What the bench of reading counts: the busiest minute, and how long most have waited."""

from datetime import UTC, datetime, timedelta

import pytest
from aiohttp import ClientSession

from holdfast.bench.reading_life import percentile
from holdfast.bench.reading_side import Call, Side

BEGAN = datetime(2026, 3, 2, 9, 0, tzinfo=UTC)


@pytest.mark.parametrize(
    ("part", "least"), [(0.99, 100.0), (0.98, 99.0), (0.5, 51.0), (0.01, 2.0), (1.0, 101.0)]
)
def test_a_percentile_is_the_least_value_that_so_many_are_not_above(
    part: float, least: float
) -> None:
    assert percentile([float(n) for n in range(101, 1, -1)], part) == least


async def test_the_busiest_minute_is_any_sixty_seconds_and_counts_what_was_refused() -> None:
    async with ClientSession() as session:
        side = Side(channel="rooms", url="", session=session)
        for second, status in ((0, 200), (30, 429), (59, 200), (60, 200), (89.9, 200), (200, 200)):
            at = BEGAN + timedelta(seconds=second)
            side.calls.append(Call(at=at, kind="read", path="/v1/bookings", status=status))
        side.calls.append(Call(at=BEGAN, kind="write", path="/v1/bookings", status=201))
        assert (side.busiest("read"), side.busiest("write")) == (4, 1)
        assert side.refused() == 1
        assert side.reads(BEGAN + timedelta(seconds=60)) == 3
