"""Many deliveries at once, in one process: what each is told, and what may wait."""

import asyncio
import json

from tests.town import SECRETS, Town, town

from holdfast.example import WEBHOOK_SECRETS
from holdfast.sync.receive import Receiver

HEADERS = {"Authorization": f"Bearer {SECRETS[WEBHOOK_SECRETS['mozrest']]}"}
POISON = """
create function poison() returns trigger language plpgsql as
$$ begin raise exception 'no' using errcode = '22000'; end $$;
create trigger poison before insert on inbox for each row when (new.ref = 'bad') execute function poison();
"""


def event(ref: str) -> bytes:
    hint = {"entity": "booking", "entity_id": ref, "action": "update"}
    return json.dumps(hint).encode()


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
