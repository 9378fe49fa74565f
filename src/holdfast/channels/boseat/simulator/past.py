"""Any number of bookings that are over, for those who ask what a long past costs. No I/O."""

from collections.abc import Iterator
from datetime import datetime, time, timedelta

from holdfast.channels.boseat.simulator.books import Books
from holdfast.channels.boseat.simulator.records import Booking, Customer
from holdfast.channels.boseat.simulator.world import Product
from holdfast.inventory.model import Span

A_DAY = 12
"""Bookings of a space, an hour each from eight in the morning on."""

BEFORE = timedelta(days=7)
"""How long before its time each was made."""


def over(books: Books, wanted: int, now: datetime) -> Iterator[Booking]:
    """They fill the days before yesterday in all spaces alike, the oldest first."""
    sold = [
        (books.space(space_id), product)
        for product in books.spec.products
        for space_id in product.spaces
    ]
    customer = books.customer("regular@example.test", "+33600000000", "Regular Example")
    days = -(-wanted // (A_DAY * len(sold)))
    first = datetime.combine(now.date() - timedelta(days=days + 1), time(8), now.tzinfo)
    for number in range(wanted):
        hour, place = divmod(number, len(sold))
        space, product = sold[place]
        span = Span.of(
            first + timedelta(days=hour // A_DAY, hours=hour % A_DAY), timedelta(hours=1)
        )
        yield _booking(books, (product, space.id), span, customer)


def _booking(books: Books, what: tuple[Product, str], span: Span, customer: Customer) -> Booking:
    product, space_id = what
    return Booking(
        id=books.new_uuid(),
        number=books.made.total() + 1,
        product=product,
        space=books.space(space_id),
        span=span,
        status="CONFIRMED",
        made_at=span.start - BEFORE,
        by="guest",
        expires_at=None,
        visible_at=span.start - BEFORE,
        customer=customer,
    )
