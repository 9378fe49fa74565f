"""The simulated booking endpoints: create, read, confirm, cancel, delete."""

import re
from collections.abc import Mapping
from dataclasses import replace
from datetime import UTC, datetime
from typing import Any

from aiohttp import web
from pydantic import TypeAdapter, ValidationError

from holdfast.channels.boseat.simulator import render
from holdfast.channels.boseat.simulator.books import Books
from holdfast.channels.boseat.simulator.gate import Gate, body_of, workspace_of
from holdfast.channels.boseat.simulator.records import UNCONFIRMED, ApiError, Booking
from holdfast.channels.boseat.simulator.tenancy import Workspace
from holdfast.inventory.model import Span

CHECKOUT = "https://checkout.stripe.com/pay/cs_simulated_"
FRENCH = re.compile(r"(\+33|0)[1-9]\d{8}")
_INSTANT = TypeAdapter(datetime)


class BookingsApi:
    """https://docs.boseat.com/api-reference/bookings/create-a-booking and its neighbours."""

    def __init__(self, gate: Gate, switches: Mapping[str, str]) -> None:
        self._gate = gate
        self._switches = switches

    def routes(self) -> list[web.RouteDef]:
        """Must be added after the slots, whose path looks like a booking's."""
        return [
            web.post("/v1/bookings", self._create),
            web.get("/v1/bookings/{id}", self._get),
            web.patch("/v1/bookings/{id}", self._patch),
            web.delete("/v1/bookings/{id}", self._delete),
        ]

    async def _create(self, request: web.Request) -> web.Response:
        workspace, raw = workspace_of(request), await request.read()
        body, key = await body_of(request), request.headers.get("Idempotency-Key")
        record = self._replayed(workspace, key, raw)
        if record is None:
            record = self._made(workspace.books, body)
            if key:
                workspace.replies[key] = (raw, record.id)
        full = self._switches["create_body"] == "full"
        answer = self._full(workspace, record) if full else {"id": record.id}
        return self._gate.answer(answer, int(self._switches["create_status_code"]))

    def _made(self, books: Books, body: Mapping[str, Any]) -> Booking:
        for name in ("productId", "spaceId"):
            if not text_of(body, name):
                raise books.invalid(name, "is required")
        product, space = books.product(body["productId"]), books.space(body["spaceId"])
        span = span_of(books, body.get("slot"))
        email, phone = text_of(body, "email"), text_of(body, "phone")
        self._check_phone(books, phone)
        customer = books.customer(email, phone) if email else None
        return books.create(product, space, span, "client", customer)

    def _replayed(self, workspace: Workspace, key: str | None, raw: bytes) -> Booking | None:
        if key not in workspace.replies or self._switches["idempotency"] == "ignored":
            return None
        known, booking_id = workspace.replies[key]
        if known != raw and self._switches["idempotency"] == "refuses_body_mismatch":
            raise workspace.books.invalid("Idempotency-Key", "used before for another request")
        return workspace.books.get(booking_id)

    async def _get(self, request: web.Request) -> web.Response:
        workspace = workspace_of(request)
        record = workspace.books.get(request.match_info["id"])
        return self._gate.answer(self._full(workspace, record))

    async def _patch(self, request: web.Request) -> web.Response:
        workspace, body = workspace_of(request), await body_of(request)
        books = workspace.books
        record = books.get(request.match_info["id"])
        self._check_patch(books, body)
        self._reschedule(books, record, body)
        status = body.get("status")
        if status == "CANCEL":
            self._cancel(books, record)
        else:
            self._enrich(books, record, body, announced=status is None)
        headers = self._confirm(books, record, body) if status == "CONFIRMED" else {}
        redirected = headers and self._switches["confirm_payment"] == "location_on_3xx"
        return self._patched(workspace, record, 303 if redirected else 200, headers)

    def _check_patch(self, books: Books, body: Mapping[str, Any]) -> None:
        for name in ("email", "phone"):
            if not text_of(body, name):
                raise books.invalid(name, "is required")
        self._check_phone(books, text_of(body, "phone"))
        if body.get("status") not in (None, "CONFIRMED", "CANCEL"):
            raise books.invalid("status", "must be CONFIRMED or CANCEL")

    def _check_phone(self, books: Books, phone: str) -> None:
        refused = self._switches["foreign_phone"] == "refused"
        if phone and refused and not FRENCH.fullmatch(phone):
            raise books.invalid("phone", "must be a French number")

    def _reschedule(self, books: Books, record: Booking, body: Mapping[str, Any]) -> None:
        style = self._switches["patch_slot"]
        if style == "ignored" or not {"slot", "spaceId", "productId"} & set(body):
            return
        if style == "refused":
            raise books.invalid("slot", "cannot be changed")
        books.move(record, span_of(books, body.get("slot")))

    def _cancel(self, books: Books, record: Booking) -> None:
        style = self._switches["cancel_confirmed"]
        if record.status in ("CONFIRMED", "PAID") and style != "allowed":
            code = "CONFLICT" if style == "refused_409" else "VALIDATION_FAILED"
            raise ApiError(int(style[-3:]), code, "a confirmed booking cannot be cancelled")
        books.change(record, "CANCEL", "cancelled")

    def _enrich(
        self, books: Books, record: Booking, body: Mapping[str, Any], announced: bool
    ) -> None:
        books.check_live(record)
        before = replace(record)
        email, phone, name = (text_of(body, key) for key in ("email", "phone", "name"))
        record.customer = books.customer(email, phone, name)
        if isinstance(body.get("additionalProducts"), list):
            record.extras = [str(one) for one in body["additionalProducts"]]
        if announced:
            books.touch(record, before)

    def _confirm(self, books: Books, record: Booking, body: Mapping[str, Any]) -> dict[str, str]:
        """Confirm at once, or ask for a payment first: then the headers name its page."""
        asked = body.get("paymentEnabled", self._switches["payment_default"] == "on")
        required = self._switches["confirm_payment"] != "none"
        if not (asked and required and record.status in UNCONFIRMED):
            books.confirm(record)
            return {}
        until_paid = self._switches["status_until_paid"]
        if until_paid == "CONFIRMED":
            books.confirm(record)
        else:
            record.expires_at = record.expires_at if until_paid != "PENDING" else None
            books.change(record, until_paid, "updated")
        return {"Location": CHECKOUT + record.id}

    def _patched(
        self, workspace: Workspace, record: Booking, status: int, headers: Mapping[str, str]
    ) -> web.Response:
        style = self._switches["patch_body"]
        if style == "empty":
            return web.Response(status=status, headers=headers)
        body = {"id": record.id} if style == "id_only" else self._full(workspace, record)
        return self._gate.answer(body, status, headers)

    async def _delete(self, request: web.Request) -> web.Response:
        workspace = workspace_of(request)
        record = workspace.books.get(request.match_info["id"])
        allowed = {"PENDING", "CANCEL"}
        if self._switches["delete_from"] == "also_RESERVED_15_MIN":
            allowed.add("RESERVED_15_MIN")
        if record.status not in allowed and self._switches["delete_from"] != "any_status":
            status = int(self._switches["delete_refused"])
            raise ApiError(status, "VALIDATION_FAILED", "cancel it first", "status")
        workspace.books.delete(record)
        if self._switches["delete_success"] == "204":
            return web.Response(status=204)
        return self._gate.answer({"id": record.id, "deleted": True})

    def _full(self, workspace: Workspace, record: Booking) -> render.Json:
        return render.booking(record, workspace.books, self._switches)


def text_of(body: Mapping[str, Any], name: str) -> str:
    """A text field; anything else counts as missing."""
    value = body.get(name)
    return value if isinstance(value, str) else ""


def span_of(books: Books, slot: object) -> Span:
    """The wanted slot. Raises ApiError."""
    if not isinstance(slot, dict):
        raise books.invalid("slot", "is required")
    try:
        start, end = (_INSTANT.validate_python(slot.get(name)) for name in ("from", "to"))
        return Span(start=start.astimezone(UTC), end=end.astimezone(UTC))
    except (ValidationError, ValueError):
        raise books.invalid("slot", "is no interval") from None
