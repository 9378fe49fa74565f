"""Sends prepared webhooks over connections that are kept, with as little work as can be: run as a process."""

import asyncio
import json
import sys
from collections import deque
from statistics import quantiles
from time import perf_counter
from typing import cast

import click

from holdfast.bench.signed import letters
from holdfast.soak.program import HERE

CONNECTIONS = 32
WARM = 500
"""Requests that are sent before anything is measured."""


class _Line(asyncio.Protocol):
    """One connection: the next request as soon as the last is answered."""

    def __init__(self, waiting: deque[bytes], took: list[float]) -> None:
        self._waiting = waiting
        self._took = took
        self._answer = b""
        self._began = 0.0
        self.done: asyncio.Future[None] = asyncio.get_running_loop().create_future()

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        self._transport = cast(asyncio.Transport, transport)
        self._next()

    def data_received(self, data: bytes) -> None:
        self._answer += data
        if not _whole(self._answer):
            return
        self._took.append(perf_counter() - self._began)
        if not self._answer.startswith(b"HTTP/1.1 2"):
            self.done.set_exception(OSError(self._answer.decode()))
            return
        self._answer = b""
        self._next()

    def connection_lost(self, exc: Exception | None) -> None:
        if not self.done.done():
            self.done.set_exception(exc or OSError("hung up on"))

    def _next(self) -> None:
        if not self._waiting:
            self.done.set_result(None)
            self._transport.close()
            return
        self._began = perf_counter()
        self._transport.write(self._waiting.popleft())


def _whole(answer: bytes) -> bool:
    head, end, body = answer.partition(b"\r\n\r\n")
    if not end:
        return False
    _, _, rest = head.partition(b"Content-Length: ")
    return len(body) >= int(rest.partition(b"\r\n")[0])


async def _send(port: int, requests: list[bytes]) -> list[float]:
    """Seconds from each request to its answer. Raises OSError for any answer but a 2xx."""
    waiting, took = deque(requests), list[float]()
    loop = asyncio.get_running_loop()
    lines = [
        (await loop.create_connection(lambda: _Line(waiting, took), HERE, port))[1]
        for _ in range(CONNECTIONS)
    ]
    await asyncio.gather(*(line.done for line in lines))
    return took


async def _main(port: int, database_url: str, many: int) -> None:
    requests = await letters(database_url, many + WARM)
    await _send(port, requests[:WARM])
    began = perf_counter()
    took = await _send(port, requests[WARM:])
    seconds = perf_counter() - began
    click.echo(json.dumps({"rate": many / seconds, "p99": quantiles(took, n=100)[98]}))


if __name__ == "__main__":
    asyncio.run(_main(int(sys.argv[1]), sys.argv[2], int(sys.argv[3])))
