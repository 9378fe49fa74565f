"""The fault proxy does each of the things that it is there for."""

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from random import Random

import pytest
from tests.patience import HANGS

from holdfast.soak.program import HERE
from holdfast.soak.proxy import Link, Streams, linked, tcp

ANSWER = b"x" * 5000


async def answers(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
    """A server that answers each line with many bytes, and ends when its client does."""
    while await reader.readline():
        writer.write(ANSWER)
        await writer.drain()
    writer.close()


@asynccontextmanager
async def proxied() -> AsyncIterator[Link]:
    async with await asyncio.start_server(answers, HERE, 0) as server:
        port = server.sockets[0].getsockname()[1]
        link = Link(name="test", openers=[tcp(port)], random=Random(1))
        async with linked(link):
            yield link


@asynccontextmanager
async def client(link: Link) -> AsyncIterator[Streams]:
    reader, writer = await asyncio.open_connection(HERE, link.port)
    try:
        yield reader, writer
    finally:
        writer.transport.abort()


async def whole(streams: Streams) -> bytes:
    streams[1].write(b"?\n")
    return await asyncio.wait_for(streams[0].readexactly(len(ANSWER)), HANGS)


async def test_in_calm_all_passes_and_again_on_the_same_connection() -> None:
    async with proxied() as link, client(link) as streams:
        assert await whole(streams) == ANSWER
        assert await whole(streams) == ANSWER
        assert link.spoilt == 0


async def test_an_answer_is_cut_after_some_bytes_and_the_next_connection_is_whole() -> None:
    async with proxied() as link:
        link.behave("cut")
        async with client(link) as streams:
            with pytest.raises((asyncio.IncompleteReadError, ConnectionResetError)):
                await whole(streams)
        link.behave(None)
        async with client(link) as streams:
            assert await whole(streams) == ANSWER
        assert link.spoilt == 1


async def test_a_reset_strikes_idle_connections_too() -> None:
    async with proxied() as link, client(link) as streams:
        await whole(streams)
        link.behave("reset")
        with pytest.raises(ConnectionResetError):
            await streams[0].read(1)


async def test_what_was_stalled_arrives_late() -> None:
    async with proxied() as link, client(link) as streams:
        link.behave("stall")
        waiting = asyncio.create_task(whole(streams))
        done, _ = await asyncio.wait([waiting], timeout=0.3)
        assert not done
        link.behave(None)
        assert await waiting == ANSWER


async def test_what_dribbles_arrives_at_once_when_that_is_over() -> None:
    async with proxied() as link, client(link) as streams:
        link.behave("dribble")
        streams[1].write(b"?\n")
        assert len(await streams[0].read(len(ANSWER))) < 1000
        link.behave(None)
        await asyncio.wait_for(streams[0].readexactly(4000), HANGS)


async def test_half_closed_the_client_hears_an_end_and_may_still_speak() -> None:
    async with proxied() as link, client(link) as streams:
        link.behave("half_close")
        streams[1].write(b"?\n")
        assert len(await asyncio.wait_for(streams[0].read(), HANGS)) < len(ANSWER)
        streams[1].write(b"still there?\n")
        await streams[1].drain()


async def test_where_nobody_answers_the_client_is_told_so() -> None:
    gone = Link(name="gone", openers=[tcp(9)], random=Random(1))
    async with linked(gone), client(gone) as streams:
        with pytest.raises(ConnectionResetError):
            await asyncio.wait_for(streams[0].read(1), HANGS)


async def test_of_two_servers_the_one_that_is_there_answers() -> None:
    async with proxied() as link:
        both = Link(name="both", openers=[tcp(9), *link.openers], random=Random(1))
        async with linked(both):
            for _ in range(2):
                async with client(both) as streams:
                    assert await whole(streams) == ANSWER
