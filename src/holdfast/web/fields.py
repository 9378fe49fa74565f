"""What one field of a request may hold, so that whatever passes can be kept and reckoned with. No I/O."""

import re
from datetime import datetime
from typing import Annotated

from pydantic import AfterValidator, AwareDatetime, BeforeValidator, Field

Number = Annotated[int, Field(gt=0, lt=2**63, description="An id from an earlier answer.")]
STORABLE = r"^[^\x00]*$"
"""Postgres cannot hold a NUL in a text."""
_NUMBER = re.compile(r"[-+.\de_ ]*", re.IGNORECASE | re.ASCII)
_LONGEST_ID = len(str(2**63))
Text = Annotated[str, Field(min_length=1, max_length=200, pattern=STORABLE)]


def is_id(text: str) -> bool:
    """Whether it can be the id of anything: digits only, and as many as Postgres takes."""
    digits = text.isascii() and text.isdigit() and len(text) <= _LONGEST_ID
    return digits and 0 < int(text) < 2**63


def _within_the_calendar(at: datetime) -> datetime:
    """Far enough from its ends that no zone and no turn leads out of it."""
    if not 1900 <= at.year < 3000:
        raise ValueError("expected an instant well within the calendar")
    return at


def _in_words(told: object) -> object:
    """A bare number could be seconds, milliseconds or a slip: only what is written out is an instant."""
    if not isinstance(told, str) or _NUMBER.fullmatch(told):
        raise ValueError("expected an instant such as 2026-11-20T12:00:00Z")
    return told


Instant = Annotated[AwareDatetime, BeforeValidator(_in_words), AfterValidator(_within_the_calendar)]
