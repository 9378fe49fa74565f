"""The command line: parse, call, exit code."""

import os
import sys
from pathlib import Path

import click

from holdfast.account_group import accounts
from holdfast.bench.command_line import bench
from holdfast.command_line import run as _run
from holdfast.command_line import said as _said
from holdfast.configuration_groups import apply, plan
from holdfast.log_groups import events, pushes
from holdfast.looking_groups import doctor, listen, trigger
from holdfast.people_groups import token, user
from holdfast.soak.command_line import flood, soak


@click.group(context_settings={"help_option_names": ["-h", "--help"]})
@click.version_option(package_name="holdfast", prog_name="holdfast")
def main() -> None:
    """One calendar per room and table, and every channel in agreement with it.

    Exit codes: 0 ok, 1 failed, 2 wrong usage or configuration.
    """


@main.command()
@click.option("--check", is_flag=True, help="Only say what is missing; exit code 1 if anything is.")
def migrate(check: bool) -> None:
    """Bring the database to the newest schema."""
    from holdfast import migrating

    _run(migrating.migrate(os.environ, check))


@main.command()
@click.argument("unit")
@click.argument("start")
@click.argument("duration")
@click.option("--venue", help="Where several venues have a unit of this name.")
@click.option("--json", "as_json", is_flag=True, help="One JSON object.")
def explain(unit: str, start: str, duration: str, venue: str | None, as_json: bool) -> None:
    """Say why UNIT is or is not sellable from START for DURATION, and what each channel believes.

    START is ISO 8601, on the venue's own clock unless it has an offset: 2026-11-21T20:00. DURATION is
    like 90m, 2h or 1h30m.
    """
    from holdfast import commands_explain

    question = commands_explain.Question(
        unit=unit, start=start, length=duration, venue=venue, as_json=as_json
    )
    _run(commands_explain.explain(os.environ, question))


@main.command()
@click.argument("booking", type=int)
def forget(booking: int) -> None:
    """Erase who made a booking: name, e-mail, telephone, and the raw deliveries that held them."""
    from holdfast import commands

    _run(commands.forget(os.environ, booking))


@main.command()
@click.option("--venue", help="Only this one.")
@click.option("--account", help="Only this one.")
@click.option("--dry-run", is_flag=True, help="Print what differs, change nothing.")
@click.option("--json", "as_json", is_flag=True, help="An object a line, for programs.")
@click.option("--restored", is_flag=True, help="Say first that the database is from a backup.")
def audit(venue: str | None, account: str | None, restored: bool, **how: bool) -> None:
    """Compare what the channels show with what we believe, and repair what differs; 1 if any is left."""
    from holdfast import auditing

    manner = auditing.Manner(restored=restored, **how)
    _run(auditing.run(os.environ, auditing.Scope(venue=venue, account=account), manner))


@main.group()
def brake() -> None:
    """Accounts in quarantine: too much of theirs was gone at once, so nothing is released."""


@brake.command()
@click.option("--json", "as_json", is_flag=True, help="One list, for programs.")
def show(as_json: bool) -> None:
    """What is held back, and why."""
    from holdfast import quarantine

    _run(quarantine.show(os.environ, as_json))


@brake.command()
@click.argument("account")
@click.option("--reason", required=True, callback=_said, help="For the journal.")
@click.option("--yes", is_flag=True, help="Do not ask.")
def release(account: str, reason: str, yes: bool) -> None:
    """Believe that it is gone, and go on. Shows what would go first."""
    from holdfast import quarantine

    ask = False if yes else (True if sys.stdin.isatty() else None)
    _run(quarantine.release(os.environ, account, reason, ask=ask))


@main.command()
def web() -> None:
    """Webhooks, JSON API and dashboard."""
    from holdfast import web_process

    _run(web_process.web(os.environ))


@main.command()
def worker() -> None:
    """Observe, decide, deliver. As many as wanted, on as many machines."""
    from holdfast import worker_process

    _run(worker_process.worker(os.environ))


@main.command()
@click.argument("channel")
@click.option("--host", default="127.0.0.1", show_default=True)
@click.option("--port", default=9001, show_default=True, help="0 picks a free one.")
@click.option("--seed", default=7, show_default=True)
@click.option("--world", type=click.Path(path_type=Path), help="JSON instead of the example.")
@click.option(
    "--webhooks-to", help="Where to send webhooks; the secret is in HOLDFAST_SIMULATOR_SECRET."
)
def simulate(
    channel: str, host: str, port: int, seed: int, world: Path | None, webhooks_to: str | None
) -> None:
    """Run one provider's simulator alone."""
    from holdfast import simulator_process

    wanted = simulator_process.Simulation(
        channel=channel, host=host, port=port, seed=seed, world=world, webhooks_to=webhooks_to
    )
    _run(simulator_process.simulate(os.environ, wanted))


@main.command()
@click.option(
    "--port", type=int, help="Of the dashboard; default 8080, or a free one if that is taken."
)
@click.option("--rate", default=1.0, show_default=True, help="How lively the guests are.")
@click.option("--no-guests", is_flag=True, help="Nobody books by themselves.")
@click.option(
    "--keep", is_flag=True, help="Keep what earlier runs left; the simulators begin empty."
)
@click.option(
    "--data", type=click.Path(path_type=Path), default=Path(".holdfast"), show_default=True
)
@click.option("--seconds", type=float, help="Stop by itself after so long.")
def up(
    port: int | None, rate: float, no_guests: bool, keep: bool, data: Path, seconds: float | None
) -> None:
    """Everything on this machine: servers, simulators, web, worker, example venue, guests."""
    from holdfast import up as everything

    options = everything.Options(
        port=port,
        rate=0.0 if no_guests else rate,
        keep=keep,
        data=data,
        seconds=seconds,
    )
    _run(everything.up(os.environ, options))


main.add_command(soak)
main.add_command(flood)
main.add_command(bench)


@main.group()
def conflicts() -> None:
    """What a person should settle: list, show, decide. The worker makes the calls."""


@conflicts.command("ls")
@click.option("--settled", is_flag=True, help="Also those that are settled.")
@click.option("--json", "as_json", is_flag=True, help="JSON Lines.")
def conflicts_ls(settled: bool, as_json: bool) -> None:
    """List them, newest first, each with its best way out."""
    from holdfast import conflict_commands

    _run(conflict_commands.ls(os.environ, settled, as_json))


@conflicts.command("show")
@click.argument("conflict", type=int)
@click.option("--json", "as_json", is_flag=True, help="One JSON object.")
def conflicts_show(conflict: int, as_json: bool) -> None:
    """How it arose, and what can be done with which provider calls."""
    from holdfast import conflict_commands

    _run(conflict_commands.show(os.environ, conflict, as_json))


@conflicts.command("resolve")
@click.argument("conflict", type=int)
@click.argument("action")
@click.option("--reason", required=True, callback=_said, help="Kept in the journal.")
@click.option("--expect-ref", help="Do nothing unless a booking of this reference is in it.")
@click.option("--yes", is_flag=True, help="Do not ask.")
@click.option("--dry-run", is_flag=True, help="Only show the provider calls.")
@click.option("--json", "as_json", is_flag=True, help="One JSON object; does not ask.")
def conflicts_resolve(
    conflict: int, action: str, reason: str, expect_ref: str | None, **how: bool
) -> None:
    """Do one of the actions of `show`. Needs the same secrets as the worker.

    Asks on a terminal; without one, or with --yes, it acts at once. The same act twice is one decision.
    """
    from holdfast import conflict_commands
    from holdfast.sync.remedy import Wish
    from holdfast.terminal import Consent

    as_json = how["as_json"]
    ask = sys.stdin.isatty() and not how["yes"] and not as_json
    consent = Consent(ask=ask, dry_run=how["dry_run"])
    wish = Wish(act=action, actor="operator", reason=reason)
    which = conflict_commands.Which(conflict, expect_ref)
    _run(conflict_commands.resolve(os.environ, which, wish, consent, as_json))


@conflicts.command("snooze")
@click.argument("conflict", type=int)
@click.option("--minutes", default=10, show_default=True, type=click.IntRange(1, 10_080))
@click.option("--reason", default="asked again later", callback=_said, show_default=True)
@click.option("--expect-ref", help="Do nothing unless a booking of this reference is in it.")
@click.option("--json", "as_json", is_flag=True, help="One JSON object.")
def conflicts_snooze(
    conflict: int, minutes: int, reason: str, expect_ref: str | None, as_json: bool
) -> None:
    """Let it rest; what a policy announced is stopped."""
    from holdfast import conflict_commands
    from holdfast.sync.remedy import Wish

    wish = Wish(act="snooze", actor="operator", reason=reason, minutes=minutes)
    which = conflict_commands.Which(conflict, expect_ref)
    _run(conflict_commands.snooze(os.environ, which, wish, as_json))


main.add_command(apply)
main.add_command(plan)
main.add_command(accounts)
main.add_command(doctor)
main.add_command(listen)
main.add_command(trigger)
main.add_command(events)
main.add_command(pushes)
main.add_command(user)
main.add_command(token)

if __name__ == "__main__":
    main()
