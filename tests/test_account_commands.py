"""`holdfast accounts`: needs no secret of any channel, and says what became of it."""

from datetime import UTC, datetime

import asyncpg
from tests.conftest import connected
from tests.test_log_commands import holdfast, lines
from tests.test_people_commands import actions
from tests.town import MORNING, town
from tests.web.rows import Rows

from holdfast.recorded import whoever_types

NEVER = datetime.max.replace(tzinfo=UTC)


async def test_accounts_are_listed_paused_and_let_go_on(database_url: str) -> None:
    async with asyncpg.create_pool(database_url, min_size=1, max_size=1) as pool:
        account = await Rows(pool).account()
        await Rows(pool).polled(account)
        await Rows(pool).reading(account, due_at=NEVER)
    why = ("--reason", "they move servers")
    pause = ("accounts", "pause", "rooms-main", "intake", *why)
    assert await holdfast(database_url, *pause) == (0, "rooms-main: pause intake: done.\n")
    code, told = await holdfast(database_url, *pause)
    assert (code, "its intake is paused" in told) == (1, True)
    code, told = await holdfast(database_url, "accounts", "poll", "rooms-main", *why)
    assert (code, "not read" in told) == (1, True)
    (row,) = await lines(database_url, "accounts", "ls")
    assert (row["name"], row["intake_paused_by"] != "", row["pushes_pause"]) == (
        *("rooms-main", True),
        None,
    )
    code, told = await holdfast(database_url, "accounts", "ls")
    assert (code, f"intake by {row['intake_paused_by']}" in told) == (0, True)
    (done,) = await lines(database_url, "accounts", "resume", "rooms-main", "intake", *why)
    assert (done["account"], done["act"]) == ("rooms-main", "resume_intake")
    for what in (("poll",), ("audit",)):
        assert (await holdfast(database_url, "accounts", *what, "rooms-main", *why))[0] == 0
    async with connected(database_url) as connection:
        due = await connection.fetchval("select due_at <= now() from readings")
    assert due
    by, put = (whoever_types(), "command"), ("account rooms-main", why[1])
    assert await actions(database_url) == [
        (*by, "pause_intake", *put, "ok"),
        (*by, "pause_intake", *put, "refused"),
        (*by, "read_bookings", *put, "refused"),
        (*by, "resume_intake", *put, "ok"),
        (*by, "read_bookings", *put, "ok"),
        (*by, "audit", *put, "ok"),
    ]
    code, told = await holdfast(database_url, "accounts", "pause", "rooms-main", "sleep", *why)
    assert (code, "'sleep' is not one of" in told) == (2, True)


async def test_an_account_is_shown_with_what_it_needs_and_what_there_is(database_url: str) -> None:
    async with town(database_url) as t:
        code, told = await holdfast(t, "accounts", "show", "mozrest-main")
        assert code == 0
        assert told.startswith(
            f"mozrest-main (mozrest, live)\nlast complete: {MORNING:%Y-%m-%dT08:00}"
        )
        assert "reads: " in told
        assert " of 100,000 a minute. Bookings every " in told
        assert "writes: 100,000 a minute allowed" in told
        assert told.endswith("0 pushes waiting\n")
        code, told = await holdfast(t, "accounts", "show", "nowhere")
        assert (code, "there is no account nowhere in use" in told) == (1, True)
        code, told = await holdfast(t, "accounts", "ls")
        assert (code, told.splitlines()[0].endswith("CLOSING")) == (0, True)


async def test_sums_go_by_what_reading_really_cost(database_url: str) -> None:
    async with town(database_url) as t:
        await t.pool.execute(
            "insert into readings (account_id, task, place, due_at, complete_at, during, cost)"
            " select id, 'bookings', n::text, now(), now(), tstzrange($1::timestamptz, $1::timestamptz + interval '1 day'), 2000"
            " from accounts, generate_series(1, 9) n where name = 'mozrest-main'",
            t.clock.now(),
        )
        _, told = await holdfast(t, "accounts", "show", "mozrest-main")
        assert "Bookings every " in told
        assert "1 venue on one key needs 120,034 reads a minute and 75,000 are there" in told
