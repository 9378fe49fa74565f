"""What applying a configuration changes in the database, and what it says about it before."""

import asyncio
from collections.abc import Callable
from datetime import UTC, datetime, timedelta

import asyncpg
import pytest

from holdfast.channel import Contact
from holdfast.configuration import Configuration
from holdfast.configuration_apply import apply, plan
from holdfast.configuration_plan import Difference, Plan, PlanRefused
from holdfast.store.configuration import Book, ListingRow, load

Configured = Callable[..., Configuration]

NOW = datetime(2026, 3, 28, 23, 30, tzinfo=UTC)

WITHOUT_BAR = (
    ('[[venues.units]]\nname = "bar"\nseats = 1\n', ""),
    (
        '[[venues.listings]]\nname = "bar-rooms"\naccount = "rooms-main"\nunits = ["bar"]\n'
        'takes = "all"\nspace = "two"\n',
        "",
    ),
)


def lines(found: Plan) -> list[str]:
    return str(found).splitlines()


def listing(book: Book, name: str) -> ListingRow:
    (found,) = [row for row in book.listings.values() if row.name == name]
    return found


async def due(connection: asyncpg.Connection) -> set[tuple[str, str, datetime]]:
    rows = await connection.fetch(
        "select a.name, c.task, c.next_due_at from cursors c join accounts a on a.id = c.account_id"
        " where c.task <> 'audit'"
    )
    return {(row["name"], row["task"], row["next_due_at"]) for row in rows}


async def test_a_first_configuration_is_added_as_a_whole(
    connection: asyncpg.Connection, configured: Configured
) -> None:
    assert lines(await apply(connection, configured(), NOW)) == [
        "+ account rooms-main (roomhub, live)",
        "+ account tables-main (tablehub, shadow)",
        "+ venue glasshouse (Europe/Paris)",
        "+ unit salon of glasshouse (12 seats)",
        "+ unit bar of glasshouse (1 seats)",
        "+ listing salon-rooms (salon of glasshouse, sold by rooms-main)",
        "+ listing salon-tables (salon of glasshouse, sold by tables-main)",
        "+ listing bar-rooms (bar of glasshouse, sold by rooms-main)",
    ]


async def test_applying_twice_changes_nothing(
    connection: asyncpg.Connection, configured: Configured
) -> None:
    await apply(connection, configured(), NOW)
    before = await load(connection)
    again = await apply(connection, configured(), NOW + timedelta(hours=1))
    assert not again
    assert str(again) == ""
    assert await load(connection) == before
    assert {at for _, _, at in await due(connection)} == {NOW}


async def test_nothing_is_applied_but_what_was_shown(
    connection: asyncpg.Connection, configured: Configured
) -> None:
    """The kind: an agreement to one thing that is taken for another, because the database changed in between."""
    shown = await plan(connection, configured())
    await apply(connection, configured(("seats = 12", "seats = 14")), NOW)
    with pytest.raises(PlanRefused, match="look at the plan again"):
        await apply(connection, configured(), NOW, shown)
    (salon,) = [row for row in (await load(connection)).units.values() if row.name == "salon"]
    assert salon.seats == 14
    await apply(connection, configured(), NOW)
    assert not await apply(connection, configured(), NOW, shown)  # another process was as fast


async def test_a_plan_alone_changes_nothing(
    connection: asyncpg.Connection, configured: Configured
) -> None:
    assert len((await plan(connection, configured())).changes) == 8
    assert (await load(connection)).accounts == {}


async def test_what_was_applied_is_loaded_with_every_column(
    connection: asyncpg.Connection, configured: Configured
) -> None:
    await apply(connection, configured(), NOW)
    book = await load(connection)
    tables = next(row for row in book.accounts.values() if row.name == "tables-main")
    assert (tables.channel, tables.mode, tables.active) == ("tablehub", "shadow", True)
    assert (tables.reads_per_minute, tables.writes_per_minute) == (240, 30)
    assert (tables.poll_seconds, tables.offers_seconds) == (5, 61)
    assert (tables.audit_seconds, tables.horizon_days) == (901, 3)
    assert tables.settings == {"hooks": [{"file": "/run/secrets/hook"}, {"env": "OLD_HOOK"}]}
    assert tables.last_webhook_at is None
    assert tables.created_at.tzinfo is UTC
    (venue,) = book.venues.values()
    assert venue.house_contact == Contact(
        name="Holdfast", email="house@glasshouse.example", phone="+33123456789"
    )
    assert (venue.timezone, venue.holds, venue.conflicts) == ("Europe/Paris", "rehold", "propose")
    sold = listing(book, "salon-tables")
    assert (sold.venue_id, sold.account_id, sold.takes) == (venue.id, tables.id, "all")
    assert (sold.party_size, sold.settings) == (4, {"turn": {"2": 90, "8": 120}})
    (salon,) = [book.units[unit] for unit in sold.unit_ids]
    assert (salon.name, salon.seats, salon.venue_id) == ("salon", 12, venue.id)
    assert (salon.setup_minutes, salon.cleanup_minutes) == (5, 15)


async def test_loading_does_not_depend_on_how_the_connection_reads_json(
    connection: asyncpg.Connection, configured: Configured
) -> None:
    await connection.set_type_codec("jsonb", encoder=str, decoder=len, schema="pg_catalog")
    await connection.execute("set timezone to 'Asia/Tokyo'")
    await apply(connection, configured(), NOW)
    book = await load(connection)
    assert listing(book, "bar-rooms").settings == {"space": "two"}
    assert all(account.updated_at.tzinfo is UTC for account in book.accounts.values())


async def test_a_new_account_is_due_to_be_read_at_once(
    connection: asyncpg.Connection, configured: Configured
) -> None:
    await apply(connection, configured(), NOW)
    assert await due(connection) == {
        (account, task, NOW)
        for account in ("rooms-main", "tables-main")
        for task in ("bookings", "offers")
    }


async def test_a_new_account_is_audited_when_there_was_time_to_read_it(
    connection: asyncpg.Connection, configured: Configured
) -> None:
    await apply(connection, configured(), NOW)
    rows = await connection.fetch(
        "select a.name, c.next_due_at as at from cursors c join accounts a on a.id = c.account_id"
        " where c.task = 'audit'"
    )
    waits = {row["name"]: (row["at"] - NOW).total_seconds() for row in rows}
    assert waits == {"rooms-main": 900, "tables-main": 901}


async def test_offers_are_trusted_only_where_the_venue_says_so(
    connection: asyncpg.Connection, configured: Configured
) -> None:
    await apply(connection, configured(), NOW)
    before = next(iter((await load(connection)).venues.values()))
    trusting = ('timezone = "Europe/Paris"', 'timezone = "Europe/Paris"\ntrust_offers = true')
    changed = lines(await apply(connection, configured(trusting), NOW))
    after = next(iter((await load(connection)).venues.values()))
    assert (before.trust_offers, after.trust_offers) == (False, True)
    assert changed == ["~ venue glasshouse: trust_offers false -> true"]


async def test_a_changed_account_does_not_wait_for_its_old_interval(
    connection: asyncpg.Connection, configured: Configured
) -> None:
    await apply(connection, configured(), NOW)
    await connection.execute("update cursors set next_due_at = $1", NOW + timedelta(days=1))
    soon = NOW + timedelta(minutes=1)
    await apply(connection, configured(("offers_seconds = 61", "offers_seconds = 60")), soon)
    assert {at for name, _, at in await due(connection) if name == "tables-main"} == {soon}
    assert soon not in {at for name, _, at in await due(connection) if name == "rooms-main"}


@pytest.mark.parametrize(
    ("change", "line"),
    [
        (
            ("cleanup_minutes = 15", "cleanup_minutes = 20"),
            "~ unit salon of glasshouse: cleanup_minutes 15 -> 20",
        ),
        (("seats = 12", "seats = 14"), "~ unit salon of glasshouse: seats 12 -> 14"),
        (("poll_seconds = 5", "poll_seconds = 7"), "~ account tables-main: poll_seconds 5 -> 7"),
        (("audit_seconds = 901\n", ""), "~ account tables-main: audit_seconds 901 -> 900"),
        (
            ("ROOMHUB_KEY", "NEW_KEY"),
            "~ account rooms-main: key $ROOMHUB_KEY -> $NEW_KEY",
        ),
        (
            (', { env = "OLD_HOOK" }', ""),
            "~ account tables-main: hooks file /run/secrets/hook, $OLD_HOOK -> file /run/secrets/hook",
        ),
        (('"Europe/Paris"', '"UTC"'), "~ venue glasshouse: timezone Europe/Paris -> UTC"),
        (
            ("house@glasshouse", "home@glasshouse"),
            "~ venue glasshouse: house_contact.email house@glasshouse.example -> home@glasshouse.example",
        ),
        (("party_size = 4", "party_size = 5"), "~ listing salon-tables: party_size 4 -> 5"),
        (
            ('space = "two"', 'space = "two"\nfloor = 3'),
            "~ listing bar-rooms: floor none -> 3",
        ),
        (
            ('mode = "shadow"', 'mode = "paused"'),
            "~ account tables-main: mode shadow -> paused",
        ),
        (('mode = "shadow"', 'mode = "live"'), "! account tables-main: mode shadow -> live"),
    ],
)
async def test_a_change_is_one_line_with_old_and_new_and_is_not_repeated(
    change: tuple[str, str], line: str, connection: asyncpg.Connection, configured: Configured
) -> None:
    await apply(connection, configured(), NOW)
    assert lines(await apply(connection, configured(change), NOW)) == [line]
    assert not await apply(connection, configured(change), NOW)


async def test_a_change_can_be_read_by_a_program(
    connection: asyncpg.Connection, configured: Configured
) -> None:
    await apply(connection, configured(), NOW)
    (change,) = (await plan(connection, configured(('mode = "shadow"', 'mode = "live"')))).changes
    assert (change.verb, change.thing.noun, change.thing.name) == (
        "changed",
        "account",
        "tables-main",
    )
    assert change.differences == (Difference(key="mode", old="shadow", new="live"),)
    assert change.goes_live


async def test_what_is_removed_is_kept_but_out_of_service(
    connection: asyncpg.Connection, configured: Configured
) -> None:
    await apply(connection, configured(), NOW)
    bar = listing(await load(connection), "bar-rooms")
    assert lines(await apply(connection, configured(*WITHOUT_BAR), NOW)) == [
        "- listing bar-rooms (kept in the books, no longer sold)",
        "- unit bar of glasshouse (kept in the books, no longer in service)",
    ]
    book = await load(connection)
    assert bar.id not in book.listings
    assert [unit.name for unit in book.units.values()] == ["salon"]
    assert await connection.fetchval("select not active from listings where id = $1", bar.id)
    assert not await apply(connection, configured(*WITHOUT_BAR), NOW)


async def test_an_account_and_a_venue_can_be_removed(
    connection: asyncpg.Connection, configured: Configured
) -> None:
    await apply(connection, configured(), NOW)
    renamed = configured(
        ('name = "glasshouse"', 'name = "orangery"'),
        ('name = "salon-rooms"', 'name = "orangery-rooms"'),
        ('name = "salon-tables"', 'name = "orangery-tables"'),
        ('name = "bar-rooms"', 'name = "orangery-bar"'),
        ('name = "tables-main"', 'name = "tables-new"'),
        ('account = "tables-main"', 'account = "tables-new"'),
    )
    found = lines(await apply(connection, renamed, NOW))
    assert found[-2:] == [
        "- venue glasshouse (kept in the books, no longer in service)",
        "- account tables-main (kept in the books, no longer connected)",
    ]
    book = await load(connection)
    assert [venue.name for venue in book.venues.values()] == ["orangery"]
    assert {account.name for account in book.accounts.values()} == {"rooms-main", "tables-new"}
    assert {book.units[unit].name for x in book.listings.values() for unit in x.unit_ids} == {
        "salon",
        "bar",
    }


async def test_what_comes_back_is_the_same_row_as_before(
    connection: asyncpg.Connection, configured: Configured
) -> None:
    await apply(connection, configured(), NOW)
    before = await load(connection)
    await apply(connection, configured(*WITHOUT_BAR), NOW)
    assert lines(await apply(connection, configured(), NOW)) == [
        "+ unit bar of glasshouse (1 seats)",
        "+ listing bar-rooms (bar of glasshouse, sold by rooms-main)",
    ]
    after = await load(connection)
    assert (after.units, after.listings) == (before.units, before.listings)


async def test_a_listing_that_sells_another_unit_sells_only_that(
    connection: asyncpg.Connection, configured: Configured
) -> None:
    await apply(connection, configured(), NOW)
    change = ('units = ["bar"]\ntakes = "all"', 'units = ["salon"]\nparty_size = 1\ntakes = "all"')
    assert lines(await apply(connection, configured(change), NOW)) == [
        "~ listing bar-rooms: units bar -> salon"
    ]
    book = await load(connection)
    sold = listing(book, "bar-rooms").unit_ids
    assert [book.units[unit].name for unit in sold] == ["salon"]


async def refused(connection: asyncpg.Connection, configuration: Configuration) -> str:
    before = await load(connection)
    with pytest.raises(PlanRefused) as caught:
        await apply(connection, configuration, NOW)
    assert await load(connection) == before
    return str(caught.value)


async def test_an_account_cannot_become_one_of_another_channel(
    connection: asyncpg.Connection, configured: Configured
) -> None:
    await apply(connection, configured(), NOW)
    moved = configured(
        ('channel = "tablehub"', 'channel = "roomhub"'),
        ('hooks = [{ file = "/run/secrets/hook" }, { env = "OLD_HOOK" }]', 'key = { env = "X" }'),
        ("turn = { 2 = 90, 8 = 120 }", 'space = "three"'),
    )
    assert await refused(connection, moved) == (
        "account tables-main: channel cannot change (tablehub -> roomhub), its history belongs "
        "there: give the new account a name of its own"
    )


async def test_a_listing_cannot_move_to_another_account_even_after_it_was_removed(
    connection: asyncpg.Connection, configured: Configured
) -> None:
    second = (
        '[[accounts]]\nname = "rooms-two"\nchannel = "roomhub"\nkey = { env = "X" }\n\n[[venues]]\n'
    )
    moved = configured(
        ("[[venues]]\n", second),
        ('"bar-rooms"\naccount = "rooms-main"', '"bar-rooms"\naccount = "rooms-two"'),
    )
    await apply(connection, configured(), NOW)
    await apply(connection, configured(*WITHOUT_BAR), NOW)
    assert await refused(connection, moved) == (
        "listing bar-rooms: account cannot change (rooms-main -> rooms-two), its history belongs "
        "there: give the new listing a name of its own"
    )


async def test_a_listing_cannot_move_to_another_venue(
    connection: asyncpg.Connection, configured: Configured
) -> None:
    await apply(connection, configured(), NOW)
    said = await refused(connection, configured(('name = "glasshouse"', 'name = "orangery"')))
    assert said.splitlines()[0] == (
        "listing salon-rooms: venue cannot change (glasshouse -> orangery), its history belongs "
        "there: give the new listing a name of its own"
    )
    assert len(said.splitlines()) == 3


async def test_a_channel_may_call_a_key_as_we_call_ours(
    connection: asyncpg.Connection, configured: Configured
) -> None:
    await apply(connection, configured(), NOW)
    change = ('space = "two"', 'space = "two"\nvenue = "v1"')
    assert lines(await apply(connection, configured(change), NOW)) == [
        "~ listing bar-rooms: venue none -> v1"
    ]
    assert not await apply(connection, configured(change), NOW)


async def test_two_who_apply_at_once_change_things_once(
    database_url: str, configured: Configured
) -> None:
    async with asyncpg.create_pool(database_url, min_size=4, max_size=4) as pool:

        async def one() -> Plan:
            async with pool.acquire() as connection:
                return await apply(connection, configured(), NOW)

        found = await asyncio.gather(*(one() for _ in range(4)))
    assert sorted(len(each.changes) for each in found) == [0, 0, 0, 8]


async def test_nothing_is_applied_when_something_fails(
    connection: asyncpg.Connection, configured: Configured
) -> None:
    await connection.execute("alter table listings add check (name <> 'bar-rooms')")
    with pytest.raises(asyncpg.CheckViolationError):
        await apply(connection, configured(), NOW)
    assert (await load(connection)).accounts == {}


async def test_a_book_loaded_while_others_apply_never_points_nowhere(
    database_url: str, connection: asyncpg.Connection, configured: Configured
) -> None:
    await apply(connection, configured(), NOW)

    sizes: list[int] = []

    async def flicker() -> None:
        while len(sizes) < 50 or len(set(sizes)) < 2:
            await apply(connection, configured(*WITHOUT_BAR), NOW)
            await apply(connection, configured(), NOW)

    async with (
        asyncio.timeout(60),
        asyncpg.create_pool(database_url, min_size=1, max_size=1) as pool,
        asyncio.TaskGroup() as group,
    ):
        flickering = group.create_task(flicker())
        while not flickering.done():
            book = await load(pool)
            assert all({*row.unit_ids} <= {*book.units} for row in book.listings.values())
            sizes.append(len(book.listings))
