"""What an arrangement would change, in the words of the people who must know. No I/O."""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from zoneinfo import ZoneInfo

from holdfast.store.journal import Entry
from holdfast.store.stories import Target
from holdfast.sync.arrange import Effects
from holdfast.web.words import stretch


@dataclass(frozen=True, slots=True, kw_only=True)
class Told:
    """A listing that is told something about a time; `mode` says whether its account is sent to."""

    listing: str
    when: str
    mode: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Foreseen:
    """`clashes`: by conflict that would open, the others in it. `asks`: only its channel can do it."""

    closes: Sequence[Told]
    reopens: Sequence[Told]
    clashes: Sequence[Sequence[int]]
    too_small: bool
    settles: int
    asks: bool

    @property
    def calls(self) -> int:
        """To how many places channels are told something."""
        return len(self.closes) + len(self.reopens) + self.asks


def foreseen(
    effects: Effects,
    modes: Mapping[str, str],
    zone: ZoneInfo,
    after: Iterable[Target] = (),
) -> Foreseen:
    """`after`: what stands for nothing else, and is sold again once the channel has confirmed."""
    entries = effects.entries
    opened = [entry for entry in entries if entry.kind == "conflict.opened"]
    double = [entry for entry in opened if entry.data.get("kind") == "double_booking"]
    asks = any(entry.kind == "booking.cancel_asked" for entry in entries)
    later = [_standing(target, zone) for target in after] if asks else []
    return Foreseen(
        closes=[told for kind in ("booked", "held") for told in _told(entries, kind, modes, zone)],
        reopens=[*_told(entries, "nothing", modes, zone), *later],
        clashes=[_others(entry, effects.booking_id) for entry in double],
        too_small=len(opened) > len(double),
        settles=sum(entry.kind == "conflict.closed" for entry in entries),
        asks=asks,
    )


def _told(
    entries: Iterable[Entry], wanted: str, modes: Mapping[str, str], zone: ZoneInfo
) -> list[Told]:
    found = []
    for entry in entries:
        if entry.kind == f"block.wanted_{wanted}" and not entry.data.get("stands"):
            name = str(entry.data["listing"])
            start, end = (datetime.fromisoformat(str(entry.data[at])) for at in ("start", "end"))
            found.append(
                Told(listing=name, when=stretch(start, end, zone), mode=modes.get(name, "live"))
            )
    return found


def _standing(target: Target, zone: ZoneInfo) -> Told:
    when = stretch(target.starts_at, target.ends_at, zone)
    return Told(listing=target.listing, when=when, mode=target.mode)


def _others(entry: Entry, booking_id: int) -> Sequence[int]:
    against = entry.data.get("against")
    told = [int(other) for other in against] if isinstance(against, list) else []
    return sorted({entry.booking_id or booking_id, *told} - {booking_id})
