"""All processes of a town use one access token, at a provider that ends the last one with each new one.

The kind of fault: see tests/channels/boseat/test_shared_token.py; here it is what the processes are really wired with.
"""

import asyncio
from contextlib import AsyncExitStack

from tests.town import SECRETS, Plan, town

from holdfast.sync.parts import wake_nobody
from holdfast.wiring import Base, wired

ONE = Plan(switches={"boseat": {"live_tokens": "one"}}, webhooks=False)


async def test_processes_that_start_and_read_at_once_end_nobodys_token(database_url: str) -> None:
    async with town(database_url, ONE) as t, AsyncExitStack() as stack:
        base = Base(database_url=database_url, redis=None, clock=t.clock, environ=SECRETS)
        all_of_them = [t.wiring]
        for _ in range(2):
            all_of_them.append(await stack.enter_async_context(wired(base, wake_nobody)))
        await t.boseat.ask("DELETE", "/requests")
        channels = [
            account.channel
            for wiring in all_of_them
            for account in wiring.parts.accounts.values()
            if account.channel_name == "boseat"
        ]
        assert len(channels) == 3
        reads = [channel.fetch("b1", None) for channel in channels for _ in range(20)]
        await asyncio.gather(*reads)
        told = await t.boseat.ask("GET", "/requests")
        assert [each for each in told if each["status"] == 401] == []
        assert [each for each in told if each["path"] == "/oauth/token"] == []
