"""The channel's own keys in `[[accounts]]` and `[[venues.listings]]` of holdfast.toml."""

from datetime import timedelta
from typing import Annotated, Literal, Self

from pydantic import BaseModel, BeforeValidator, ConfigDict, Field, model_validator

from holdfast.address import ServerUrl
from holdfast.secret import SecretRef


def _several(value: object) -> object:
    return value if isinstance(value, list | tuple) else [value]


Rotating = Annotated[tuple[SecretRef, ...], BeforeValidator(_several), Field(min_length=1)]
"""One secret, or several of which each is valid while they are being exchanged."""


class Address(BaseModel):
    """Sent with a block's contact only if configured: older revisions of the API demanded the country."""

    model_config = ConfigDict(extra="forbid", frozen=True)

    country: str = Field(pattern="^[A-Z]{2}$")
    city: str | None = None
    region: str | None = None
    address: str | None = None
    postal_code: str | None = None


class AccountSettings(BaseModel):
    """One API key of one environment, and the webhook credentials agreed on at onboarding."""

    model_config = ConfigDict(extra="forbid", frozen=True)

    base_url: ServerUrl
    """The host without `/v1`, such as https://api-sandbox.mozrest.com."""
    api_key: SecretRef
    webhook_auth: Literal["bearer", "basic", "header"] = "bearer"
    webhook_token: Rotating | None = None
    """For `bearer` and `header`. Without any webhook secret every webhook is refused."""
    webhook_user: str | None = None
    webhook_password: Rotating | None = None
    webhook_header: str | None = None
    slot_clock: Literal["venue", "utc"] = "venue"
    """Availability answers HH:MM without a zone: whose clock that is."""
    list_day_clock: Literal["venue", "utc"] | None = None
    """Whose calendar day the filter of the booking list means; None: unknown, both are asked for."""
    cancel_actor: str = Field(default="user", min_length=1)
    send_cancel_reason: bool = False
    """Whether this environment still accepts `cancelReason`; the current page no longer lists it."""
    locale: str = Field(default="en", pattern="^[a-z]{2}$")
    address: Address | None = None

    @model_validator(mode="after")
    def _complete_webhook_auth(self) -> Self:
        missing = [name for name in _NEEDED[self.webhook_auth] if getattr(self, name) is None]
        if missing and self.webhook_auth != "bearer":
            raise ValueError(f"webhook_auth = {self.webhook_auth} needs {' and '.join(missing)}")
        return self


_NEEDED = {
    "bearer": ("webhook_token",),
    "basic": ("webhook_user", "webhook_password"),
    "header": ("webhook_header", "webhook_token"),
}


class ListingSettings(BaseModel):
    """What a listing is on Mozrest: a venue, or one of its areas or booking types."""

    model_config = ConfigDict(extra="forbid", frozen=True)

    venue_id: str = Field(min_length=1)
    area_id: str | None = None
    booking_type: str | None = None
    turn_minutes: Annotated[int, Field(gt=0)] | dict[int, Annotated[int, Field(gt=0)]]
    """How long a party stays; Mozrest never tells. One number, or by party size: the smallest entry
    that is not below the party counts, and the largest entry for even larger parties."""

    @model_validator(mode="after")
    def _some_turn(self) -> Self:
        if self.turn_minutes == {}:
            raise ValueError("turn_minutes names no party size")
        return self

    def turn(self, party_size: int) -> timedelta:
        """How long a party of this size keeps its table."""
        if isinstance(self.turn_minutes, int):
            return timedelta(minutes=self.turn_minutes)
        fitting = [size for size in self.turn_minutes if size >= party_size]
        size = min(fitting) if fitting else max(self.turn_minutes)
        return timedelta(minutes=self.turn_minutes[size])

    @property
    def longest_turn(self) -> timedelta:
        """The most that any party stays."""
        table = self.turn_minutes
        return timedelta(minutes=table if isinstance(table, int) else max(table.values()))
