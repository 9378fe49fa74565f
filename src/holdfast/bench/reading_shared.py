"""reading_shared: processes that share an account's budget in Redis, for a little longer than a minute of real time.

Redis counts by its own clock, which cannot be made up.
"""

import asyncio
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import get_args

from redis.asyncio import Redis

from holdfast.bench.reading_side import CONTRACT, Kind
from holdfast.budget import LocalBudget, Pace
from holdfast.clock import SystemClock
from holdfast.embedded import embedded_redis
from holdfast.inventory.shares import Use
from holdfast.shared_budget import SharedBudget

PROCESSES = 4
SECONDS = 75.0
MINUTE = 60.0
LONGEST_WAIT = 1.0


async def shared_minute(folder: Path) -> Mapping[Kind, float]:
    """The most calls of each kind in any 60 seconds, of processes of which every use wants all it can get."""
    async with embedded_redis(folder, durable=False) as url, Redis.from_url(url) as redis:
        budgets = [_budget(redis) for _ in range(PROCESSES)]
        most = await asyncio.gather(*(_most(budgets, kind) for kind in CONTRACT))
        return dict(zip(CONTRACT, most, strict=True))


def _budget(redis: Redis) -> SharedBudget:
    clock, paces = SystemClock(), {kind: Pace(per_minute=many) for kind, many in CONTRACT.items()}
    return SharedBudget(redis, "house", paces, LocalBudget(clock, paces, PROCESSES), clock)


async def _most(budgets: Sequence[SharedBudget], kind: Kind) -> float:
    at: list[float] = []
    spenders = [_spend(budget, kind, use, at) for budget in budgets for use in get_args(Use)]
    await asyncio.gather(*spenders)
    return max(sum(one - MINUTE < other <= one for other in at) for one in at)


async def _spend(budget: SharedBudget, kind: Kind, use: Use, at: list[float]) -> None:
    loop = asyncio.get_running_loop()
    end = loop.time() + SECONDS
    while loop.time() < end:
        wait = await budget.take(kind, use)
        if not wait:
            at.append(loop.time())
        await asyncio.sleep(min(wait, LONGEST_WAIT))
