"""The commands `apply` and `plan`, as they are typed; what they do is imported only where they are used."""

import os
import sys
from pathlib import Path
from typing import Any

import click

from holdfast.command_line import run


def _number(_context: click.Context, _option: click.Parameter, text: str | None) -> int | None:
    """As it is shown: with or without its commas."""
    if text is None:
        return None
    if not text.replace(",", "").isdecimal():
        raise click.BadParameter("expected the number of calls as `holdfast plan` shows it")
    return int(text.replace(",", ""))


@click.command()
@click.argument("config", required=False, type=click.Path(path_type=Path))
@click.option("--yes", is_flag=True, help="Do not ask about additions and changes.")
@click.option("--dry-run", is_flag=True, help="Print the plan, change nothing.")
@click.option(
    "--going-live", callback=_number, metavar="N", help="So many calls may go out at once."
)
@click.option(
    "--incomplete", is_flag=True, help="Go live though something was never read completely."
)
@click.option(
    "--yes-remove",
    "removing",
    multiple=True,
    metavar="NAME",
    help="This may leave with bookings or blocks.",
)
@click.option("--all", "each_call", is_flag=True, help="Show every call of going live.")
def apply(config: Path | None, yes: bool, dry_run: bool, **agreed: Any) -> None:
    """Show what holdfast.toml would change, and apply it.

    Asks on a terminal; without one, or with --yes, it applies at once. Twice changes nothing. Two things
    are never taken for granted: an account goes live only once the number of calls that it would send is
    typed, or said with --going-live; and what leaves with bookings or blocks of ours behind it is asked
    about, or named with --yes-remove. Else the exit code is 2, and nothing was changed.
    """
    from holdfast import commands
    from holdfast.consent import Consent

    ask = sys.stdin.isatty() and not yes
    consent = Consent(ask=ask, dry_run=dry_run, given=yes, **agreed)
    run(commands.apply(os.environ, config, consent))


@click.command()
@click.option("--account", "accounts", multiple=True, help="Only this one; may be repeated.")
@click.option(
    "--all", "each_call", is_flag=True, help="Show every call, in order, and what is withheld."
)
@click.option(
    "--incomplete", is_flag=True, help="Exit with 0 though something was never read completely."
)
@click.option("--json", "as_json", is_flag=True, help="One JSON object a call, a line each.")
def plan(accounts: tuple[str, ...], **how: bool) -> None:
    """Show what accounts in shadow mode, or paused, would send now.

    The exit code is 2 where going live would be refused.
    """
    from holdfast import commands

    run(commands.plan(os.environ, commands.Preview(accounts=accounts, **how)))
