"""What one field of a request may hold, so that whatever passes can be kept and reckoned with. No I/O."""

from datetime import datetime
from typing import Annotated

from pydantic import AfterValidator, AwareDatetime, Field

Number = Annotated[int, Field(gt=0, lt=2**63, description="An id from an earlier answer.")]
STORABLE = r"^[^\x00]*$"
"""Postgres cannot hold a NUL in a text."""
Text = Annotated[str, Field(min_length=1, max_length=200, pattern=STORABLE)]


def _within_the_calendar(at: datetime) -> datetime:
    """Far enough from its ends that no zone and no turn leads out of it."""
    if not 1900 <= at.year < 3000:
        raise ValueError("expected an instant well within the calendar")
    return at


Instant = Annotated[AwareDatetime, AfterValidator(_within_the_calendar)]
