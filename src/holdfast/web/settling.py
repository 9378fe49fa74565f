"""The JSON API of one conflict: how it arose, what can be done with which calls, and deciding it."""

import json
from collections.abc import Iterator
from contextlib import contextmanager

import asyncpg
from pydantic import BaseModel, Field, JsonValue

from holdfast.inventory.remedy import MOST, Act, Action, remedies
from holdfast.store import reading
from holdfast.store.cases import cases
from holdfast.store.reading import ConflictDetailRow
from holdfast.sync.operate import WishRefused
from holdfast.sync.remedy import ConflictUnknown, Stale, State, Wish, choose
from holdfast.web.endpoints import Answer
from holdfast.web.fields import Number, Text
from holdfast.web.parts import WebParts
from holdfast.web.people import Person
from holdfast.web.problems import NOT_FOUND, REFUSED, STALE, Problem, expected, wrong_field
from holdfast.web.shapes import Asked, Booking, Conflict, Id, Shape


class ProviderCall(Shape):
    """One call to a channel. `ref` is the provider's id, where there is one already."""

    call: str
    account: str
    listing: str | None
    ref: str | None


class PossibleAction(Shape):
    """What can be done, in words, and the calls that it would make."""

    action: Act = Field(validation_alias="act")
    text: str
    calls: list[ProviderCall]


class ConflictDetail(Conflict):
    """A conflict with both sides. `a` have the units, `b` has not; `actions` are ranked, best first."""

    reason: str | None
    a: list[Booking]
    b: Booking | None
    evidence: JsonValue
    actions: list[PossibleAction]


class ConflictAsked(Asked):
    """One conflict."""

    id: Number


class ActionAsked(Asked):
    """What to do, and why. With `dry_run` the calls are only shown."""

    id: Number
    action: Act
    reason: Text
    dry_run: bool = False
    minutes: int = Field(10, ge=1, le=10_080, description="How long to snooze.")
    expect_ref: Text | None = Field(
        None,
        description="The `external_id` of one of its bookings: 409 where the number stands for another conflict.",
    )


class Decided(BaseModel):
    """`under_way`: channels must confirm it; the conflict opens again if they do not."""

    conflict: Id
    action: Act
    state: State | None = Field(description="Null after a dry run.")
    calls: list[ProviderCall]


async def conflict(parts: WebParts, asked: ConflictAsked, person: Person) -> Answer:
    """One, with its evidence and what can be done about it."""
    return Answer(body=await _detail(parts, await own(parts.pool, asked.id, person)))


async def own(pool: asyncpg.Pool, conflict_id: int, person: Person) -> ConflictDetailRow:
    """Raises Problem where there is none, or it is of a venue that is not his."""
    row = await reading.conflict(pool, conflict_id)
    if row is None or not person.sees(row.venue):
        raise no_conflict()
    return row


async def settle(parts: WebParts, asked: ActionAsked, person: Person) -> Answer:
    """Decide it, or show what deciding would do. Raises Problem where that cannot be."""
    if person.venues is not None or asked.expect_ref is not None:
        row = await own(parts.pool, asked.id, person)
        if asked.expect_ref is not None:
            expected(asked.expect_ref, await refs_of(parts.pool, row), f"Conflict {asked.id}")
    with decided():
        if asked.dry_run:
            return Answer(body=_shown(await choose(parts.pool, asked.id, asked.action), asked.id))
        return await _decide(parts, asked, person.name)


async def refs_of(pool: asyncpg.Pool, row: ConflictDetailRow) -> list[str]:
    """The references of all bookings that a conflict is about."""
    ids = [number for number in (row.booking_id, *row.against_ids) if number]
    found = await reading.bookings_by_id(pool, ids)
    return sorted(booking.external_id for booking in found.values())


@contextmanager
def decided() -> Iterator[None]:
    """Why a decision cannot be, as a Problem."""
    try:
        yield
    except ConflictUnknown as error:
        raise no_conflict() from error
    except WishRefused as error:
        raise wrong_field(error.field, error.expected, REFUSED) from error
    except Stale as error:
        raise Problem(STALE, f"{error}. Read it again before deciding.") from error


async def _decide(parts: WebParts, asked: ActionAsked, actor: str) -> Answer:
    wish = Wish(act=asked.action, actor=actor, reason=asked.reason, minutes=asked.minutes)
    done = await parts.settle(asked.id, wish)
    calls = [ProviderCall.model_validate(call) for call in done.calls]
    body = Decided(conflict=str(done.conflict_id), action=done.act, state=done.state, calls=calls)
    return Answer(body=body, status=202)


def _shown(action: Action, conflict_id: int) -> Decided:
    calls = [ProviderCall.model_validate(call) for call in action.calls]
    return Decided(conflict=str(conflict_id), action=action.act, state=None, calls=calls)


async def _detail(parts: WebParts, row: ConflictDetailRow) -> ConflictDetail:
    """What is settled or under way needs no more proposals."""
    plain = Conflict.model_validate(row)
    ids = [number for number in (row.booking_id, *row.against_ids) if number]
    bookings = await reading.bookings_by_id(parts.pool, ids)
    sides = {number: Booking.model_validate(found) for number, found in bookings.items()}
    undecided = row.closed_at is None and row.decided is None
    found = await proposed(parts.pool, row.id) if undecided else []
    return ConflictDetail.model_construct(
        **dict(plain),
        reason=row.reason,
        a=[sides[number] for number in row.against_ids if number in sides],
        b=sides.get(row.booking_id or 0),
        evidence=json.loads(row.evidence),
        actions=[PossibleAction.model_validate(action) for action in found],
    )


async def proposed(pool: asyncpg.Pool, conflict_id: int) -> list[Action]:
    """What can be done about a conflict, as far as it is a help to know."""
    return remedies((await cases(pool, [conflict_id]))[conflict_id])[:MOST]


def no_conflict() -> Problem:
    """Nothing of this id."""
    return Problem(NOT_FOUND, "There is no conflict of this id.")
