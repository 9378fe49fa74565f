"""How far an account is with closing what is taken elsewhere, in words, where that takes long. No I/O."""

from zoneinfo import ZoneInfo

from holdfast.budget import Pace
from holdfast.inventory.sums import lasting
from holdfast.rehearsal import seconds_for
from holdfast.store.closing import ClosingRow
from holdfast.web.words import day_and_time

WORTH_TELLING = 60.0
"""Seconds: what is closed sooner than that is no wait."""


def told(row: ClosingRow | None) -> str:
    """`closing 1,240 of 5,000, about 9 h at 15 writes a minute, next: Sat 12 Dec 19:00`; empty: nothing waits long."""
    if row is None or row.standing >= row.wanted:
        return ""
    seconds = seconds_for(row.writes, row.writes_per_minute)
    if seconds < WORTH_TELLING:
        return ""
    steady = 60 / Pace(per_minute=row.writes_per_minute).interval
    text = f"closing {row.standing:,} of {row.wanted:,}, about {lasting(seconds)} at {steady:,.0f} writes a minute"
    if row.next_at is None or row.timezone is None:
        return text
    return f"{text}, next: {day_and_time(row.next_at, ZoneInfo(row.timezone))}"
