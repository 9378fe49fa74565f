"""What stands beside a venue's calendar: one booking with what can be done about it, or a form with what it would do."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from zoneinfo import ZoneInfo

import asyncpg

from holdfast.inventory.known import is_closure
from holdfast.store import reading, stories
from holdfast.store.day import VenueRow
from holdfast.store.flaws import flaws_of
from holdfast.store.reading import BookingRow
from holdfast.store.stories import Entry, Target
from holdfast.sync.operate import CANCELLABLE
from holdfast.web.cautions import Caution
from holdfast.web.notices import Notice, notices
from holdfast.web.problems import NOT_FOUND, Problem
from holdfast.web.screens.drafts import USUAL_LENGTH, Act, Draft
from holdfast.web.screens.foreseen import Foreseen
from holdfast.web.screens.story import Line, data_of, told

LAST = 5
"""Entries of the journal that are shown."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Known:
    """One booking: who knows of it, what comes next, what happened last, what can be done."""

    booking: BookingRow
    closure: bool
    why: str
    """What was said when it was made or closed."""
    targets: Sequence[Target]
    lines: Sequence[Line]
    next_step: tuple[str, datetime] | None
    acts: Sequence[Act]
    notices: Sequence[Notice]
    """What keeps it from being in order, worst first."""

    @property
    def in_order(self) -> bool:
        """Whether nothing speaks against it, and every listing is as it should be and no call is on its way."""
        still = all(target.push_state in (None, "done", "superseded") for target in self.targets)
        stands = all(target.state == target.wants for target in self.targets)
        return not self.notices and self.booking.status != "unknown" and still and stands


@dataclass(frozen=True, slots=True, kw_only=True)
class Form:
    """What somebody wants. `wrong`: by field, what would do; `foreseen`: what it would change, None: not asked yet."""

    draft: Draft
    units: Sequence[str] = ()
    wrong: Mapping[str, str] = field(default_factory=dict)
    foreseen: Foreseen | None = None
    seen: str = ""
    cautions: Sequence[Caution] = ()
    """What is to be known before it is done all the same."""
    stale: bool = False
    since: datetime | None = None
    """Where somebody pointed to, for links."""

    @property
    def until(self) -> datetime | None:
        """So much is asked about."""
        return self.since + USUAL_LENGTH if self.since else None


@dataclass(frozen=True, slots=True, kw_only=True)
class Panel:
    """A booking, a form, or both: an act on a booking."""

    known: Known | None = None
    form: Form | None = None


async def known_of(
    pool: asyncpg.Pool, venue: VenueRow, booking_id: int, now: datetime, *, everywhere: bool
) -> Known:
    """Raises Problem where the venue has none of this id. `everywhere`: for a person who sees all venues."""
    booking = (await reading.bookings_by_id(pool, [booking_id])).get(booking_id)
    if booking is None or booking.venue != venue.name:
        raise Problem(NOT_FOUND, "There is no booking of this id at this venue.")
    entries = await stories.entries(pool, booking_id, venue.id)
    live = [t for t in await stories.targets(pool, booking_id) if t.closed_at is None]
    flawed = await flaws_of(pool, booking, now)
    return Known(
        booking=booking,
        notices=notices(flawed, now, everywhere=everywhere),
        closure=is_closure(booking.account, booking.raw_status),
        why=next((_said(entry) for entry in entries if entry.kind == "booking.created"), ""),
        targets=live,
        lines=told(entries, ZoneInfo(venue.timezone))[-LAST:],
        next_step=_next(live),
        acts=_acts(booking),
    )


def _said(entry: Entry) -> str:
    return str(data_of(entry).get("reason") or "")


def _acts(booking: BookingRow) -> Sequence[Act]:
    """No channel can give a booking another unit, and its time is its channel's own."""
    if booking.status not in CANCELLABLE:
        return ()
    return ("move", "extend", "cancel") if booking.account is None else ("cancel",)


def _next(targets: Sequence[Target]) -> tuple[str, datetime] | None:
    """The first thing that will happen by itself."""
    coming = [
        (f"{target.call} on {target.listing}", target.due_at)
        for target in targets
        if target.due_at is not None
        and target.push_state in ("waiting", "unknown")
        and target.mode == "live"
    ]
    coming += [
        (f"our hold on {target.listing} lapses", target.expires_at)
        for target in targets
        if target.expires_at is not None and target.state == "held"
    ]
    return min(coming, key=lambda one: one[1], default=None)
