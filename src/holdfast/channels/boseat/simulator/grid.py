"""Which slots a product has, from its length and the venue's opening hours. No I/O."""

from collections.abc import Callable, Iterator
from datetime import UTC, date, datetime, timedelta

from holdfast.channels.boseat.simulator.world import Product, Venue
from holdfast.inventory.model import Span

Ends = Callable[[date, int], date]


def slots(venue: Venue, product: Product, start: datetime, end: datetime) -> list[Span]:
    """Every slot that starts in `[start, end)`, in order; whether it is free is another matter."""
    found = (
        span
        for day in _days(venue, start, end)
        for span in (_hourly if product.unit == "hourly" else _longer)(venue, product, day)
    )
    return sorted(span for span in found if start <= span.start < end)


def has(venue: Venue, product: Product, span: Span) -> bool:
    """Whether this is a slot of the product."""
    return span in slots(venue, product, span.start, span.start + timedelta(seconds=1))


def _days(venue: Venue, start: datetime, end: datetime) -> Iterator[date]:
    day = start.date() - timedelta(days=2)
    while day <= end.date() + timedelta(days=1):
        yield day
        day += timedelta(days=1)


def _hourly(venue: Venue, product: Product, day: date) -> Iterator[Span]:
    length = timedelta(hours=product.length)
    for opens, closes in venue.on(day):
        start, end = opens.astimezone(UTC), closes.astimezone(UTC)
        while start + length <= end:
            yield Span.of(start, length)
            start += length


def _longer(venue: Venue, product: Product, day: date) -> Iterator[Span]:
    """From the opening of its first day to the closing of its last."""
    first = venue.on(day)
    last = venue.on(_ENDS[product.unit](day, int(product.length)) - timedelta(days=1))
    if first and last:
        yield Span(start=first[0][0].astimezone(UTC), end=last[-1][1].astimezone(UTC))


def _months_later(day: date, months: int) -> date:
    year, month = divmod(day.year * 12 + day.month - 1 + months, 12)
    return date(year, month + 1, min(day.day, 28))


_ENDS: dict[str, Ends] = {
    "daily": lambda day, count: day + timedelta(days=count),
    "weekly": lambda day, count: day + timedelta(weeks=count),
    "monthly": _months_later,
    "yearly": lambda day, count: _months_later(day, 12 * count),
}
