"""`holdfast simulate`."""

import json
from collections.abc import Collection, Mapping
from dataclasses import dataclass
from pathlib import Path

import click
from pydantic import SecretStr, ValidationError

from holdfast.address import is_loopback, unsafe
from holdfast.clock import SettableClock, SystemClock
from holdfast.complaints import Unusable
from holdfast.configuration_problem import written
from holdfast.kind import SimulatorOptions, WebhookTarget, discover
from holdfast.serving import listening, stoppable, until_told_to_stop
from holdfast.settings import SettingsError, ensure_port


@dataclass(frozen=True, slots=True, kw_only=True)
class Simulation:
    """Which simulator to run, and where."""

    channel: str
    host: str
    port: int
    seed: int
    world: Path | None
    webhooks_to: str | None


@stoppable
async def simulate(environ: Mapping[str, str], wanted: Simulation) -> None:
    """Play one provider until told to stop."""
    kinds = discover()
    if wanted.channel not in kinds:
        raise Unusable(f"{wanted.channel}: expected one of {', '.join(sorted(kinds))}")
    ensure_port("--port", wanted.port)
    if not is_loopback(wanted.host):
        raise Unusable(f"--host: a simulator is for this machine only, got {wanted.host}")
    world = read_world(wanted.world, wanted.channel, kinds) if wanted.world else None
    options = SimulatorOptions(
        clock=SettableClock(SystemClock()),
        seed=wanted.seed,
        world=world,
        webhook=_target(environ, wanted.webhooks_to),
    )
    try:
        app = kinds[wanted.channel].simulate(options)
    except ValidationError as error:
        raise SettingsError([f"{wanted.world}: {first_problem(error)}"]) from None
    async with listening(app, wanted.host, wanted.port) as port:
        click.echo(f"{wanted.channel} simulator at http://{wanted.host}:{port} (Ctrl-C to stop)")
        await until_told_to_stop()


def read_world(file: Path, channel: str, channels: Collection[str]) -> Mapping[str, object]:
    """The file's JSON object; what it holds is the simulator's to read. Raises SettingsError, one line."""
    try:
        world = json.loads(file.read_bytes())
    except OSError as error:
        raise SettingsError([f"{file}: cannot be read: {error.strerror}"]) from None
    except (ValueError, RecursionError) as error:
        raise SettingsError([f"{file}: expected JSON: {error}"]) from None
    if not isinstance(world, dict):
        raise SettingsError([f"{file}: expected the world as a JSON object"])
    if several := sorted(world.keys() & set(channels)):
        told = f"{several[0]}: the world of each channel is below its name here: expected that of {channel} alone"
        raise SettingsError([f"{file}: {told}, in a file of its own"])
    return world


def first_problem(error: ValidationError) -> str:
    """Where the first is and what was expected, and how many follow."""
    problems = error.errors(include_url=False, include_input=False, include_context=False)
    words, kind = problems[0]["msg"], problems[0]["type"]
    if kind == "missing":
        words = "expected a value, got nothing"
    elif kind == "extra_forbidden":
        words = "unknown key"
    words = words.removeprefix("Value error, ").replace("Input should be", "expected")
    further = f" (and {len(problems) - 1} more)" if len(problems) > 1 else ""
    return f"{written(problems[0]['loc'])}: {words}{further}"


def _target(environ: Mapping[str, str], url: str | None) -> WebhookTarget | None:
    if url is None:
        return None
    if why := unsafe(url):
        raise SettingsError([f"--webhooks-to: {why}"])
    secret = environ.get("HOLDFAST_SIMULATOR_SECRET", "")
    if not secret:
        raise SettingsError(["HOLDFAST_SIMULATOR_SECRET: expected the webhooks' secret"])
    return WebhookTarget(url=url, secret=SecretStr(secret).get_secret_value())
