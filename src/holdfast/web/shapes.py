"""What the API takes and gives. Ids are strings, instants ISO 8601 in UTC with a `Z`. No I/O."""

from datetime import datetime
from typing import Annotated, Generic, Literal, TypeVar

from pydantic import (
    BaseModel,
    BeforeValidator,
    ConfigDict,
    Field,
    JsonValue,
)

from holdfast.inventory.model import Payment, Status
from holdfast.inventory.remedy import Act
from holdfast.store.flaws import Kind
from holdfast.web.fields import STORABLE, Instant, Number, Text

IDEMPOTENCY_KEY = "Idempotency-Key"

Id = Annotated[str, BeforeValidator(str)]


class Shape(BaseModel):
    """Read from a row of the read model by attribute."""

    model_config = ConfigDict(from_attributes=True, frozen=True)


class Booking(Shape):
    """A fact told by a channel, or made directly at the venue. `conflict`: it could not get its units."""

    id: Id
    venue: str | None
    listing: str | None
    account: str | None
    channel: str
    external_id: str
    status: Status
    raw_status: str
    payment: Payment
    start: datetime | None = Field(validation_alias="starts_at")
    end: datetime | None = Field(validation_alias="ends_at")
    party_size: int | None
    units: list[str]
    conflict: bool
    version: int
    created_at: datetime
    updated_at: datetime


class MaskedGuest(BaseModel):
    """Enough to recognise a guest whom one knows, not enough to know one."""

    name: str | None = Field(examples=["J*** D***"])
    email: str | None = Field(examples=["j***@e***"])
    phone: str | None = Field(examples=["***78"])


class JournalEntry(Shape):
    """What changed, when, and who decided."""

    seq: int
    at: datetime
    kind: str
    actor: str
    data: JsonValue


class MeasuredExposure(Shape):
    """How long a booking's time was sold on another listing too; `ended_at` null: it still is."""

    listing: str
    channel: str
    cause: Literal["taken", "moved", "again"]
    began_at: datetime
    basis: Literal["provider", "receipt"] = Field(description="Whose clock says when it began.")
    ended_at: datetime | None
    seconds: float = Field(description="Until it ended, or until now.")
    why: str | None = Field(description="What took so long, or why it cannot be closed.")


class BookingFlaw(Shape):
    """What keeps a booking from being in order. `overlapped`: another one could not get its units because of it."""

    kind: Kind
    text: str = Field(description="For people.")
    conflict: Id | None = Field(description="To be settled.")
    push: Id | None = Field(description="The call concerned.")
    listing: str | None
    account: str | None
    since: datetime


class BookingDetail(Booking):
    """A booking with its guest, masked, its journal and its exposures, oldest entry first."""

    flaws: list[BookingFlaw] = Field(
        description="What is wrong with it or not known, worst first: it is in order only without any."
    )
    guest: MaskedGuest | None
    journal: list[JournalEntry]
    exposures: list[MeasuredExposure]


class Booked(BookingDetail):
    """A booking that was made just now."""

    warnings: list[str] = Field(
        description="What looks like a slip: a party too large, a time that has passed or is never offered."
    )


class Block(Shape):
    """A hold or booking of ours on a listing. `because`: the bookings that it stands for."""

    id: Id
    venue: str
    listing: str
    account: str
    start: datetime = Field(validation_alias="starts_at")
    end: datetime = Field(validation_alias="ends_at")
    wants: Literal["held", "booked", "nothing"]
    state: Literal["absent", "held", "booked"]
    external_id: str | None
    expires_at: datetime | None
    because: list[Id]


class Conflict(Shape):
    """What a person should settle. `booking`: the one without its units; `against`: those that have them."""

    id: Id
    venue: str | None
    kind: str
    booking: Id | None = Field(validation_alias="booking_id")
    block: Id | None = Field(validation_alias="block_id")
    against: list[Id] = Field(validation_alias="against_ids")
    units: list[str]
    opened_at: datetime
    closed_at: datetime | None
    resolution: str | None
    snoozed_until: datetime | None
    auto_at: datetime | None = Field(description="When the venue's policy acts by itself.")
    decided: Act | None = Field(description="Under way: channels have to confirm it.")
    decided_by: str | None
    decided_at: datetime | None


class Exposure(Shape):
    """An offer that is sellable twice: open at the channel when last read, taken by `because` on `units`."""

    start: datetime = Field(validation_alias="starts_at")
    end: datetime = Field(validation_alias="ends_at")
    read_at: datetime
    age_seconds: float = Field(description="How old that reading is.")
    because: list[Id]
    units: list[str]


class Occupied(Shape):
    """Time that the listing sells no more although we know nobody there; `trusted`: closed elsewhere."""

    start: datetime = Field(validation_alias="starts_at")
    end: datetime = Field(validation_alias="ends_at")
    since: datetime
    read_at: datetime
    age_seconds: float = Field(description="How old that reading is.")
    trusted: bool


Item = TypeVar("Item")


class Listed(BaseModel, Generic[Item]):
    """One page; `next` is the cursor of the one after it."""

    data: list[Item]
    next: str | None = None


class Bookings(Listed[Booking]):
    """A page of bookings, newest first."""


class Blocks(Listed[Block]):
    """A page of blocks, newest first."""


class Conflicts(Listed[Conflict]):
    """A page of conflicts, newest first."""


class Exposures(Listed[Exposure]):
    """All exposed offers of a listing, soonest first, and where somebody unknown is."""

    occupied: list[Occupied] = Field(description="Sold no more there, booking unknown.")


class Asked(BaseModel):
    """What a request may carry: path, query or body, nothing else."""

    model_config = ConfigDict(extra="forbid", frozen=True)


class PageAsked(Asked):
    """One page of a list."""

    cursor: str | None = Field(None, description="`next` of the page before.")
    limit: int = Field(50, ge=1, le=200)


class StretchAsked(PageAsked):
    """Of a venue, overlapping `[from, to)`."""

    venue: Text | None = None
    since: Instant | None = Field(None, alias="from")
    until: Instant | None = Field(None, alias="to")


def _as_list(value: object) -> object:
    return [value] if isinstance(value, str) else value


class BookingsAsked(StretchAsked):
    """Which bookings."""

    status: Annotated[list[Status], BeforeValidator(_as_list)] | None = Field(
        None, description="May be repeated."
    )


class BlocksAsked(StretchAsked):
    """Which blocks."""

    over: bool = Field(False, description="Also those that are over.")


class ConflictsAsked(PageAsked):
    """Which conflicts."""

    venue: Text | None = None
    settled: bool = Field(False, description="Also those that are settled.")


class BookingAsked(Asked):
    """One booking."""

    id: Number


class ExposureAsked(Asked):
    """One listing."""

    name: Text


class NothingAsked(Asked):
    """No parameters."""


class ContactAsked(Asked):
    """Who comes."""

    name: Text | None = None
    email: str | None = Field(None, min_length=3, max_length=254, pattern=r"^[^@\x00]+@[^@\x00]+$")
    phone: str | None = Field(None, min_length=3, max_length=40, pattern=STORABLE)


class DirectBookingAsked(Asked):
    """A booking made at the venue itself, for a unit or for what a listing sells."""

    venue: Text
    unit: Text | None = None
    listing: Text | None = None
    start: Instant
    end: Instant
    party_size: int | None = Field(None, ge=1, le=10_000)
    contact: ContactAsked = ContactAsked()
    key: Text | None = Field(
        None,
        alias=IDEMPOTENCY_KEY,
        description="Of your own making: asked again with it within a day, it is the same booking and not one more.",
    )


class CancelAsked(Asked):
    """Which booking, and why."""

    id: Number
    reason: Text
    expect_ref: Text | None = Field(
        None,
        description="Its `external_id`, as you know it: 409 where the number stands for another booking.",
    )


class Cancelled(BaseModel):
    """`asked`: the channel was asked and has not confirmed yet."""

    id: Id
    state: Literal["cancelled", "asked"]
