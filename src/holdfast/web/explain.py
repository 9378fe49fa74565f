"""The JSON API's answer to: why is this time sellable, or why not?"""

import asyncio
from datetime import datetime, timedelta
from typing import Literal

from pydantic import BaseModel, Field

from holdfast import explaining
from holdfast.inventory.case import Belief, Mark
from holdfast.inventory.model import Span
from holdfast.store.typed import PATIENCE
from holdfast.sync.explain import NoSuchUnit, of_unit
from holdfast.web.endpoints import Answer
from holdfast.web.fields import Instant, Text
from holdfast.web.parts import WebParts
from holdfast.web.people import Person
from holdfast.web.problems import NOT_FOUND, Problem, wrong_field
from holdfast.web.shapes import Asked

LONGEST = timedelta(days=31)


class ExplainAsked(Asked):
    """A unit's time `[from, to)`; names of units are unique within a venue."""

    venue: Text
    unit: Text
    since: Instant = Field(alias="from")
    until: Instant = Field(alias="to")


class Interval(BaseModel):
    """Half-open, UTC."""

    start: datetime
    end: datetime


class ExplainedReason(BaseModel):
    """One rule, in the order in which they apply, and what it says."""

    rule: str
    mark: Mark
    about: str
    text: str
    booking: str | None


class ExplainedBlock(Interval):
    """A block of ours there, and the call about it that is not done."""

    id: str
    state: Literal["absent", "held", "booked"]
    wants: Literal["held", "booked", "nothing"]
    expires_at: datetime | None
    call: str | None
    call_state: str | None


class ExplainedChannel(BaseModel):
    """What a channel shows, as last read, against what it should show."""

    listing: str
    account: str
    mode: Literal["live", "shadow", "paused"]
    belief: Belief
    should_offer: bool
    offered: list[Interval]
    read_at: datetime | None
    blocks: list[ExplainedBlock]


class ExplainedComing(BaseModel):
    """Something that will happen by itself."""

    at: datetime
    what: str


class Explained(BaseModel):
    """The verdict and its reasons; `sellable` null: unknown. `next_free`: from when as much time is free.

    `next_free` null: not within 14 days; where `next_free_known` is false, that is not known.
    """

    venue: str
    unit: str
    start: datetime
    end: datetime
    now: datetime
    answer: Literal["sellable", "not sellable", "unknown"]
    sellable: bool | None
    next_free: datetime | None
    next_free_known: bool
    reasons: list[ExplainedReason]
    channels: list[ExplainedChannel]
    coming: list[ExplainedComing]


async def explain(parts: WebParts, asked: ExplainAsked, person: Person) -> Answer:
    """All of it as of one moment. Raises Problem where there is no such unit."""
    if not person.sees(asked.venue):
        raise Problem(NOT_FOUND, "There is no unit of this name.")
    names, now = (asked.venue, asked.unit), parts.clock.now()
    try:
        async with asyncio.timeout(PATIENCE), parts.pool.acquire() as connection:
            told = await of_unit(connection, names, _span(asked), now)
    except NoSuchUnit as error:
        raise Problem(NOT_FOUND, str(error)) from error
    return Answer(body=Explained.model_validate(explaining.as_json(told)))


def _span(asked: ExplainAsked) -> Span:
    if not asked.since < asked.until <= asked.since + LONGEST:
        raise wrong_field("to", f"an instant after `from`, within {LONGEST.days} days")
    return Span(start=asked.since, end=asked.until)
