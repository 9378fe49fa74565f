"""Delivers a simulator's webhooks: with retries, and as late, doubled, lost or reordered as it is told to."""

import asyncio
import hashlib
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from random import Random
from typing import Literal

import aiohttp
from pydantic import BaseModel, ConfigDict, Field

from holdfast.clock import Clock

Compose = Callable[[], tuple[Mapping[str, str], bytes]]
"""Makes headers and body afresh for each attempt: signatures carry the time of their attempt."""

ATTEMPTS = 8
BASE_SECONDS, CAP_SECONDS = 1.0, 60.0

ON_ITS_WAY, LATER = "webhook on its way", "webhook later"
"""What a delivery's task is called: whoever drives the clock can see whether one is still on the wire."""


class Manner(BaseModel):
    """How webhooks travel just now."""

    model_config = ConfigDict(extra="forbid")

    lose: float = Field(default=0.0, ge=0, le=1)
    """The share that is never sent."""
    copies: int = Field(default=1, ge=1, le=10)
    delay: float = Field(default=0.0, ge=0)
    """Seconds on the simulator's clock."""
    keep_back: bool = False
    """Collect deliveries until they are flushed."""
    retry_refused: bool = True
    """Whether a 4xx is tried again, as a 5xx always is."""


@dataclass(slots=True, kw_only=True)
class Delivery:
    """One webhook on its way."""

    id: str
    url: str
    kind: str
    compose: Compose = field(repr=False)
    attempts: int = 0
    last_status: int | None = None
    done: bool = False
    accepted: list[str] = field(default_factory=list)
    """SHA-256 of each body that was answered with a 2xx."""


class Courier:
    """Sends webhooks in the background. Must be closed; what is then under way is dropped."""

    def __init__(self, clock: Clock, random: Random) -> None:
        self.manner = Manner()
        self.deliveries: list[Delivery] = []
        self._kept: list[Delivery] = []
        self._clock = clock
        self._random = random
        self._tasks: set[asyncio.Task[None]] = set()
        self._session: aiohttp.ClientSession | None = None

    def send(self, url: str, kind: str, compose: Compose) -> Delivery:
        """Take a webhook; returns at once."""
        number = len(self.deliveries) + 1
        delivery = Delivery(id=f"whd-{number}", url=url, kind=kind, compose=compose)
        self.deliveries.append(delivery)
        if self._random.random() < self.manner.lose:
            return delivery
        if self.manner.keep_back:
            self._kept.append(delivery)
        else:
            self._launch(delivery)
        return delivery

    def flush(self, order: Literal["kept", "reverse", "random"]) -> int:
        """Send what was kept back, in this order; returns how many."""
        kept, self._kept = self._kept, []
        if order == "reverse":
            kept.reverse()
        elif order == "random":
            self._random.shuffle(kept)
        for delivery in kept:
            self._launch(delivery)
        return len(kept)

    async def close(self) -> None:
        """Drop what is under way and free the sockets."""
        for task in self._tasks:
            task.cancel()
        await asyncio.gather(*self._tasks, return_exceptions=True)
        if self._session is not None:
            await self._session.close()

    def _launch(self, delivery: Delivery) -> None:
        for _ in range(self.manner.copies):
            task = asyncio.create_task(self._carry(delivery), name=ON_ITS_WAY)
            self._tasks.add(task)
            task.add_done_callback(self._tasks.discard)

    async def _carry(self, delivery: Delivery) -> None:
        await self._rest(self.manner.delay)
        for attempt in range(ATTEMPTS):
            delivery.attempts += 1
            delivery.last_status = await self._post(delivery)
            if not self._again(delivery.last_status):
                delivery.done = True
                return
            pause = min(CAP_SECONDS, BASE_SECONDS * 2**attempt)
            await self._rest(pause * self._random.uniform(0.5, 1.0))

    async def _rest(self, seconds: float) -> None:
        task = asyncio.current_task()
        if seconds > 0 and task is not None:
            task.set_name(LATER)
            await self._clock.sleep(seconds)
            task.set_name(ON_ITS_WAY)

    def _again(self, status: int | None) -> bool:
        if status is None or status >= 500:
            return True
        return status >= 400 and self.manner.retry_refused

    async def _post(self, delivery: Delivery) -> int | None:
        if self._session is None:
            self._session = aiohttp.ClientSession(timeout=aiohttp.ClientTimeout(total=5))
        headers, body = delivery.compose()
        try:
            async with self._session.post(
                delivery.url, data=body, headers=headers, allow_redirects=False
            ) as answer:
                if 200 <= answer.status < 300:
                    delivery.accepted.append(hashlib.sha256(body).hexdigest())
                return answer.status
        except (aiohttp.ClientError, TimeoutError, OSError):
            return None
