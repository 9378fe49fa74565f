"""What the provider keeps of a booking, and how it refuses. No I/O."""

from dataclasses import dataclass, field
from datetime import datetime, timedelta
from typing import Literal

from holdfast.channels.boseat.simulator.world import Product, Space
from holdfast.inventory.model import Span

HOLD = timedelta(minutes=15)
UNCONFIRMED = ("RESERVED_15_MIN", "PENDING")
BOOKED = ("CONFIRMED", "PAID")
OVER = ("CANCEL", "REFUNDED")

By = Literal["client", "guest", "other"]
"""`other`: taken in a way that the API shows to nobody."""
Change = Literal[
    "created",
    "updated",
    "confirmed",
    "cancelled",
    "paid",
    "unpaid",
    "refunded",
    "deleted",
    "lapsed",
]


class ApiError(Exception):
    """The provider refuses; the HTTP side renders it."""

    def __init__(self, status: int, code: str, message: str, field_name: str = "") -> None:
        super().__init__(message)
        self.status = status
        self.code = code
        self.field_name = field_name


@dataclass(slots=True, kw_only=True)
class Customer:
    """Found by e-mail; a match changes nothing of what is stored."""

    id: str
    email: str
    phone: str
    name: str = ""
    type: str = "individual"
    more: dict[str, str] = field(default_factory=dict)


@dataclass(slots=True, kw_only=True)
class Booking:
    """One record of the provider."""

    id: str
    number: int
    product: Product
    space: Space
    span: Span
    status: str
    made_at: datetime
    by: By
    expires_at: datetime | None
    visible_at: datetime
    customer: Customer | None = None
    extras: list[str] = field(default_factory=list)
    lapsed_as: str | None = None
    over_at: datetime | None = None
    """When it ceased to occupy its time."""

    def occupies(self) -> bool:
        """Whether it keeps its time from others."""
        return self.lapsed_as is None and self.status not in OVER
