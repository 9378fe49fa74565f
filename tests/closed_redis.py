"""Ways in which a Redis answers and takes nothing in, each with its way back."""

from collections.abc import Awaitable, Callable
from typing import Any

import pytest
from redis.asyncio import Redis

from holdfast.soak.program import HERE

Told = Callable[[Redis], Awaitable[Any]]

TAKES_NOTHING = pytest.mark.parametrize(
    ("refuse", "again"),
    [
        (
            lambda redis: redis.config_set("maxmemory", "1"),
            lambda redis: redis.config_set("maxmemory", "0"),
        ),
        (lambda redis: redis.replicaof(HERE, "1"), lambda redis: redis.replicaof("no", "one")),
    ],
    ids=["no memory", "a replica"],
)
