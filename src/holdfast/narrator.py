"""Tells what happens, one line each, from the journal: the same facts that the dashboard shows."""

import asyncio
import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from statistics import median
from zoneinfo import ZoneInfo

import asyncpg
import click

from holdfast.inventory.wall import over_midnight
from holdfast.store import exposures, journal, tally
from holdfast.store.exposures import Lasted
from holdfast.sync.parts import Parts
from holdfast.web.words import counted

TELL_EVERY = 0.2
"""Seconds."""

SYMBOLS = {
    "booking": "<-",
    "block": "->",
    "conflict": "!!",
    "push": "!!",
}
COLOURS = {"<-": "cyan", "->": "green", "!!": "red"}
UNTOLD = frozenset(
    {
        *("allocation.granted", "block.wanted_held", "block.wanted_booked", "block.wanted_nothing"),
        *("booking.changed", "allocation.changed", "block.changed", "conflict.changed"),
        "block.past",
    }
)


@dataclass(slots=True)
class Narrator:
    """Prints new journal entries as lines, and keeps count for the summary at the end."""

    parts: Parts
    zones: Mapping[int, ZoneInfo]
    told: dict[int, int] = field(default_factory=dict)
    seconds: list[float] = field(default_factory=list)
    gaps: list[float] = field(default_factory=list)
    counts: dict[str, int] = field(default_factory=dict)
    since: datetime | None = None
    exposed: list[Lasted] = field(default_factory=list)
    placed: int = 0
    unplaced: int = 0

    async def skip_the_past(self) -> None:
        """Begin with what happens from now on."""
        self.since = self.parts.now()
        for venue_id in self.parts.premises:
            for entry in await self._since(venue_id, 1_000_000):
                self.told[venue_id] = entry["seq"]

    async def tell(self) -> None:
        """For ever, a few times a second."""
        while True:
            await self.catch_up()
            await asyncio.sleep(TELL_EVERY)

    async def catch_up(self) -> None:
        """Print what is new."""
        for venue_id in list(self.parts.premises):
            for entry in await self._since(venue_id, 200):
                self.told[venue_id] = entry["seq"]
                self._count(entry["kind"], json.loads(entry["data"]))
                line = self._line(venue_id, entry)
                if line is not None:
                    click.echo(line)

    async def _since(self, venue_id: int, limit: int) -> list[asyncpg.Record]:
        async with self.parts.pool.acquire() as connection:
            return await journal.since(connection, venue_id, self.told.get(venue_id, 0), limit)

    def _count(self, kind: str, data: Mapping[str, object]) -> None:
        self.counts[kind] = self.counts.get(kind, 0) + 1
        if kind in ("block.held", "block.booked") and isinstance(data.get("seconds"), float):
            self.placed += data.get("call") == "place"
            if "gap_seconds" in data:
                self.gaps.append(float(str(data["gap_seconds"])))
            elif data.get("call") == "place":
                self.seconds.append(float(str(data["seconds"])))

    def _line(self, venue_id: int, entry: asyncpg.Record) -> str | None:
        kind, data = entry["kind"], json.loads(entry["data"])
        if kind in UNTOLD:
            return None
        zone = self.zones[venue_id]
        symbol = SYMBOLS.get(kind.split(".")[0], "  ")
        channel = str(data.get("target") or data.get("channel") or self._channel(data) or "")
        words = [
            entry["at"].astimezone().strftime("%H:%M:%S"),  # one clock, wherever the venues are
            click.style(symbol, fg=COLOURS.get(symbol)),
            f"{channel:<8}",
            f"{kind:<19}",
            f"{self._place(venue_id, data):<12}",
            _when(data, zone),
            _rest(kind, data),
        ]
        return " ".join(words).rstrip()

    def _channel(self, data: Mapping[str, object]) -> str | None:
        for account in self.parts.accounts.values():
            if any(listing.name == data.get("listing") for listing in account.listings.values()):
                return account.channel_name
        return None

    def _place(self, venue_id: int, data: Mapping[str, object]) -> str:
        """The unit, where there is one; a listing over several by its own name."""
        premises = self.parts.premises[venue_id]
        names = data.get("units")
        if isinstance(names, list):
            return _few(names)
        for outlet in premises.outlets.values():
            if outlet.name == data.get("listing"):
                several = len(outlet.unit_ids) > 1
                return outlet.name if several else premises.units[outlet.unit_ids[0]].name
        return ""

    async def weigh(self) -> None:
        """Before the end: how long time was sold twice, and how many blocks are not placed yet."""
        pool = self.parts.pool
        if self.since is not None:
            self.exposed = await exposures.lasted(pool, self.since, self.parts.now())
        self.unplaced = sum(p.amount for p in await tally.push_tally(pool) if p.call == "place")

    def summary(self) -> list[str]:
        """What it came to, in a few lines."""
        bookings = sum(n for kind, n in self.counts.items() if kind == "booking.created")
        lines = [
            f"{counted(bookings, 'booking')}, {counted(self.placed, 'block')} placed,"
            f" {counted(self.counts.get('conflict.opened', 0), 'conflict')} opened"
        ]
        if self.seconds or self.unplaced:
            lines.append(_closed(self.seconds, self.unplaced))
        if self.exposed:
            lines += _sold_twice(self.exposed)
        if self.gaps:
            lines.append(
                f"{len(self.gaps)} holds placed again after they lapsed, widest gap {max(self.gaps) * 1000:.0f} ms"
            )
        return lines


def _closed(seconds: Sequence[float], unplaced: int) -> str:
    told = f"median {_seconds(median(seconds))}, worst {_seconds(max(seconds))}" if seconds else ""
    waiting = f"{unplaced} blocks not placed yet" if unplaced else ""
    what = ", ".join(part for part in (told, waiting) if part)
    return f"First heard of to closed on the other channel: {what}"


def _sold_twice(exposed: Sequence[Lasted]) -> list[str]:
    """Those that go on are in it with what they have come to, so that nothing slow is left out."""
    seconds = [one.seconds for one in exposed]
    never, going = sum(not one.seconds for one in exposed), sum(one.goes_on for one in exposed)
    heard = sum(not one.told for one in exposed)
    return [
        "Sellable on another channel after it was taken:"
        f" median {_seconds(median(seconds))}, worst {_seconds(max(seconds))}",
        f"  {len(exposed)} measured: {never} never on sale there, {going} still on sale;"
        f" {heard} counted from when we heard (no earlier time was told)",
    ]


def _few(names: Sequence[object]) -> str:
    """All of two, else the first and how many more."""
    if len(names) <= 2:
        return ", ".join(map(str, names))
    return f"{names[0]} and {len(names) - 1} more"


def _seconds(seconds: float) -> str:
    return f"{seconds * 1000:.0f} ms" if seconds < 10 else f"{seconds:.0f} s"


def _when(data: Mapping[str, object], zone: ZoneInfo) -> str:
    if not data.get("start") or not data.get("end"):
        return f"{'':<15}"
    start, end = (datetime.fromisoformat(str(data[k])).astimezone(zone) for k in ("start", "end"))
    return over_midnight(start, end, zone) or f"{start:%a %H:%M}-{end:%H:%M}"


def _rest(kind: str, data: Mapping[str, object]) -> str:
    """What it came to; of a pool's block, the table that it stands for."""
    told = _outcome(kind, data)
    about = f"for {data['unit']}" if data.get("unit") else ""
    return ", ".join(part for part in (about, told) if part)


def _outcome(kind: str, data: Mapping[str, object]) -> str:
    if "gap_seconds" in data:
        return f"again after {float(str(data['gap_seconds'])) * 1000:.0f} ms"
    if kind.startswith("block.") and isinstance(data.get("seconds"), float):
        return f"{float(str(data['seconds'])) * 1000:.0f} ms"
    return next((str(data[k]) for k in ("status", "failure", "why") if data.get(k)), "")
