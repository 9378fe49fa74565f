"""The example venue, tuned for impatience: short intervals, budgets that nothing waits for, known secrets."""

import re
import tomllib
from collections.abc import Callable, Mapping
from pathlib import Path

from holdfast.example import EXAMPLE_SECRETS, WEBHOOK_SECRETS, example_configuration
from holdfast.soak.program import Missed, Program, finished, holdfast

SECRETS = {**EXAMPLE_SECRETS, **{name: f"test-{name}" for name in WEBHOOK_SECRETS.values()}}

BRISK = """mode = "live"
reads_per_minute = 100000
writes_per_minute = 100000
poll_seconds = 2
offers_seconds = 10
horizon_days = 2
"""


def write_configuration(
    folder: Path,
    urls: Mapping[str, str],
    example: Callable[[Mapping[str, str]], str] = example_configuration,
    pace: str = BRISK,
) -> None:
    """An example's holdfast.toml, with each channel's address and the accounts' pace put in."""
    ours = (
        "reads_per_minute|writes_per_minute|poll_seconds|offers_seconds|audit_seconds|horizon_days"
    )
    text = re.sub(rf"(?m)^({ours}) = .*\n", "", example(urls))
    (folder / "holdfast.toml").write_text(re.sub(r'mode = "live".*\n', pace, text))


def listings(text: str, name: str) -> list[str]:
    """The names of a venue's in a holdfast.toml, in order."""
    venue = next(one for one in tomllib.loads(text)["venues"] if one["name"] == name)
    return [listing["name"] for listing in venue["listings"]]


def without(text: str, listing: str) -> str:
    """The same without that one."""
    parts = re.split(r"(?m)^(?=\[\[)", text)
    head = f'[[venues.listings]]\nname = "{listing}"\n'
    return "".join(part for part in parts if not part.startswith(head))


async def set_up(folder: Path, settings: Mapping[str, str]) -> None:
    """The database is migrated, and the folder's configuration applied. Raises Missed."""
    for command in (["migrate"], ["apply", "--yes"]):
        done = await finished(folder, *command, **settings)
        if done.code:
            raise Missed(done.err)


def simulator(folder: Path, name: str, web_url: str, *more: str) -> Program:
    """One provider, alone; its port is found in what it says."""
    secret = SECRETS[WEBHOOK_SECRETS[name]]
    where = ("--port", "0", "--webhooks-to", f"{web_url}/hooks/{name}-main", *more)
    return holdfast(folder, "simulate", name, *where, name=name, HOLDFAST_SIMULATOR_SECRET=secret)


async def address(program: Program) -> str:
    """Where a simulator answers, by its own word."""
    return (await program.says(r"simulator at (http://\S+)"))[1]
