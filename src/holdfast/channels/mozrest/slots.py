"""From `HH:MM` without a date or a zone to instants, and from single answers to a whole window. No I/O.

One answer shows at most nine starts around the asked instant, and how they are picked is not documented
(https://bc-api.mozrest.com/bc-api/availability). So a walk trusts only this: an answer leaves nothing
out between the asked instant and the farthest start it shows.
"""

from collections import defaultdict
from collections.abc import Sequence
from dataclasses import dataclass, replace
from datetime import UTC, datetime, time, timedelta, tzinfo
from math import ceil

from holdfast.channels.mozrest.wire import Availability, Slot
from holdfast.inventory.model import Span

STEP = timedelta(minutes=15)
"""Starts lie on quarters of an hour or coarser; some systems refuse any other instant (U11)."""
HOUR = timedelta(hours=1)
DAY = timedelta(days=1)
"""How far "nothing follows" is believed: how far ahead a provider looks for it is not documented."""
LONGEST_REACH = timedelta(hours=2)
NEAR = timedelta(hours=13)
"""A time without a date means the occurrence nearest to the asked instant, never one farther off."""
TWINS = timedelta(hours=12)
"""Two readings of one HH:MM nearer than this are the two passes of a clock that was set back."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Start:
    """One start that an answer shows. `bookable` False: a hold cannot take it."""

    at: datetime
    bookable: bool


@dataclass(frozen=True, slots=True, kw_only=True)
class Shown:
    """What one answer tells. `clear` False: some of it could be read in no way, or in two."""

    starts: Sequence[Start]
    clear: bool
    following: datetime | None
    """The next free start after a taken one, where the answer names it."""
    ends: bool
    """It says that nothing follows."""
    preceding: datetime | None

    @property
    def bookable(self) -> set[datetime]:
        """The starts that a hold can take."""
        return {start.at for start in self.starts if start.bookable}


def shown(answer: Availability, around: datetime, zone: tzinfo) -> Shown:
    """The answer to a question about the instant `around`, its times read on the clock of `zone`."""
    groups: dict[str, list[Slot]] = defaultdict(list)
    for slot in answer.slots:
        groups[slot.time].append(slot)
    starts: list[Start] = []
    clear = True
    for text, slots in groups.items():
        moments, sure = _moments(text, len(slots), around, zone)
        clear = clear and sure
        holdable = [_holdable(slot) and not answer.requires_duration for slot in slots]
        starts += [Start(at=at, bookable=may) for at, may in zip(moments, holdable, strict=False)]
    return Shown(
        starts=sorted(starts, key=lambda start: start.at),
        # How a duration would be sent is not documented (U14), so such a venue stays unread.
        clear=clear and not answer.requires_duration and "requiresDuration" not in answer.unread,
        following=answer.following.date if answer.following else None,
        ends=answer.following is None
        and "following" in answer.model_fields_set
        and "nextAvailability" not in answer.unread,
        preceding=answer.preceding.date if answer.preceding else None,
    )


def _holdable(slot: Slot) -> bool:
    """A start of type `request` wants POST /booking-request instead of a hold."""
    return slot.type != "request"


def _moments(text: str, count: int, around: datetime, zone: tzinfo) -> tuple[list[datetime], bool]:
    """The `count` readings of a wall-clock time that are nearest to `around`, and whether that is sure."""
    readings = sorted(_readings(text, around, zone), key=lambda at: abs(at - around))
    chosen, left = readings[:count], readings[count:]
    doubtful = any(abs(other - at) < TWINS for at in chosen for other in left)
    return sorted(chosen), len(chosen) == count and not doubtful


def _readings(text: str, around: datetime, zone: tzinfo) -> set[datetime]:
    """Every instant near `around` at which a clock of `zone` shows this; none if it never does."""
    try:
        wall = time.fromisoformat(text.strip().rjust(5, "0"))
    except ValueError:
        return set()
    today = around.astimezone(zone).date()
    days = [today + timedelta(days=offset) for offset in (-1, 0, 1)]
    local = [
        datetime.combine(day, wall, zone).replace(fold=fold) for day in days for fold in (0, 1)
    ]
    instants = {moment.astimezone(UTC) for moment in local}
    shows = {at for at in instants if at.astimezone(zone).time() == wall}
    return {at for at in shows if abs(at - around) <= NEAR}


def ceil_to_step(at: datetime) -> datetime:
    """The next full quarter of an hour, or `at` itself if it is one."""
    seconds = ceil(at.timestamp())
    return datetime.fromtimestamp(seconds + -seconds % int(STEP.total_seconds()), UTC)


@dataclass(frozen=True, slots=True, kw_only=True)
class Walk:
    """How far a window is known: every start up to and including `known_to` has been seen."""

    end: datetime
    known_to: datetime
    reach: timedelta = timedelta()

    @classmethod
    def through(cls, window: Span) -> "Walk":
        return cls(end=ceil_to_step(window.end), known_to=ceil_to_step(window.start))

    @property
    def done(self) -> bool:
        return self.known_to >= self.end

    @property
    def probe(self) -> datetime:
        """The instant to ask about next."""
        return min(self.known_to + self.reach, self.end)

    def after(self, answer: Shown) -> "Walk":
        """The walk, one answer to `probe` later. It gets on with every answer, or with the next."""
        if not self._touches(answer):
            return replace(self, reach=STEP)
        probe = self.probe
        ahead = [start.at for start in answer.starts if start.at >= probe]
        if ahead:
            reach = min(max(ahead[-1] - probe, STEP), LONGEST_REACH)
            return replace(self, known_to=ahead[-1], reach=reach)
        if answer.following is not None and answer.following > probe:
            return replace(self, known_to=answer.following, reach=HOUR)
        return replace(self, known_to=probe, reach=DAY if answer.ends else HOUR)

    def _touches(self, answer: Shown) -> bool:
        """Whether nothing can lie unseen between `known_to` and what this answer shows."""
        if self.probe - self.known_to <= STEP:
            return True
        before = [answer.preceding] if answer.preceding is not None else []
        earliest = min([*before, *(start.at for start in answer.starts)], default=self.known_to)
        return earliest <= self.known_to
