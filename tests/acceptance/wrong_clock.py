"""`holdfast worker` on a machine whose clock is wrong: `python -m tests.acceptance.wrong_clock SECONDS_AHEAD`."""

import asyncio
import os
import sys

import structlog

from holdfast.clock import SkewedClock, SystemClock
from holdfast.logs import set_up_logs
from holdfast.processes import Surroundings
from holdfast.serving import until_told_to_stop
from holdfast.worker_process import running_worker


async def work(ahead: float) -> None:
    clock = SkewedClock(SystemClock(), lambda: ahead)
    set_up_logs(sys.stderr, clock)
    around = Surroundings(
        database_url=os.environ["HOLDFAST_DATABASE_URL"],
        redis_url=os.environ["HOLDFAST_REDIS_URL"],
        clock=clock,
        environ=os.environ,
    )
    async with running_worker(around):
        structlog.get_logger().info("worker_ready")
        await until_told_to_stop()


if __name__ == "__main__":
    asyncio.run(work(float(sys.argv[1])))
