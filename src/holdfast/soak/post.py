"""The providers' post on its way to us: every webhook is kept, and sent as often as a flood wants."""

import asyncio
import hashlib
import time
from collections import Counter, deque
from collections.abc import AsyncIterator, Mapping, Sequence
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from random import Random

import aiohttp
from aiohttp import web

from holdfast.soak.flood_report import Sent
from holdfast.soak.program import HERE

OF_THE_WAY = frozenset({"host", "content-length", "connection", "accept-encoding"})
"""Headers of one connection, not of the webhook."""

CONNECTIONS = 64
HOT = 8
"""Webhooks that half of all repeats are about."""

PROVIDERS_PATIENCE = aiohttp.ClientTimeout(total=15)


@dataclass(frozen=True, slots=True, kw_only=True)
class Letter:
    """A webhook as its provider sent it."""

    path: str
    headers: Mapping[str, str]
    body: bytes

    @property
    def side(self) -> str:
        """The provider, by the address that it was told."""
        return self.path.removeprefix("/hooks/").removesuffix("-main")

    @property
    def digest(self) -> str:
        return hashlib.sha256(self.body).hexdigest()


@dataclass(kw_only=True)
class Post:
    """Takes what the providers send, and sends it on over connections that are kept.

    `accepted`: by provider, how often each body was answered with a 2xx by us.
    """

    webs: Sequence[str] = ()
    random: Random
    session: aiohttp.ClientSession
    letters: list[Letter] = field(default_factory=list)
    unsent: deque[Letter] = field(default_factory=deque)
    sent: list[Sent] = field(default_factory=list)
    accepted: dict[str, Counter[str]] = field(default_factory=dict)

    async def take(self, request: web.Request) -> web.Response:
        """A provider's webhook; it is sent on later."""
        headers = {k: v for k, v in request.headers.items() if k.lower() not in OF_THE_WAY}
        letter = Letter(path=request.path, headers=headers, body=await request.read())
        self.letters.append(letter)
        self.unsent.append(letter)
        return web.json_response({})

    async def send_each(self, letters: Sequence[Letter]) -> None:
        """Each once, several at a time."""
        waiting = deque(letters)

        async def some() -> None:
            while waiting:
                await self._send(waiting.popleft(), 0.0)

        await asyncio.gather(*(some() for _ in range(CONNECTIONS)))

    async def catch_up(self) -> None:
        """What came in since is sent on, until nothing is left."""
        while self.unsent:
            letters, self.unsent = list(self.unsent), deque()
            await self.send_each(letters)

    async def flood(self, rate: float, seconds: float) -> None:
        """So many a second as long as we keep up: what is new, else something told before, told again."""
        began, due = time.monotonic(), 0

        async def some() -> None:
            nonlocal due
            while (at := due / rate) < seconds and time.monotonic() - began < seconds:
                due += 1
                await asyncio.sleep(max(0.0, began + at - time.monotonic()))
                letter = self.unsent.popleft() if self.unsent else self._again()
                await self._send(letter, time.monotonic() - began)

        await asyncio.gather(*(some() for _ in range(CONNECTIONS)))

    def _again(self) -> Letter:
        hot = self.random.random() < 0.5
        return self.random.choice(self.letters[-HOT:] if hot else self.letters)

    async def _send(self, letter: Letter, at: float) -> None:
        url = self.webs[len(self.sent) % len(self.webs)] + letter.path
        began = time.monotonic()
        try:
            async with self.session.post(url, data=letter.body, headers=letter.headers) as answer:
                await answer.read()
                status, asked = answer.status, "Retry-After" in answer.headers
        except (aiohttp.ClientError, TimeoutError, OSError):
            status, asked = 0, False
        seconds = time.monotonic() - began
        self.sent.append(Sent(at=at, status=status, asked_again=asked, seconds=seconds))
        if 200 <= status < 300:
            self.accepted.setdefault(letter.side, Counter())[letter.digest] += 1
        else:
            self.unsent.append(letter)


@asynccontextmanager
async def post_office(seed: int) -> AsyncIterator[tuple[Post, str]]:
    """The post, and the address that providers send to."""
    connector = aiohttp.TCPConnector(limit=0)
    async with aiohttp.ClientSession(timeout=PROVIDERS_PATIENCE, connector=connector) as session:
        post = Post(random=Random(f"post {seed}"), session=session)  # noqa: S311 - reproducible, not secret
        app = web.Application()
        app.router.add_post("/hooks/{account}", post.take)
        runner = web.AppRunner(app, access_log=None)
        await runner.setup()
        try:
            site = web.TCPSite(runner, HERE, 0)
            await site.start()
            yield post, f"http://{HERE}:{runner.addresses[0][1]}"
        finally:
            await runner.cleanup()
