"""What an account would send now, as lines to be read before it does. No I/O."""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from zoneinfo import ZoneInfo

from holdfast.budget import Pace
from holdfast.inventory.sums import lasting
from holdfast.inventory.wall import over_midnight
from holdfast.store.ahead import Waiting
from holdfast.web.words import counted

WIDEST = 34
"""Characters of what a row is about: a table is read at 80 columns."""

AFTER_A_PLACE = (
    "Each place is followed by a commit once the channel has held it. Whether it will,\n"
    "nobody can know before."
)
ALL_OF_THEM = "--all shows each call."


@dataclass(frozen=True, slots=True, kw_only=True)
class Line:
    """One call, and why it would not go at once; None: it would."""

    call: Waiting
    withheld: str | None

    @property
    def commits(self) -> bool:
        """Whether a commit follows it."""
        return self.call.call == "place" and self.call.wants == "booked"

    @property
    def where(self) -> str:
        """The listing that it is about."""
        return self.call.listing or "an unknown listing"

    @property
    def words(self) -> str:
        """`place   salon  Sat 21 Nov 20:00-22:00, then commit`."""
        then = ", then commit" if self.commits else ""
        about = f" {self.call.ref}" if self.call.ref else ""
        return f"{self.call.call:<7} {self.where}{about}  {_when(self.call)}{then}"

    def __str__(self) -> str:
        return f"- {self.words}  (withheld: {self.withheld})" if self.withheld else self.words

    def as_json(self) -> dict[str, object]:
        """For programs; instants are UTC."""
        call = self.call
        return {
            "account": call.account,
            "mode": call.mode,
            "call": call.call,
            "listing": call.listing,
            "booking": call.ref,
            "start": call.starts_at.isoformat() if call.starts_at else None,
            "end": call.ends_at.isoformat() if call.ends_at else None,
            "then_commit": self.commits,
            "withheld": self.withheld,
        }


def rehearse(calls: Sequence[Waiting], now: datetime) -> list[Line]:
    """In the order in which they would go."""
    places: dict[tuple[str, str | None], list[Waiting]] = {}
    for call in calls:
        if call.call == "place":
            places.setdefault((call.account, call.listing), []).append(call)
    return [
        Line(call=call, withheld=_withheld(call, places.get((call.account, call.listing), ()), now))
        for call in calls
    ]


def at_once(lines: Iterable[Line]) -> list[Line]:
    """Those that nothing holds back but the rate budget."""
    return [line for line in lines if line.withheld is None]


def seconds_for(writes: int, per_minute: int) -> float:
    """How long an account's budget takes for so many writes: a burst at once, the rest at its steady rate."""
    pace = Pace(per_minute=per_minute)
    return max(0, writes - pace.burst) * pace.interval


def told(modes: Mapping[str, str], lines: Sequence[Line], *, each_call: bool = False) -> list[str]:
    """All of it, account by account; `each_call`: every call, too."""
    text = [] if modes else ["No account is in shadow or paused."]
    for name, mode in modes.items():
        own = [line for line in lines if line.call.account == name]
        text.append(f"{name} ({mode}) would send {_summary(own)}")
        text += [f"    {row}" for row in _table(at_once(own))]
        text += [f"    {line}" for line in own if each_call]
    if any(line.commits for line in lines):
        text.append(AFTER_A_PLACE)
    text += _together(lines)
    return text if each_call or not lines else [*text, ALL_OF_THEM]


def _summary(lines: Sequence[Line]) -> str:
    """How many, and how long the account's budget makes it take: a place and its commit are two writes."""
    going = at_once(lines)
    count = f"{counted(len(going), 'call')} at once"
    if commits := sum(line.commits for line in going):
        count += f", then {counted(commits, 'commit')}"
    if seconds := _seconds(going):
        steady = 60 / Pace(per_minute=going[0].call.writes_per_minute).interval
        count += f": about {lasting(seconds)} at {steady:,.0f} writes a minute"
    kept = len(lines) - len(going)
    return f"{count}; {kept:,} withheld" if kept else count


def _seconds(going: Sequence[Line]) -> float:
    """Of one account's calls."""
    if not going:
        return 0.0
    writes = len(going) + sum(line.commits for line in going)
    return seconds_for(writes, going[0].call.writes_per_minute)


def _together(lines: Sequence[Line]) -> list[str]:
    """Of several accounts: each has a budget of its own, so the slowest of them says how long it takes."""
    going = at_once(lines)
    names = list(dict.fromkeys(line.call.account for line in going))
    if len(names) < 2:
        return []
    took = {name: _seconds([line for line in going if line.call.account == name]) for name in names}
    slowest = max(took, key=lambda name: took[name])
    told = f"{len(going):,} calls in all. The accounts send side by side"
    return [
        f"{told}: about {lasting(took[slowest])}, as {slowest} takes."
        if took[slowest]
        else f"{told}."
    ]


def _table(going: Sequence[Line]) -> list[str]:
    """How many calls a listing gets, and of which days."""
    groups: dict[tuple[str, str], list[Line]] = {}
    for line in going:
        groups.setdefault((line.where, line.call.call), []).append(line)
    if not groups:
        return []
    rows = [("LISTING", "CALLS", "FIRST DAY", "LAST DAY")]
    rows += [_row(where, call, lines) for (where, call), lines in sorted(groups.items())]
    wide, count = (max(len(row[column]) for row in rows) for column in (0, 1))
    return [
        f"{name:<{wide}}  {amount:>{count}}  {first:<15}  {last}"
        for name, amount, first, last in rows
    ]


def _row(where: str, call: str, lines: Sequence[Line]) -> tuple[str, str, str, str]:
    what = "" if call == "place" else f", {call}"
    room = WIDEST - len(what)
    name = where if len(where) <= room else f"{where[: room - 1]}…"
    days = [(line.call.starts_at, line.call.timezone) for line in lines if line.call.starts_at]
    shown = [f"{at.astimezone(ZoneInfo(zone)):%a %d %b %Y}" for at, zone in sorted(days)]
    first, last = (shown[0], shown[-1]) if shown else ("unknown", "unknown")
    return f"{name}{what}", f"{len(lines):,}", first, last


def _withheld(call: Waiting, places: Iterable[Waiting], now: datetime) -> str | None:
    """`places` are those on the same listing."""
    if call.state == "unknown":
        return "its outcome is unknown: read first"
    if call.ref is not None and call.state == "shadow":
        return "asked for in shadow mode: ask again once it is live"
    if call.braked and call.call in ("release", "cancel"):
        return "the account is braked"
    if call.due_at > now:
        return f"its next try is at {call.due_at.astimezone(ZoneInfo(call.timezone)):%H:%M:%S}"
    if call.call == "release" and any(_closes_elsewhere(other, call) for other in places):
        return "closing other time of the listing goes first"
    return None


def _closes_elsewhere(other: Waiting, release: Waiting) -> bool:
    if not (other.starts_at and other.ends_at and release.starts_at and release.ends_at):
        return False
    return other.ends_at <= release.starts_at or release.ends_at <= other.starts_at


def _when(call: Waiting) -> str:
    if call.starts_at is None or call.ends_at is None:
        return "at an unknown time"
    zone = ZoneInfo(call.timezone)
    start, end = call.starts_at.astimezone(zone), call.ends_at.astimezone(zone)
    return over_midnight(start, end, zone) or f"{start:%a %d %b %H:%M}-{end:%H:%M}"
