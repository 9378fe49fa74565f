"""Boseat's JSON as it may come, in every documented spelling. No I/O.

Only an id is ever required. Any other part that cannot be read counts as absent; of a booking it is named
(see `lenient`).
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

from holdfast.instants import instant
from holdfast.lenient import Lenient
from holdfast.told import as_text, fit, usable_id

LONGEST = timedelta(days=366)
"""Of one booking: the longest product is by the year."""


def _in_utc(value: object) -> datetime:
    # Boseat promises UTC; a time without a zone can only mean that.
    return instant(value, UTC)


def _in_utc_if_told(value: object) -> datetime | None:
    return None if value is None else _in_utc(value)


def _absent_if_unreadable(value: object, read: ValidatorFunctionWrapHandler) -> object:
    try:
        return read(value)
    except ValidationError:
        return None


def _fit_or_absent(value: object, read: ValidatorFunctionWrapHandler) -> object:
    return _absent_if_unreadable(_fit(value), read)


def _fit(value: object) -> object:
    return fit(value) if isinstance(value, str) else value


def _id(value: object) -> object:
    if isinstance(value, float) and not value.is_integer():  # NaN and Infinity are none, either
        raise ValueError("an id that is a fraction")
    return as_text(value)


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


Id = Annotated[str, BeforeValidator(_id), AfterValidator(usable_id)]
Caseless = Annotated[Id, AfterValidator(str.lower)]
"""A space's or a product's: one id in whatever case."""
Instant = Annotated[datetime, BeforeValidator(_in_utc)]
Word = Annotated[str | None, WrapValidator(_fit_or_absent)]
Raw = Annotated[str | None, BeforeValidator(_fit)]
Count = Annotated[int | None, WrapValidator(_absent_if_unreadable)]
Told = Annotated[datetime | None, BeforeValidator(_in_utc_if_told)]
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
    """A free interval; unreadable unless it ends after it starts."""

    start: Instant = Field(alias="from")
    end: Instant = Field(alias="to")

    @model_validator(mode="after")
    def _ends_after_it_starts(self) -> Self:
        if self.end <= self.start:
            raise ValueError("a slot must end after it starts")
        if self.end - self.start > LONGEST:
            raise ValueError("a slot of more than a year")
        return self


class Booked(Wire):
    """A booked interval as it is told: one of its ends may be missing, and they may contradict each other."""

    start: Told = Field(default=None, alias="from")
    end: Told = Field(default=None, alias="to")


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

    id: Caseless | None = None
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


class Booking(Wire, Lenient):
    """https://docs.boseat.com/api-reference/bookings/create-a-booking"""

    id: Id
    product: Product | None = None
    space: Space | None = None
    status: Raw = None
    booked_at: Told = Field(default=None, alias="bookingDate")
    """When the record was made, not when the booking starts."""
    customer: Customer | None = None
    slot: Booked | None = None
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
