"""What does not end on the day on which it begins is told with both days, wherever its time stands.

The kind of fault: an end without its day. It stood in the panel, on bars, in the agenda, in lists, at conflicts, in
previews and stories, on the page and in the command that explain, and in what the console narrates.
"""

from datetime import UTC, datetime
from zoneinfo import ZoneInfo

import pytest
from tests.web.conftest import Client
from tests.web.rows import HOUR, Rows
from tests.web.test_arranging import shown
from tests.web.test_calendar import PATH, sold
from tests.web.test_dashboard import page

from holdfast.inventory.known import CLOSURE
from holdfast.inventory.wall import over_midnight
from holdfast.web.words import between, stretch

NOON = datetime(2026, 12, 2, 11, tzinfo=UTC)
PARIS = ZoneInfo("Europe/Paris")
BOTH = "Wed 2 Dec 12:00 \N{EN DASH} Thu 3 Dec 12:00"


def test_one_day_is_told_once_and_two_days_both() -> None:
    assert stretch(NOON, NOON + HOUR, PARIS) == "Wed 2 Dec 12:00\N{EN DASH}13:00"
    assert between(NOON, NOON + HOUR, PARIS) == "12:00\N{EN DASH}13:00"
    for words in (stretch, between, over_midnight):
        assert words(NOON, NOON + 24 * HOUR, PARIS) == BOTH
    assert over_midnight(NOON, NOON + HOUR, PARIS) == ""
    # by the venue's clock, not by ours: 23:30 to 00:30 there
    late = datetime(2026, 12, 2, 22, 30, tzinfo=UTC)
    assert stretch(late, late + HOUR, PARIS) == "Wed 2 Dec 23:30 \N{EN DASH} Thu 3 Dec 00:30"


@pytest.mark.parametrize(
    "path",
    [
        f"{PATH}?date=2026-12-02&b=1",
        f"{PATH}?date=2026-12-02&view=day",
        f"{PATH}?date=2026-12-03&view=agenda",
        "/bookings",
        "/bookings/1",
        "/conflicts",
        "/conflicts/1",
        "/explain?venue=glasshouse&unit=salon&from=2026-12-02T12:00&to=2026-12-03T12:00",
        "/explain?venue=glasshouse&unit=salon&from=2026-12-02T18:00&for=1h",
    ],
)
async def test_a_closure_over_midnight_is_told_with_both_days(
    client: Client, rows: Rows, path: str
) -> None:
    venue, unit, _ = await sold(rows)
    closure = await rows.booking(
        venue, unit_ids=[unit], start=NOON, end=NOON + 24 * HOUR, raw_status=CLOSURE
    )
    await rows.granted(closure, unit)
    await rows.conflict(closure, [], [unit])
    assert closure == 1
    found = await page(client, path)
    titles = [attrs.get("title", "") for _, attrs in found.elements]
    assert BOTH in found.text or any(BOTH in title for title in titles), found.text


async def test_the_preview_of_a_closure_over_midnight_tells_both_days(
    client: Client, rows: Rows
) -> None:
    await sold(rows)
    other = await rows.pool.fetchval("select id from listings where name = 'salon-tables'")
    await rows.offer(other, NOON, NOON + 24 * HOUR)
    wish = {"act": "close", "unit": "salon", "reason": "painters"}
    html = await shown(client, {**wish, "start": "2026-12-02T12:00", "end": "2026-12-03T12:00"})
    assert BOTH in html
