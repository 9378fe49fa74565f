"""Everything hostile at once against a real web process: it stays up, stays small, and serves the honest."""

import asyncio
import gzip
import json
from pathlib import Path

import aiohttp
import pytest
from tests.acceptance.stage import Stage, tell
from tests.sync.post import proofs

from holdfast.clock import SystemClock
from holdfast.soak.program import until

MOST_GROWTH = 160 * 1024
"""Kilobytes of resident memory: what all bodies together may hold, twice, and what an interpreter does not give back.
Unpacked, the bombs alone would be five gigabytes."""
SLOW, LARGE, BOMBS = 60, 30, 40
HEAD = b"POST /hooks/boseat-main HTTP/1.1\r\nHost: localhost\r\n"

NO_HTTP = (
    b"\x16\x03\x01\x02\x00",
    HEAD + b"X-A: " + b"a" * 60_000 + b"\r\n\r\n",
    HEAD + b"".join(b"X-%d: a\r\n" % n for n in range(5_000)) + b"\r\n",
    HEAD + b"Transfer-Encoding: chunked\r\n\r\nffffffffffffffffff\r\n",
    HEAD + b"Content-Length: 99999999999999999999\r\n\r\n",
)


def resident(pid: int) -> int:
    """Kilobytes."""
    status = Path(f"/proc/{pid}/status")
    if not status.exists():
        pytest.skip("only Linux tells how much memory another process has")
    line = next(one for one in status.read_text().splitlines() if one.startswith("VmRSS"))
    return int(line.split()[1])


class Attacker:
    """All that can be thrown at one port."""

    def __init__(self, port: int, session: aiohttp.ClientSession) -> None:
        self._port, self._session = port, session

    async def post(self, body: bytes, channel: str = "boseat", **headers: str) -> int:
        address = f"http://127.0.0.1:{self._port}/hooks/{channel}-main"
        async with self._session.post(address, data=body, headers=headers) as answer:
            await answer.read()
            return answer.status

    async def proven(self, channel: str, body: bytes) -> int:
        return await self.post(body, channel, **proofs(channel, body, SystemClock().now()))

    async def raw(self, sent: bytes) -> None:
        """Written until nobody takes it any more."""
        reader, writer = await asyncio.open_connection("127.0.0.1", self._port)
        try:
            writer.write(sent)
            await writer.drain()
            async with asyncio.timeout(2):
                await reader.read()
        except (OSError, TimeoutError):
            pass
        finally:
            writer.transport.abort()

    async def stalled(self) -> asyncio.StreamWriter:
        """A body of which nearly all is there, and the rest never comes."""
        _, writer = await asyncio.open_connection("127.0.0.1", self._port)
        writer.write(HEAD + b"Content-Length: 1000000\r\n\r\n" + b"x" * 900_000)
        return writer


async def hostility(attacker: Attacker) -> dict[int, int]:
    """Throw it; how often each status came back."""
    bomb = gzip.compress(bytes(2**27))
    deep = b"[" * 400_000 + b"]" * 400_000
    packed = {"Content-Encoding": "gzip"}
    answers = await asyncio.gather(
        *(attacker.post(b"x" * (3 * 2**20)) for _ in range(LARGE)),
        *(attacker.post(bomb, **packed) for _ in range(BOMBS)),
        *(attacker.proven("mozrest", deep) for _ in range(20)),
        *(attacker.proven("mozrest", b"[" + b"{}," * 100_000 + b"{}]") for _ in range(5)),
        *(
            attacker.proven("boseat", b'{"type": "booking.updated", "data": {"id": "\\u0000"}}')
            for _ in range(20)
        ),
        *(attacker.post(b"{}", **{"Boseat-Signature": "t=1,v1=aa"}) for _ in range(100)),
        return_exceptions=True,
    )
    await asyncio.gather(*(attacker.raw(sent) for sent in NO_HTTP * 5))
    statuses = [a if isinstance(a, int) else 0 for a in answers]  # 0: hung up on in the middle
    return {status: statuses.count(status) for status in sorted(set(statuses))}


@pytest.mark.asyncio(loop_scope="session")
async def test_the_door_stands_and_the_honest_are_served_meanwhile_and_afterwards(
    on_stage: Stage,
) -> None:
    web, port = on_stage.programs["web"], int(on_stage.web_url.rpartition(":")[2])
    async with aiohttp.ClientSession(timeout=aiohttp.ClientTimeout(total=30)) as session:
        attacker = Attacker(port, session)
        before = resident(web.pid)
        slow = [await attacker.stalled() for _ in range(SLOW)]
        told = await hostility(attacker)
        grown = resident(web.pid) - before
        honest = json.dumps({"type": "booking.updated", "data": {"id": "nobody"}}).encode()

        async def taken() -> bool:
            return await attacker.proven("boseat", honest) == 200

        await until(taken, "an honest webhook is taken")
        for writer in slow:
            writer.transport.abort()
    tell(f"hostile door: answers {told}, web grew by {grown // 1024} MiB")
    assert not web.ended
    assert grown < MOST_GROWTH
    assert set(told) <= {0, 200, 400, 401, 408, 413, 415, 503}
    assert {400, 401, 415} <= set(told)
    await until(lambda: worked_off(on_stage), "the honest one is absorbed, the poison laid aside")


async def worked_off(stage: Stage) -> bool:
    rows = await stage.pool.fetch(
        "select ref, outcome from inbox where via = 'webhook' and done_at is not null"
    )
    found = {(row["ref"] == "nobody", row["outcome"]) for row in rows}
    return (False, "broken") in found and any(honest for honest, _ in found)
