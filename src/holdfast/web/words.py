"""One vocabulary for every screen: icon, word and class together, and how instants are put. No I/O."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from zoneinfo import ZoneInfo

from holdfast.inventory.lengths import lasting as lasting
from holdfast.inventory.model import Status
from holdfast.inventory.remedy import Act
from holdfast.inventory.wall import over_midnight
from holdfast.store.day import DayBlock, DayBooking
from holdfast.store.departures import Leaving

_TEXT = "\ufe0e"  # asks fonts for the plain sign instead of the coloured picture


@dataclass(frozen=True, slots=True)
class Mark:
    """How a state looks: never by colour alone."""

    look: str
    """The CSS class."""
    icon: str
    word: str


STATUS: dict[Status, Mark] = {
    "held": Mark("held", "▨", "Held"),
    "pending": Mark("pending", "◔", "Pending"),
    "confirmed": Mark("confirmed", "✓", "Confirmed"),
    "seated": Mark("seated", "●", "Seated"),
    "completed": Mark("completed", "■", "Completed"),
    "no_show": Mark("no-show", "∅", "No show"),
    "cancelled": Mark("off", "✕", "Cancelled"),
    "declined": Mark("off", "⊘", "Declined"),
    "expired": Mark("off", f"⌛{_TEXT}", "Expired"),
    "unknown": Mark("unknown", "?", "Unknown"),
}

CLOSURE = Mark("closure", "⊠", "Closed")
"""Time that the venue closed itself."""

CONFLICT = Mark("conflict", f"⚠{_TEXT}", "Conflict")
OCCUPIED = Mark("occupied", "?", "Occupied, booking unknown")
EXPOSED = Mark("exposed", f"⚠{_TEXT}", "Still offered")

QUEUED = Mark("queued", "◌", "queued")
SENDING = Mark("sending", "↻", "sending")
CLOSED = Mark("done", "✓", "closed")
CLOSED_AS_READ = Mark("done as-read", "▪", "closed")
"""Of a booking that is not in order: nothing about it is ticked off."""
CLOSED_FOR_NOW = Mark("done", "▨", "held closed")
UNSURE = Mark("unsure", "?", "unknown")
GIVEN_UP = Mark("dead", "!", "not closed")
PAUSED = Mark("paused", "‖", "paused")
SHADOW = Mark("shadow", "◇", "shadow, not sent")
RELEASING = Mark("queued", "◌", "being released")

ACTS: Mapping[Act, str] = {
    "move": "Move",
    "keep_a": "Keep A",
    "keep_b": "Keep B",
    "keep_both": "Keep both",
    "cancel": "Cancel it",
    "retry": "Try again",
    "accept": "Leave it",
    "snooze": "Put it off",
}
"""What a person can decide, as on a button."""

PUSHED: Mapping[str, Mark] = {
    "waiting": QUEUED,
    "in_flight": SENDING,
    "unknown": UNSURE,
    "shadow": SHADOW,
    "done": Mark("done", "✓", "done"),
    "dead": Mark("dead", "!", "given up"),
    "superseded": Mark("past", "\N{EN DASH}", "not needed any more"),
}
"""How far a call is."""


DROPPED = Mark("past", "\N{EN DASH}", "dropped")


def pushed(state: str, outcome: str | None) -> Mark:
    """How far a call is; one that a person dropped is no news any more."""
    return DROPPED if outcome == "dropped" else PUSHED[state]


EVENT: Mapping[str, Mark] = {
    "applied": Mark("done", "✓", "applied"),
    "noop": Mark("done", "✓", "no change"),
    "stale": Mark("done", "✓", "older than what is known"),
    "echo": Mark("done", "✓", "echo of our own call"),
    "unmapped": Mark("unsure", "?", "unmapped"),
    "broken": Mark("dead", "!", "answer not readable"),
}
"""What became of something that came in."""

EVENT_STATES: Mapping[str, str] = {
    "open": "not worked off yet",
    "waiting": "waiting",
    "pending": "waiting, not tried yet",
    "processing": "processing",
    "tried": "waiting, tried before",
    "paused": "held back by a pause",
    "retrying": "tried in vain so far",
    "failed": "in trouble: tried in vain, or not readable",
    **{outcome: mark.word for outcome, mark in EVENT.items()},
}
"""What events can be filtered by."""


def handled(outcome: str | None, error: str | None, attempts: int, *, leased: bool) -> Mark:
    """How far something that came in is."""
    if outcome is not None:
        return EVENT.get(outcome, Mark("past", "\N{EN DASH}", outcome))
    if leased:
        return Mark("sending", "↻", "processing")
    if error is not None:
        return Mark("sending", "↻", f"tried in vain, {counted(attempts, 'time')}")
    return Mark("queued", "◌", "received")


def status_of(booking: DayBooking) -> Mark:
    """How it is; what the venue closed is no booking."""
    if booking.closure and booking.status == "confirmed":
        return CLOSURE
    return STATUS[booking.status]


def sync_of(block: DayBlock) -> Mark:
    """Whether the other channel knows: first what is under way, else what stands there."""
    match block.push:
        case "in_flight":
            return SENDING
        case "unknown":
            return UNSURE
        case "shadow":
            return SHADOW
        case "waiting":
            return _waiting(block)
        case _:
            return _standing(block)


def _waiting(block: DayBlock) -> Mark:
    if block.mode == "paused":
        return PAUSED
    if block.attempts:
        return Mark("sending", f"↻{block.attempts}", f"retrying, {block.attempts} tried")
    return RELEASING if block.wants == "nothing" else QUEUED


def _standing(block: DayBlock) -> Mark:
    if block.wants == "nothing":
        return RELEASING
    match block.state:
        case "booked":
            return CLOSED
        case "held":
            return CLOSED_FOR_NOW
        case _:
            return GIVEN_UP


BRAKES = {
    "mass_disappearance": "{gone} of {live} gone from a complete list at once",
    "empty_listing": "a listing came back empty, {live} known on it",
    "burst_of_absences": "{gone} of {live} not found when read by id",
}


def braked(reason: object, gone: object, live: object) -> str:
    """Why an account is in quarantine, from what was kept with it."""
    return BRAKES.get(str(reason), "too much gone at once").format(gone=gone, live=live)


def counted(amount: int, one: str, more: str | None = None) -> str:
    """`1 booking`, `2,000 bookings`."""
    return f"{amount:,} {one if amount == 1 else more or one + 's'}"


def listed(ids: Sequence[int], most: int = 3) -> str:
    """`5, 7, 9`; of more than `most`, how many there are besides."""
    named = ", ".join(str(one) for one in ids[:most])
    return f"{named} and {len(ids) - most} more" if len(ids) > most else named


def clock_time(at: datetime, zone: ZoneInfo) -> str:
    """`14:00` on the venue's own clock."""
    return at.astimezone(zone).strftime("%H:%M")


def between(start: datetime, end: datetime, zone: ZoneInfo) -> str:
    """From and to on the venue's own clock; with both days where they are not the same."""
    one_day = f"{clock_time(start, zone)}\N{EN DASH}{clock_time(end, zone)}"
    return over_midnight(start, end, zone) or one_day


def stretch(start: datetime, end: datetime, zone: ZoneInfo) -> str:
    """The day, from and to; over midnight the day of the end as well: `Sat 21 Nov 22:00` to `Sun 22 Nov 02:00`."""
    one_day = f"{day_and_time(start, zone)}\N{EN DASH}{clock_time(end, zone)}"
    return over_midnight(start, end, zone) or one_day


def day_and_time(at: datetime, zone: ZoneInfo) -> str:
    """`Sat 21 Nov 14:00`."""
    local = at.astimezone(zone)
    return f"{local:%a} {local.day} {local:%b %H:%M}"


def exact(at: datetime) -> str:
    """ISO 8601 with milliseconds, UTC: for hovering and copying."""
    return at.astimezone(UTC).isoformat(timespec="milliseconds").replace("+00:00", "Z")


def is_leaving(found: Leaving) -> str:
    """`venue glasshouse is leaving: 5 blocks to release, 12 bookings until 3 Dec`."""
    amounts = [
        (found.to_release, f"{counted(found.to_release, 'block')} to release"),
        (found.kept, f"{counted(found.kept, 'block')} kept for guests"),
        (found.bookings, _bookings(found)),
    ]
    left = ", ".join(text for amount, text in amounts if amount) or "calls under way"
    return f"{found.noun} {found.name} is leaving: {left}"


def _bookings(found: Leaving) -> str:
    until = f" until {found.until.day} {found.until:%b}" if found.until is not None else ""
    return f"{counted(found.bookings, 'booking')}{until}"
