"""Webhooks on their way from the providers to our web: late, doubled, out of order, or lost."""

import asyncio
import json
from collections.abc import Callable, Coroutine
from dataclasses import dataclass, field
from random import Random
from typing import Any

from tests.simulation.process import Faults, Story
from tests.simulation.provider import Change, Entry, Provider

ATTEMPTS, GONE = 8, 410

Web = Callable[[str, bytes], Coroutine[Any, Any, int]]
"""Takes a provider's name and a body; the status that it answers, 0 for none."""


@dataclass(slots=True)
class Post:
    """Carries them. `acknowledged` are booking and body of each that was answered with success."""

    random: Random
    faults: Faults
    story: Story
    web: Web
    acknowledged: list[tuple[str, bytes]] = field(default_factory=list)
    refused: list[str] = field(default_factory=list)
    """What was given up although it was tried often: nobody took it."""
    _number: int = 0
    _carrying: set["asyncio.Task[None]"] = field(default_factory=set)

    def announce(self, provider: Provider, entry: Entry, change: Change) -> None:
        """Send it on its way, or lose it."""
        if self.faults.strikes(0.15, "lost webhook"):
            return
        self._number += 1
        number = f"d{self._number}" if provider.rules.numbers_deliveries else None
        if self.faults.wrong == "one event id":
            number = "d0"
        told = {"ref": entry.ref, "type": f"booking.{change}", "delivery": number}
        told["serial"] = str(self._number)
        body = json.dumps(told).encode()
        copies = 2 if self.faults.strikes(0.2, "doubled webhook") else 1
        for _ in range(copies):
            task = asyncio.get_running_loop().create_task(self._carry(provider.name, entry, body))
            self._carrying.add(task)
            task.add_done_callback(self._carrying.discard)

    async def _carry(self, account: str, entry: Entry, body: bytes) -> None:
        late = self.faults.strikes(0.25, "late webhook")
        await asyncio.sleep(self.random.uniform(1.0, 12.0) if late else 0.05)
        for attempt in range(ATTEMPTS):
            status = await self.web(account, body)
            if status == GONE:
                return
            if status == 200:
                self.acknowledged.append((entry.ref, body))
                return
            await asyncio.sleep(2.0**attempt * self.random.uniform(0.5, 1.0))
        self.refused.append(f"{account} {entry.ref}")
