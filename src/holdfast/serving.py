"""An application on a socket, until its process is told to stop."""

import asyncio
import errno
import signal
import socket
from collections.abc import AsyncIterator, Awaitable, Callable, Coroutine
from contextlib import asynccontextmanager
from functools import wraps
from typing import ParamSpec

from aiohttp import web

Asked = ParamSpec("Asked")
Handle = Callable[[web.BaseRequest], Awaitable[web.StreamResponse]]
First = Callable[[web.Application, Handle], Handle]
"""Sees every request before the application's router does, and hands on what is not its own."""


class CannotListen(OSError):
    """A socket is not to be had; the text says why, and which setting chooses another."""


STOP_SECONDS = 8.0
"""How long a stop waits for what is under way, below a supervisor's kill grace."""

IDLE_SECONDS = 75.0
"""Longer than a reverse proxy keeps an idle connection, or requests are lost between the two."""


@asynccontextmanager
async def listening(
    app: web.Application,
    host: str,
    port: int | socket.socket,
    idle_seconds: float = IDLE_SECONDS,
    first: First | None = None,
    named: str = "--port",
) -> AsyncIterator[int]:
    """Serve until the block ends; gives the port (0 asks for a free one). Raises CannotListen.

    `named`: by which setting another port is chosen.

    Instead of a port it takes a socket that listens on one already, so that it cannot be taken meanwhile.
    Whoever is silent, or busy with the head of a request, for `idle_seconds` is hung up on.
    """
    runner = web.AppRunner(
        app,
        access_log=None,
        shutdown_timeout=STOP_SECONDS,
        keepalive_timeout=idle_seconds,
        auto_decompress=False,  # what is thrown away must not be unpacked before
    )
    await runner.setup()
    if first is not None:
        put_first(runner, first)
    try:
        await _started(_site(runner, host, port), port, named)
        yield int(runner.addresses[0][1])
    finally:
        await runner.cleanup()


def _site(runner: web.AppRunner, host: str, port: int | socket.socket) -> web.BaseSite:
    if isinstance(port, socket.socket):
        return web.SockSite(runner, port)
    return web.TCPSite(runner, host, port, reuse_address=True)


async def _started(site: web.BaseSite, port: int | socket.socket, named: str) -> None:
    try:
        await site.start()
    except OSError as error:
        raise CannotListen(_why(error, site.name.partition("://")[2], port, named)) from error


def _why(error: OSError, place: str, port: int | socket.socket, named: str) -> str:
    if error.errno == errno.EADDRINUSE:
        return f"the port is in use: {place}; choose another by {named}"
    if error.errno == errno.EACCES:
        return f"port {port} is kept for the system, so {place} cannot be listened on: choose one above 1023 by {named}"
    return f"{place} cannot be listened on: expected an address of this machine ({error.strerror or error})"


def put_first(runner: web.AppRunner, first: First) -> None:
    """From the next connection on."""
    if runner.server is not None:  # it is set up
        runner.server.request_handler = first(runner.app, runner.server.request_handler)


def stoppable(
    work: Callable[Asked, Coroutine[object, object, None]],
) -> Callable[Asked, Coroutine[object, object, None]]:
    """For all of a process: SIGTERM and SIGINT end it cleanly from its beginning, not only once it waits for them."""

    @wraps(work)
    async def worked(*args: Asked.args, **kwargs: Asked.kwargs) -> None:
        task, told = asyncio.current_task(), asyncio.Event()

        def stop() -> None:
            if task is not None and not told.is_set():
                told.set()
                task.cancel()

        _on_stop(stop)
        try:
            await work(*args, **kwargs)
        except asyncio.CancelledError:
            if not told.is_set():
                raise

    return worked


async def until_told_to_stop() -> None:
    """Return at SIGTERM or SIGINT."""
    told = asyncio.Event()
    _on_stop(told.set)
    await told.wait()


def _on_stop(call: Callable[[], None]) -> None:
    loop = asyncio.get_running_loop()
    for number in (signal.SIGTERM, signal.SIGINT):
        loop.add_signal_handler(number, call)
