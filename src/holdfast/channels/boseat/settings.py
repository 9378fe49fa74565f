"""Boseat's own keys in `[[accounts]]` and `[[venues.listings]]` of the configuration."""

import re
from collections.abc import Sequence
from typing import Annotated

from pydantic import (
    AfterValidator,
    BaseModel,
    ConfigDict,
    Field,
    HttpUrl,
    ValidationInfo,
    field_validator,
)

from holdfast.address import ServerUrl
from holdfast.secret import SecretRef
from holdfast.strictness import from_the_file

_SHAPE = re.compile("-".join(f"[0-9A-Za-z]{{{length}}}" for length in (8, 4, 4, 4, 12)))


def _catalogue_id(text: str, info: ValidationInfo) -> str:
    if from_the_file(info) and not _SHAPE.fullmatch(text):
        raise ValueError(
            "expected an id of 8-4-4-4-12 letters and digits such as b4e2d8e1-0000-4000-8000-000000000001"
        )
    return text.lower()


CatalogueId = Annotated[str, AfterValidator(_catalogue_id)]
"""Shaped like a UUID, though the documentation's own sample is not hexadecimal (C20); the case means nothing."""


class BoseatAccount(BaseModel):
    """One workspace: one set of OAuth2 credentials."""

    model_config = ConfigDict(extra="forbid", frozen=True)

    base_url: ServerUrl = HttpUrl("https://api.boseat.com")
    token_url: ServerUrl
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

    space_id: CatalogueId
    product_id: CatalogueId
