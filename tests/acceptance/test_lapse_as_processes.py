"""A guest's hold that lapses at Boseat, whose clock runs ahead for it; all of ours and Mozrest's run true."""

from collections.abc import AsyncIterator
from contextlib import AsyncExitStack, asynccontextmanager
from dataclasses import dataclass
from pathlib import Path

from tests.acceptance.stage import Stage, stage

from holdfast.clock import Clock, SkewedClock, SystemClock
from holdfast.example import WEBHOOK_SECRETS
from holdfast.kind import SimulatorOptions, WebhookTarget, discover
from holdfast.serving import listening
from holdfast.soak.house import SECRETS
from holdfast.soak.program import HERE, free_port, until

BOSEAT_HOLD_SECONDS = 900.0


@dataclass(slots=True)
class Skew:
    """Seconds that a clock is ahead."""

    seconds: float = 0.0


@asynccontextmanager
async def a_stage_of_our_own(
    folder: Path, database_url: str, boseat_ahead: Skew
) -> AsyncIterator[Stage]:
    """With both simulators in this process: then one of their clocks can be moved."""
    web_port = free_port()
    true = SystemClock()
    clocks: dict[str, Clock] = {
        "boseat": SkewedClock(true, lambda: boseat_ahead.seconds),
        "mozrest": true,
    }
    async with AsyncExitStack() as stack:
        urls = {}
        for name, clock in clocks.items():
            hook = WebhookTarget(
                url=f"http://{HERE}:{web_port}/hooks/{name}-main",
                secret=SECRETS[WEBHOOK_SECRETS[name]],
            )
            app = discover()[name].simulate(SimulatorOptions(clock=clock, webhook=hook))
            port = await stack.enter_async_context(listening(app, HERE, 0))
            urls[name] = f"http://{HERE}:{port}"
        yield await stack.enter_async_context(stage(folder, database_url, web_port, urls))


async def test_a_hold_is_kept_alive_at_mozrest_until_it_lapses_at_boseat(
    tmp_path: Path, empty_database_url: str
) -> None:
    ahead = Skew()
    async with a_stage_of_our_own(tmp_path, empty_database_url, ahead) as own:
        await own.boseat.book((await own.boseat.offers("salon"))[3], confirm=False)
        seen: list[str] = []

        async def held_again() -> bool:
            blocks = (await own.mozrest.books()).blocks("salon")
            assert all(block.held for block in blocks)
            seen.extend(block.ref for block in blocks if block.ref not in seen)
            return len(seen) > 1

        await until(held_again, "a second hold at Mozrest after the first has lapsed")
        await own.agrees()
        ahead.seconds = BOSEAT_HOLD_SECONDS + 1
        await own.agrees()
        assert (await own.boseat.books()).everybody() == []
        assert (await own.mozrest.books()).blocks("salon") == []
