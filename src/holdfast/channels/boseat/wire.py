"""Boseat's JSON as it may come, in every documented spelling. No I/O.

Only an id is ever required. What identifies or dates a booking must be readable if it is there, or the
booking counts as unreadable; any other part that cannot be read counts as absent.
"""

from datetime import UTC, datetime, timedelta
from typing import Annotated, Any, Self

from pydantic import (
    AfterValidator,
    AliasChoices,
    AliasPath,
    BaseModel,
    BeforeValidator,
    ConfigDict,
    Field,
    ValidationError,
    ValidatorFunctionWrapHandler,
    WrapValidator,
    model_validator,
)

from holdfast.told import fit, sane_instant, usable_id

LONGEST = timedelta(days=366)
"""Of one booking: the longest product is by the year."""


def _in_utc(value: datetime) -> datetime:
    # Boseat promises UTC; a time without a zone can only mean that.
    return sane_instant(value.replace(tzinfo=UTC) if value.tzinfo is None else value)


def _absent_if_unreadable(value: object, read: ValidatorFunctionWrapHandler) -> object:
    try:
        return read(value)
    except ValidationError:
        return None


def _fit_or_absent(value: object, read: ValidatorFunctionWrapHandler) -> object:
    return _absent_if_unreadable(fit(value) if isinstance(value, str) else value, read)


def _no_fraction(value: object) -> object:
    if isinstance(value, float):  # NaN and Infinity are, too
        raise ValueError("an id that is a fraction")
    return value


def _only_objects(value: object) -> object:
    return [row for row in value if isinstance(row, dict)] if isinstance(value, list) else []


def _ids(value: object) -> object:
    """Ids given as strings or as objects; placeholders of the samples (`<array>`) are left out."""
    rows = value if isinstance(value, list) else []
    ids = [row.get("id") if isinstance(row, dict) else row for row in rows]
    return [text for text in ids if isinstance(text, str) and _may_be_id(text)]


def _may_be_id(text: str) -> bool:
    try:
        return not usable_id(text).startswith("<")
    except ValueError:
        return False


def _as_object(value: object) -> object:
    return {"id": value} if isinstance(value, str) else value


Id = Annotated[str, BeforeValidator(_no_fraction), AfterValidator(usable_id)]
Caseless = Annotated[Id, AfterValidator(str.lower)]
"""A space's or a product's: one id in whatever case."""
Instant = Annotated[datetime, WrapValidator(lambda value, read: _in_utc(read(value)))]
Word = Annotated[str | None, WrapValidator(_fit_or_absent)]
Other = Annotated[Caseless | None, WrapValidator(_absent_if_unreadable)]
"""The id of something else than what is read."""
Raw = Annotated[
    str | None, BeforeValidator(lambda value: fit(value) if isinstance(value, str) else value)
]
Count = Annotated[int | None, WrapValidator(_absent_if_unreadable)]
Moment = Annotated[Instant | None, WrapValidator(_absent_if_unreadable)]
Ids = Annotated[tuple[str, ...], BeforeValidator(_ids)]
Spaces = Annotated[Ids, AfterValidator(lambda ids: tuple(map(str.lower, ids)))]
Loose = Annotated[dict[str, Any] | None, WrapValidator(_absent_if_unreadable)]


class Wire(BaseModel):
    """Unknown fields are ignored; ids may be numbers."""

    model_config = ConfigDict(
        extra="ignore", frozen=True, coerce_numbers_to_str=True, allow_inf_nan=False
    )


class Slot(Wire):
    """A free or booked interval; unreadable unless it ends after it starts."""

    start: Instant = Field(alias="from")
    end: Instant = Field(alias="to")

    @model_validator(mode="after")
    def _ends_after_it_starts(self) -> Self:
        if self.end <= self.start:
            raise ValueError("a slot must end after it starts")
        if self.end - self.start > LONGEST:
            raise ValueError("a slot of more than a year")
        return self


class Duration(Wire):
    """How long a booking product lasts, from either documented form (C12)."""

    unit: Word = Field(
        default=None,
        validation_alias=AliasChoices("durationType", AliasPath("duration", "type")),
    )
    value: Annotated[float | None, WrapValidator(_absent_if_unreadable)] = Field(
        default=None,
        validation_alias=AliasChoices("durationValue", AliasPath("duration", "value")),
    )


class Product(Wire):
    """https://docs.boseat.com/api-reference/products/get-a-single-product-by-id"""

    id: Caseless
    reference: Word = None
    name: Word = None
    description: Word = None
    price: Count = None
    """In the smallest unit of the currency: 2500 is 25.00 EUR."""
    currency: Word = None
    type: Word = None
    category: Word = None
    metadata: Annotated[Duration | None, WrapValidator(_absent_if_unreadable)] = None
    spaces: Spaces = ()
    """The spaces it can be booked for."""


class OpeningHours(Wire):
    """One day's hours in the venue's own time, whose zone Boseat does not tell (U19)."""

    day: str
    open: str
    close: str


class Venue(Wire):
    """https://docs.boseat.com/api-reference/venues/get-a-venue-by-id; the sample shows no id."""

    id: Word = None
    name: Word = None
    label: Word = None
    type: Word = None
    address: Loose = None
    spaces: Spaces = ()
    opening_hours: Annotated[
        tuple[OpeningHours, ...] | None, WrapValidator(_absent_if_unreadable)
    ] = Field(default=None, alias="openingHours")
    metadata: Loose = None


class Space(Wire):
    """https://docs.boseat.com/api-reference/venues-spaces/update-a-specific-space; often without id (U14)."""

    id: Other = None
    name: Word = None
    label: Word = None
    description: Word = None
    capacity: Count = None
    type: Word = None
    venue: Annotated[Venue | None, WrapValidator(_absent_if_unreadable)] = None
    products: Annotated[tuple[Product, ...] | None, WrapValidator(_absent_if_unreadable)] = None
    metadata: Loose = None
    total_bookings: Count = Field(default=None, alias="totalBookings")


class Customer(Wire):
    """https://docs.boseat.com/api-reference/customers/get-a-customer-by-id"""

    id: Word = None
    type: Word = None
    email: Word = Field(default=None, repr=False)
    phone: Word = Field(default=None, repr=False)
    name: Word = Field(default=None, repr=False)
    company_name: Word = Field(default=None, alias="companyName", repr=False)
    siren: Word = None
    vat_number: Word = Field(default=None, alias="tvaNumber")
    address: Word = Field(default=None, repr=False)


class Extra(Wire):
    """An additional product of a booking: an object, or only its id (C11)."""

    id: Id
    quantity: int = 1


Extras = Annotated[
    tuple[Annotated[Extra, BeforeValidator(_as_object)], ...],
    BeforeValidator(lambda value: value if isinstance(value, list) else []),
]


class Booking(Wire):
    """https://docs.boseat.com/api-reference/bookings/create-a-booking"""

    id: Id
    product: Annotated[Product | None, WrapValidator(_absent_if_unreadable)] = None
    space: Annotated[Space | None, WrapValidator(_absent_if_unreadable)] = None
    status: Raw = None
    booked_at: Instant | None = Field(default=None, alias="bookingDate")
    """When the record was made, not when the booking starts."""
    customer: Annotated[Customer | None, WrapValidator(_absent_if_unreadable)] = None
    slot: Slot | None = None
    additional_products: Annotated[Extras | None, WrapValidator(_absent_if_unreadable)] = Field(
        default=None, alias="additionalProducts"
    )

    @property
    def product_id(self) -> str | None:
        """The booked product's id, where it is told."""
        return self.product.id if self.product else None


class Token(Wire):
    """https://docs.boseat.com/getting-started/authentication"""

    access_token: str = Field(repr=False, pattern="^[!-~]+$", max_length=8192)
    """It goes into a header, so nothing else may come along with it."""
    expires_in: Annotated[float | None, WrapValidator(_absent_if_unreadable)] = None
    """Seconds."""
    scope: Word = None


class Subscription(Wire):
    """A webhook subscription, in both documented spellings (C6)."""

    id: Word = None
    url: Word = None
    description: Word = None
    events: Ids = Field(default=(), validation_alias=AliasChoices("events", "subscription"))


class EventRecord(Wire):
    """https://docs.boseat.com/api-reference/webhooks/get-a-specific-webhook-event-by-id"""

    id: Id
    webhook: Annotated[Subscription | None, WrapValidator(_absent_if_unreadable)] = None
    request: Loose = Field(default=None, repr=False)
    type: Word = None
    last_attempt_at: Moment = Field(default=None, alias="lastAttemptAt")
    response: Any = Field(default=None, repr=False)
    status: Word = None


class Detail(Wire):
    """Which field an error is about."""

    field: Word = None
    issue: Word = None


class ErrorBody(Wire):
    """https://docs.boseat.com/getting-started/errors"""

    code: Word = None
    correlation_id: Word = Field(default=None, alias="correlationId")
    details: Annotated[tuple[Detail, ...], BeforeValidator(_only_objects)] = ()
