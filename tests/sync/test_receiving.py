"""Many deliveries at once, in one process: what each is told, and what may wait."""

import asyncio
import json
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from dataclasses import dataclass, field, replace
from functools import partial
from typing import Any, cast

import asyncpg
import pytest
from tests.patience import HANGS
from tests.town import SECRETS, Town, town

from holdfast.example import WEBHOOK_SECRETS
from holdfast.sync import receive
from holdfast.sync.receive import Receiver

HEADERS = {"Authorization": f"Bearer {SECRETS[WEBHOOK_SECRETS['mozrest']]}"}
POISON = """
create function poison() returns trigger language plpgsql as
$$ begin raise exception 'no' using errcode = '22000'; end $$;
create trigger poison before insert on inbox for each row when (new.ref = 'bad') execute function poison();
"""
A_WHILE = 3600.0


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


@dataclass
class Together:
    """A pool whose two commits end in the same moment."""

    under_way: int = 0
    both: asyncio.Event = field(default_factory=asyncio.Event)

    @asynccontextmanager
    async def acquire(self, **_: float) -> AsyncIterator["Together"]:
        yield self

    async def fetch(self, *_: Any) -> list[asyncpg.Record]:
        self.under_way += 1
        if self.under_way == 2:
            self.both.set()
        await self.both.wait()
        return []


async def test_who_comes_just_when_all_commits_have_ended_is_stored_too(database_url: str) -> None:
    async with town(database_url) as t:
        receiver = Receiver(replace(t.wiring.parts, pool=cast(asyncpg.Pool, Together())))

        async def one_after_another(*names: str) -> list[str]:
            return [await accept(receiver, event(name)) for name in names]

        first = asyncio.create_task(one_after_another("a"))
        for _ in range(3):
            await asyncio.sleep(0)  # its commit is under way: the others' is one of its own
        async with asyncio.timeout(HANGS):
            assert await one_after_another("b", "c") == ["accepted"] * 2
            assert await first == ["accepted"]
        await receiver.close()


async def test_what_came_in_together_is_counted_each_by_each(database_url: str) -> None:
    async with town(database_url) as t:
        kind = {"channel": "mozrest", "via": "webhook", "type": "updated"}
        receiver = Receiver(t.wiring.parts)
        await asyncio.gather(*(accept(receiver, event(f"b-{n}")) for n in range(7)))
        await receiver.close()
        counted = t.wiring.parts.metrics.registry.get_sample_value
        assert counted("holdfast_events_received_total", kind) == 7


@dataclass
class Stuck:
    """A pool whose commits do not end before they may."""

    may: asyncio.Event = field(default_factory=asyncio.Event)

    @asynccontextmanager
    async def acquire(self, **_: float) -> AsyncIterator["Stuck"]:
        yield self

    async def fetch(self, *_: Any) -> list[asyncpg.Record]:
        await self.may.wait()
        return []


@dataclass
class OneByOne:
    """A pool whose commits end when they are told to."""

    begun: list[asyncio.Future[None]] = field(default_factory=list)

    @asynccontextmanager
    async def acquire(self, **_: float) -> AsyncIterator["OneByOne"]:
        yield self

    async def fetch(self, *_: Any) -> list[asyncpg.Record]:
        self.begun.append(asyncio.get_running_loop().create_future())
        await self.begun[-1]
        return []


async def handed_in(receiver: Receiver, *names: str) -> "asyncio.Future[list[str]]":
    """And whatever can begin has begun."""
    waiting = asyncio.gather(*(accept(receiver, event(name)) for name in names))
    await asyncio.sleep(0.01)
    return waiting


async def test_a_second_commit_begins_only_for_those_who_still_wait_after_a_while(
    database_url: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(receive, "SLOW", A_WHILE)
    loop, after_a_while = asyncio.get_running_loop(), list[Callable[[], object]]()
    in_time = loop.call_later

    def call_later(delay: float, call: Callable[..., object], *about: Any) -> asyncio.TimerHandle:
        if delay == A_WHILE:
            after_a_while.append(partial(call, *about))
        return in_time(delay, call, *about)

    async with town(database_url) as t:
        monkeypatch.setattr(loop, "call_later", call_later)
        pool = OneByOne()
        receiver = Receiver(replace(t.wiring.parts, pool=cast(asyncpg.Pool, pool)))
        first, second = await handed_in(receiver, "a"), await handed_in(receiver, "b")
        pool.begun[0].set_result(None)
        await first
        third = await handed_in(receiver, "c")
        waited_for_b, waited_for_c = after_a_while
        waited_for_b()
        await asyncio.sleep(0.01)
        assert len(pool.begun) == 2  # b's own commit, and none beside it
        waited_for_c()
        await asyncio.sleep(0.01)
        assert len(pool.begun) == 3
        for commit in pool.begun[1:]:
            commit.set_result(None)
        assert [*await second, *await third] == ["accepted"] * 2
        await receiver.close()


@pytest.mark.parametrize(("many", "commits"), [(16, 1), (17, 2), (64, 4)])
async def test_of_many_who_come_together_half_wait_for_one_commit_at_most(
    database_url: str, many: int, commits: int
) -> None:
    async with town(database_url) as t:
        pool = OneByOne()
        receiver = Receiver(replace(t.wiring.parts, pool=cast(asyncpg.Pool, pool)))
        everybody = await handed_in(receiver, *(f"b-{n}" for n in range(many)))
        while not everybody.done():
            pool.begun[-1].set_result(None)
            await asyncio.sleep(0.01)
        assert len(pool.begun) == commits
        await receiver.close()


async def test_who_comes_in_at_once_after_another_goes_into_the_same_commit(
    database_url: str,
) -> None:
    async with town(database_url) as t:
        pool = OneByOne()
        receiver = Receiver(replace(t.wiring.parts, pool=cast(asyncpg.Pool, pool)))
        waiting = []
        for number in range(5):
            waiting.append(asyncio.create_task(accept(receiver, event(f"b-{number}"))))
            await asyncio.sleep(0)
        await asyncio.sleep(0.01)
        pool.begun[0].set_result(None)
        assert await asyncio.gather(*waiting) == ["accepted"] * 5
        assert len(pool.begun) == 1
        await receiver.close()


async def test_nobody_waits_for_a_commit_longer_than_the_provider_does(
    database_url: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(receive, "PATIENCE", 0.1)
    monkeypatch.setattr(receive, "GATHERS", 0.05)
    async with town(database_url) as t, asyncio.timeout(HANGS):
        pool = Stuck()
        receiver = Receiver(replace(t.wiring.parts, pool=cast(asyncpg.Pool, pool)))
        under_way = asyncio.create_task(accept(receiver, event("a")))
        await asyncio.sleep(0)  # it is handed in
        await asyncio.sleep(0)  # its commit has begun
        assert await accept(receiver, event("b")) == "TimeoutError"
        assert await under_way == "TimeoutError"
        assert await accept(receiver, event("c")) == "TimeoutError"  # not with those before
        pool.may.set()
        assert await accept(receiver, event("d")) == "accepted"
        await receiver.close()


async def test_more_than_may_wait_is_asked_to_come_again_and_forgotten_once_stored(
    database_url: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(receive, "BACKLOG", 3)
    async with town(database_url) as t, asyncio.timeout(HANGS):
        pool = Stuck()
        receiver = Receiver(replace(t.wiring.parts, pool=cast(asyncpg.Pool, pool)))
        waiting = [asyncio.create_task(accept(receiver, event(f"a-{n}"))) for n in range(3)]
        await asyncio.sleep(0)
        assert await accept(receiver, event("b")) == "Overloaded"
        pool.may.set()
        assert await asyncio.gather(*waiting) == ["accepted"] * 3
        assert await accept(receiver, event("b")) == "accepted"
        await receiver.close()


async def test_accounts_are_known_by_the_names_that_they_have_now(database_url: str) -> None:
    async with town(database_url) as t:
        parts = replace(t.wiring.parts)
        receiver = Receiver(parts)
        assert await accept(receiver, event("a")) == "accepted"
        parts.accounts = {
            id: replace(account, name=f"{account.name}-2") for id, account in parts.accounts.items()
        }
        assert await accept(receiver, event("b")) == "UnknownAccount"
        await receiver.close()
