"""Guests who book, confirm, move, cancel or forget, by each provider's own rules."""

import asyncio
from collections.abc import Sequence
from dataclasses import dataclass
from random import Random

from tests.simulation.process import Story
from tests.simulation.provider import Entry, No, Provider

from holdfast.inventory.model import Span


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

    async def rivals(self, at: float) -> None:
        """Two book the same time on two providers, the second before the first is answered for there, as far as it goes."""
        await asyncio.sleep(at)
        for provider, span in self._pair():
            try:
                provider.confirm(provider.take(span, "guest").ref)
            except No:
                continue
            await asyncio.sleep(self.random.choice([0.0, 0.4, 6.0, 12.0]))

    def _pair(self) -> tuple[tuple[Provider, Span], ...]:
        pairs = [
            ((one, span), (other, across))
            for one in self.providers
            for other in self.providers
            if one is not other
            for span in one.on_sale()
            for across in other.on_sale()
            if span.overlaps(across)
        ]
        return self.random.choice(pairs) if pairs else ()

    async def touch(self, until: float) -> None:
        """Now and then something of no concern to us changes about a booking, and is announced."""
        loop = asyncio.get_running_loop()
        while loop.time() < until:
            await asyncio.sleep(self.random.uniform(1.0, 4.0))
            theirs = [(p, e) for p in self.providers for e in p.live() if e.by == "guest"]
            if theirs:
                provider, entry = self.random.choice(theirs)
                provider.touch(entry.ref)

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
