"""`holdfast simulate`."""

import json
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path

import click
from pydantic import SecretStr

from holdfast.address import is_loopback
from holdfast.clock import SettableClock, SystemClock
from holdfast.complaints import Unusable
from holdfast.kind import SimulatorOptions, WebhookTarget, discover
from holdfast.serving import listening, until_told_to_stop
from holdfast.settings import SettingsError


@dataclass(frozen=True, slots=True, kw_only=True)
class Simulation:
    """Which simulator to run, and where."""

    channel: str
    host: str
    port: int
    seed: int
    world: Path | None
    webhooks_to: str | None


async def simulate(environ: Mapping[str, str], wanted: Simulation) -> None:
    """Play one provider until told to stop."""
    kinds = discover()
    if wanted.channel not in kinds:
        raise Unusable(f"{wanted.channel}: expected one of {', '.join(sorted(kinds))}")
    if not is_loopback(wanted.host):
        raise Unusable(f"--host: a simulator is for this machine only, got {wanted.host}")
    world = json.loads(wanted.world.read_text(encoding="utf-8")) if wanted.world else None
    app = kinds[wanted.channel].simulate(
        SimulatorOptions(
            clock=SettableClock(SystemClock()),
            seed=wanted.seed,
            world=world,
            webhook=_target(environ, wanted.webhooks_to),
        )
    )
    async with listening(app, wanted.host, wanted.port) as port:
        click.echo(f"{wanted.channel} simulator at http://{wanted.host}:{port} (Ctrl-C to stop)")
        await until_told_to_stop()


def _target(environ: Mapping[str, str], url: str | None) -> WebhookTarget | None:
    if url is None:
        return None
    secret = environ.get("HOLDFAST_SIMULATOR_SECRET", "")
    if not secret:
        raise SettingsError(["HOLDFAST_SIMULATOR_SECRET: expected the webhooks' secret"])
    return WebhookTarget(url=url, secret=SecretStr(secret).get_secret_value())
