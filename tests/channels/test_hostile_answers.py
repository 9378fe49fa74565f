"""Answers that are none: whatever comes back, a read shows nothing, a write has an unknown outcome, nobody dies."""

import asyncio
import gzip
import json
import tracemalloc
import zlib
from collections.abc import Callable, Mapping, Sequence

import pytest
from tests.channels.liar import (
    READS,
    REF,
    WRITES,
    Answer,
    Call,
    Liar,
    answer,
    booking,
    lying,
    page,
    told,
    truth,
)

from holdfast.channel import Broken, ChannelError, NotSent, OfferSheet, Page, Rejected, Unknown
from holdfast.inventory.model import Absent, Seen
from holdfast.kind import discover

NOWHERE = "00000000-0000-4000-8000-000000000000"
CHANNELS = sorted(discover())
PORTAL = b"<!DOCTYPE html><html><body>Please log in to the hotel's network</body></html>"
BOMB = gzip.compress(b"[" + b" " * (16 * 2**20) + b"]")


def _beyond_the_cap() -> Answer:
    async def act(writer: asyncio.StreamWriter) -> None:
        writer.write(b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n")
        piece = b"100000\r\n" + b" " * 2**20 + b"\r\n"
        for _ in range(40):
            writer.write(piece)
            await writer.drain()

    return act


def _dribbles() -> Answer:
    async def act(writer: asyncio.StreamWriter) -> None:
        writer.write(b"HTTP/1.1 200 OK\r\nContent-Length: 100000\r\n\r\n")
        while True:
            writer.write(b" ")
            await writer.drain()
            await asyncio.sleep(0.02)

    return act


def _cut_short() -> Answer:
    async def act(writer: asyncio.StreamWriter) -> None:
        writer.write(b"HTTP/1.1 200 OK\r\nContent-Length: 900\r\n\r\n{}")
        writer.close()

    return act


VALUES: Mapping[str, object] = {
    "null": None,
    "a number": 17,
    "a text": "ok",
    "true": True,
    "an empty object": {},
    "a list for an object": [None, 3, "x"],
    "an object for a list": {"total": 1, "data": {"id": REF}},
    "null for the list": {"total": 0, "data": None},
    "no id": {"status": "confirmed"},
    "an id of null": {"id": None},
    "an id that is an object": {"id": {"id": REF}},
    "an id that is a path": {"id": ".."},
    "an id with NUL": {"id": f"{REF}\0"},
    "an id of half a character": {"id": "\ud800"},
    "an id of a megabyte": {"id": "x" * 2**20},
    "an id that is no number": {"id": float("nan")},
    "an endless id": {"id": float("inf")},
    "an error that calls itself success": {
        "code": "internal",
        "message": "Ada Guest",
        "status": 500,
    },
}
GARBAGE: Mapping[str, Answer] = {name: told(value) for name, value in VALUES.items()} | {
    "a captive portal": answer(PORTAL, kind="text/html"),
    "a captive portal that says it is JSON": answer(PORTAL),
    "nothing": answer(b""),
    "white space": answer(b"  \r\n "),
    "half an object": answer(b'{"id": "8d116ece', kind="application/json"),
    "half a character": answer(b'{"id": "\xc3'),
    "UTF-16 of nothing": answer(b"\xff\xfe\x00"),
    "nested without end": answer(b"[" * 200_000),
    "nested objects without end": answer(b'{"a":' * 200_000),
    "a number of many digits": answer(b"9" * 10_000),
    "a body cut short": _cut_short(),
    "more than the cap": _beyond_the_cap(),
    "a compressed bomb": answer(BOMB, "200 OK", "Content-Encoding: gzip"),
    "what is not compressed as it says": answer(b"{}", "200 OK", "Content-Encoding: gzip"),
    "an encoding that there is not": answer(b"\x01\x02", "200 OK", "Content-Encoding: holdfast"),
    "a dribble": _dribbles(),
}


async def outcome(call: Call, liar: Liar) -> object:
    """What it gave, or the class of its failure. Any other exception is what these tests are for."""
    try:
        return await call(liar)
    except ChannelError as error:
        return type(error)


async def outcomes(calls: Mapping[str, Call], liar: Liar) -> dict[str, object]:
    found = await asyncio.gather(*(outcome(call, liar) for call in calls.values()))
    return dict(zip(calls, found, strict=True))


def shows_something(found: object) -> bool:
    """Whether a caller could conclude anything from it, be it that there is nothing."""
    if isinstance(found, OfferSheet):
        return found.complete
    if isinstance(found, list):
        return any(not isinstance(one, Page) or one.complete for one in found)
    return found not in (Broken, NotSent)


@pytest.mark.parametrize("garbage", GARBAGE)
@pytest.mark.parametrize("name", CHANNELS)
async def test_a_read_that_is_answered_with_garbage_shows_nothing(name: str, garbage: str) -> None:
    async with lying(name, GARBAGE[garbage]) as liar:
        found = await outcomes(READS, liar)
    assert {one: what for one, what in found.items() if shows_something(what)} == {}


@pytest.mark.parametrize("garbage", GARBAGE)
@pytest.mark.parametrize("name", CHANNELS)
async def test_a_write_that_is_answered_with_garbage_has_an_unknown_outcome(
    name: str, garbage: str
) -> None:
    """Reads are answered truly: what was to be confirmed is held still, what was to go is still on."""
    async with lying(name, GARBAGE[garbage]) as liar:
        liar.reads = truth(liar)
        found = await outcomes(WRITES, liar)
    assert {one: what for one, what in found.items() if what is not Unknown} == unmovable(name)


@pytest.mark.parametrize("garbage", ["nothing", "a captive portal", "a dribble", "an empty object"])
@pytest.mark.parametrize("name", CHANNELS)
async def test_a_write_whose_every_answer_is_garbage_is_no_success(name: str, garbage: str) -> None:
    """A guest's booking is read before it is cancelled: where that fails, no write was sent."""
    async with lying(name, GARBAGE[garbage]) as liar:
        found = await outcomes(WRITES, liar)
        writes = [one for one in liar.asked if not one.startswith(b"GET")]
    assert found.pop("cancel") in (Broken, NotSent)
    assert {one: what for one, what in found.items() if what is not Unknown} == unmovable(name)
    assert len(writes) == len(found) - len(unmovable(name))


def unmovable(name: str) -> dict[str, object]:
    """What a channel refuses without a call."""
    moves = name == "mozrest"
    return {} if moves else {"move": Rejected}


REDIRECTS = ["301 Moved", "302 Found", "303 See Other", "307 Temporary", "308 Permanent"]


@pytest.mark.parametrize("status", REDIRECTS)
@pytest.mark.parametrize("name", CHANNELS)
async def test_a_redirect_is_not_followed_and_proves_nothing(name: str, status: str) -> None:
    followed: list[bytes] = []

    async def elsewhere(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        followed.append(await reader.read(100))
        writer.close()

    other = await asyncio.start_server(elsewhere, "127.0.0.1", 0)
    async with other:
        where = f"Location: http://127.0.0.1:{other.sockets[0].getsockname()[1]}/login"
        async with lying(name, answer(b"", status, where)) as liar:
            reads = await outcomes(READS, liar)
            liar.reads = truth(liar)
            writes = await outcomes(WRITES, liar)
    assert followed == []
    assert {one: what for one, what in reads.items() if shows_something(what)} == {}
    if name == "boseat":
        assert (
            writes.pop("commit") is Rejected
        )  # to where a payment is asked for, as far as we know (U6)
    assert {one: what for one, what in writes.items() if what is not Unknown} == unmovable(name)


@pytest.mark.parametrize("name", CHANNELS)
async def test_an_answer_is_read_whatever_it_calls_its_content(name: str) -> None:
    async with lying(name, told(None)) as liar:
        body = json.dumps(booking(liar)).encode()
        liar.says = answer(body, kind="image/png")
        assert isinstance(await outcome(READS["fetch"], liar), Seen)


@pytest.mark.parametrize("name", CHANNELS)
async def test_an_answer_about_another_booking_is_no_answer(name: str) -> None:
    async with lying(name, told(None)) as liar:
        liar.says = told(booking(liar, id="somebody-elses"))
        assert await outcome(READS["fetch"], liar) is Broken


@pytest.mark.parametrize("name", CHANNELS)
async def test_a_bomb_takes_no_memory(name: str) -> None:
    pack = zlib.compressobj(9, zlib.DEFLATED, 31)
    piece = b" " * 2**24
    bomb = b"".join(pack.compress(piece) for _ in range(8)) + pack.flush()
    async with lying(name, answer(bomb, "200 OK", "Content-Encoding: gzip")) as liar:
        tracemalloc.start()
        try:
            found = await outcomes(READS, liar)
            peak = tracemalloc.get_traced_memory()[1]
        finally:
            tracemalloc.stop()
    assert set(found.values()) <= {Broken, NotSent}
    assert peak < 16 * 2**20 * len(READS)  # unpacked it is 128 MiB for each


def _lists(name: str, what: object) -> Callable[[str], Answer]:
    """This list for every question, save the one about a place that there is not."""
    return lambda path: told(page(name)) if NOWHERE in path else told(what)


@pytest.mark.parametrize(
    ("name", "about"),
    [
        ("boseat", {"total": 10**9}),
        ("boseat", {"meta": {"hasNextPage": True}}),
        ("boseat", {"next": "/v1/bookings?page=1"}),
        ("mozrest", {}),
        ("mozrest", {"total": 10**9}),
    ],
)
async def test_a_list_without_end_or_in_a_circle_ends_and_is_not_whole(
    name: str, about: dict[str, object]
) -> None:
    async with lying(name, told(None)) as liar:
        rows = [booking(liar, id=f"row-{number}") for number in range(2)]
        liar.reads = _lists(name, {"data": rows, **about})
        pages = await outcome(READS["scan"], liar)
        asked = len(liar.asked)
    assert not shows_something(pages)
    assert asked <= 400


@pytest.mark.parametrize("name", CHANNELS)
async def test_an_item_that_comes_twice_is_one_booking(name: str) -> None:
    async with lying(name, told(None)) as liar:
        twice = [booking(liar), booking(liar)]
        liar.reads = _lists(name, page(name, *twice))
        pages = await READS["scan"](liar)
    assert isinstance(pages, Sequence)
    seen = [one for each in pages for one in each.bookings]
    assert {one.external_id for one in seen} == {REF}
    assert not shows_something(list(pages))  # two were promised


@pytest.mark.parametrize("name", CHANNELS)
async def test_what_is_gone_is_told_apart_from_a_page_that_says_so(name: str) -> None:
    async with lying(name, answer(b'{"code": "not_found"}', "404 Not Found")) as liar:
        assert isinstance(await outcome(READS["fetch"], liar), Absent)
        liar.says = answer(PORTAL, "404 Not Found", kind="text/html")
        assert await outcome(READS["fetch"], liar) is Broken
