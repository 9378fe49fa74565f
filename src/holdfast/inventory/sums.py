"""sums: what an account's settings need and what its contract allows, in plain words. No I/O."""

from collections.abc import Iterator
from dataclasses import dataclass
from functools import cached_property
from math import ceil

from holdfast.inventory.timetable import (
    FOR_BOOKINGS,
    FOR_FAR,
    FOR_PAST,
    LATEST_FAR,
    NEAR,
    SOON,
    Load,
    Timetable,
    Wanted,
    timetable,
)

DAY = 86_400.0
TOO_LATE = 900.0
"""Seconds: whose near bookings are read less often than this learns of most double bookings from the guests."""
SLACK = 2.0
"""Times the wanted period that is still near what was wanted: offers prove blocks, they do not find bookings."""
FEW_HOLDS = 20

CLOSING = 2
"""Writes that a booking takes on each listing that is closed for it: a hold is placed, then committed."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Rate:
    """Calls a minute: what the contract allows in any minute, and what is used of it in the long run."""

    contract: int
    steady: float


@dataclass(frozen=True, kw_only=True)
class Sum:
    """One account's settings against its budget."""

    reads: Rate
    writes: Rate
    poll_seconds: int
    offers_seconds: int
    horizon_days: int
    hold_seconds: float | None
    """How long a hold of its channel lives; None: the channel knows no holds."""
    venues: int
    load: Load

    @cached_property
    def table(self) -> Timetable:
        """How often what is read."""
        wanted = Wanted(
            reads_per_minute=self.reads.steady,
            poll_seconds=self.poll_seconds,
            offers_seconds=self.offers_seconds,
        )
        return timetable(wanted, self.load)

    @property
    def lines(self) -> list[str]:
        """What it needs and what there is."""
        if not self.venues:
            return []
        used, allowed = f"{self.table.a_minute:,.0f}", f"{self.reads.contract:,}"
        told = f"reads: {used} of {allowed} a minute. {self._bookings()}. {self._offers()}."
        return [told, self._writes()]

    @property
    def doubts(self) -> list[str]:
        """What cannot be kept, and what to change."""
        return [*self._near(), *self._slow_offers(), *self._holds()]

    def _bookings(self) -> str:
        load, table = self.load, self.table
        told = self._stages(
            (load.near, NEAR.days, table.near),
            (load.soon, SOON.days, table.soon),
            (load.far, self.horizon_days, table.far),
        )
        past = f", the past within {lasting(table.past)}" if load.past else ""
        return f"Bookings{told}{past}"

    def _offers(self) -> str:
        load, table = self.load, self.table
        told = self._stages(
            (load.near_offers, NEAR.days, table.near_offers),
            (load.far_offers, self.horizon_days, table.far_offers),
        )
        return f"Offers{told}"

    def _stages(self, *stages: tuple[int, int, float]) -> str:
        """Of reads, days ahead and seconds; days that are as far as those before are no news."""
        periods: dict[int, float] = {}
        for reads, days, seconds in stages:
            if reads:
                periods.setdefault(min(days, self.horizon_days), seconds)
        if len(periods) < 2:
            return "".join(f" every {lasting(seconds)}" for seconds in periods.values())
        (near, first), *between, (far, last) = periods.items()
        told = [f" of the next {_days(near)} every {lasting(first)}"]
        told += [f" of {_days(days)} every {lasting(seconds)}" for days, seconds in between]
        return ",".join([*told, f" up to {_days(far)} within {lasting(last)}"])

    def _writes(self) -> str:
        steady = self.writes.steady
        closed = max(1, int(steady / CLOSING))
        told = f"writes: {self.writes.contract:,} a minute allowed, {steady:,.0f} in the long run: "
        told += (
            f"about {closed:,} {'booking' if closed == 1 else 'bookings'} a minute can be closed"
        )
        return f"{told}, {self._kept:,} holds kept" if self._kept is not None else told

    @property
    def _kept(self) -> int | None:
        """Holds that can be placed again each time they lapse, with all that there is to write."""
        if self.hold_seconds is None:
            return None
        return int(self.writes.steady * self.hold_seconds / 60)

    def _near(self) -> Iterator[str]:
        table, load = self.table, self.load
        soon_late = bool(load.soon) and table.soon > self.poll_seconds
        if (not load.near or table.fits) and not soon_late:
            return
        what, every, wanted = "bookings", table.soon, float(self.poll_seconds)
        if load.near:
            what, every, wanted = "near bookings", table.near, table.wanted_near
        need, there = self._needed, self.reads.steady
        raised = ceil(self.reads.contract * need / there)
        late = "That is too late to prevent double bookings. " if every > TOO_LATE else ""
        yield (
            f"{_venues(self.venues)} {ceil(need):,} reads a minute and {there:,.0f} are there: "
            f"{what} are read every {lasting(every)}, not {lasting(wanted)}. {late}"
            f"Raise reads_per_minute to {raised:,} if the contract allows it, raise poll_seconds, or "
            f"divide the venues between several keys"
        )

    @property
    def _needed(self) -> float:
        """Reads a minute in the long run with which near bookings are read as often as wanted."""
        load = self.load
        near = 60 * (load.near / self.table.wanted_near + load.soon / self.poll_seconds)
        rest = 60 * (load.far + load.past) / LATEST_FAR
        return min((near + rest) / FOR_BOOKINGS, near / (FOR_BOOKINGS - FOR_FAR - FOR_PAST))

    def _slow_offers(self) -> Iterator[str]:
        if not self.load.near_offers or self.table.near_offers <= SLACK * self.offers_seconds:
            return
        yield (
            f"offers_seconds = {self.offers_seconds} cannot be kept: offers of the next {_days(NEAR.days)} "
            f"are read every {lasting(self.table.near_offers)}. Raise reads_per_minute if the contract "
            f"allows it, lower horizon_days, or raise offers_seconds"
        )

    def _holds(self) -> Iterator[str]:
        if self._kept is not None and self._kept < FEW_HOLDS:
            yield (
                f"writes_per_minute = {self.writes.contract} keeps {self._kept} holds at the most, each placed "
                f"again when it lapses: with more, held time is sold twice. Raise writes_per_minute if the "
                f'contract allows it, or set holds = "none" in the venue'
            )


def _venues(amount: int) -> str:
    return "1 venue on one key needs" if amount == 1 else f"{amount:,} venues on one key need"


def _days(amount: int) -> str:
    return "day" if amount == 1 else f"{amount} days"


def lasting(seconds: float) -> str:
    """`85 s`, `5 min`, `3 h`, `2 days`: never shorter than it is."""
    whole = ceil(round(seconds, 3))
    if whole < 100:
        return f"{whole} s"
    if whole < 6000:
        return f"{ceil(whole / 60)} min"
    if whole < 2 * DAY:
        return f"{ceil(whole / 3600)} h"
    return f"{ceil(whole / DAY):,} days"
