"""Somebody on call: lets a braked account go on, once its provider's own books show that what is missed is gone."""

import asyncio
import json
from collections.abc import Mapping
from contextlib import suppress
from dataclasses import dataclass

import aiohttp
import asyncpg

from holdfast.soak.clerk import Clerk
from holdfast.soak.program import Missed
from holdfast.soak.side import Side
from holdfast.store.queries import load
from holdfast.store.trouble import DATABASE_TROUBLE

_SQL = load("clerk", "holdfast.soak")
LOOK_SECONDS = 2.0


@dataclass(frozen=True, slots=True, kw_only=True)
class OnCall:
    """Types what a runbook says; `clerk` has the keyboard."""

    clerk: Clerk
    sides: Mapping[str, Side]

    async def keep(self) -> None:
        """For ever."""
        while True:
            with suppress(*DATABASE_TROUBLE, Missed, aiohttp.ClientError):
                for account, refs in await self._braked():
                    if not refs & await self._standing(account):
                        why = ("--reason", "the guests did cancel", "--yes")
                        await self.clerk.typed("brake", "release", account, *why)
            await asyncio.sleep(LOOK_SECONDS)

    async def _braked(self) -> list[tuple[str, set[str]]]:
        connection = await asyncpg.connect(self.clerk.url, timeout=5)
        try:
            rows = await connection.fetch(_SQL["braked"])
        finally:
            await connection.close(timeout=5)
        return [(row["account"], set(json.loads(row["refs"]))) for row in rows]

    async def _standing(self, account: str) -> set[str]:
        """All references that still take time there."""
        found = set[str]()
        for name, side in self.sides.items():
            if account.startswith(name):
                books = await side.books()
                found |= {entry.ref for taken in books.taken.values() for entry in taken}
                found |= books.elsewhere
        return found
