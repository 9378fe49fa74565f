"""The JSON that Mozrest answers with, read leniently: both spellings, unknown fields, nearly all optional.

A field that cannot be read counts as absent, and is named (see `lenient`).

No I/O. Only what is needed to act is declared; the numbers C1 to C33 are those of the README.
"""

from datetime import datetime
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

from holdfast.instants import instant
from holdfast.lenient import Lenient, read
from holdfast.told import MOST_GUESTS, as_text, fit, id_in, usable_id, whole

LONGEST_HOLD = 86_400.0
"""Seconds: a hold that claims to live longer is taken to live as long as they usually do."""


def _instant_if_told(value: object) -> datetime | None:
    return None if value is None else instant(value)


def _as_told(value: object) -> object:
    text = as_text(value)
    if text is not None and not isinstance(text, str):
        raise ValueError("neither a text nor a number")
    return text


def _text(value: object) -> object:
    text = _as_told(value)
    return fit(text) if isinstance(text, str) and text else None


def _party(value: object) -> int | None:
    party = whole(value)
    if value is not None and not (party and 0 < party <= MOST_GUESTS):
        raise ValueError("no number of guests")
    return party


def _none_if_empty(value: object) -> object:
    return None if value in ({}, []) else value


def _absent_if_unreadable(value: object, read_it: ValidatorFunctionWrapHandler) -> object:
    try:
        return read_it(value)
    except ValidationError:
        return None


def _count(value: object) -> int | None:
    number = whole(value)
    return number if number is not None and number >= 0 else None


def _clock(value: object) -> str:
    """Only a text can be a time of a day."""
    return value if isinstance(value, str) else ""


def _as_slot(value: object) -> object:
    return value if isinstance(value, dict) else {}


Id = Annotated[str, BeforeValidator(as_text), AfterValidator(usable_id)]
Instant = Annotated[datetime, BeforeValidator(instant)]
Moment = Annotated[datetime | None, BeforeValidator(_instant_if_told)]
Text = Annotated[str | None, BeforeValidator(_text)]
AsTold = Annotated[str | None, BeforeValidator(_as_told)]
Party = Annotated[int | None, BeforeValidator(_party)]
Count = Annotated[int | None, BeforeValidator(_count)]
Maybe = WrapValidator(_absent_if_unreadable)


class Wire(BaseModel):
    model_config = ConfigDict(extra="ignore", frozen=True)


class Contact(Wire):
    firstname: Text = None
    lastname: Text = None
    email: Text = None
    telephone: Text = None
    locale: Text = None


class BookingFields(Wire, Lenient):
    """All is optional: many documented examples leave fields out."""

    venue_id: Text = Field(default=None, alias="venueId")
    channel_id: Text = Field(default=None, alias="bookingChannelId")
    status: Text = None
    party_size: Party = Field(default=None, alias="partySize")
    date: Moment = None
    area_id: Text = Field(default=None, alias="areaId")
    booking_type: Text = Field(default=None, alias="bookingType")
    session: Text = None
    cancel_actor: Text = Field(default=None, alias="cancelActor")
    canceled_at: Moment = Field(default=None, alias="canceledAt")
    payment_url: Text = Field(default=None, alias="mzPaymentUrl", repr=False)
    contact: Annotated[Contact | None, BeforeValidator(_none_if_empty)] = None


class Booking(BookingFields):
    id: Id


class Commit(BookingFields):
    """A commit's answer; when it asks for a payment it may lack the id (U15)."""

    id: Id | None = None


class PendingBooking(Wire):
    """A hold. `venueMessage` and the older `notes` are for guests and not read (C23)."""

    id: Id
    holding_seconds: Annotated[Annotated[float, Field(gt=0, lt=LONGEST_HOLD)] | None, Maybe] = (
        Field(default=None, alias="holdingTime")
    )


class Rows(Wire):
    """A page of a list whose rows are read one by one."""

    total: Count = None
    data: list[Any]


class Slot(Wire):
    time: Annotated[str, BeforeValidator(_clock)] = ""
    type: Annotated[Text, Maybe] = None
    require_credit_card: Annotated[bool | None, Maybe] = Field(
        default=None, alias="requireCreditCard"
    )
    amount: Count = None


class Hint(Wire):
    """Where the next or previous free start is."""

    date: Instant


MaybeHint = Annotated[Hint | None, BeforeValidator(_none_if_empty)]


class BookingType(Wire):
    """What a booking may be sent as (C24): told by the older revision only."""

    id: Id
    name: Text = None


def _with_ids(value: object) -> list[object]:
    return [row for row in value if id_in(row) is not None] if isinstance(value, list) else []


class Availability(Wire, Lenient):
    date: Moment = None
    slots: list[Annotated[Slot, BeforeValidator(_as_slot)]]
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
    rows = value["data"] if isinstance(value, dict) and "data" in value else value
    return _with_ids(rows) if isinstance(rows, list) else rows


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
    payment: Annotated[PaymentDefinition | None, BeforeValidator(_none_if_empty)] = Field(
        default=None, alias="paymentDefinition"
    )


def _venues(value: object) -> object:
    return [read(Venue, row) for row in _with_ids(value)] if isinstance(value, list) else value


class Venues(Wire):
    total: Count = None
    data: Annotated[list[Venue], BeforeValidator(_venues)]


class WebhookEvent(Wire, Lenient):
    """`data` is partial, whole or missing (C12), and never used: the booking is read anew.

    Its id is taken as it was told: one that cannot be asked for must not become another one that can.
    """

    entity: Text = None
    entity_id: AsTold = Field(default=None, validation_alias=AliasChoices("entity_id", "entityId"))
    action: Text = None
