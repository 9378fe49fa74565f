"""A TCP fault proxy: between two parties that trust their connection, it keeps answers from arriving whole."""

import asyncio
import socket
import struct
from collections.abc import AsyncIterator, Awaitable, Callable, Sequence
from contextlib import asynccontextmanager, suppress
from dataclasses import dataclass, field
from random import Random
from typing import Literal, get_args

from holdfast.soak.program import HERE

Streams = tuple[asyncio.StreamReader, asyncio.StreamWriter]
Opener = Callable[[], Awaitable[Streams]]
Manner = Literal["cut", "stall", "reset", "dribble", "half_close"]
MANNERS: tuple[Manner, ...] = get_args(Manner)

CHUNK = 2**16
CUT_WITHIN = 600
"""Bytes: an answer is cut somewhere in its first so many."""

DRIBBLE_BYTES, DRIBBLE_SECONDS = 16, 0.03


class Cut(Exception):
    """The connection ends here."""


def tcp(port: int) -> Opener:
    """To a port of this machine."""
    return lambda: asyncio.open_connection(HERE, port)


def unix(path: str) -> Opener:
    """To a socket in the file system."""
    return lambda: asyncio.open_unix_connection(path)


@dataclass(kw_only=True)
class Link:
    """One proxied way. `manner` None: all passes untouched. Several openers are used in turn."""

    name: str
    openers: Sequence[Opener]
    random: Random
    manner: Manner | None = None
    port: int = 0
    spoilt: int = 0
    """How many answers did not arrive as they were sent."""
    _turn: int = 0
    _open: set[asyncio.StreamWriter] = field(default_factory=set)
    _tasks: set[asyncio.Task[None]] = field(default_factory=set)
    _calm: asyncio.Event = field(default_factory=asyncio.Event)

    def behave(self, manner: Manner | None) -> None:
        """From now on; a reset also strikes connections that are idle."""
        self.manner = manner
        if manner == "stall":
            self._calm.clear()
        else:
            self._calm.set()
        if manner == "reset":
            for writer in list(self._open):
                _reset(writer)

    async def close(self) -> None:
        """End every connection."""
        for task in self._tasks:
            task.cancel()
        await asyncio.gather(*self._tasks, return_exceptions=True)

    def accept(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        """A client came."""
        task = asyncio.create_task(self._serve(reader, writer))
        self._tasks.add(task)
        task.add_done_callback(self._tasks.discard)

    async def _serve(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        self._open.add(writer)
        try:
            above = await self._reach()
            try:
                await self._between((reader, writer), above)
            finally:
                above[1].transport.abort()
        except (Cut, OSError):
            _reset(writer)
        finally:
            self._open.discard(writer)
            writer.transport.abort()

    async def _reach(self) -> Streams:
        """Whichever server is there. Raises OSError when none is."""
        self._turn += 1
        for number in range(len(self.openers)):
            with suppress(OSError):
                return await self.openers[(self._turn + number) % len(self.openers)]()
        raise ConnectionRefusedError(self.name)

    async def _between(self, client: Streams, server: Streams) -> None:
        """Until both directions ended, or either broke."""
        asking = asyncio.create_task(_pump(client[0], server[1]))
        answering = asyncio.create_task(self._answer(server[0], client[1]))
        both = {asking, answering}
        try:
            done, _ = await asyncio.wait(both, return_when=asyncio.FIRST_EXCEPTION)
            for task in done:
                task.result()
        finally:
            for task in both:
                task.cancel()
            await asyncio.gather(*both, return_exceptions=True)

    async def _answer(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        while data := await reader.read(CHUNK):
            await self._pass(data, writer)
        writer.write_eof()

    async def _pass(self, data: bytes, writer: asyncio.StreamWriter) -> None:
        manner = self.manner
        self.spoilt += manner is not None
        _check(writer)
        if manner == "stall":
            await self._calm.wait()
        if manner == "reset":
            raise Cut
        if manner == "dribble":
            await self._dribble(data, writer)
        elif manner in ("cut", "half_close"):
            await self._part(data, writer, whole=manner == "cut")
        else:
            writer.write(data)
            await writer.drain()

    async def _dribble(self, data: bytes, writer: asyncio.StreamWriter) -> None:
        for at in range(0, len(data), DRIBBLE_BYTES):
            _check(writer)
            if self.manner != "dribble":  # the fault is over: the rest at once
                writer.write(data[at:])
                break
            writer.write(data[at : at + DRIBBLE_BYTES])
            await asyncio.sleep(DRIBBLE_SECONDS)
        await writer.drain()

    async def _part(self, data: bytes, writer: asyncio.StreamWriter, *, whole: bool) -> None:
        """The beginning only; then the connection is broken, or merely never says any more."""
        writer.write(data[: self.random.randrange(min(len(data), CUT_WITHIN))])
        await writer.drain()
        if whole:
            raise Cut
        writer.write_eof()
        await asyncio.sleep(60)
        raise Cut


async def _pump(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
    while data := await reader.read(CHUNK):
        _check(writer)
        writer.write(data)
        await writer.drain()
    with suppress(OSError):
        writer.write_eof()


def _check(writer: asyncio.StreamWriter) -> None:
    """Raises Cut for a peer that is gone: writing to it would only be complained about in the log."""
    if writer.is_closing():
        raise Cut


def _reset(writer: asyncio.StreamWriter) -> None:
    """Ends it with RST, not with FIN."""
    raw: socket.socket | None = writer.get_extra_info("socket")
    if raw is not None and raw.fileno() >= 0:
        with suppress(OSError):
            raw.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))
    writer.transport.abort()


@asynccontextmanager
async def linked(link: Link, port: int = 0) -> AsyncIterator[Link]:
    """The proxy listens until the block ends; `port` 0 takes a free one."""
    link.behave(None)
    server = await asyncio.start_server(link.accept, HERE, port)
    link.port = int(server.sockets[0].getsockname()[1])
    try:
        yield link
    finally:
        server.close()
        await link.close()
