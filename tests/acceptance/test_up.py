"""`holdfast up`, as a newcomer runs it: everything on one machine, and nothing of it left afterwards."""

import asyncio
import json
import re
import signal
import socket
from collections.abc import AsyncIterator
from contextlib import AsyncExitStack, asynccontextmanager
from dataclasses import dataclass
from pathlib import Path

import aiohttp
import pytest
from tests.patience import HANGS

from holdfast.soak.program import Program, finished, free_port, holdfast, started, until
from holdfast.soak.side import Side, met

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
async def up(data: Path, *options: str, port: int | None = None) -> AsyncIterator[Up]:
    """Run it until the block ends; ready when it has printed where it is. `port`: only preferred."""
    chosen = ["--port", str(free_port())] if port is None else []
    usual = {} if port is None else {"HOLDFAST_PORT": str(port)}
    words = ("up", *chosen, "--data", str(data), *options)
    program = holdfast(data.parent, *words, name=f"up-{data.name}", **usual)
    async with AsyncExitStack() as stack:
        await stack.enter_async_context(started(program))
        await program.says("Ctrl-C to stop", HANGS)
        simulators = re.findall(r"(\w+) (http://\S+)", await line(program, "Simulators"))
        sides = {n: await stack.enter_async_context(met(n, url)) for n, url in simulators}
        api = (await program.says(r"API +(http://\S+)"))[1]
        assert chosen[-1:] == [] or chosen[-1] in await line(program, "Dashboard")
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
    assert await running.program.end(HANGS) == 0
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
        for command in ("conflicts ls", "audit --dry-run --account boseat-main", "plan"):
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


@pytest.mark.parametrize("sign", [SIGINT, SIGTERM])
async def test_it_can_be_told_to_stop_while_it_is_still_starting(
    tmp_path: Path, sign: signal.Signals
) -> None:
    """A fault of hearing signals only once all is ready: servers were left behind. So did web, worker and simulators."""
    data = tmp_path / "data"
    program = holdfast(tmp_path, "up", "--port", str(free_port()), "--data", str(data), name="up")

    async def some_servers() -> bool:
        return len(servers(data)) > 2

    async with started(program):
        await until(some_servers, "its servers are there")
        program.send(sign)
        assert await program.end(HANGS) == 0
        assert "Ctrl-C to stop" not in program.said()
        assert "Traceback" not in program.said(), program.said()
        assert servers(data) == set()


async def test_two_at_once_that_want_one_port_both_run_and_one_says_it_has_another(
    tmp_path: Path,
) -> None:
    """A fault of looking before taking: a port was free when looked at, and taken when it was to be used.

    The same kind: the simulators' ports.
    """
    port = free_port()
    folders = [tmp_path / "one", tmp_path / "Käse und Brot"]

    async def lives(data: Path) -> str:
        async with up(data, "--no-guests", port=port) as running:
            await both.wait()
            return running.program.said()

    both = asyncio.Barrier(2)
    said = await asyncio.gather(*(lives(data) for data in folders))
    assert sum(f"http://127.0.0.1:{port}/api" in text for text in said) == 1
    assert sum(f"Port {port} is taken: the dashboard is at" in text for text in said) == 1
    assert any(f"source '{folders[1]}/env'" in text for text in said)


async def test_a_port_that_is_asked_for_and_taken_is_named(tmp_path: Path) -> None:
    port = free_port()
    with socket.create_server(("127.0.0.1", port)):
        words = ("up", "--no-guests", "--port", str(port), "--data", str(tmp_path / "data"))
        told = await finished(tmp_path, *words)
    assert (told.code, told.err.count("\n")) == (1, 1)
    assert f"port {port} is in use" in told.err


async def test_data_that_cannot_be_written_is_named_before_anything_starts(tmp_path: Path) -> None:
    """A fault of one message for all: what the system refused was put down to the database."""
    (tmp_path / "file").touch()
    told = await finished(tmp_path, "up", "--no-guests", "--data", str(tmp_path / "file" / "data"))
    assert told.code == 1
    assert told.err == (
        f"holdfast: --data: {tmp_path}/file/data cannot be written to (Not a directory)\n"
    )


@pytest.mark.soak  # half a minute; the test above crosses both ways, too
async def test_guests_make_bookings_that_cross_both_ways_within_half_a_minute(
    tmp_path: Path,
) -> None:
    data = tmp_path / "data"
    heard, done = r"<- {} +booking\.created", r"-> {} +block\.(held|booked)"
    wanted = [words.format(side) for words in (heard, done) for side in ("boseat", "mozrest")]
    async with up(data, "--rate", "5", "--seconds", "20") as running:
        await asyncio.gather(*(running.program.says(words, HANGS) for words in wanted))
        assert await running.program.end(HANGS) == 0
        assert "First heard of to closed" in running.program.said()
    assert servers(data) == set()
    assert complaints(data) == []
