"""What an account would send now, as lines to be read before it does. No I/O."""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from zoneinfo import ZoneInfo

from holdfast.store.ahead import Waiting

SHOWN = 10

AFTER_A_PLACE = (
    "A place marked `then commit` is followed by a commit once the channel has held it. "
    "Whether it will, nobody can know before."
)


@dataclass(frozen=True, slots=True, kw_only=True)
class Line:
    """One call, and why it would not go at once; None: it would."""

    call: Waiting
    withheld: str | None

    @property
    def words(self) -> str:
        """`place   salon  Sat 21 Nov 20:00-22:00, then commit`."""
        then = ", then commit" if self.call.call == "place" and self.call.wants == "booked" else ""
        about = f" {self.call.ref}" if self.call.ref else ""
        where = self.call.listing or "an unknown listing"
        return f"{self.call.call:<7} {where}{about}  {_when(self.call)}{then}"

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
            "then_commit": call.call == "place" and call.wants == "booked",
            "withheld": self.withheld,
        }


def rehearse(calls: Sequence[Waiting], now: datetime) -> list[Line]:
    """In the order in which they would go."""
    return [Line(call=call, withheld=_withheld(call, calls, now)) for call in calls]


def at_once(lines: Iterable[Line]) -> list[Line]:
    """Those that nothing holds back but the rate budget."""
    return [line for line in lines if line.withheld is None]


def summary(lines: Sequence[Line]) -> str:
    """How many, and how long the account's budget makes it take."""
    going = at_once(lines)
    count = f"{len(going)} call{'' if len(going) == 1 else 's'} at once"
    pace = min((line.call.writes_per_minute for line in going), default=0)
    if pace and len(going) > pace:
        count += f" (about {-(-len(going) // pace)} min at {pace} a minute)"
    kept = len(lines) - len(going)
    return f"{count}, {kept} withheld" if kept else count


def first_of(lines: Sequence[Line]) -> list[str]:
    """The first of those that would go at once, and how many more there are."""
    going = at_once(lines)
    more = [f"... and {len(going) - SHOWN} more"] if len(going) > SHOWN else []
    return [str(line) for line in going[:SHOWN]] + more


def told(modes: Mapping[str, str], lines: Sequence[Line]) -> list[str]:
    """All of it, account by account."""
    text = [] if modes else ["No account is in shadow or paused."]
    for name, mode in modes.items():
        own = [line for line in lines if line.call.account == name]
        text.append(f"{name} ({mode}) would send {summary(own)}")
        text += [f"    {line}" for line in own]
    if any(", then commit" in line.words for line in lines):
        text.append(AFTER_A_PLACE)
    return text


def _withheld(call: Waiting, calls: Iterable[Waiting], now: datetime) -> str | None:
    if call.state == "unknown":
        return "its outcome is unknown: read first"
    if call.ref is not None and call.state == "shadow":
        return "asked for in shadow mode: ask again once it is live"
    if call.braked and call.call in ("release", "cancel"):
        return "the account is braked"
    if call.due_at > now:
        return f"its next try is at {call.due_at.astimezone(ZoneInfo(call.timezone)):%H:%M:%S}"
    if call.call == "release" and any(_closes_elsewhere(other, call) for other in calls):
        return "closing other time of the listing goes first"
    return None


def _closes_elsewhere(other: Waiting, release: Waiting) -> bool:
    if (other.account, other.listing, other.call) != (release.account, release.listing, "place"):
        return False
    if not (other.starts_at and other.ends_at and release.starts_at and release.ends_at):
        return False
    return other.ends_at <= release.starts_at or release.ends_at <= other.starts_at


def _when(call: Waiting) -> str:
    if call.starts_at is None or call.ends_at is None:
        return "at an unknown time"
    zone = ZoneInfo(call.timezone)
    start, end = call.starts_at.astimezone(zone), call.ends_at.astimezone(zone)
    return f"{start:%a %d %b %H:%M}-{end:%H:%M}"
