"""The simulated customers: found or created by e-mail."""

from aiohttp import web

from holdfast.channels.boseat.simulator import render
from holdfast.channels.boseat.simulator.bookings_api import text_of
from holdfast.channels.boseat.simulator.gate import Gate, body_of, workspace_of
from holdfast.channels.boseat.simulator.records import ApiError

OPTIONAL = ("companyName", "siren", "tvaNumber", "address")


class CustomersApi:
    """https://docs.boseat.com/api-reference/customers/create-a-new-customer"""

    def __init__(self, gate: Gate) -> None:
        self._gate = gate

    def routes(self) -> list[web.RouteDef]:
        """There is no list, update or delete."""
        return [
            web.post("/v1/customers", self._find_or_create),
            web.get("/v1/customers/{id}", self._get),
        ]

    async def _find_or_create(self, request: web.Request) -> web.Response:
        books, body = workspace_of(request).books, await body_of(request)
        for name in ("type", "email", "phone"):
            if not text_of(body, name):
                raise books.invalid(name, "is required")
        known = len(books.customers)
        customer = books.customer(body["email"], body["phone"], text_of(body, "name"))
        if len(books.customers) > known:
            customer.type = body["type"]
            customer.more = {name: text_of(body, name) for name in OPTIONAL if name in body}
        return self._gate.answer(render.customer(customer), 201)

    async def _get(self, request: web.Request) -> web.Response:
        customer = workspace_of(request).books.customers.get(request.match_info["id"])
        if customer is None:
            raise ApiError(404, "NOT_FOUND", "customer not found")
        return self._gate.answer(render.customer(customer))
