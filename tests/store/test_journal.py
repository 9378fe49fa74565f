"""The journal: one unbroken chain per venue, and no way to write it anew unnoticed."""

import asyncio
import hashlib
import json
from collections.abc import Sequence
from datetime import datetime, timedelta, timezone

import asyncpg
import pytest
from tests.store.conftest import House
from tests.web.rows import NOW, Rows

from holdfast.store import journal
from holdfast.store.journal import Entry


def entries(count: int, kind: str = "booking.created") -> list[Entry]:
    return [
        Entry(
            kind=kind, actor="webhook", at=NOW, booking_id=n, data={"status": "confirmed", "n": n}
        )
        for n in range(count)
    ]


async def write(pool: asyncpg.Pool, venue: int, several: Sequence[Entry]) -> None:
    """As a turn does: under the venue's lock, in one transaction."""
    async with pool.acquire() as connection, connection.transaction():
        head = await journal.lock_venue(connection, venue)
        await journal.append(connection, head, several)


async def broken_at(pool: asyncpg.Pool, venue: int) -> int | None:
    async with pool.acquire() as connection:
        return await journal.broken_at(connection, venue)


async def tamper(pool: asyncpg.Pool, statement: str, *values: object) -> None:
    """As somebody with every right on the database."""
    async with pool.acquire() as connection, connection.transaction():
        await connection.execute("alter table journal disable trigger journal_append_only")
        await connection.execute(statement, *values)
        await connection.execute("alter table journal enable trigger journal_append_only")


@pytest.fixture
async def written(pool: asyncpg.Pool, house: House) -> House:
    """Twelve entries, in four turns."""
    for _ in range(4):
        await write(pool, house.venue, entries(3))
    return house


async def test_the_chain_is_whole_after_many_turns_at_once(
    pool: asyncpg.Pool, rows: Rows, house: House
) -> None:
    other = await rows.venue("orangery")
    turns = [(venue, n % 7) for n in range(100) for venue in (house.venue, other)]
    await asyncio.gather(*(write(pool, venue, entries(count)) for venue, count in turns))
    for venue in (house.venue, other):
        assert await broken_at(pool, venue) is None
        expected = sum(count for at, count in turns if at == venue)
        sequence = await pool.fetch(
            "select seq from journal where venue_id = $1 order by seq", venue
        )
        assert [row["seq"] for row in sequence] == list(range(1, expected + 1))


async def test_a_turn_without_entries_leaves_the_chain_as_it_was(
    pool: asyncpg.Pool, written: House
) -> None:
    before = await pool.fetchrow("select journal_seq, journal_hash from venues")
    await write(pool, written.venue, [])
    assert await pool.fetchrow("select journal_seq, journal_hash from venues") == before


async def test_an_empty_journal_is_whole(pool: asyncpg.Pool, house: House) -> None:
    assert await broken_at(pool, house.venue) is None


async def test_a_turn_that_fails_leaves_no_entry_behind(pool: asyncpg.Pool, written: House) -> None:
    async with pool.acquire() as connection:
        transaction = connection.transaction()
        await transaction.start()
        head = await journal.lock_venue(connection, written.venue)
        await journal.append(connection, head, entries(2))
        await transaction.rollback()
    await write(pool, written.venue, entries(1))
    assert await broken_at(pool, written.venue) is None
    assert await pool.fetchval("select count(*) from journal") == 13


@pytest.mark.parametrize(
    "statement", ["update journal set actor = 'nobody' where seq = 1", "delete from journal"]
)
async def test_entries_can_be_neither_changed_nor_deleted(
    pool: asyncpg.Pool, written: House, statement: str
) -> None:
    with pytest.raises(asyncpg.RaiseError, match="append-only"):
        await pool.execute(statement)
    assert await pool.fetchval("select count(*) from journal") == 12


async def test_the_journal_cannot_be_emptied(pool: asyncpg.Pool, written: House) -> None:
    with pytest.raises(asyncpg.PostgresError):
        await pool.execute("truncate journal")
    assert await pool.fetchval("select count(*) from journal") == 12


@pytest.mark.parametrize(
    ("statement", "noticed_at"),
    [
        pytest.param(
            "update journal set data = replace(data, 'confirmed', 'cancelled')", 1, id="all"
        ),
        pytest.param("update journal set data = data || ' ' where seq = 7", 7, id="one text"),
        pytest.param("update journal set data = 'é' where seq = 7", 7, id="text that is not ours"),
        pytest.param(
            "update journal set hash = sha256(data::bytea) where seq = 7", 7, id="one hash"
        ),
        pytest.param("delete from journal where seq = 5", 5, id="one deleted"),
        pytest.param("delete from journal where seq = 1", 1, id="the first deleted"),
        pytest.param("delete from journal where seq > 10", 11, id="the end cut off"),
        pytest.param("delete from journal", 1, id="all deleted"),
        pytest.param(
            "update journal set seq = case seq when 3 then 104 when 4 then 103 else seq end",
            3,
            id="two moved away",
        ),
        pytest.param("update journal set actor = 'operator' where seq = 4", 4, id="who decided"),
        pytest.param("update journal set at = at - interval '1 hour' where seq = 4", 4, id="when"),
        pytest.param("update journal set kind = 'booking.moved' where seq = 4", 4, id="what"),
        pytest.param("update journal set booking_id = 99 where seq = 4", 4, id="about what"),
    ],
)
async def test_whatever_is_tampered_with_is_noticed(
    pool: asyncpg.Pool, written: House, statement: str, noticed_at: int
) -> None:
    await tamper(pool, statement)
    assert await broken_at(pool, written.venue) == noticed_at


async def test_a_forged_entry_is_noticed_even_if_its_own_hash_fits(
    pool: asyncpg.Pool, written: House
) -> None:
    before = await pool.fetchval("select hash from journal where seq = 6")
    row = dict(await pool.fetchrow("select * from journal where seq = 7"))
    row["data"] = row["data"].replace("confirmed", "cancelled")
    forged = journal.link(before, row)
    statement = "update journal set data = $1, hash = $2 where seq = 7"
    await tamper(pool, statement, row["data"], forged)
    assert await broken_at(pool, written.venue) == 8


async def test_an_entry_that_was_slipped_in_at_the_end_is_noticed(
    pool: asyncpg.Pool, written: House
) -> None:
    row = dict(await pool.fetchrow("select * from journal where seq = 12")) | {"seq": 13}
    row["hash"] = journal.link(row["hash"], row)
    marks = ", ".join(f"${n}" for n in range(1, len(row) + 1))
    await tamper(pool, f"insert into journal ({', '.join(row)}) values ({marks})", *row.values())
    assert await broken_at(pool, written.venue) == 13


def test_the_text_that_is_hashed_is_the_same_wherever_it_is_made() -> None:
    data = {"status": "confirmed", "name": "Café", "kind": "double_booking"}
    text = journal.canonical(data)
    assert text == '{"kind":"double_booking","name":"Caf\\u00e9","status":"confirmed"}'
    about = '["2026-11-20T10:05:00+00:00","conflict.opened","clock",7,null,null,null]'
    row = {
        "at": datetime(2026, 11, 20, 11, 5, tzinfo=timezone(timedelta(hours=1))),
        "kind": "conflict.opened",
        "actor": "clock",
        "booking_id": 7,
        "block_id": None,
        "push_id": None,
        "inbox_id": None,
        "data": text,
    }
    expected = hashlib.sha256(b"before" + about.encode() + text.encode()).digest()
    assert journal.link(b"before", row) == expected


async def test_what_happened_since_an_entry_is_told_in_order(
    connection: asyncpg.Connection, written: House
) -> None:
    told = await journal.since(connection, written.venue, 4, 5)
    assert [row["seq"] for row in told] == [5, 6, 7, 8, 9]
    assert json.loads(told[0]["data"])["status"] == "confirmed"
    assert await journal.since(connection, written.venue, 12, 5) == []
