"""What somebody may not do is not put before him; the guard would refuse it anyway."""

import re
from zoneinfo import ZoneInfo

import asyncpg
import pytest
from tests.web.busy_day import BusyDay
from tests.web.conftest import Client
from tests.web.rows import NOW, Rows
from tests.web.signing_in import person_reading, visitor

from holdfast.roles import Role

PAGES: tuple[tuple[str, Role], ...] = (
    # where something can be done, and who may
    ("/accounts/rooms-main", "operator"),
    ("/accounts/rooms-main?act=pause_pushes", "operator"),
    ("/conflicts/{conflict}", "venue"),
    ("/conflicts/{conflict}?act=keep_a", "venue"),
    ("/events", "operator"),
    ("/events?act=replay", "operator"),
    ("/events/{event}", "operator"),
    ("/events/{event}?act=replay", "operator"),
    ("/pushes?state=dead", "operator"),
    ("/pushes?state=dead&act=drop", "operator"),
    ("/pushes/{push}", "operator"),
    ("/pushes/{push}?act=drop", "operator"),
    ("/venues/glasshouse/calendar", "venue"),
    ("/venues/glasshouse/calendar?new=salon", "venue"),
    ("/venues/glasshouse/calendar?b={direct}&act=cancel", "venue"),
)
FORM, WAY = re.compile(r'<form[^>]* method="post"'), re.compile(r'href="[^"]*[?&;](act|new)=')


async def offered(client: Client, path: str, headers: dict[str, str]) -> bool:
    """Whether a page has a form that changes something, or a way to one."""
    answer = await client.get(path, headers=person_reading(headers))
    assert answer.status == 200, path
    main = (await answer.text()).partition("<main")[2].partition("</main>")[0]
    return bool(FORM.search(main) or WAY.search(main))


@pytest.fixture
async def ids(pool: asyncpg.Pool, rows: Rows) -> dict[str, int]:
    """One of everything that something can be done about."""
    day = BusyDay(
        rows, NOW.astimezone(ZoneInfo("Europe/Paris")).replace(hour=0, minute=0, second=0)
    )
    await day.make()
    conflict = await pool.fetchrow("select id, booking_id from conflicts order by id limit 1")
    block = await pool.fetchval("select min(id) from blocks")
    return {
        "conflict": conflict["id"],
        "event": await rows.event(day.accounts["rooms"], ref="r-1", error="unlisted", attempts=3),
        "push": await rows.push(block, state="dead", settled_at=NOW, error="rejected"),
        "direct": await pool.fetchval("select id from bookings where account_id is null limit 1"),
    }


async def test_what_somebody_may_not_do_is_not_put_before_him(
    client: Client, pool: asyncpg.Pool, ids: dict[str, int]
) -> None:
    people = {role: await visitor(pool, role) for role in ("viewer", "venue", "operator")}
    wrong = []
    for path, needs in PAGES:
        for role, headers in people.items():
            may = role == "operator" or role == needs
            if await offered(client, path.format_map(ids), headers) is not may:
                wrong.append((path, role))
    assert wrong == []
