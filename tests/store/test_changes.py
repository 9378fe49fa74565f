"""No write to the canon past the journal: each goes through a set of changes, and each row with an entry about it."""

import ast
import json
import re
from collections.abc import Iterator, Mapping
from dataclasses import replace
from pathlib import Path

import asyncpg
import pytest
from tests.store.conftest import House
from tests.web.rows import HOUR, NOON, NOW, Rows

import holdfast
from holdfast.inventory.known import Fact
from holdfast.inventory.model import Guest, Span
from holdfast.store import blocks, bookings, journal
from holdfast.store.bookings import Origin
from holdfast.store.changes import ChangeSet
from holdfast.store.journal import AFTER, Entry
from holdfast.store.queries import load
from holdfast.store.rebuilt import unlike

PACKAGE = Path(holdfast.__file__).parent
CANON = re.compile(
    r"\b(insert\s+into|update|delete\s+from|merge\s+into|truncate)\s+(only\s+)?"
    r"(bookings|allocations|blocks|conflicts)\b"
)
UNTOLD = {
    ("bookings", "seen_again"): "a newer read that changed nothing changes no row of the canon",
    ("brake", "another"): "the evidence of a conflict of no venue",
    ("brake", "close_conflict"): "a conflict of no venue: the accounts' entries tell of the brake",
}
"""Queries that write one of the tables and need no after-image, and why."""

WITHOUT_A_JOURNAL = {
    "sync/brake.py": "the brake's conflict is of no venue",
    "sync/grace.py": "the end of a conflict of no venue",
    "sync/remedy.py": "a decision about a conflict of no venue",
    "sync/unmapped.py": "what never was at a venue",
}
"""Where what maps to no venue is written, and why."""


def writes() -> Mapping[tuple[str, str], str]:
    """The named queries that write a table of the canon."""
    return {
        (file.stem, name): query
        for file in (PACKAGE / "store").glob("*.sql")
        if file.stem != "schema"
        for name, query in load(file.stem).items()
        if CANON.search(query)
    }


def asked(file: Path) -> Iterator[tuple[str, str, str]]:
    """Each use of a named query in a module: its file and name, and the function that is called with it."""
    tree = ast.parse(file.read_text())
    loaded = {
        node.targets[0].id: node.value.args[0].value
        for node in tree.body
        if isinstance(node, ast.Assign)
        and isinstance(node.targets[0], ast.Name)
        and isinstance(node.value, ast.Call)
        and isinstance(node.value.func, ast.Name)
        and node.value.func.id == "load"
        and isinstance(node.value.args[0], ast.Constant)
    }
    for call in (node for node in ast.walk(tree) if isinstance(node, ast.Call)):
        called = call.func.attr if isinstance(call.func, ast.Attribute) else ""
        for each in call.args:
            if isinstance(each, ast.Subscript) and isinstance(each.value, ast.Name):
                name = each.slice.value if isinstance(each.slice, ast.Constant) else "?"
                if each.value.id in loaded:
                    yield str(loaded[each.value.id]), str(name), called


def test_every_write_to_the_canon_goes_through_a_set_of_changes() -> None:
    """The kind: a statement that changes a row, beside an entry that somebody must remember to write. Here the write
    itself is what the journal takes; a new one that goes past it is named."""
    told = {"write", "delete"}
    uses = [use for file in sorted((PACKAGE / "store").glob("*.py")) for use in asked(file)]
    past = [
        (file, name)
        for file, name, called in uses
        if (file, name) in writes() and called not in told
    ]
    assert sorted(past) == sorted(UNTOLD)
    assert {(file, name) for file, name, _ in uses} >= set(writes())


def test_every_such_write_returns_the_rows_that_it_wrote() -> None:
    silent = [key for key, query in writes().items() if not re.search(r"\breturning\b", query)]
    assert sorted(silent) == sorted(UNTOLD)


def test_only_what_maps_to_no_venue_is_written_without_a_journal() -> None:
    sources = [file for file in PACKAGE.rglob("*.py") if file != PACKAGE / "store" / "changes.py"]
    texts = {str(file.relative_to(PACKAGE)): file.read_text() for file in sources}
    assert {name for name, text in texts.items() if "unjournaled(" in text} == set(
        WITHOUT_A_JOURNAL
    )
    assert {name for name, text in texts.items() if "ChangeSet(" in text} == {"sync/turn.py"}


SALON = Span.of(NOON, HOUR)
FACT = Fact(
    listing="salon-rooms",
    status="confirmed",
    raw_status="CONFIRMED",
    payment="paid",
    span=SALON,
    party_size=4,
    held_until=None,
    made_at=NOW,
    read_at=NOW,
)
ORIGIN = Origin(venue_id=None, listing_id=None, account_id=None, channel="rooms", external_id="b-1")
ADA = Guest(name="Ada Example", email="ada@example.test", phone="+33600000000", locale="fr")


async def kept(pool: asyncpg.Pool, house: House, *entries: Entry) -> int:
    """A booking that goes into the journal with these entries."""
    origin = replace(
        ORIGIN,
        venue_id=house.venue,
        listing_id=house.salon_rooms,
        account_id=house.rooms,
    )
    async with pool.acquire() as connection, connection.transaction():
        head = await journal.lock_venue(connection, house.venue)
        changes = ChangeSet(connection)
        added = await bookings.insert(changes, origin, FACT, ADA, NOW)
        assert added is not None
        told = [replace(entry, booking_id=added) for entry in entries]
        await journal.append(connection, head, changes.told(told, "webhook", NOW))
    return added


async def told(pool: asyncpg.Pool) -> list[tuple[str, dict[str, object]]]:
    rows = await pool.fetch("select kind, data from journal order by seq")
    return [(row["kind"], json.loads(row["data"])) for row in rows]


CREATED = Entry(kind="booking.created", actor="webhook", at=NOW, data={"status": "confirmed"})
GRANTED = Entry(kind="allocation.granted", actor="webhook", at=NOW, data={"unit": "salon"})


async def test_a_row_goes_with_the_entry_about_it_whole_and_without_who_booked(
    pool: asyncpg.Pool, house: House
) -> None:
    booking = await kept(pool, house, CREATED, GRANTED)
    (_, created), (_, granted) = await told(pool)
    assert granted == {"unit": "salon"}
    assert created == {
        "status": "confirmed",
        AFTER: {
            "bookings": {
                str(booking): {
                    "venue_id": house.venue,
                    "listing_id": house.salon_rooms,
                    "account_id": house.rooms,
                    "channel": "rooms",
                    "external_id": "b-1",
                    "status": "confirmed",
                    "raw_status": "CONFIRMED",
                    "payment": "paid",
                    "during": "2026-11-20T12:00:00Z/2026-11-20T13:00:00Z",
                    "party_size": 4,
                    "made_at": "2026-11-20T10:05:30Z",
                    "first_seen_at": "2026-11-20T10:05:30Z",
                    "firm_at": "2026-11-20T10:05:30Z",
                }
            }
        },
    }
    text = json.dumps(await told(pool))
    assert not [secret for secret in (ADA.name, ADA.email, ADA.phone) if secret and secret in text]


async def test_a_row_that_no_entry_is_about_gets_one_of_its_own(
    pool: asyncpg.Pool, house: House
) -> None:
    await kept(pool, house)
    ((kind, data),) = await told(pool)
    assert (kind, list(data)) == ("booking.changed", [AFTER])


BREAKS = {
    "an update without an entry": "update bookings set status = 'cancelled'",
    "a row without an entry": (
        "insert into allocations (venue_id, booking_id, unit_id, during)"
        " select venue_id, id, (select min(id) from units), during from bookings"
    ),
    "an entry that is missing": (
        "alter table journal disable trigger journal_append_only; delete from journal"
    ),
}
FOUND = {
    "an update without an entry": "booking {}: status is confirmed by the journal, cancelled in the store",
    "a row without an entry": "allocation {}-{} is in the store, and in no journal",
    "an entry that is missing": "booking {} is in the store, and in no journal",
}


@pytest.mark.parametrize("how", BREAKS)
async def test_what_the_journal_was_not_told_of_is_found_by_its_name(
    pool: asyncpg.Pool, house: House, how: str
) -> None:
    booking = await kept(pool, house, CREATED)
    async with pool.acquire() as connection:
        assert await unlike(connection) == []
        await connection.execute(BREAKS[how])
        assert await unlike(connection) == [FOUND[how].format(booking, house.salon)]


async def test_a_row_that_was_there_before_the_journal_had_any_is_no_difference(
    pool: asyncpg.Pool, house: House, rows: Rows
) -> None:
    """A store that was made by a release without after-images goes on with one that has them."""
    await rows.booking(house.venue, house.salon_rooms, created_at=NOW - HOUR)
    await kept(pool, house, CREATED)
    async with pool.acquire() as connection:
        assert await unlike(connection) == []


async def test_a_booking_that_goes_to_another_venue_is_told_of_there(
    pool: asyncpg.Pool, house: House, rows: Rows
) -> None:
    """The journal of the venue that it left is not locked for it, and says nothing more."""
    other = await rows.venue("orangery")
    await kept(pool, house, CREATED)
    async with pool.acquire() as connection, connection.transaction():
        head = await journal.lock_venue(connection, other)
        changes = ChangeSet(connection)
        known = await bookings.by_ref(connection, house.rooms, "b-1")
        assert known is not None
        there = replace(ORIGIN, venue_id=other, account_id=house.rooms)
        await bookings.update(changes, known, there, FACT, NOW)
        await journal.append(connection, head, changes.told([], "poll", NOW))
    async with pool.acquire() as connection:
        assert await unlike(connection) == []


async def test_a_guest_who_is_forgotten_leaves_the_journal_as_it_is(
    pool: asyncpg.Pool, house: House
) -> None:
    booking = await kept(pool, house, CREATED)
    async with pool.acquire() as connection:
        await bookings.erase_guest(connection, booking, NOW)
        assert await unlike(connection) == []


async def test_what_is_past_is_told_of_once_for_all_blocks_of_a_venue(
    pool: asyncpg.Pool, house: House, rows: Rows
) -> None:
    past = [await rows.block(house.salon_rooms, [], start=NOON - n * HOUR) for n in (1, 2)]
    over = Entry(kind="block.past", actor="clock", at=NOON)
    async with pool.acquire() as connection, connection.transaction():
        head = await journal.lock_venue(connection, house.venue)
        changes = ChangeSet(connection)
        assert await blocks.finish_past(changes, house.venue, NOON) == 2
        await journal.append(connection, head, changes.told([over], "clock", NOON))
    ((kind, data),) = await told(pool)
    assert kind == "block.past"
    after = data[AFTER]
    assert isinstance(after, dict)
    assert sorted(after["blocks"]) == sorted(map(str, past))
