"""`renamed_from`: the row keeps its number and history, and what cannot be meant is refused by name.

The kind of fault: a new name was a new thing, and the old one left with all that belonged to it. It stands for accounts,
venues, units and listings alike.
"""

import asyncio
from collections.abc import Callable
from datetime import UTC, datetime

import asyncpg
import pytest

from holdfast.configuration_apply import apply, plan
from holdfast.configuration_model import Configuration
from holdfast.configuration_plan import PlanRefused
from holdfast.soak.program import until
from holdfast.store.configuration import load
from holdfast.wiring import purse

Configured = Callable[..., Configuration]
Problems = Callable[..., list[str]]
NOW = datetime(2026, 11, 2, 12, tzinfo=UTC)

ACCOUNT = ('name = "rooms-main"', 'name = "rooms-new"\nrenamed_from = "rooms-main"')
VENUE = ('name = "glasshouse"', 'name = "orangery"\nrenamed_from = "glasshouse"')
UNIT = ('name = "bar"', 'name = "counter"\nrenamed_from = "bar"')
LISTING = ('name = "bar-rooms"', 'name = "counter-rooms"\nrenamed_from = "bar-rooms"')
SOLD = (
    ('name = "salon-rooms"\naccount = "rooms-main"', 'name = "salon-rooms"\naccount = "rooms-new"'),
    (
        'name = "bar-rooms"\naccount = "rooms-main"\nunits = ["bar"]',
        'name = "counter-rooms"\nrenamed_from = "bar-rooms"\naccount = "rooms-new"\nunits = ["counter"]',
    ),
)
BAR = (
    'name = "bar-rooms"\naccount = "rooms-main"',
    'name = "bar-rooms"\naccount = "rooms-new"',
)
EVERYTHING = (ACCOUNT, VENUE, UNIT, *SOLD)

Ids = list[tuple[str, int]]


async def ids(connection: asyncpg.Connection) -> dict[str, list[int]]:
    return {
        table: [row["id"] for row in await connection.fetch(f"select id from {table} order by id")]
        for table in ("accounts", "venues", "units", "listings")
    }


async def test_all_four_are_renamed_in_one_edit_and_every_row_is_kept(
    connection: asyncpg.Connection, configured: Configured
) -> None:
    await apply(connection, configured(), NOW)
    before = await ids(connection)
    done = await apply(connection, configured(*EVERYTHING), NOW)
    assert str(done).splitlines() == [
        "~ account rooms-new: renamed from rooms-main",
        "~ venue orangery: renamed from glasshouse",
        "~ unit counter of orangery: renamed from bar",
        "~ listing counter-rooms: renamed from bar-rooms",
    ]
    assert await ids(connection) == before
    book = await load(connection)
    assert {a.name for a in book.accounts.values()} == {"rooms-new", "tables-main"}
    assert {u.name for u in book.units.values()} == {"salon", "counter"}
    assert all(a.active for a in book.accounts.values())
    assert all(one.active for one in book.listings.values())


async def test_the_line_may_stay_after_it_was_applied(
    connection: asyncpg.Connection, configured: Configured
) -> None:
    await apply(connection, configured(), NOW)
    await apply(connection, configured(*EVERYTHING), NOW)
    assert not await apply(connection, configured(*EVERYTHING), NOW)


async def test_a_first_configuration_may_have_lines_of_another_place(
    connection: asyncpg.Connection, configured: Configured
) -> None:
    done = await apply(connection, configured(*EVERYTHING), NOW)
    assert {change.verb for change in done.changes} == {"added"}


async def test_what_was_retired_comes_back_under_its_new_name(
    connection: asyncpg.Connection, configured: Configured
) -> None:
    await apply(connection, configured(), NOW)
    before = await ids(connection)
    gone = (
        '[[venues.listings]]\nname = "bar-rooms"\naccount = "rooms-main"\nunits = ["bar"]\ntakes = "all"\nspace = "two"\n',
        "",
    )
    await apply(connection, configured(gone), NOW)
    done = await apply(connection, configured(LISTING), NOW)
    assert [change.verb for change in done.changes] == ["renamed", "added"]
    assert await ids(connection) == before


async def test_other_keys_change_with_the_name(
    connection: asyncpg.Connection, configured: Configured
) -> None:
    await apply(connection, configured(), NOW)
    done = await apply(
        connection,
        configured(
            UNIT, ('["bar"]', '["counter"]'), ("seats = 1\n", "seats = 1\nsetup_minutes = 5\n")
        ),
        NOW,
    )
    assert str(done).splitlines() == [
        "~ unit counter of glasshouse: renamed from bar",
        "~ unit counter of glasshouse: setup_minutes 0 -> 5",
    ]


async def test_a_slip_is_told_from_what_would_be_removed(
    connection: asyncpg.Connection, configured: Configured
) -> None:
    await apply(connection, configured(), NOW)
    before = await ids(connection)
    slip = (LISTING[0], LISTING[1].replace('from = "bar-rooms"', 'from = "bar-romms"'))
    with pytest.raises(PlanRefused) as refused:
        await apply(connection, configured(slip), NOW)
    assert str(refused.value) == (
        "listing counter-rooms: renamed_from: there is no listing bar-romms; expected what it is called now, one of "
        "those that would be removed (bar-rooms), or no such line"
    )
    assert await ids(connection) == before


async def test_two_histories_never_become_one(
    connection: asyncpg.Connection, configured: Configured
) -> None:
    await apply(connection, configured(), NOW)
    await apply(connection, configured((LISTING[0], 'name = "counter-rooms"')), NOW)
    with pytest.raises(PlanRefused, match="two histories cannot become one: take the line out"):
        await plan(connection, configured(LISTING))


async def test_an_account_without_the_line_is_told_of_it(
    connection: asyncpg.Connection, configured: Configured
) -> None:
    """The advice was to give the listings new names: then every guest was booked twice."""
    await apply(connection, configured(), NOW)
    new = [('name = "rooms-main"', 'name = "rooms-new"'), (SOLD[0])]
    new.append(
        ('name = "bar-rooms"\naccount = "rooms-main"', 'name = "bar-rooms"\naccount = "rooms-new"')
    )
    with pytest.raises(PlanRefused) as refused:
        await plan(connection, configured(*new))
    assert str(refused.value).endswith(
        "; account rooms-main is not in the file: if it has another name now, "
        'say renamed_from = "rooms-main" at rooms-new'
    )


@pytest.mark.parametrize(
    ("changes", "path", "told"),
    [
        pytest.param(
            [
                (
                    'name = "tables-main"\nchannel',
                    'name = "tables-main"\nrenamed_from = "rooms-main"\nchannel',
                )
            ],
            "accounts[1].renamed_from",
            "got 'rooms-main' like accounts[0]",
            id="the old name is there",
        ),
        pytest.param(
            [
                ('name = "salon"', 'name = "salon"\nrenamed_from = "bar"'),
                ('name = "bar"', 'name = "bar"\nrenamed_from = "salon"'),
            ],
            "venues[0].units[0].renamed_from",
            "in two steps",
            id="names change places",
        ),
        pytest.param(
            [
                ('name = "salon"', 'name = "salon"\nrenamed_from = "hall"'),
                ('name = "bar"', 'name = "bar"\nrenamed_from = "hall"'),
            ],
            "venues[0].units[1].renamed_from",
            "a name that nothing has any more",
            id="one name before, two now",
        ),
        pytest.param(
            [('name = "glasshouse"', 'name = "glasshouse"\nrenamed_from = "glasshouse"')],
            "venues[0].renamed_from",
            "got its own name",
            id="its own name",
        ),
        pytest.param(
            [('name = "glasshouse"', 'name = "glasshouse"\nrenamed_from = "Glass House"')],
            "venues[0].renamed_from",
            "expected lower-case letters",
            id="no name",
        ),
    ],
)
def test_what_cannot_be_meant_is_refused_in_the_file(
    problems: Problems, changes: list[tuple[str, str]], path: str, told: str
) -> None:
    found = problems(*changes)
    assert any(path in line and told in line for line in found), found


async def test_who_may_see_a_venue_only_still_sees_it(
    connection: asyncpg.Connection, configured: Configured
) -> None:
    """The same kind, in what refers to a venue by its name: people, and tokens of programs."""
    await apply(connection, configured(), NOW)
    await connection.execute(
        "insert into people (name, role, venues, created_at) values ('ann', 'viewer', '{annex,glasshouse}', now())"
    )
    await connection.execute(
        "insert into tokens (name, digest, scope, venues, made_by, created_at)"
        " values ('till', 'x', 'read', '{glasshouse}', 'ann', now())"
    )
    await apply(connection, configured(VENUE), NOW)
    assert await connection.fetchval("select venues from people") == ["annex", "orangery"]
    assert await connection.fetchval("select venues from tokens") == ["orangery"]


async def test_a_renamed_account_has_no_second_budget(
    connection: asyncpg.Connection, configured: Configured
) -> None:
    """The same kind, in Redis: keys go by name, and processes take the new one over one after the other. A name that
    another account has by then is that one's."""
    await apply(connection, configured(), NOW)
    await apply(connection, configured(ACCOUNT, SOLD[0], BAR), NOW)
    book = await load(connection)
    (row,) = [a for a in book.accounts.values() if a.name == "rooms-new"]
    assert purse(book, row) == "rooms-main"
    await connection.execute("update accounts set name = 'rooms-main' where name = 'tables-main'")
    assert purse(await load(connection), row) == "rooms-new"


async def test_a_deadlock_with_whoever_writes_meanwhile_is_no_end(
    connection: asyncpg.Connection, database_url: str, configured: Configured
) -> None:
    """The kind of fault: Postgres ends one of two that wait for each other, which may be a command as well as a worker.

    A worker tries again; `apply` ended with Postgres' own lines. Seen among guests when an account was renamed.
    """
    await apply(connection, configured(), NOW)
    other = await asyncpg.connect(database_url)
    try:
        await other.execute(
            "set deadlock_timeout = '60s'"
        )  # so that the other one is found to be it
        async with other.transaction():
            await other.fetch("select id from venues for update")
            work = asyncio.create_task(apply(connection, configured(*EVERYTHING), NOW))
            await until(lambda: waits_for_a_lock(other), "apply waits for the venue", look=0.01)
            await other.execute("select id from accounts for update")
        done = await work
        assert "~ account rooms-new: renamed from rooms-main" in str(done).splitlines()
    finally:
        await other.close()


async def waits_for_a_lock(connection: asyncpg.Connection) -> bool:
    query = "select exists (select from pg_locks where not granted and locktype <> 'advisory')"
    return bool(await connection.fetchval(query))
