"""steer: a person holds an account's intake or pushes back, lets them go on, or has it read at once.

Nothing is called here: what is paused is not taken any more by whoever works (the queries that take it ask), and
what goes on is taken by risk, as ever.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Literal, get_args

import asyncpg

from holdfast.store import breakers, inbox, pauses, readings, schedule
from holdfast.store.inbox import Incoming
from holdfast.store.journal import Entry
from holdfast.store.pauses import Direction, Steered
from holdfast.store.readings import Task
from holdfast.sync.everywhere import note_everywhere
from holdfast.sync.parts import Parts

SteerAct = Literal[
    "pause_intake",
    "resume_intake",
    "pause_pushes",
    "resume_pushes",
    "read_bookings",
    "read_offers",
    "audit",
]
STEER_ACTS: tuple[SteerAct, ...] = get_args(SteerAct)

PAUSES: Mapping[SteerAct, tuple[Direction, bool]] = {
    "pause_intake": ("intake", True),
    "resume_intake": ("intake", False),
    "pause_pushes": ("pushes", True),
    "resume_pushes": ("pushes", False),
}
"""What each holds back, or lets go on."""

READS: Mapping[SteerAct, Sequence[Task]] = {
    "read_bookings": ["bookings", "past"],
    "read_offers": ["offers"],
    "audit": ["bookings", "past", "offers"],
}
"""What each makes due."""


@dataclass(frozen=True, slots=True, kw_only=True)
class SteerWish:
    """What is to be done with an account, who wants it, and why. `seen` None: however it stands now."""

    account: str
    act: SteerAct
    actor: str
    reason: str
    seen: str | None = None


class NotSteered(Exception):
    """It cannot be done as the account stands; the text says why."""


class SteeredMeanwhile(NotSteered):
    """It is not any more as it was shown."""


def seen_of(mode: str, intake: int | None, pushes: int | None) -> str:
    """The same as long as the account stands as it was shown; `intake` and `pushes` are its pauses."""
    return f"{mode}-{intake or 0}-{pushes or 0}"


async def steered(parts: Parts, wish: SteerWish) -> None:
    """Do it, and wake the workers. Raises NotSteered."""
    async with parts.pool.acquire() as connection:
        await steer(connection, wish, parts.now())
    parts.wake()


async def steer(connection: asyncpg.Connection, wish: SteerWish, now: datetime) -> None:
    """Do it, in one transaction with its entry in the event log and the journal. Raises NotSteered."""
    async with connection.transaction():
        account = await pauses.account(connection, wish.account)
        if account is None:
            raise NotSteered(f"{wish.account}: no account of this name is in use")
        if wish.seen not in (None, seen_of(account.mode, account.intake, account.pushes)):
            raise SteeredMeanwhile(f"{wish.account}: it was changed meanwhile")
        if why := refusal(wish.act, account.mode, account.intake, account.pushes):
            raise NotSteered(f"{wish.account}: {why}")
        await _do(connection, account, wish, now)
        event = await inbox.add_done(connection, _told(account, wish, now), "applied")
        data = {"account": account.name, "act": wish.act, "reason": wish.reason}
        entry = Entry(kind="account.steered", actor=wish.actor, at=now, inbox_id=event, data=data)
        await note_everywhere(connection, account.id, entry)


def refusal(act: SteerAct, mode: str, intake: int | None, pushes: int | None) -> str:
    """Why it cannot be done with an account of this mode and these pauses; empty: it can."""
    if act in READS:
        if mode == "paused":
            return "it is paused in holdfast.toml, and not read"
        return "its intake is paused, and it is not read" if intake is not None else ""
    direction, hold = PAUSES[act]
    held = (intake if direction == "intake" else pushes) is not None
    if held != hold:
        return ""
    return (
        f"its {direction} {'is' if direction == 'intake' else 'are'} {'' if held else 'not '}paused"
    )


async def _do(
    connection: asyncpg.Connection, account: Steered, wish: SteerWish, now: datetime
) -> None:
    if wish.act in READS:
        await readings.hurry(connection, account.id, READS[wish.act], now)
        if wish.act == "audit":
            await schedule.hurry(connection, account.id, "audit", now)
        await breakers.hurry(connection, account.id, "in", now)
        return
    direction, hold = PAUSES[wish.act]
    change = pauses.begin if hold else pauses.end
    await change(connection, account.id, direction, (wish.actor, wish.reason), now)


def _told(account: Steered, wish: SteerWish, now: datetime) -> Incoming:
    return Incoming(
        account_id=account.id, via="operator", ref=None, raw_type=wish.act, received_at=now
    )
