"""Whether each listing is something that the workspace sells: a read of its product, one more where it is wrong."""

from collections.abc import AsyncIterator, Sequence
from datetime import timedelta

from holdfast.channel import Gone, Listing, Rejected
from holdfast.channels.boseat.attribution import Place, place_of
from holdfast.channels.boseat.calls import Caller
from holdfast.channels.boseat.protocol.catalogue import (
    product_request,
    products_request,
    read_product,
)
from holdfast.channels.boseat.protocol.paging import read_page
from holdfast.channels.boseat.reading import Reader
from holdfast.channels.boseat.translate import is_booking_product
from holdfast.channels.boseat.wire import Product
from holdfast.clock import Clock
from holdfast.inventory.model import Span
from holdfast.kind import Objection

SHOWN = 5
"""The most spaces or products that are named as fitting."""


async def inspect(
    caller: Caller, clock: Clock, listings: Sequence[Listing]
) -> AsyncIterator[Objection]:
    """What cannot be right, listing by listing. Raises the ChannelErrors of `Caller.send`, and Broken."""
    for listing in listings:
        place = place_of(listing)
        try:
            request = product_request(place.product_id)
            product = read_product(request, await caller.send(request))
        except Gone:
            told = f"the workspace has no product {place.product_id}"
            yield Objection(listing=listing.name, key="product_id", told=told)
            continue
        if found := await _of_product(caller, clock, place, product):
            key, told = found
            yield Objection(listing=listing.name, key=key, told=told)


async def _of_product(
    caller: Caller, clock: Clock, place: Place, product: Product
) -> tuple[str, str] | None:
    name = f"product {product.name or product.id}"
    if not is_booking_product(product):
        return "product_id", f"{name} cannot be booked by itself"
    if not product.spaces:  # the reference shows a placeholder there, so nothing may be told
        return await _by_slots(caller, clock, place)
    if place.space_id in product.spaces:
        return None
    sellers = await _sellers(caller, place.space_id)
    if not sellers:
        return "space_id", f"no product sells this space; {name} sells {_named(product.spaces)}"
    told = f"{name} sells another space: {_named(product.spaces)}"
    return "product_id", f"{told}; this space is sold by {_named(sellers)}"


async def _sellers(caller: Caller, space_id: str) -> list[str]:
    """Products of this space; whether the filter is understood is not relied on."""
    request = products_request(1, space_id=space_id)
    page = read_page(Product, request, await caller.send(request), page=1)
    return [product.id for product in page.rows if space_id in product.spaces]


async def _by_slots(caller: Caller, clock: Clock, place: Place) -> tuple[str, str] | None:
    day = Span.of(clock.now(), timedelta(days=1))
    try:
        await Reader(caller).slots(place.space_id, place.product_id, day)
    except (Rejected, Gone) as refused:
        return (
            "space_id",
            f"its slots are refused, so the space or the pair is not known: {refused}",
        )
    return None


def _named(ids: Sequence[str]) -> str:
    more = f" and {len(ids) - SHOWN} more" if len(ids) > SHOWN else ""
    return f"{', '.join(ids[:SHOWN])}{more}"
