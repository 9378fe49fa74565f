"""One workspace's bookings by the provider's own rules: what is free, what holds, what lapses. No I/O."""

from collections import Counter
from collections.abc import Callable, Iterator, Mapping
from dataclasses import replace
from datetime import datetime, timedelta
from random import Random
from uuid import UUID

from holdfast.channels.boseat.simulator import grid
from holdfast.channels.boseat.simulator.records import (
    HOLD,
    OVER,
    UNCONFIRMED,
    ApiError,
    Booking,
    By,
    Change,
    Customer,
)
from holdfast.channels.boseat.simulator.world import Product, Space, Venue, WorkspaceSpec
from holdfast.inventory.model import Span

Announce = Callable[["Books", Booking, Change, Booking | None], None]


class Books:
    """All records of one workspace. Every method first lets lapse what is due at `now()`."""

    def __init__(
        self,
        spec: WorkspaceSpec,
        switches: Mapping[str, str],
        now: Callable[[], datetime],
        random: Random,
        announce: Announce,
    ) -> None:
        self.spec = spec
        self.customers: dict[str, Customer] = {}
        self.made: Counter[str] = Counter()
        """How many bookings were ever made of each space."""
        self._switches = switches
        self._now = now
        self._random = random
        self._announce = announce
        self._records: dict[str, Booking] = {}
        self._holds: dict[str, Booking] = {}
        self._deleted: list[Booking] = []
        self._again: str | None = None

    def settle(self) -> None:
        """Let every hold lapse whose time has passed."""
        now = self._now()
        due = [hold for hold in self._holds.values() if hold.expires_at and hold.expires_at <= now]
        for hold in due:
            before = replace(hold)
            hold.over_at = hold.expires_at
            del self._holds[hold.id]
            hold.lapsed_as = self._switches["expired_hold"]
            hold.status = "CANCEL" if hold.lapsed_as == "CANCEL" else hold.status
            self._announce(self, hold, "lapsed", before)

    def all(self) -> list[Booking]:
        """Every record there is, lapsed ones too, in order of their making."""
        self.settle()
        return list(self._records.values())

    def ever(self) -> list[Booking]:
        """Deleted ones as well."""
        return [*self.all(), *self._deleted]

    def shown(self) -> list[Booking]:
        """What the API shows."""
        return [record for record in self.all() if self._is_shown(record)]

    def record(self, booking_id: str) -> Booking | None:
        """A record, lapsed or not."""
        self.settle()
        return self._records.get(booking_id)

    def get(self, booking_id: str) -> Booking:
        """A record that the API shows. Raises ApiError 404."""
        record = self.record(booking_id)
        if record is None or not self._is_shown(record):
            raise ApiError(404, "NOT_FOUND", "booking not found")
        return record

    def _is_shown(self, record: Booking) -> bool:
        shown = record.by != "other" and record.visible_at <= self._now()
        return shown and record.lapsed_as != "404"

    def taken(self, space_id: str) -> Iterator[Booking]:
        """What occupies a space now."""
        return (one for one in self.all() if one.space.id == space_id and one.occupies())

    def free(self, space: Space, product: Product, start: datetime, end: datetime) -> list[Span]:
        """The free slots that start in `[start, end)`, none that has begun."""
        now = self._now()
        slots = grid.slots(self.venue_of(space.id), product, max(start, now), max(end, now))
        taken = [
            one.span for one in self.taken(space.id) if one.visible_at <= now and one.span.end > now
        ]
        return [slot for slot in slots if self._fits(space, slot, taken)]

    def _fits(self, space: Space, slot: Span, taken: list[Span]) -> bool:
        many = self._switches["capacity_mode"] == "capacity_many"
        return sum(slot.overlaps(one) for one in taken) < (space.capacity if many else 1)

    def use_again(self, booking_id: str) -> None:
        """The next booking gets this id; what had it is kept, and shown to nobody. Raises ApiError."""
        record = self.record(booking_id)
        if record is not None and record.occupies():
            raise self.invalid("id", "its booking is not over")
        if record is not None:
            self._deleted.append(self._records.pop(booking_id))
        self._again = booking_id

    def create(
        self, product: Product, space: Space, span: Span, by: By, customer: Customer | None
    ) -> Booking:
        """Take a slot. Raises ApiError when it is taken or is no slot of this product and space."""
        self._check_slot(product, space, span)
        now, status = self._now(), self._switches["status_after_create"]
        lapses = status == "RESERVED_15_MIN" or self._switches["pending_expires"] == "yes"
        self.made[space.id] += 1
        record = Booking(
            id=self._new_id(),
            number=self.made.total(),
            product=product,
            space=space,
            span=span,
            status=status,
            made_at=now,
            by=by,
            expires_at=now + HOLD if lapses else None,
            visible_at=now + timedelta(seconds=int(self._switches["lag_seconds"])),
            customer=customer,
        )
        self._records[record.id] = record
        if by != "other":
            self._holds[record.id] = record
            self._announce(self, record, "created", None)
        return record

    def keep(self, record: Booking) -> None:
        """Add what was booked before all this began; nobody is told."""
        self.made[record.space.id] += 1
        self._records[record.id] = record

    def _check_slot(
        self, product: Product, space: Space, span: Span, moving: Booking | None = None
    ) -> None:
        on_sale = space.id in product.spaces and product.category == "booking"
        if not on_sale or not self.is_slot(space, product, span):
            raise self.invalid("slot", "not a slot of this product and space")
        if span.start < self._now():
            raise self.invalid("slot", "the slot is in the past")
        taken = [one.span for one in self.taken(space.id) if one is not moving]
        if not self._fits(space, span, taken):
            status = int(self._switches["taken_error"])
            code = "CONFLICT" if status == 409 else "VALIDATION_FAILED"
            raise ApiError(status, code, "the slot is not available", "slot")

    def change(self, record: Booking, status: str, change: Change) -> None:
        """Give it another status and tell; the same status again changes and tells nothing."""
        if record.status == status:
            return
        before = replace(record)
        record.status = status
        record.over_at = self._now() if status in OVER else None
        if status not in UNCONFIRMED:
            self._holds.pop(record.id, None)
        self._announce(self, record, change, before)

    def confirm(self, record: Booking) -> None:
        """Make a hold a booking. Raises ApiError when it lapsed or was cancelled."""
        self.check_live(record)
        if record.status in UNCONFIRMED:
            self.change(record, "CONFIRMED", "confirmed")

    def check_live(self, record: Booking) -> None:
        """Raises ApiError when it lapsed or was cancelled."""
        self.settle()
        if not record.occupies():
            raise self.invalid("status", "the booking has expired or was cancelled")

    def is_slot(self, space: Space, product: Product, span: Span) -> bool:
        """Whether the product has this slot there, free or not."""
        return grid.has(self.venue_of(space.id), product, span)

    def announce(self, record: Booking, change: Change) -> None:
        """Tell of something that changes nothing in the record."""
        self._announce(self, record, change, None)

    def touch(self, record: Booking, before: Booking) -> None:
        """Tell of a change that was made to it."""
        self._announce(self, record, "updated", before)

    def move(self, record: Booking, span: Span, to: tuple[Product, Space] | None = None) -> None:
        """Give it another slot, of its product or another one. Raises ApiError when that is not free."""
        self.check_live(record)
        product, space = to or (record.product, record.space)
        self._check_slot(product, space, span, record)
        before = replace(record)
        record.product, record.space, record.span = product, space, span
        self.touch(record, before)

    def delete(self, record: Booking) -> None:
        """Remove the record for good."""
        before = replace(record)
        self._records.pop(record.id, None)
        self._holds.pop(record.id, None)
        self._deleted.append(record)
        record.status, record.over_at = "CANCEL", record.over_at or self._now()
        self._announce(self, record, "deleted", before)

    def customer(self, email: str, phone: str, name: str = "") -> Customer:
        """Find or create by e-mail."""
        known = (one for one in self.customers.values() if one.email == email)
        found = next(known, None)
        if found is None:
            found = Customer(id=self.new_uuid(), email=email, phone=phone, name=name)
            self.customers[found.id] = found
        return found

    def venue_of(self, space_id: str) -> Venue:
        """The venue with this space."""
        return next(
            venue for venue in self.spec.venues if space_id in [one.id for one in venue.spaces]
        )

    def space(self, space_id: str) -> Space:
        """Raises ApiError 404."""
        for venue in self.spec.venues:
            for space in venue.spaces:
                if space.id == space_id.lower():
                    return space
        raise ApiError(404, "NOT_FOUND", "space not found")

    def product(self, product_id: str) -> Product:
        """Raises ApiError 404."""
        for product in self.spec.products:
            if product.id == product_id.lower():
                return product
        raise ApiError(404, "NOT_FOUND", "product not found")

    def invalid(self, field_name: str, issue: str) -> ApiError:
        """The error for a request that breaks a rule."""
        status = int(self._switches["validation_status"])
        return ApiError(status, "VALIDATION_FAILED", issue, field_name)

    def _new_id(self) -> str:
        if self._again is not None:
            again, self._again = self._again, None
            return again
        style, text = self._switches["id_style"], self.new_uuid()
        if style == "non_hex_uuid":
            return f"{text[:9]}fg2e{text[13:]}"
        return f"book_{text[:8]}" if style == "prefixed" else text

    def new_uuid(self) -> str:
        """A random id, the same ones for the same seed."""
        return str(UUID(int=self._random.getrandbits(128), version=4))
