"""Which lists a scan asks for, and when a list that is read page by page has been read whole. No I/O."""

from collections.abc import Sequence
from datetime import UTC, date, datetime, time, timedelta, tzinfo
from typing import Literal

from holdfast.channel import BookingList, Listing
from holdfast.channels.mozrest.replies import BookingPage
from holdfast.channels.mozrest.translate import settings_of
from holdfast.inventory.model import Span

MOST_PAGES = 40


class Chain:
    """The pages of one list, asked for by offset.

    No order is documented and rows move between pages while they are read (U17), so the list counts as
    read whole only if as many different bookings came as its unchanging total says.
    """

    def __init__(self, offset: int = 0) -> None:
        self.offset = offset
        self.done = False
        self.whole = True
        self.total: int | None = None
        self._pages = 0
        self._ids: set[str] = set()

    def take(self, page: BookingPage) -> None:
        """Account for the next page."""
        steady = self._pages == 0 or page.total == self.total
        self.total = page.total
        self._pages += 1
        self.offset += page.rows
        known = len(self._ids)
        self._ids.update(booking.id for booking in page.bookings)
        ended = page.rows == 0 or (page.total is not None and self.offset >= page.total)
        if not ended and page.bookings and len(self._ids) == known:
            self.done, self.whole = True, False  # nothing new, and no end: it would go on for ever
            return
        self.done = ended or self._pages >= MOST_PAGES
        self.whole = self.whole and page.whole and steady and (ended or not self.done)
        if self.done:
            self.whole = self.whole and len(self._ids) >= (page.total or 0)


SEPARATOR = " "
"""Between venue and day in the name of a list; an id of Mozrest's has no space in it."""


def day_lists(
    listings: Sequence[Listing], window: Span, clock: Literal["venue", "utc"] | None
) -> list[BookingList]:
    """The lists of `venue_days`, with the time in which their bookings begin by either clock."""
    zones = {settings_of(listing).venue_id: listing.zone for listing in listings}
    return [
        BookingList(
            place=f"{venue_id}{SEPARATOR}{day.isoformat()}", during=_of_day(day, zones[venue_id])
        )
        for venue_id, day in venue_days(listings, window, clock)
    ]


def venue_day(place: str) -> tuple[str, date]:
    """What a list's name says. Raises ValueError for one that is none of ours."""
    venue_id, _, day = place.rpartition(SEPARATOR)
    return venue_id, date.fromisoformat(day)


def _of_day(day: date, zone: tzinfo) -> Span:
    midnight = datetime.combine(day, time(), UTC)
    begins = [midnight, datetime.combine(day, time(), zone).astimezone(UTC)]
    ends = [begin + timedelta(days=1) for begin in begins]
    return Span(start=min(begins), end=max(ends))


def venue_days(
    listings: Sequence[Listing], window: Span, clock: Literal["venue", "utc"] | None
) -> list[tuple[str, date]]:
    """Every (venue, list day) that may hold a booking which overlaps the window, in order.

    A booking is listed under the day it starts on, so the longest turn reaches back before the window.
    While it is not known whose days these are (U10), those of both clocks are asked for.
    """
    chains: set[tuple[str, date]] = set()
    for listing in listings:
        settings = settings_of(listing)
        zones: dict[str, tzinfo] = {"venue": listing.zone, "utc": UTC}
        for zone in [zones[clock]] if clock else zones.values():
            for day in _days(window.start - settings.longest_turn, window.end, zone):
                chains.add((settings.venue_id, day))
    return sorted(chains)


def _days(start: datetime, end: datetime, zone: tzinfo) -> list[date]:
    first = start.astimezone(zone).date()
    last = (end - timedelta(microseconds=1)).astimezone(zone).date()
    return [first + timedelta(days=number) for number in range((last - first).days + 1)]
