"""Boseat's own keys in `[[accounts]]` and `[[venues.listings]]` of the configuration."""

from collections.abc import Sequence

from pydantic import BaseModel, ConfigDict, Field, HttpUrl, field_validator

from holdfast.secret import SecretRef


class BoseatAccount(BaseModel):
    """One workspace: one set of OAuth2 credentials."""

    model_config = ConfigDict(extra="forbid", frozen=True)

    base_url: HttpUrl = HttpUrl("https://api.boseat.com")
    token_url: HttpUrl
    """Shown in the workspace's dashboard under API credentials; there is no common one."""
    client_id: SecretRef
    client_secret: SecretRef
    scope: str = "booking:read booking:write"
    """Space-separated; which scopes an endpoint needs is not documented, so a workspace may need more."""
    webhook_secret: Sequence[SecretRef] = ()
    """One or several: while a secret is rotated, each of them is accepted."""
    event_id_header: str | None = Field(default=None, min_length=1)
    """Where deliveries carry their id, if not in the body; no page names such a header."""

    @field_validator("webhook_secret", mode="before")
    @classmethod
    def _one_or_several(cls, value: object) -> object:
        return value if isinstance(value, (list, tuple)) else [value]


class BoseatListing(BaseModel):
    """What is sold: one product in one space."""

    model_config = ConfigDict(extra="forbid", frozen=True)

    space_id: str = Field(min_length=1)
    product_id: str = Field(min_length=1)
