"""blind: taken times whose offers were never read: what listings probably sell there, and the wish to have it read."""

from collections.abc import Iterable, Iterator, Mapping, Sequence
from datetime import datetime

from holdfast.inventory.grid import DAYS, guess, unread
from holdfast.inventory.known import Outlet
from holdfast.inventory.model import Span
from holdfast.inventory.plan import Closed
from holdfast.store import offers, schedule
from holdfast.sync.turn import Turn


async def guessed(
    turn: Turn, taken: Iterable[Span], looks: Mapping[int, Sequence[Span]]
) -> dict[int, list[Span]]:
    """By listing, its probable offers around these times where they were never read.

    A pool's blocks wait for the reading: how many of its units are free cannot be guessed.
    """
    ahead = list(_ahead(taken, turn.now))
    outlets = [outlet for outlet in turn.premises.outlets.values() if not outlet.pool]
    times = {outlet.id: unread(ahead, looks.get(outlet.id, ())) for outlet in outlets}
    blind = [listing_id for listing_id, spans in times.items() if spans]
    if not blind:
        return {}
    known = await offers.grid(turn.connection, blind, Span.of(turn.now, DAYS))
    zones = {i: one.zone for a in turn.parts.accounts.values() for i, one in a.listings.items()}
    return {
        i: [
            offer
            for span in times[i]
            for offer in guess(known[i], span, zones[i])
            if offer not in known[i]  # what was read is believed as it was read
        ]
        for i in blind
        if i in zones
    }


async def probe_unread(
    turn: Turn, outlet: Outlet, closed: Iterable[Closed], looks: Sequence[Span]
) -> None:
    """Where the offers were never read it is not known what covers the closed time: read them now."""
    for span in unread(_ahead((part.span for part in closed), turn.now), looks):
        await schedule.probe_around(turn.connection, outlet.id, span, turn.now)


def _ahead(spans: Iterable[Span], now: datetime) -> Iterator[Span]:
    for span in spans:
        if span.end > now:
            yield Span(start=max(span.start, now), end=span.end)
