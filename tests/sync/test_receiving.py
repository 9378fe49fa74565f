"""Many deliveries at once, in one process: what each is told, and what may wait."""

import asyncio
import json

import asyncpg
from tests.town import SECRETS, Town, town

from holdfast.example import WEBHOOK_SECRETS
from holdfast.sync.receive import BACKLOG_BYTES, Overloaded, Receiver

HEADERS = {"Authorization": f"Bearer {SECRETS[WEBHOOK_SECRETS['mozrest']]}"}
POISON = """
create function poison() returns trigger language plpgsql as
$$ begin raise exception 'no' using errcode = '22000'; end $$;
create trigger poison before insert on inbox for each row when (new.ref = 'bad') execute function poison();
"""


def event(ref: str, padding: int = 0) -> bytes:
    hint = {"entity": "booking", "entity_id": ref, "action": "update"}
    return json.dumps({**hint, "data": {"notes": "x" * padding}}).encode()


async def accept(receiver: Receiver, body: bytes) -> str:
    try:
        await receiver.accept("mozrest-main", HEADERS, body)
    except Exception as error:
        return type(error).__name__
    return "accepted"


async def refs(t: Town) -> set[str]:
    return {row["ref"] for row in await t.rows("select ref from inbox where via = 'webhook'")}


async def test_a_delivery_that_the_database_cannot_take_hurts_only_itself(
    database_url: str,
) -> None:
    async with town(database_url) as t:
        await t.pool.execute(POISON)
        receiver = Receiver(t.wiring.parts)
        names = [f"good-{n}" for n in range(20)]
        names.insert(7, "bad")
        told = await asyncio.gather(*(accept(receiver, event(name)) for name in names))
        await receiver.close()
        assert {n for n, said in zip(names, told, strict=True) if said != "accepted"} == {"bad"}
        assert await refs(t) == set(names) - {"bad"}


class Stuck:
    """A pool that never hands out a connection, until it fails."""

    def __init__(self) -> None:
        self.fails = asyncio.Event()

    def acquire(self, timeout: float) -> "Stuck":
        return self

    async def __aenter__(self) -> None:
        await self.fails.wait()
        raise asyncpg.TooManyConnectionsError("no more")

    async def __aexit__(self, *_: object) -> None:
        return None


async def test_what_waits_for_its_commit_is_bounded_in_bytes(database_url: str) -> None:
    async with town(database_url) as t:
        parts, pool = t.wiring.parts, t.wiring.parts.pool
        parts.pool = stuck = Stuck()
        try:
            receiver = Receiver(parts)
            body = event("large", BACKLOG_BYTES // 16)
            waiting = [asyncio.create_task(accept(receiver, body)) for _ in range(32)]
            await asyncio.wait(waiting, return_when="FIRST_COMPLETED")
            stuck.fails.set()
            told = await asyncio.gather(*waiting)
            await receiver.close()
        finally:
            parts.pool = pool
        assert told.count(Overloaded.__name__) == 32 - 16
        assert told.count("TooManyConnectionsError") == 16
        assert await accept(receiver, body) == "accepted"
