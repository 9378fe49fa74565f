"""gathering: whoever comes while another works on the same thing waits, and then all that came is done at once."""

import asyncio
from collections import defaultdict
from collections.abc import Awaitable, Callable, Sequence
from datetime import datetime, timedelta
from typing import Generic, TypeVar

Item = TypeVar("Item")


class Gathering(Generic[Item]):
    """By key. What cannot be done together is done one by one, so that nothing hurts but itself."""

    def __init__(self) -> None:
        self._waiting: defaultdict[int, list[Item]] = defaultdict(list)
        self._turns: defaultdict[int, asyncio.Lock] = defaultdict(asyncio.Lock)

    async def work(
        self, key: int, item: Item, act: Callable[[Sequence[Item]], Awaitable[None]]
    ) -> None:
        """Returns once the item is done, by us or by another. Raises what `act` raises on the item alone."""
        waiting = self._waiting[key]
        waiting.append(item)
        try:
            async with self._turns[key]:
                if _among(waiting, item):
                    await _all(waiting, item, act)
        finally:
            waiting[:] = _without(waiting, item)


async def _all(
    waiting: list[Item], item: Item, act: Callable[[Sequence[Item]], Awaitable[None]]
) -> None:
    batch = list(waiting)
    waiting.clear()
    try:
        await act(batch)
    except BaseException as error:
        waiting[:0] = _without(batch, item)  # theirs is not done: they come next
        if len(batch) == 1 or not isinstance(error, Exception):
            raise
        await act([item])


def close_together(
    items: Sequence[Item], at: Callable[[Item], datetime], within: timedelta
) -> list[list[Item]]:
    """In the order of time, cut wherever one is further from the first of its part than `within`."""
    parts: list[list[Item]] = []
    for item in sorted(items, key=at):
        if not parts or at(item) - at(parts[-1][0]) > within:
            parts.append([])
        parts[-1].append(item)
    return parts


def _among(items: Sequence[Item], item: Item) -> bool:
    return any(one is item for one in items)


def _without(items: Sequence[Item], item: Item) -> list[Item]:
    return [one for one in items if one is not item]
