"""The JSON that Mozrest answers with, read leniently: both spellings, unknown fields, nearly all optional.

No I/O. Only what is needed to act is declared; the numbers C1 to C33 are those of the README.
"""

from datetime import UTC, datetime
from math import isfinite
from typing import Annotated, Any

from pydantic import (
    AfterValidator,
    AliasChoices,
    BaseModel,
    BeforeValidator,
    ConfigDict,
    Field,
    RootModel,
    ValidationError,
    ValidatorFunctionWrapHandler,
    WrapValidator,
)

from holdfast.told import MOST_GUESTS, fit, id_in, sane_instant, usable_id

LONGEST_HOLD = 86_400.0
"""Seconds: a hold that claims to live longer is taken to live as long as they usually do."""

MILLISECONDS = 1e11
"""An epoch beyond this (the year 5138) is in milliseconds (C2)."""


def instant(value: object) -> datetime:
    """The UTC instant in an epoch number, a string of digits, or ISO 8601 with a zone (C1, C2, C6).

    Raises ValueError for anything else; a naive ISO time too, for nothing says whose clock it is.
    """
    if isinstance(value, str):
        return _from_text(value.strip())
    if isinstance(value, int | float) and not isinstance(value, bool):
        return _from_epoch(value)
    raise ValueError(f"no instant can be read from a {type(value).__name__}")


def _from_text(text: str) -> datetime:
    try:
        epoch = float(text)
    except ValueError:
        return _from_iso(text)
    return _from_epoch(epoch)


def _from_iso(text: str) -> datetime:
    moment = datetime.fromisoformat(text)
    if moment.utcoffset() is None:
        raise ValueError("an instant without a zone")
    return sane_instant(moment)


def _from_epoch(seconds: float) -> datetime:
    try:
        whole = seconds / 1000 if abs(seconds) > MILLISECONDS else seconds
        return sane_instant(datetime.fromtimestamp(whole, UTC))
    except (OverflowError, OSError, ValueError) as error:
        raise ValueError("an epoch beyond the calendar") from error


def _text(value: object) -> object:
    """Ids, telephones and the like come as string or number (C10)."""
    whole = isinstance(value, int) and not isinstance(value, bool)
    number = whole or (isinstance(value, float) and isfinite(value))
    return str(value) if number else value


def _text_or_none(value: object) -> object:
    text = _text(value)
    return fit(text) if isinstance(text, str) and text else None


def _told_or_none(value: object) -> object:
    text = _text(value)
    return text if isinstance(text, str) and text else None


def _object_or_none(value: object) -> object:
    return value if isinstance(value, dict) and value else None


def _party_or_none(value: object) -> object:
    text = str(value) if isinstance(value, int | str) and not isinstance(value, bool) else ""
    party = int(text) if text.isdecimal() and len(text) < 10 else 0
    return party if 0 < party <= MOST_GUESTS else None


def _lifetime_or_none(value: object, read: ValidatorFunctionWrapHandler) -> object:
    try:
        return read(value)
    except ValidationError:
        return None


Id = Annotated[str, BeforeValidator(_text), AfterValidator(usable_id)]
Instant = Annotated[datetime, BeforeValidator(instant)]
Text = Annotated[str | None, BeforeValidator(_text_or_none)]
AsTold = Annotated[str | None, BeforeValidator(_told_or_none)]
Party = Annotated[int | None, BeforeValidator(_party_or_none)]


class Wire(BaseModel):
    model_config = ConfigDict(extra="ignore", frozen=True)


class Contact(Wire):
    firstname: Text = None
    lastname: Text = None
    email: Text = None
    telephone: Text = None
    locale: Text = None


class BookingFields(Wire):
    """All is optional: many documented examples leave fields out."""

    venue_id: Text = Field(default=None, alias="venueId")
    channel_id: Text = Field(default=None, alias="bookingChannelId")
    status: Text = None
    party_size: Party = Field(default=None, alias="partySize")
    date: Instant | None = None
    area_id: Text = Field(default=None, alias="areaId")
    booking_type: Text = Field(default=None, alias="bookingType")
    session: Text = None
    cancel_actor: Text = Field(default=None, alias="cancelActor")
    canceled_at: Text = Field(default=None, alias="canceledAt")
    payment_url: Text = Field(default=None, alias="mzPaymentUrl", repr=False)
    contact: Annotated[Contact | None, BeforeValidator(_object_or_none)] = None


class Booking(BookingFields):
    id: Id


class Commit(BookingFields):
    """A commit's answer; when it asks for a payment it may lack the id (U15)."""

    id: Id | None = None


class PendingBooking(Wire):
    """A hold. `venueMessage` and the older `notes` are for guests and not read (C23)."""

    id: Id
    holding_seconds: Annotated[
        Annotated[float, Field(gt=0, lt=LONGEST_HOLD)] | None, WrapValidator(_lifetime_or_none)
    ] = Field(default=None, alias="holdingTime")


class Rows(Wire):
    """A page of a list whose rows are read one by one."""

    total: int | None = None
    data: list[Any]


class Slot(Wire):
    time: str
    type: Text = None
    require_credit_card: bool = Field(default=False, alias="requireCreditCard")
    amount: int | None = None


class Hint(Wire):
    """Where the next or previous free start is."""

    date: Instant


MaybeHint = Annotated[Hint | None, BeforeValidator(_object_or_none)]


class BookingType(Wire):
    """What a booking may be sent as (C24): told by the older revision only."""

    id: Id
    name: Text = None


def _with_ids(value: object) -> object:
    return [row for row in value if id_in(row) is not None] if isinstance(value, list) else []


class Availability(Wire):
    date: Instant | None = None
    slots: list[Slot]
    following: MaybeHint = Field(default=None, alias="nextAvailability")
    preceding: MaybeHint = Field(default=None, alias="previousAvailability")
    requires_duration: bool = Field(default=False, alias="requiresDuration")
    booking_types: Annotated[tuple[BookingType, ...], BeforeValidator(_with_ids)] = Field(
        default=(), alias="bookingTypes"
    )


class Area(Wire):
    id: Id
    name: Text = None
    description: Text = None


def _unwrapped(value: object) -> object:
    return value["data"] if isinstance(value, dict) and "data" in value else value


class Areas(RootModel[Annotated[list[Area], BeforeValidator(_unwrapped)]]):
    """Documented as a bare array; the usual envelope is tolerated."""


class PaymentDefinition(Wire):
    require_credit_card: bool = Field(default=False, alias="requireCreditCard")


class Venue(Wire):
    """A restaurant. Older spellings are accepted (C27); advance times are hours here (C28)."""

    id: Id
    name: Text = None
    city: Text = None
    country_code: Text = Field(
        default=None, validation_alias=AliasChoices("countryCode", "country")
    )
    timezone: Text = None
    min_covers: Party = Field(default=None, alias="minCovers")
    max_covers: Party = Field(default=None, validation_alias=AliasChoices("maxCovers", "maxCover"))
    bookable_areas: bool = Field(default=False, alias="bookableAreas")
    min_advance_booking_hours: float | None = Field(default=None, alias="minAdvanceBooking")
    min_advance_cancelling_hours: float | None = Field(
        default=None,
        validation_alias=AliasChoices("minAdvanceOnlineCancelling", "minAdvanceOnlineCanceling"),
    )
    payment: Annotated[PaymentDefinition | None, BeforeValidator(_object_or_none)] = Field(
        default=None, alias="paymentDefinition"
    )


class Venues(Wire):
    total: int | None = None
    data: list[Venue]


class WebhookEvent(Wire):
    """`data` is partial, whole or missing (C12), and never used: the booking is read anew.

    Its id is taken as it was told: one that cannot be asked for must not become another one that can.
    """

    entity: Text = None
    entity_id: AsTold = Field(default=None, validation_alias=AliasChoices("entity_id", "entityId"))
    action: Text = None
