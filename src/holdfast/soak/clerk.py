"""Somebody who types commands all day: forgets guests, has old events read again, audits, asks for calls once more."""

import asyncio
import time
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from pathlib import Path
from random import Random

import asyncpg

from holdfast.clock import SystemClock
from holdfast.soak.crowd import Act
from holdfast.soak.evidence import Violation
from holdfast.soak.lost import Lost
from holdfast.soak.program import finished
from holdfast.store.queries import load
from holdfast.store.trouble import DATABASE_TROUBLE

_SQL = load("clerk", "holdfast.soak")
CLOCK = SystemClock()
WHY = ("--reason", "a guest asked", "--yes")
SOME = 3
ANSWERS = (0, 1)
"""1: something is left, or a server is away; both are said in words."""


@dataclass(kw_only=True)
class Clerk:
    """`url`: of the store, past all proxies, to know what there is. `settings`: what commands run with just now."""

    folder: Path
    url: str
    settings: Callable[[], Mapping[str, str]]
    random: Random
    acts: list[Act] = field(default_factory=list)
    forgotten: dict[int, datetime] = field(default_factory=dict)
    """Bookings, and when the command was typed."""
    wrongs: list[Violation] = field(default_factory=list)
    """Commands that broke."""

    async def live(self, pause: float, seconds: float) -> None:
        """One command after the other for `seconds`, each kind in turn."""
        end, number = time.monotonic() + seconds, 0
        ways = (self._forget, self._replay, self._audit, self._revive)
        while time.monotonic() < end:
            try:
                await ways[number % len(ways)]()
            except DATABASE_TROUBLE as no:
                self._note("look", f"no: {type(no).__name__}")
            number += 1
            await asyncio.sleep(self.random.uniform(0.0, 2 * pause))

    async def _forget(self) -> None:
        for number in self._some(await self._ids("over"), 1):
            at = CLOCK.now()
            if await self.typed("forget", str(number)):
                self.forgotten[number] = at

    async def _replay(self) -> None:
        if events := self._some(await self._ids("told"), SOME):
            await self.typed("events", "replay", *map(str, events), *WHY)

    async def _audit(self) -> None:
        await self.typed("audit")

    async def _revive(self) -> None:
        if dead := await self._ids("dead"):
            await self.typed("pushes", "revive", *map(str, dead), *WHY)

    def _some(self, ids: Sequence[int], most: int) -> list[int]:
        return self.random.sample(ids, min(most, len(ids)))

    async def _ids(self, query: str) -> list[int]:
        connection = await asyncpg.connect(self.url, timeout=5)
        try:
            return [row["id"] for row in await connection.fetch(_SQL[query])]
        finally:
            await connection.close(timeout=5)

    async def typed(self, *words: str) -> bool:
        """Whether it was done. A command says what is wrong in a line, and never breaks."""
        done = await finished(self.folder, *words, **self.settings())
        self._note(words[0], "done" if done.code == 0 else f"no: {done.err.strip()[-120:]}")
        if done.code not in ANSWERS or done.broke:
            told = done.err.strip().splitlines()[-1:]
            what = f"{' '.join(words)}: {done.code} {''.join(told)}"
            self.wrongs.append(Violation(checker="commands", what=what))
        return done.code == 0

    def _note(self, what: str, outcome: str) -> None:
        self.acts.append(
            Act(at=CLOCK.now(), side="venue", what=what, ref="-", outcome=outcome, who="clerk")
        )


async def remembered(
    connection: asyncpg.Connection, forgotten: Mapping[int, datetime], lost: Sequence[Lost]
) -> list[Violation]:
    """Who was forgotten stays so, whatever was read since. What was typed in lost time must be typed again."""
    told = [n for n, at in forgotten.items() if not any(w.began <= at <= w.ended for w in lost)]
    rows = await connection.fetch(_SQL["remembered"], told)
    return [
        Violation(checker="forgotten", what=f"booking {row['id']} was forgotten, and is known")
        for row in rows
    ]
