"""How bodies are taken in: so large, for so long, so many bytes at once, and never compressed."""

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass

from aiohttp import hdrs, web
from aiohttp.http_exceptions import TransferEncodingError

from holdfast.web.problems import INVALID, PACKED, SLOW, TOO_LARGE, Problem, unavailable

RETRY_SECONDS = 1


class Refusal(Exception):
    """A request that is not taken: how it is counted and what is answered."""

    def __init__(self, result: str, problem: Problem) -> None:
        super().__init__(result)
        self.result = result
        self.problem = problem


@dataclass(frozen=True, slots=True, kw_only=True)
class Limits:
    """What a request may cost us before we know who sends it."""

    body_bytes: int = 1024 * 1024
    """Of one body; provider events are a few kilobytes."""
    body_seconds: float = 10.0
    """Until a body has come in whole. Providers send theirs at once."""
    held_bytes: int = 64 * 1024 * 1024
    """Of all bodies that are coming in or wait to be stored, together."""


class Intake:
    """Takes bodies in, and knows how much of them is in memory."""

    def __init__(self, limits: Limits) -> None:
        self._limits = limits
        self._held = 0

    @asynccontextmanager
    async def body(self, request: web.BaseRequest) -> AsyncIterator[bytes]:
        """The bytes as they were sent; they count as held until the block ends. Raises Refusal."""
        body = await self.take(request)
        try:
            yield body
        finally:
            self.let_go(body)

    async def take(self, request: web.BaseRequest) -> bytes:
        """The bytes as they were sent; they count as held until they are let go. Raises Refusal."""
        if request.headers.get(hdrs.CONTENT_ENCODING, "identity").lower() != "identity":
            raise _packed()
        taken = bytearray()
        try:
            await self._fill(taken, request)
        except BaseException:
            self._held -= len(taken)
            raise
        return bytes(taken)

    def let_go(self, body: bytes) -> None:
        """It is in memory no more."""
        self._held -= len(body)

    async def _fill(self, taken: bytearray, request: web.BaseRequest) -> None:
        try:
            if request.content.is_eof():  # it came with the head, as nearly all do
                self._add(taken, request.content.read_nowait())
                return
            async with asyncio.timeout(self._limits.body_seconds):
                async for chunk in request.content.iter_any():
                    self._add(taken, chunk)
        except TimeoutError as error:
            raise _slow(self._limits.body_seconds) from error
        except (OSError, TransferEncodingError, web.RequestPayloadError) as error:
            problem = Problem(INVALID, "The body did not arrive whole.")
            raise Refusal("malformed", problem) from error

    def _add(self, taken: bytearray, chunk: bytes) -> None:
        taken += chunk
        self._held += len(chunk)
        self._check(len(taken))

    def _check(self, length: int) -> None:
        if length > self._limits.body_bytes:
            raise Refusal(
                "too_large", Problem(TOO_LARGE, f"At most {self._limits.body_bytes} bytes.")
            )
        if self._held > self._limits.held_bytes:
            raise Refusal("overloaded", unavailable(RETRY_SECONDS, "Too much at once."))


def _slow(seconds: float) -> Refusal:
    return Refusal("too_slow", Problem(SLOW, f"The body must arrive within {seconds:g} seconds."))


def _packed() -> Refusal:
    """No provider says that it compresses; so nobody can make us unpack a bomb."""
    accepted = {"Accept-Encoding": "identity"}
    return Refusal("encoded", Problem(PACKED, "Send the body uncompressed.", headers=accepted))


INTAKE = web.AppKey("intake", Intake)
