"""Webhooks and wake-ups are hints: without them, or with far too many of them, the same end state."""

import signal
import time

import pytest
from redis.asyncio import Redis
from redis.exceptions import RedisError
from tests.acceptance.stage import Stage, seeded, tell

from holdfast.herald import WAKE
from holdfast.soak.crowd import Crowd
from holdfast.soak.program import until

pytestmark = pytest.mark.asyncio(loop_scope="session")

ACTS = 14


async def webhooks(stage: Stage) -> tuple[int, int]:
    """How many there ever were, and how many of them were answered, by the providers' own count."""
    every = [d for side in stage.sides.values() for d in await side.ask("GET", "/webhooks")]
    return len(every), sum(delivery["status"] is not None for delivery in every)


async def test_with_every_webhook_lost_the_poll_alone_reaches_the_end_state(
    on_stage: Stage,
) -> None:
    for side in on_stage.sides.values():
        await side.manner(lose=1.0)
    due, arrived = await webhooks(on_stage)
    await Crowd(sides=on_stage.sides, random=seeded("lost")).crowd_in(ACTS)
    await on_stage.agrees()
    due_now, arrived_now = await webhooks(on_stage)
    assert due_now > due
    assert arrived_now == arrived


async def test_with_every_webhook_three_times_and_in_reverse_the_end_state_is_the_same(
    on_stage: Stage,
) -> None:
    for side in on_stage.sides.values():
        await side.manner(copies=3, keep_back=True)
    _, arrived = await webhooks(on_stage)
    await Crowd(sides=on_stage.sides, random=seeded("reverse")).crowd_in(ACTS)
    flushed = 0
    for side in on_stage.sides.values():
        answer = await side.ask("POST", "/webhooks/flush", {"order": "reverse"})
        flushed += answer["flushed"]

    async def all_arrived() -> bool:
        return (await webhooks(on_stage))[1] == arrived + flushed

    assert flushed
    await until(all_arrived, "every webhook was answered")
    await on_stage.agrees()


async def listening_workers(stage: Stage) -> int:
    """How many hear wake-ups, by Redis' own count."""
    async with Redis.from_url(stage.settings["HOLDFAST_REDIS_URL"], socket_timeout=2) as redis:
        return int((await redis.pubsub_numsub(WAKE))[0][1])


async def wake_ups_work(stage: Stage) -> None:
    """Both workers listen, and what a guest does is told to them."""

    async def both_listen() -> bool:
        try:
            return await listening_workers(stage) == 2
        except (RedisError, OSError):
            return False

    await until(both_listen, "both workers listen again")
    async with (
        Redis.from_url(stage.settings["HOLDFAST_REDIS_URL"]) as redis,
        redis.pubsub() as ears,
    ):
        await ears.subscribe(WAKE)
        await stage.boseat.book((await stage.boseat.offers("salon"))[0])

        async def heard() -> bool:
            message = await ears.get_message(ignore_subscribe_messages=True)
            return message is not None

        await until(heard, "a wake-up")
    await stage.agrees()


async def test_with_redis_killed_the_end_state_is_the_same_and_wake_ups_work_again_afterwards(
    on_stage: Stage,
) -> None:
    await on_stage.redis.kill()
    await Crowd(sides=on_stage.sides, random=seeded("killed")).crowd_in(ACTS)
    began = time.monotonic()
    await on_stage.agrees()
    tell(f"agreed {time.monotonic() - began:.1f} s after the last guest, without Redis")
    await on_stage.raise_again("redis")
    await wake_ups_work(on_stage)


async def test_with_redis_frozen_the_end_state_is_the_same_and_wake_ups_work_again_afterwards(
    on_stage: Stage,
) -> None:
    on_stage.redis.send(signal.SIGSTOP)
    await Crowd(sides=on_stage.sides, random=seeded("frozen")).crowd_in(ACTS)
    began = time.monotonic()
    await on_stage.agrees()
    tell(f"agreed {time.monotonic() - began:.1f} s after the last guest, with Redis frozen")
    on_stage.redis.send(signal.SIGCONT)
    await wake_ups_work(on_stage)
