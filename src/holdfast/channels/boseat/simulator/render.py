"""The provider's JSON in every documented form, as the switches say. No I/O."""

from collections.abc import Mapping, Sequence
from datetime import UTC, datetime

from holdfast.channels.boseat.simulator.books import Books
from holdfast.channels.boseat.simulator.records import UNCONFIRMED, Booking, Customer
from holdfast.channels.boseat.simulator.world import Product, Space, Venue
from holdfast.inventory.model import Span

Json = dict[str, object]
Switches = Mapping[str, str]


def instant(value: datetime, switches: Switches) -> str:
    """UTC with `Z`, with or without milliseconds."""
    plain = value.astimezone(UTC).replace(tzinfo=None)
    return plain.isoformat(timespec=switches["timestamps"]) + "Z"


def slot(span: Span, switches: Switches) -> Json:
    """A free or booked slot."""
    return {"from": instant(span.start, switches), "to": instant(span.end, switches)}


def booking(record: Booking, books: Books, switches: Switches) -> Json:
    """The full Booking of the reference pages."""
    new_word = switches["unknown_values"] == "new_status" and record.status == "CONFIRMED"
    body: Json = {
        "id": record.id,
        "product": product(record.product, switches),
        "space": space(record.space, books, switches),
        "status": "CHECKED_IN" if new_word else record.status,
        "bookingDate": instant(record.made_at, switches),
        "slot": slot(record.span, switches),
        "additionalProducts": _extras(record.extras, switches),
    }
    if switches["unknown_values"] == "extra_fields":
        body |= {"loyaltyTier": "gold", "nested": {"deep": [1, {"deeper": None}]}}
    return body | _customer_of(record, switches)


def _customer_of(record: Booking, switches: Switches) -> Json:
    style = switches["customer_unconfirmed"]
    hidden = style == "hidden" and record.status in UNCONFIRMED
    if record.customer is not None and not hidden:
        return {"customer": customer(record.customer)}
    forms: dict[str, Json] = {"null": {"customer": None}, "partial": {"customer": {"type": "x"}}}
    return forms.get(style, {})


def _extras(ids: Sequence[str], switches: Switches) -> list[object]:
    if switches["additional_products"] == "strings":
        return list(ids)
    return [{"id": one, "quantity": 1} for one in ids]


def customer(one: Customer) -> Json:
    """A customer; fields without a value are left out."""
    fields = {"id": one.id, "type": one.type, "email": one.email, "phone": one.phone}
    return {**fields, **({"name": one.name} if one.name else {}), **one.more}


def product(one: Product, switches: Switches) -> Json:
    """A product, its duration in either documented form."""
    upper = switches["word_case"] == "upper"
    length = int(one.length) if one.length == int(one.length) else one.length
    nested = {"duration": {"type": one.unit, "value": length}}
    flat = {"durationType": one.unit, "durationValue": length}
    return {
        "id": one.id,
        "reference": one.reference,
        "name": one.name,
        "description": one.description,
        "price": one.price,
        "currency": "EUR",
        "type": one.type.upper() if upper else one.type,
        "category": one.category.upper() if upper else one.category,
        "metadata": nested if switches["duration_form"] == "nested" else flat,
        "spaces": list(one.spaces),
    }


def space(one: Space, books: Books, switches: Switches) -> Json:
    """A space with its venue; the samples show no id in it (U14)."""
    linked = [each for each in books.spec.products if one.id in each.spaces]
    identity = {"id": one.id} if switches["space_id_in_booking"] == "present" else {}
    return {
        **identity,
        "name": one.name,
        "label": one.label,
        "description": one.description,
        "capacity": one.capacity,
        "type": one.type,
        "venue": venue(books.venue_of(one.id)),
        "products": [product(each, switches) for each in linked],
        "metadata": one.metadata,
        "totalBookings": books.made[one.id],
    }


def venue(one: Venue) -> Json:
    """A venue: no id and no time zone, as on its page."""
    return {
        "name": one.name,
        "address": one.address,
        "label": one.label,
        "type": one.type,
        "spaces": [each.id for each in one.spaces],
        "openingHours": [row.model_dump() for row in one.hours],
        "metadata": {},
        "medias": [],
    }


def envelope(rows: Sequence[Json], page: int, limit: int, total: int, switches: Switches) -> object:
    """One page of a list in the envelope that the switch says."""
    pages = max(1, -(-total // limit))
    style, more = switches["list_envelope"], page < pages
    endless = switches["page_fault"] == "endless"
    if style == "bare_list":
        return list(rows)
    if style == "total_and_links":
        links = {"next": f"?page={page + 1}" if more or endless else None, "prev": None}
        return {"data": list(rows), "total": total, "links": links}
    meta = {
        "page": page,
        "limit": limit,
        "totalItems": total,
        "totalPages": pages,
        "hasNextPage": more or endless,
        "hasPreviousPage": page > 1,
    }
    return {"data": [list(rows)] if style == "nested_arrays" else list(rows), "meta": meta}
