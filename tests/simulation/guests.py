"""Guests who book, confirm, move, cancel or forget, by each provider's own rules."""

import asyncio
from collections.abc import Sequence
from dataclasses import dataclass
from random import Random

from tests.simulation.process import Story
from tests.simulation.provider import Entry, No, Provider


@dataclass(slots=True)
class Guests:
    """People, in a small venue: they meet often."""

    random: Random
    providers: Sequence[Provider]
    story: Story

    async def plan(self, at: float) -> None:
        """One guest's way through a booking."""
        await asyncio.sleep(at)
        provider = self.random.choice(self.providers)
        on_sale = provider.on_sale()
        if not on_sale:
            return
        entry = provider.take(self.random.choice(on_sale), "guest")
        if self.random.random() < 0.15:
            return  # forgets to pay: the hold lapses
        await self._think()
        try:
            booking = provider.confirm(entry.ref)
            await self._regret(provider, booking)
        except No:
            self.story.tell("a guest", f"comes too late for {entry.ref}")

    async def _regret(self, provider: Provider, booking: Entry) -> None:
        for _ in range(self.random.choice([0, 1, 1, 2])):
            await self._think()
            if self.random.random() < 0.6:
                provider.cancel(booking.ref)
                return
            free = [s for s in provider.on_sale() if not s.overlaps(booking.span)]
            if free:
                provider.move(booking.ref, self.random.choice(free))

    async def _think(self) -> None:
        await asyncio.sleep(self.random.choice([0.0, 0.3, 3.0, 12.0]) * self.random.random())
