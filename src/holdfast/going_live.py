"""Going live: what an account would send, what stands in its way, and whether that was agreed to."""

from collections.abc import Awaitable, Callable, Collection, Iterator, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta

import asyncpg

from holdfast import rehearsal
from holdfast.configuration_model import Configuration
from holdfast.configuration_plan import Plan, Thing
from holdfast.inventory.sums import lasting
from holdfast.rehearsal import Line
from holdfast.store import ahead
from holdfast.store.ahead import Reader
from holdfast.web.words import counted

BLIND_AFTER = 3
"""Planned periods without a complete reading: what is booked there is not known any more."""

NEWS, NEWS_SHARE = 10, 10
"""A plan is still the one that was shown while it differs by so many calls, or by one call in so many."""

NUMBERS_SHOWN = 10


@dataclass(frozen=True, slots=True, kw_only=True)
class Prospect:
    """What happens when these accounts go live; `mode` is theirs until then."""

    modes: dict[str, str]
    lines: Sequence[Line]
    double_bookings: Sequence[int]
    hindrances: Sequence[str]

    @property
    def number(self) -> int:
        """How many calls go at once: what is typed to agree."""
        return len(rehearsal.at_once(self.lines))

    def told(self, *, each_call: bool) -> Iterator[str]:
        """What a person settles first, then what is sent."""
        if self.double_bookings:
            yield _clashes(self.double_bookings)
        yield from self.hindrances
        yield from rehearsal.told(self.modes, self.lines, each_call=each_call)


Check = Callable[[asyncpg.Connection, Collection[str], datetime], Awaitable[list[str]]]
"""Of all accounts that share a venue with one that goes live: one line for each thing that speaks against it."""


async def unread(
    connection: asyncpg.Connection, accounts: Collection[str], now: datetime
) -> list[str]:
    """Accounts whose bookings are not known: nothing is closed for them, and what is placed may lie over them."""
    found = {reader.name: reader for reader in await ahead.readers(connection, sorted(accounts))}
    told = {name: _unread(found.get(name), now) for name in sorted(accounts)}
    return [f"not read completely: {name} ({why})" for name, why in told.items() if why]


CHECKS: Sequence[Check] = (unread,)
"""All that must be so before anything is sent."""


async def look(
    connection: asyncpg.Connection, names: Sequence[str], now: datetime, *more: str
) -> Prospect:
    """What these accounts would send; `more` are others whose readings count, beside those in the same venues."""
    beside = await ahead.beside(connection, names) | set(more) if names else set()
    hindrances = [line for check in CHECKS for line in await check(connection, beside, now)]
    return Prospect(
        modes=await ahead.modes(connection, names) if names else {},
        lines=rehearsal.rehearse(await ahead.calls(connection, names), now) if names else (),
        double_bookings=await ahead.double_bookings(connection, names) if names else (),
        hindrances=hindrances,
    )


async def look_at_plan(
    connection: asyncpg.Connection, plan: Plan, wanted: Configuration, now: datetime
) -> Prospect:
    """What applying a plan would send. Also an account that comes back goes live: what it left behind is sent."""
    changed = [change for change in plan.changes if change.thing.noun == "account"]
    going = [change.thing.name for change in changed if change.goes_live]
    back = [c.thing.name for c in changed if c.verb == "added" and c.record["mode"] == "live"]
    called = {account.name: _before(plan, account.name) for account in wanted.accounts}
    now_called = {old: name for name, old in called.items()}
    waiting = await ahead.calls(connection, [called[name] for name in back]) if back else []
    names = [*going, *dict.fromkeys(now_called[call.account] for call in waiting)]
    beside = [called[name] for name in _beside(wanted, names)]
    found = await look(connection, [called[name] for name in names], now, *beside)
    new = [*_new_listings(plan, wanted, names)]
    return Prospect(
        modes={now_called[old]: mode for old, mode in found.modes.items()},
        lines=found.lines,
        double_bookings=found.double_bookings,
        hindrances=[*found.hindrances, *new],
    )


def _before(plan: Plan, account: str) -> str:
    """Until the plan is applied the database knows its old name."""
    return plan.before(Thing(noun="account", name=account)).name


def still_as_shown(shown: int, number: int) -> bool:
    """Whether a plan differs from the one that was agreed to by no more than what came in meanwhile."""
    return abs(number - shown) <= max(NEWS, shown // NEWS_SHARE)


def _beside(wanted: Configuration, names: Collection[str]) -> Iterator[str]:
    """Accounts that will share a venue with one of these."""
    for venue in wanted.venues:
        accounts = {listing.account for listing in venue.listings}
        if accounts & set(names):
            yield from accounts


def _new_listings(plan: Plan, wanted: Configuration, names: Collection[str]) -> Iterator[str]:
    """What is sold there is read after they were applied, not before."""
    beside = set(_beside(wanted, names))
    for change in plan.changes:
        if change.thing.noun == "listing" and change.verb == "added":
            account = change.record["account"]
            if account in beside:
                yield f"not read completely: {change.thing} of {account} (new)"


def _unread(reader: Reader | None, now: datetime) -> str:
    """Why an account is blind; empty: it is not."""
    if reader is None:
        return "new, last complete: never"
    paused = "paused, so it is not read; " if reader.mode == "paused" else ""
    if reader.last_complete_at is None:
        return f"{paused}last complete: never"
    period = max(reader.period_seconds or 0.0, float(reader.poll_seconds))
    age = now - reader.last_complete_at
    if age <= timedelta(seconds=BLIND_AFTER * period):
        return ""
    planned = f"every {lasting(period)} is planned"
    return f"{paused}last complete: {lasting(age.total_seconds())} ago, {planned}"


def _clashes(numbers: Sequence[int]) -> str:
    many = counted(len(numbers), "open double booking")
    shown = ", ".join(map(str, numbers[:NUMBERS_SHOWN]))
    more = ", ..." if len(numbers) > NUMBERS_SHOWN else ""
    return (
        f"{many}: {shown}{more}. Going live settles none: `holdfast conflicts show {numbers[0]}`."
    )


def refusal(hindrances: Sequence[str]) -> str:
    """Why nobody goes live yet, and what to do."""
    return (
        f"going live is refused, nothing was changed: {'; '.join(hindrances)}. "
        "Put right what is wrong, wait until a worker has read the rest, or say --incomplete"
    )
