"""Counts the webhooks that this process refused, and writes them down now and then."""

from collections import Counter

import asyncpg
from aiohttp import web

from holdfast.clock import Clock
from holdfast.store import refusals


class Refused:
    """What was refused since it was last written down. It holds a number for each account and reason, no more."""

    def __init__(self) -> None:
        self._counts: Counter[tuple[str, str]] = Counter()

    def count(self, account: str, result: str) -> None:
        """One more. `account` is one that we know."""
        self._counts[account, result] += 1

    async def write(self, pool: asyncpg.Pool, clock: Clock) -> None:
        """Write down what is new. Raises what asyncpg raises; it is then kept for the next time."""
        if not self._counts:
            return
        counts, self._counts = self._counts, Counter()
        try:
            await refusals.add(pool, counts, clock.now())
        except BaseException:
            self._counts.update(counts)
            raise


REFUSED = web.AppKey("refused", Refused)
