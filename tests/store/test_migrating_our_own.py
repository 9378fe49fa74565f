"""Blocks of ours that an older release kept as guests' bookings are none after the migration."""

import asyncpg
from tests.conftest import connected

from holdfast.store.migrate import migrate, migrations

BEFORE = """
insert into accounts (name, channel, mode, settings, reads_per_minute, writes_per_minute, poll_seconds, offers_seconds, horizon_days)
  values ('tables', 'mozrest', 'live', '{}', 60, 20, 60, 300, 30), ('rooms', 'boseat', 'live', '{}', 60, 20, 60, 300, 30);
insert into venues (name, timezone, house_contact, holds, conflicts) values ('glasshouse', 'Europe/Paris', '{}', 'rehold', 'propose');
insert into units (venue_id, name, seats) values (1, 'salon', 4);
insert into listings (venue_id, account_id, name, takes, party_size, settings) values (1, 1, 'salon-tables', 'all', 2, '{}');
insert into blocks (venue_id, listing_id, account_id, during, marker, wants, state, external_id, last_ref, because, closed_at, created_at)
  values (1, 1, 1, '[2031-01-05 12:00Z, 2031-01-05 14:00Z)', '1-a', 'booked', 'booked', 'standing', null, '{}', null, '2031-01-01Z'),
         (1, 1, 1, '[2031-01-06 12:00Z, 2031-01-06 14:00Z)', '1-b', 'nothing', 'absent', null, 'ended', '{}', '2031-01-03Z', '2031-01-01Z');
"""

KEPT = [
    ("standing", 1, "2031-01-02Z", None),
    ("ended", 1, "2031-01-02Z", None),
    ("marked", 1, "2031-01-02Z", "House+HF-9-z@glasshouse.example"),
]
"""Each is ours: by a block's id, by the id of one that was over later, by its marker."""

GUESTS = [
    ("standing", 2, "2031-01-02Z", None),
    ("unrelated", 1, "2031-01-02Z", "ann+holiday@guest.example"),
    ("hf", 1, "2031-01-02Z", "hf-9-z@guest.example"),
]
"""The same id at another account, a plus tag of a guest's own, an address that only looks alike."""


async def booking(connection: asyncpg.Connection, row: tuple[str, int, str, str | None]) -> int:
    ref, account, seen, email = row
    added: int = await connection.fetchval(
        "insert into bookings (account_id, channel, external_id, status, raw_status, payment, during, first_seen_at, read_at)"
        " values ($2, 'mozrest', $1, 'confirmed', 'x', 'none', '[2031-01-05 12:00Z, 2031-01-05 14:00Z)', $3::text::timestamptz,"
        " $3::text::timestamptz) returning id",
        ref,
        account,
        seen,
    )
    if email is not None:
        await connection.execute(
            "insert into guests (booking_id, email) values ($1, $2)", added, email
        )
    await connection.execute(
        "insert into conflicts (kind, booking_id, opened_at) values ('unmapped', $1, now())", added
    )
    return added


async def test_what_was_kept_is_turned_out_and_no_guest_is(empty_database_url: str) -> None:
    """The kind: what went wrong is mended in the code, and not in what it left behind. It stands for every booking of
    every account, mapped or not; guests' bookings that only look alike stay."""
    earlier = [one for one in migrations() if one[0] < "0012"]
    await migrate(empty_database_url, earlier)
    async with connected(empty_database_url) as connection:
        await connection.execute(BEFORE)
        ours = [await booking(connection, row) for row in KEPT]
        theirs = [await booking(connection, row) for row in GUESTS]
        again = ("ended", 2, "2031-01-04Z", None)
        theirs.append(await booking(connection, again))
        await connection.execute(
            "insert into allocations (venue_id, booking_id, unit_id, during)"
            " values (1, $1, 1, '[2031-01-05 12:00Z, 2031-01-05 14:00Z)')",
            ours[0],
        )
    await migrate(empty_database_url)
    async with connected(empty_database_url) as connection:
        live = await connection.fetch("select id from bookings where status = 'confirmed'")
        asked = await connection.fetch("select booking_id from conflicts where closed_at is null")
        seats = await connection.fetchval("select count(*) from allocations")
    assert sorted(row["id"] for row in live) == theirs
    assert sorted(row["booking_id"] for row in asked) == theirs
    assert seats == 0


async def test_an_id_that_was_given_again_is_a_guests(empty_database_url: str) -> None:
    """The same kind the other way round: an id is believed for as long as it was ours."""
    await migrate(empty_database_url, [one for one in migrations() if one[0] < "0012"])
    async with connected(empty_database_url) as connection:
        await connection.execute(BEFORE)
        await booking(connection, ("ended", 1, "2031-01-04Z", None))
    await migrate(empty_database_url)
    async with connected(empty_database_url) as connection:
        assert await connection.fetchval("select status from bookings") == "confirmed"
