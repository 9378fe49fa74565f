"""`holdfast accounts`: needs no secret of any channel, and says what became of it."""

import asyncpg
from tests.conftest import connected
from tests.test_log_commands import holdfast, lines
from tests.test_people_commands import actions
from tests.web.rows import Rows

from holdfast.recorded import whoever_types


async def test_accounts_are_listed_paused_and_let_go_on(database_url: str) -> None:
    async with asyncpg.create_pool(database_url, min_size=1, max_size=1) as pool:
        await Rows(pool).polled(await Rows(pool).account())
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
        due = await connection.fetchval(
            "select next_due_at <= now() from cursors where task = 'audit'"
        )
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
