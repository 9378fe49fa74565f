"""What a workspace sells, and telling it where to send webhooks: for setting up, not for syncing."""

from collections.abc import Callable
from dataclasses import dataclass
from datetime import timedelta

from holdfast.channel import Gone, Rejected
from holdfast.channels.boseat.calls import Caller
from holdfast.channels.boseat.protocol.catalogue import products_request, venues_request
from holdfast.channels.boseat.protocol.paging import MAX_PAGES, Row, read_page
from holdfast.channels.boseat.protocol.subscriptions import (
    EVENTS,
    FIELDS,
    FORMAL_EVENTS,
    read_subscription,
    subscribe_request,
)
from holdfast.channels.boseat.translate import is_booking_product, is_recurring, length_of
from holdfast.channels.boseat.wire import Product, Subscription, Venue
from holdfast.exchange import Request


@dataclass(frozen=True, slots=True, kw_only=True)
class Sold:
    """A product that can be booked in a space."""

    space_id: str
    product_id: str
    product_name: str | None
    length: timedelta | None
    """None where the product's duration is no fixed time."""
    recurring: bool


@dataclass(frozen=True, slots=True, kw_only=True)
class Catalogue:
    """Everything a workspace sells; the spaces are those its products name, for there is no list of them."""

    venues: tuple[Venue, ...]
    sold: tuple[Sold, ...]


async def catalogue(caller: Caller) -> Catalogue:
    """Read it all; one read per hundred venues or products. Raises ChannelError."""
    venues = await _all(caller, venues_request, Venue)
    products = await _all(caller, products_request, Product)
    sold = [
        Sold(
            space_id=space,
            product_id=product.id,
            product_name=product.name,
            length=length_of(product),
            recurring=is_recurring(product),
        )
        for product in products
        if is_booking_product(product)
        for space in product.spaces
    ]
    return Catalogue(venues=tuple(venues), sold=tuple(sold))


async def _all(caller: Caller, ask: Callable[[int], Request], row: type[Row]) -> list[Row]:
    rows: list[Row] = []
    for number in range(1, MAX_PAGES + 1):
        request = ask(number)
        page = read_page(row, request, await caller.send(request), page=number)
        rows += page.rows
        if page.last or not page.rows:
            break
    return rows


async def subscribe(caller: Caller, url: str, secret: str) -> Subscription:
    """Have booking events sent to `url`, by whichever names and spelling are accepted (C4, C6).

    Raises Rejected where subscriptions can only be made by hand in the dashboard, and ChannelError.
    """
    refused: Rejected | None = None
    for field in FIELDS:
        for events in (EVENTS, FORMAL_EVENTS):
            try:
                reply = await caller.send(subscribe_request(url, events, secret, field))
            except Gone as gone:
                raise Rejected(f"{gone}; subscribe in the dashboard", status=gone.status) from gone
            except Rejected as no:
                refused = no
            else:
                return read_subscription(reply)
    raise refused or Rejected("subscribe: nothing was tried")
