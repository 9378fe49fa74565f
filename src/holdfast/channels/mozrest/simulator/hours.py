"""When a simulated venue lets parties begin: opening hours, grid and turn across DST and midnight. No I/O."""

from collections.abc import Iterator
from datetime import UTC, date, datetime, timedelta

from holdfast.channels.mozrest.simulator.world import Area, Venue

SEARCH_DAYS = 60


def starts_of_day(venue: Venue, area: Area, party: int, day: date) -> list[datetime]:
    """The grid of one local day, whether free or not; the turn ends before the venue closes."""
    if day in venue.closed_on:
        return []
    opens = datetime.combine(day, venue.opens, venue.zone).astimezone(UTC)
    closing_day = day if venue.closes > venue.opens else day + timedelta(days=1)
    closes = datetime.combine(closing_day, venue.closes, venue.zone).astimezone(UTC)
    last = closes - area.turn_of(party)
    step = timedelta(minutes=venue.step_minutes)
    return [opens + number * step for number in range(max(0, (last - opens) // step + 1))]


def starts_about(venue: Venue, area: Area, party: int, at: datetime) -> list[datetime]:
    """The grid of the local day of `at` and of its neighbours, in order."""
    today = at.astimezone(venue.zone).date()
    days = [today + timedelta(days=number) for number in (-1, 0, 1)]
    return sorted({start for day in days for start in starts_of_day(venue, area, party, day)})


def starts_from(
    venue: Venue, area: Area, party: int, at: datetime, days: int = SEARCH_DAYS
) -> Iterator[datetime]:
    """The grid from `at` on, for so many days."""
    today = at.astimezone(venue.zone).date() - timedelta(days=1)
    for number in range(days + 1):
        for start in starts_of_day(venue, area, party, today + timedelta(days=number)):
            if at <= start < at + timedelta(days=days):
                yield start
