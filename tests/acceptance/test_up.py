"""`holdfast up`, as a newcomer runs it: everything on one machine, and nothing of it left afterwards."""

import asyncio
import json
import re
import signal
from collections.abc import AsyncIterator
from contextlib import AsyncExitStack, asynccontextmanager
from dataclasses import dataclass
from pathlib import Path

import aiohttp
import pytest

from holdfast.soak.program import Program, finished, free_port, holdfast, started, until
from holdfast.soak.side import Side, met

READY_SECONDS = 20.0
SIGINT, SIGTERM = signal.SIGINT, signal.SIGTERM


@dataclass(frozen=True, slots=True, kw_only=True)
class Up:
    """A running `holdfast up`, found by the addresses that it prints."""

    program: Program
    sides: dict[str, Side]
    api: str

    async def bookings(self) -> list[str]:
        """The references it knows, by its own API."""
        async with aiohttp.ClientSession() as session, session.get(self.api) as answer:
            return [booking["external_id"] for booking in (await answer.json())["data"]]

    async def crosses(self, source: str, target: str, unit: str) -> str:
        """A guest books on one side; our block must stand on the other, by the other's own books."""
        ref = await self.sides[source].book((await self.sides[source].offers(unit))[4])

        async def blocked() -> bool:
            blocks = (await self.sides[target].books()).blocks(unit)
            return bool(blocks) and not any(block.held for block in blocks)

        await until(blocked, f"a booking of ours at {target}")
        return ref


@asynccontextmanager
async def up(data: Path, *options: str) -> AsyncIterator[Up]:
    """Run it until the block ends; ready when it has printed where it is."""
    port = str(free_port())
    program = holdfast(data.parent, "up", "--port", port, "--data", str(data), *options)
    async with AsyncExitStack() as stack:
        await stack.enter_async_context(started(program))
        await program.says("Ctrl-C to stop", READY_SECONDS)
        simulators = re.findall(r"(\w+) (http://\S+)", await line(program, "Simulators"))
        sides = {n: await stack.enter_async_context(met(n, url)) for n, url in simulators}
        api = (await program.says(r"API +(http://\S+)"))[1]
        assert str(port) in await line(program, "Dashboard")
        yield Up(program=program, sides=sides, api=api)


async def line(program: Program, label: str) -> str:
    return (await program.says(rf"{label}.*"))[0]


def servers(data: Path) -> set[int]:
    """The processes that work in this folder: Postgres with all its children, and Redis."""
    found = set()
    for entry in Path("/proc").glob("[0-9]*"):
        try:
            if (entry / "cwd").resolve().is_relative_to(data):
                found.add(int(entry.name))
        except OSError:
            continue  # it ended while we looked, or is none of ours
    return found


async def ends(running: Up, data: Path, sign: signal.Signals) -> None:
    """It ends on this signal, cleanly, and takes its servers with it."""
    before = servers(data)
    assert len(before) > 2
    running.program.send(sign)
    assert await running.program.end(15) == 0
    assert servers(data) == set()
    assert "Traceback" not in running.program.said()


def complaints(data: Path) -> list[str]:
    """What it logged as an error."""
    entries = [json.loads(text) for text in (data / "holdfast.log").read_text().splitlines()]
    return [str(entry) for entry in entries if entry["level"] in ("error", "critical")]


async def test_bookings_cross_both_ways_and_the_data_is_kept_only_if_asked_for(
    tmp_path: Path,
) -> None:
    data = tmp_path / "data"
    async with up(data, "--no-guests") as running:
        refs = {
            await running.crosses("boseat", "mozrest", "salon"),
            await running.crosses("mozrest", "boseat", "board-room"),
        }
        assert set(await running.bookings()) == refs
        assert (data / "env").stat().st_mode & 0o077 == 0
        for command in ("conflicts ls", "audit --dry-run", "plan"):
            asked = f". {data}/env && exec holdfast {command}"
            told = await finished(tmp_path, "/bin/sh", "-c", asked)
            assert (told.code, told.err) == (0, ""), command
        second = await finished(tmp_path, "up", "--no-guests", "--data", str(data))
        assert second.code == 1
        assert len(second.err.splitlines()) == 1
        assert f"in use by process {running.program.pid}" in second.err
        await ends(running, data, SIGINT)
    async with up(data, "--no-guests", "--keep") as running:
        assert set(await running.bookings()) == refs
        await ends(running, data, SIGTERM)
    async with up(data, "--no-guests") as running:
        assert await running.bookings() == []
    assert complaints(data) == []


@pytest.mark.soak  # half a minute; the test above crosses both ways, too
async def test_guests_make_bookings_that_cross_both_ways_within_half_a_minute(
    tmp_path: Path,
) -> None:
    data = tmp_path / "data"
    heard, done = r"<- {} +booking\.created", r"-> {} +block\.(held|booked)"
    wanted = [words.format(side) for words in (heard, done) for side in ("boseat", "mozrest")]
    async with up(data, "--rate", "5", "--seconds", "20") as running:
        await asyncio.gather(*(running.program.says(words, 30) for words in wanted))
        assert await running.program.end(40) == 0
        assert "First heard of to closed" in running.program.said()
    assert servers(data) == set()
    assert complaints(data) == []
