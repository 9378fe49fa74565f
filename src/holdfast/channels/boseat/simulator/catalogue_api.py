"""The simulated venues, spaces, products and customers."""

from collections.abc import Mapping
from typing import Any, TypeVar

from aiohttp import web
from pydantic import BaseModel, ValidationError

from holdfast.channels.boseat.simulator import render
from holdfast.channels.boseat.simulator.bookings_api import text_of
from holdfast.channels.boseat.simulator.books import Books
from holdfast.channels.boseat.simulator.gate import Gate, body_of, workspace_of
from holdfast.channels.boseat.simulator.lists_api import paging
from holdfast.channels.boseat.simulator.records import ApiError
from holdfast.channels.boseat.simulator.world import Product, Space, Venue

Part = TypeVar("Part", bound=BaseModel)


class CatalogueApi:
    """https://docs.boseat.com/tutorials/managing-resources"""

    def __init__(self, gate: Gate, switches: Mapping[str, str]) -> None:
        self._gate = gate
        self._switches = switches

    def routes(self) -> list[web.RouteDef]:
        """Spaces can be made and changed, but neither listed nor read."""
        return [
            web.get("/v1/venues", self._venues),
            web.post("/v1/venues", self._make_venue),
            web.get("/v1/venues/{id}", self._venue),
            web.post("/v1/spaces", self._make_space),
            web.patch("/v1/spaces/{id}", self._change_space),
            web.get("/v1/products", self._products),
            web.post("/v1/products", self._make_product),
            web.get("/v1/products/{id}", self._product),
            web.patch("/v1/products/{id}", self._change_product),
        ]

    async def _venues(self, request: web.Request) -> web.Response:
        books = workspace_of(request).books
        rows = [{"id": venue.id, **render.venue(venue)} for venue in books.spec.venues]
        return self._list(request, books, rows)

    def _list(self, request: web.Request, books: Books, rows: list[render.Json]) -> web.Response:
        page, limit = paging(request, books)
        shown = rows[(page - 1) * limit : page * limit]
        return self._gate.answer(render.envelope(shown, page, limit, len(rows), self._switches))

    async def _venue(self, request: web.Request) -> web.Response:
        venue = self._known_venue(workspace_of(request).books, request.match_info["id"])
        return self._gate.answer(render.venue(venue))

    def _known_venue(self, books: Books, venue_id: str) -> Venue:
        for venue in books.spec.venues:
            if venue.id == venue_id:
                return venue
        raise ApiError(404, "NOT_FOUND", "venue not found")

    async def _make_venue(self, request: web.Request) -> web.Response:
        books, body = workspace_of(request).books, await body_of(request)
        fields = {"id": books.new_uuid(), "spaces": [], **_picked(body, "name", "address")}
        venue = _made(books, Venue, fields)
        books.spec.venues.append(venue)
        return self._gate.answer({"id": venue.id, **render.venue(venue)}, 201)

    async def _make_space(self, request: web.Request) -> web.Response:
        books, body = workspace_of(request).books, await body_of(request)
        if not text_of(body, "description"):
            raise books.invalid("description", "is required")
        venue = self._known_venue(books, text_of(body, "venueId"))
        fields = _picked(body, "name", "description", "capacity", "type", "metadata")
        space = _made(books, Space, {"id": books.new_uuid(), **fields})
        venue.spaces.append(space)
        return self._gate.answer({"id": space.id, **self._space(space, books)}, 201)

    def _space(self, space: Space, books: Books) -> render.Json:
        return render.space(space, books, self._switches)

    async def _change_space(self, request: web.Request) -> web.Response:
        books, body = workspace_of(request).books, await body_of(request)
        space = books.space(request.match_info["id"])
        _change(space, _picked(body, "name", "description", "capacity", "type", "metadata"))
        return self._gate.answer(self._space(space, books))

    async def _products(self, request: web.Request) -> web.Response:
        books, query = workspace_of(request).books, request.query
        ids = query["ids"].lower().split(",") if "ids" in query else None
        rows = [
            render.product(product, self._switches)
            for product in books.spec.products
            if (ids is None or product.id in ids)
            and query.get("category", product.category) == product.category
            and ("spaceId" not in query or query["spaceId"].lower() in product.spaces)
        ]
        return self._list(request, books, rows)

    async def _product(self, request: web.Request) -> web.Response:
        product = workspace_of(request).books.product(request.match_info["id"])
        return self._gate.answer(render.product(product, self._switches))

    async def _make_product(self, request: web.Request) -> web.Response:
        books, body = workspace_of(request).books, await body_of(request)
        fields = {"id": books.new_uuid(), "spaces": [], **_product_fields(body)}
        product = _made(books, Product, fields)
        books.spec.products.append(product)
        return self._gate.answer(render.product(product, self._switches), 201)

    async def _change_product(self, request: web.Request) -> web.Response:
        books, body = workspace_of(request).books, await body_of(request)
        product = books.product(request.match_info["id"])
        _change(product, _product_fields(body))
        return web.Response(status=200)  # the page shows no body


def _picked(body: Mapping[str, Any], *names: str) -> dict[str, Any]:
    return {name: body[name] for name in names if name in body}


def _product_fields(body: Mapping[str, Any]) -> dict[str, Any]:
    names = ("reference", "name", "description", "price", "type", "category", "spaces")
    fields, metadata = _picked(body, *names), body.get("metadata") or {}
    nested = metadata.get("duration") or {}
    unit = metadata.get("durationType", nested.get("type"))
    length = metadata.get("durationValue", nested.get("value"))
    return fields | {k: v for k, v in (("unit", unit), ("length", length)) if v is not None}


def _made(books: Books, model: type[Part], fields: Mapping[str, Any]) -> Part:
    try:
        return model.model_validate(fields)
    except ValidationError as error:
        first = error.errors()[0]
        raise books.invalid(str(first["loc"][0]), first["msg"]) from None


def _change(part: BaseModel, fields: Mapping[str, Any]) -> None:
    for name, value in fields.items():
        setattr(part, name, value)
