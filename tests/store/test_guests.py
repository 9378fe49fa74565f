"""Guests stand apart from their bookings, and whoever was erased stays erased."""

import asyncpg
import pytest
from tests.store.conftest import House
from tests.web.rows import HOUR, NOW, Rows

from holdfast.inventory.model import Guest
from holdfast.store import bookings, inbox
from holdfast.store.inbox import Incoming

ADA = Guest(name="Ada Example", email="ada@example.test", phone="+33600000000", locale="fr")


@pytest.fixture
async def booking(rows: Rows, house: House) -> int:
    return await rows.booking(house.venue, house.salon_rooms, external_id="b-1")


async def guest(connection: asyncpg.Connection, booking: int) -> Guest | None:
    row = await connection.fetchrow(
        "select name, email, phone, locale from guests where booking_id = $1", booking
    )
    return Guest(**dict(row)) if row else None


async def deliver(rows: Rows, account: int, ref: str | None, body: bytes) -> int:
    return await rows.event(account, ref=ref, body=body, headers="{}", done_at=NOW)


async def bodies(connection: asyncpg.Connection) -> dict[int, bytes | None]:
    found = await connection.fetch("select id, body, headers from inbox")
    assert all((row["body"] is None) == (row["headers"] is None) for row in found)
    return {row["id"]: row["body"] for row in found}


async def test_what_is_learned_later_is_added_and_what_is_left_out_is_kept(
    connection: asyncpg.Connection, booking: int
) -> None:
    await bookings.save_guest(connection, booking, Guest(name="Ada", email="ada@example.test"))
    await bookings.save_guest(connection, booking, Guest(name="Ada Example", phone="+33600000000"))
    await bookings.save_guest(connection, booking, Guest(locale="fr"))
    assert await guest(connection, booking) == ADA


async def test_nothing_known_of_a_guest_leaves_no_row(
    connection: asyncpg.Connection, booking: int
) -> None:
    await bookings.save_guest(connection, booking, Guest())
    assert await guest(connection, booking) is None


async def test_erasing_empties_the_guest_and_every_raw_delivery_about_the_booking(
    connection: asyncpg.Connection, rows: Rows, house: House, booking: int
) -> None:
    await bookings.save_guest(connection, booking, ADA)
    about = [await deliver(rows, house.rooms, "b-1", b"ada") for _ in range(2)]
    other = await deliver(rows, house.rooms, "b-2", b"bob")
    elsewhere = await deliver(rows, house.tables, "b-1", b"eve")
    await bookings.erase_guest(connection, booking, NOW)
    assert await guest(connection, booking) == Guest()
    assert await bodies(connection) == {
        **dict.fromkeys(about),
        other: b"bob",
        elsewhere: b"eve",
    }


async def test_a_delivery_about_several_bookings_is_emptied_for_all_of_them(
    connection: asyncpg.Connection, rows: Rows, house: House, booking: int
) -> None:
    together = [
        await deliver(rows, house.rooms, ref, b"ada and bob") for ref in ("b-1", "b-2", None)
    ]
    await bookings.erase_guest(connection, booking, NOW)
    assert await bodies(connection) == dict.fromkeys(together)


async def test_whoever_was_erased_stays_erased(
    connection: asyncpg.Connection, booking: int
) -> None:
    await bookings.save_guest(connection, booking, ADA)
    await bookings.erase_guest(connection, booking, NOW)
    await bookings.save_guest(connection, booking, ADA)
    assert await guest(connection, booking) == Guest()


async def test_a_guest_who_was_not_known_when_erased_is_never_learned(
    connection: asyncpg.Connection, booking: int
) -> None:
    await bookings.erase_guest(connection, booking, NOW)
    await bookings.save_guest(connection, booking, ADA)
    assert await guest(connection, booking) in (None, Guest())


async def test_the_moment_of_the_first_erasure_is_kept(
    connection: asyncpg.Connection, booking: int
) -> None:
    for at in (NOW, NOW + HOUR):
        await bookings.erase_guest(connection, booking, at)
    assert await connection.fetchval("select erased_at from guests") == NOW


async def test_the_booking_itself_is_kept_when_its_guest_is_erased(
    connection: asyncpg.Connection, booking: int
) -> None:
    before = await bookings.row_by_id(connection, booking)
    await bookings.erase_guest(connection, booking, NOW)
    assert await bookings.row_by_id(connection, booking) == before


async def test_erasing_a_direct_booking_touches_no_delivery(
    connection: asyncpg.Connection, rows: Rows, house: House
) -> None:
    direct = await rows.booking(house.venue, external_id="b-1")
    other = await deliver(rows, house.rooms, "b-1", b"bob")
    await bookings.erase_guest(connection, direct, NOW)
    assert await bodies(connection) == {other: b"bob"}


async def test_what_is_told_of_an_erased_guest_is_not_kept_once_it_was_read(
    connection: asyncpg.Connection, rows: Rows, house: House, booking: int
) -> None:
    await bookings.erase_guest(connection, booking, NOW)
    late, other = [
        await rows.event(house.rooms, ref=ref, body=b"ada", headers="{}") for ref in ("b-1", "b-2")
    ]
    assert await bodies(connection) == {late: b"ada", other: b"ada"}
    await inbox.finish(connection, [late, other], NOW, "noop")
    assert await bodies(connection) == {late: None, other: b"ada"}


async def test_an_answer_that_could_not_be_read_may_name_anybody_and_is_emptied(
    connection: asyncpg.Connection, house: House, booking: int
) -> None:
    await inbox.keep_once(connection, unreadable(house.rooms, "", b"ada, bob"), "broken")
    await inbox.keep_once(connection, unreadable(house.tables, "", b"eve"), "broken")
    await bookings.erase_guest(connection, booking, NOW)
    found = await connection.fetch("select account_id, body from inbox order by id")
    assert [tuple(row) for row in found] == [(house.rooms, None), (house.tables, b"eve")]


async def test_an_answer_about_an_erased_guest_that_cannot_be_read_is_not_kept(
    connection: asyncpg.Connection, house: House, booking: int
) -> None:
    await bookings.erase_guest(connection, booking, NOW)
    await inbox.keep_once(connection, unreadable(house.rooms, "b-1", b"ada"), "broken")
    assert [row["body"] for row in await connection.fetch("select body from inbox")] == [None]


def unreadable(account: int, ref: str, body: bytes) -> Incoming:
    return Incoming(
        account_id=account,
        via="poll",
        ref=ref,
        raw_type="unreadable_answer",
        delivery_id=f"unreadable_answer:{body!r}",
        received_at=NOW,
        body=body,
    )
