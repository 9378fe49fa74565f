"""Venues, spaces, products and customers: requests and their replies. No I/O.

https://docs.boseat.com/tutorials/managing-resources and the pages below api-reference.
"""

import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Literal
from urllib.parse import quote

from pydantic import ValidationError

from holdfast.channels.boseat.protocol.bookings import JSON, IdsStyle, array_query
from holdfast.channels.boseat.protocol.failures import model_of
from holdfast.channels.boseat.protocol.paging import PAGE_ROWS
from holdfast.channels.boseat.wire import Customer, Product, Space, Venue
from holdfast.exchange import Reply, Request

DurationUnit = Literal["hourly", "daily", "weekly", "monthly", "yearly"]


@dataclass(frozen=True, slots=True, kw_only=True)
class ProductFields:
    """A product as it is written; a PATCH sends only what is not None."""

    reference: str | None = None
    """Unique in the organisation; may be the key of another system."""
    name: str | None = None
    description: str | None = None
    price: int | None = None
    """In the smallest unit of the currency."""
    currency: Literal["EUR"] | None = None
    type: Literal["one_time", "recurring"] | None = None
    category: Literal["booking", "additional"] | None = None
    duration: tuple[DurationUnit, float] | None = None
    spaces: Sequence[str] | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class CustomerFields:
    """A customer as it is written; found by e-mail if there is one already."""

    type: Literal["individual", "company"]
    email: str
    phone: str
    name: str | None = None
    company_name: str | None = None
    siren: str | None = None
    vat_number: str | None = None
    address: str | None = None


def venues_request(page: int, limit: int = PAGE_ROWS) -> Request:
    """One page of venues."""
    query = [("page", str(page)), ("limit", str(limit))]
    return _read("venues", "/v1/venues", query)


def venue_request(venue_id: str) -> Request:
    """One venue."""
    return _read("venue", f"/v1/venues/{quote(venue_id, safe='')}")


def create_venue_request(name: str, address: Mapping[str, str]) -> Request:
    """A new venue; the tutorial's address has `line1`, `city` and `country`."""
    return _write("POST", "/v1/venues", {"name": name, "address": dict(address)})


def create_space_request(venue_id: str, name: str, description: str, capacity: int) -> Request:
    """A new space; the reference requires a description, the tutorial omits it (C16)."""
    body = {
        "venueId": venue_id,
        "name": name,
        "description": description,
        "capacity": capacity,
    }
    return _write("POST", "/v1/spaces", body)


def patch_space_request(space_id: str, fields: Mapping[str, object]) -> Request:
    """Change a space; which fields may be sent is not known, so they are the caller's."""
    return _write("PATCH", f"/v1/spaces/{quote(space_id, safe='')}", fields)


def products_request(
    page: int,
    *,
    category: Literal["booking", "additional"] | None = None,
    ids: Sequence[str] = (),
    style: IdsStyle = "comma",
    space_id: str | None = None,
) -> Request:
    """One page of products."""
    query = [("page", str(page)), ("limit", str(PAGE_ROWS)), *array_query("ids", ids, style)]
    query += [
        (name, text) for name, text in (("category", category), ("spaceId", space_id)) if text
    ]
    return _read("products", "/v1/products", query)


def product_request(product_id: str) -> Request:
    """One product."""
    return _read("product", f"/v1/products/{quote(product_id, safe='')}")


def create_product_request(fields: ProductFields) -> Request:
    """A new product."""
    return _write("POST", "/v1/products", _product(fields))


def patch_product_request(product_id: str, fields: ProductFields) -> Request:
    """Change a product."""
    return _write("PATCH", f"/v1/products/{quote(product_id, safe='')}", _product(fields))


def customer_request(customer_id: str) -> Request:
    """One customer."""
    return _read("customer", f"/v1/customers/{quote(customer_id, safe='')}")


def create_customer_request(fields: CustomerFields) -> Request:
    """Find or create by e-mail: safe to repeat."""
    body = {
        "type": fields.type,
        "email": fields.email,
        "phone": fields.phone,
        "name": fields.name,
        "companyName": fields.company_name,
        "siren": fields.siren,
        "tvaNumber": fields.vat_number,
        "address": fields.address,
    }
    return _write("POST", "/v1/customers", _given(body))


def read_venue(request: Request, reply: Reply) -> Venue:
    """A venue. Raises Broken or Unknown when it cannot be read."""
    return model_of(Venue, request, reply)


def read_space(request: Request, reply: Reply) -> Space:
    """A space. Raises Broken or Unknown when it cannot be read."""
    return model_of(Space, request, reply)


def read_product(request: Request, reply: Reply) -> Product:
    """A product. Raises Broken or Unknown when it cannot be read."""
    return model_of(Product, request, reply)


def read_patched_product(reply: Reply) -> Product | None:
    """The changed product, or None: the page shows no answer."""
    try:
        return Product.model_validate_json(reply.body)
    except ValidationError:
        return None


def read_customer(request: Request, reply: Reply) -> Customer:
    """A customer. Raises Broken or Unknown when it cannot be read."""
    return model_of(Customer, request, reply)


def _product(fields: ProductFields) -> dict[str, object]:
    unit, value = fields.duration or (None, None)
    body = {
        "reference": fields.reference,
        "name": fields.name,
        "description": fields.description,
        "price": fields.price,
        "currency": fields.currency,
        "type": fields.type,
        "category": fields.category,
        "metadata": {"durationType": unit, "durationValue": value} if unit else None,
        "spaces": None if fields.spaces is None else list(fields.spaces),
    }
    return _given(body)


def _given(body: Mapping[str, object]) -> dict[str, object]:
    return {name: value for name, value in body.items() if value is not None}


def _read(operation: str, url: str, query: Sequence[tuple[str, str]] = ()) -> Request:
    return Request(operation=operation, method="GET", url=url, budget="read", query=query)


def _write(method: Literal["POST", "PATCH"], url: str, body: Mapping[str, object]) -> Request:
    # The stricter budget is for bookings and invoices only.
    return Request(
        operation="catalogue",
        method=method,
        url=url,
        budget="read",
        headers=JSON,
        body=json.dumps(dict(body)).encode(),
    )
