"""What bad input gets: one clear line and an exit code, never a traceback, and nothing done by halves."""

import asyncio
import re
import socket
from collections.abc import Iterator
from pathlib import Path

import asyncpg
import pytest
from tests.conftest import Surroundings, with_path

from holdfast.soak.house import SECRETS, write_configuration
from holdfast.soak.program import HERE, Finished, finished, free_port

URLS = {"boseat": f"http://{HERE}:9", "mozrest": f"http://{HERE}:9"}
NO_REDIS = f"redis://{HERE}:9/0"


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    """With a good holdfast.toml in it."""
    write_configuration(tmp_path, URLS)
    return tmp_path


@pytest.fixture
def taken_port() -> Iterator[int]:
    with socket.socket() as holder:
        holder.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        port = free_port()
        holder.bind((HERE, port))
        holder.listen()
        yield port


def one_line(told: Finished, code: int, *words: str) -> None:
    """It failed as it should, and said so in one line that has these words."""
    assert told.code == code, told
    assert told.err.count("\n") == 1, told.err
    assert "Traceback" not in told.err
    for word in words:
        assert word in told.err


def spoilt(folder: Path, old: str, new: str) -> None:
    file = folder / "holdfast.toml"
    text = file.read_text()
    assert re.search(old, text)
    file.write_text(re.sub(old, new, text, count=1))


async def accounts(database_url: str) -> int:
    connection = await asyncpg.connect(database_url)
    try:
        return int(await connection.fetchval("select count(*) from accounts"))
    finally:
        await connection.close()


async def test_a_wrong_file_is_named_with_every_key_and_what_was_expected_and_nothing_is_applied(
    folder: Path, database_url: str
) -> None:
    wrong = {
        ("poll_seconds = 2", 'poll_seconds = "soon"'): r"accounts\[0\]\.poll_seconds: .*number",
        ("seats = 12", ""): r"units\[0\]\.seats: expected",
        ('channel = "mozrest"', 'channel = "mozzest"'): r"accounts\[1\]\.channel: .*mozrest",
        (r"(?m)^client_id", "client_idd"): "client_idd.*client_id",
    }
    for old, new in wrong:
        spoilt(folder, old, new)
    told = await finished(folder, "apply", "--yes", HOLDFAST_DATABASE_URL=database_url, **SECRETS)
    assert told.code == 2
    assert "Traceback" not in told.err
    for words in wrong.values():
        assert re.search(rf"(?m)holdfast\.toml: .*{words}", told.err), told.err
    assert await accounts(database_url) == 0


async def test_a_file_that_is_no_toml_is_named_with_the_line(
    folder: Path, database_url: str
) -> None:
    spoilt(folder, r"\[\[venues\]\]", "[[venues")
    told = await finished(folder, "apply", "--yes", HOLDFAST_DATABASE_URL=database_url, **SECRETS)
    one_line(told, 2, "holdfast.toml", "line")
    assert await accounts(database_url) == 0


async def test_a_database_without_tables_is_told_what_to_run(
    folder: Path, empty_database_url: str
) -> None:
    settings = {
        "HOLDFAST_DATABASE_URL": empty_database_url,
        "HOLDFAST_REDIS_URL": NO_REDIS,
        **SECRETS,
    }
    for told in await asyncio.gather(
        *(finished(folder, command, **settings) for command in ("apply", "worker"))
    ):
        one_line(told, 1, "holdfast migrate")


async def test_a_database_that_is_not_there_is_one_line(
    folder: Path, surroundings: Surroundings
) -> None:
    nowhere = f"postgresql://{HERE}:9/holdfast"
    missing = with_path(surroundings.database_url, "missing")
    for told in await asyncio.gather(
        *(
            finished(folder, command, HOLDFAST_DATABASE_URL=url, HOLDFAST_REDIS_URL=NO_REDIS)
            for command, url in (("web", nowhere), ("worker", missing), ("migrate", nowhere))
        )
    ):
        one_line(told, 1, "database")


async def test_a_variable_that_is_not_set_is_named(folder: Path) -> None:
    for told in await asyncio.gather(
        finished(folder, "web", HOLDFAST_REDIS_URL=NO_REDIS), finished(folder, "apply")
    ):
        one_line(told, 2, "HOLDFAST_DATABASE_URL")


async def test_a_channel_that_there_is_not_is_answered_with_those_there_are(folder: Path) -> None:
    one_line(await finished(folder, "simulate", "boosat"), 1, "boosat", "boseat, mozrest")


async def test_a_port_in_use_is_one_line(folder: Path, taken_port: int) -> None:
    told = await finished(folder, "simulate", "boseat", "--port", str(taken_port))
    one_line(told, 1, "in use", str(taken_port))


TAKEN = [
    ("web", "HOLDFAST_PORT"),
    ("web", "HOLDFAST_METRICS_PORT"),
    ("worker", "HOLDFAST_METRICS_PORT"),
]


async def test_a_taken_port_of_a_process_is_one_line_that_names_the_setting(
    folder: Path, surroundings: Surroundings, database_url: str, taken_port: int
) -> None:
    """The kind of fault: what was already under way is torn down and speaks first, of something else."""
    settings = {
        "HOLDFAST_DATABASE_URL": database_url,
        "HOLDFAST_REDIS_URL": surroundings.redis_url,
        "HOLDFAST_PORT": str(free_port()),
        **SECRETS,
    }
    await finished(folder, "apply", "--yes", **settings)
    for command, name in TAKEN:
        told = await finished(folder, command, **{**settings, name: str(taken_port)})
        one_line(told, 1, "in use", str(taken_port), name)


@pytest.mark.parametrize("port", ["99999", "-1"])
@pytest.mark.parametrize("command", ["simulate boseat", "simulate mozrest", "up"])
async def test_a_port_that_is_none_is_one_line(folder: Path, command: str, port: str) -> None:
    told = await finished(folder, *command.split(), "--port", port)
    one_line(told, 2, "--port: expected a port number from 0 to 65535", port)


WORLDS = {
    "{}": "expected a value, got nothing",
    "[]": "expected the world as a JSON object",
    "soon": "expected JSON",
    "[" * 100_000: "expected JSON",
    '{"boseat": {}, "mozrest": {}}': "boseat: the world of each channel is below its name here",
    '{"workspaces": 3, "keys": 3, "venues": []}': "expected",
    '{"workspaces": [{"venues": [{"id": "v", "name": "V", "zone": "localtime", "spaces": []}], '
    '"products": []}]}': "expected",
    '{"keys": [{"key": "k", "channel": "c"}], "venues": [{"id": "v", "name": "V", "timezone": "X", '
    '"areas": [{"name": "a", "tables": [{"id": "t", "seats": 2}]}]}]}': "expected",
}


@pytest.mark.parametrize("channel", ["boseat", "mozrest"])
async def test_a_world_that_is_none_is_one_line_that_names_the_file_and_the_field(
    tmp_path: Path, channel: str
) -> None:
    """`{}` used to be a traceback at one channel, and at the other the example without a word."""
    for world, said in WORLDS.items():
        (tmp_path / "world.json").write_text(world)
        told = await finished(tmp_path, "simulate", channel, "--port", "0", "--world", "world.json")
        one_line(told, 2, "holdfast: world.json: ", said)
    for missing, said in (("none.json", "No such file"), (".", "Is a directory")):
        told = await finished(tmp_path, "simulate", channel, "--port", "0", "--world", missing)
        one_line(told, 2, f"{missing}: cannot be read: ", said)
