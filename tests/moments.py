"""The moments at which a part of the suite runs a second time: there a clock that was read past the others shows.

By hand: `HOLDFAST_TEST_MOMENT=leap-day uv run pytest tests/web`. The clocks of all processes and of the database begin
at the moment and tick on from there.
"""

import os
import time
from collections.abc import Callable, Mapping, MutableMapping
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from zoneinfo import ZoneInfo

from holdfast.clock import TEST_AHEAD, SystemClock

CHOSEN = "HOLDFAST_TEST_MOMENT"
PARIS, KATHMANDU = ZoneInfo("Europe/Paris"), ZoneInfo("Asia/Kathmandu")
MINUTE, DAY = timedelta(minutes=1), timedelta(days=1)


@dataclass(frozen=True, slots=True)
class Moment:
    """`at` says when it comes next; in `zone` stands the machine."""

    at: Callable[[datetime], datetime]
    zone: str = ""


def changes(hours: int) -> Callable[[datetime], datetime]:
    """A minute before the clocks of Paris change, on the next day there that has so many hours."""

    def at(now: datetime) -> datetime:
        day = now.astimezone(PARIS).replace(hour=0, minute=0, second=0, microsecond=0)
        while True:
            day = (day + DAY).replace(fold=0)  # on the wall: midnight again
            if (day + DAY).astimezone(UTC) - day.astimezone(UTC) == timedelta(hours=hours):
                # All of the European Union changes at one o'clock in UTC.
                return day.astimezone(UTC).replace(hour=0, minute=59) + DAY

    return at


def new_year(now: datetime) -> datetime:
    """A minute before it begins in Kathmandu, which is 5:45 ahead of UTC."""
    year = now.astimezone(KATHMANDU).year + 1
    return datetime(year, 1, 1, tzinfo=KATHMANDU).astimezone(UTC) - MINUTE


MOMENTS: Mapping[str, Moment] = {
    "60-days-ahead": Moment(lambda now: now + 60 * DAY),
    "23-hour-day": Moment(changes(23)),
    "25-hour-day": Moment(changes(25)),
    "leap-day": Moment(lambda _: datetime(2028, 2, 29, 12, tzinfo=UTC)),
    "new-year-in-kathmandu": Moment(new_year, zone="Asia/Kathmandu"),
}


def go(environ: MutableMapping[str, str]) -> None:
    """Move this process and all that it starts to the chosen moment. Raises KeyError for one that is not known."""
    name = environ.get(CHOSEN, "")
    if not name or TEST_AHEAD in environ:
        return
    moment, now = MOMENTS[name], SystemClock().now()
    environ[TEST_AHEAD] = str((moment.at(now) - now).total_seconds())
    if moment.zone:
        environ["TZ"] = moment.zone
        time.tzset()


def chosen() -> str:
    """For the head of a report."""
    return f"moment: {os.environ.get(CHOSEN) or 'now'}, {SystemClock().now():%Y-%m-%d %H:%M:%S} UTC"
