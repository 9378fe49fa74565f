"""While much is closed at once, it is shown how far it is, how long it takes, and what is closed next."""

from dataclasses import replace
from datetime import UTC, datetime, timedelta

import asyncpg
from tests.web.conftest import Client
from tests.web.rows import NOON, NOW, Rows
from tests.web.test_dashboard import page

from holdfast.closing import told
from holdfast.store.closing import ClosingRow, closings

MANY = ClosingRow(
    account="rooms-main",
    writes_per_minute=20,
    wanted=5000,
    standing=1240,
    writes=7520,
    next_at=datetime(2026, 12, 12, 18, tzinfo=UTC),
    timezone="Europe/Paris",
)


def test_progress_is_told_with_what_is_left_and_what_comes_next() -> None:
    assert told(MANY) == (
        "closing 1,240 of 5,000, about 9 h at 15 writes a minute, next: Sat 12 Dec 19:00"
    )
    assert told(replace(MANY, next_at=None)).endswith("at 15 writes a minute")


def test_what_is_closed_within_a_minute_is_no_news() -> None:
    assert told(None) == ""
    assert told(replace(MANY, writes=19)) == ""
    assert told(replace(MANY, standing=5000)) == ""


async def many_waiting(rows: Rows) -> None:
    """Forty are wanted, ten stand, of the rest the last one made starts first."""
    venue, account = await rows.venue(), await rows.account()
    listing = await rows.listing(venue, account, "salon-rooms", [await rows.unit(venue)])
    for number in range(40):
        start = NOON + timedelta(days=40 - number)
        times = {"start": start, "end": start + timedelta(hours=1)}
        if number < 10:
            await rows.block(listing, [], **times)
            continue
        block = await rows.block(listing, [], **times, state="absent", external_id=None)
        await rows.push(block, starts_at=start)


async def test_it_is_counted_by_account_and_shown_where_somebody_looks(
    rows: Rows, client: Client
) -> None:
    await many_waiting(rows)
    (found,) = (await closings(rows.pool, NOW)).values()
    assert (found.wanted, found.standing, found.writes) == (40, 10, 60)
    assert found.next_at == NOON + timedelta(days=1)
    expected = "losing 10 of 40, about 4 min at 15 writes a minute, next: Sat 21 Nov 13:00"
    shown = (await page(client, "/ops")).text
    assert f"c{expected}".replace(", ", " ") in shown
    assert f"C{expected}." in (await page(client, "/accounts/rooms-main")).text


async def test_what_is_not_sent_is_not_closed(rows: Rows, pool: asyncpg.Pool) -> None:
    await many_waiting(rows)
    await pool.execute("update accounts set mode = 'shadow'")
    assert await closings(pool, NOW) == {}


async def test_a_page_says_what_an_accounts_settings_need_and_what_there_is(
    rows: Rows, client: Client
) -> None:
    venue, account = await rows.venue(), await rows.account("tables-main", "mozrest")
    listing = await rows.listing(venue, account, "salon-tables", [await rows.unit(venue)])
    await rows.pool.execute(
        "update listings set settings = $2::text::jsonb where id = $1",
        listing,
        '{"venue_id": "v1", "turn_minutes": 90}',
    )
    shown = (await page(client, "/accounts/tables-main")).text
    assert "of 60 a minute. Bookings of the next 2 days every 20 s, of 8 days every 60 s" in shown
    assert "20 a minute allowed, 15 in the long run: about 7 bookings a minute" in shown
    assert "Cannot be kept" not in shown
    await rows.pool.execute("update accounts set reads_per_minute = 8")
    shown = (await page(client, "/accounts/tables-main")).text
    assert "1 venue on one key needs 20 reads a minute and 6 are there: near bookings" in shown
    await rows.pool.execute("update listings set settings = '{}'")
    assert "What its settings need" not in (await page(client, "/accounts/tables-main")).text
