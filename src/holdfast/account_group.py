"""`holdfast accounts`: how each stands; hold one back, let it go on, have it read now."""

import os
import sys
from collections.abc import Callable
from typing import TYPE_CHECKING, Any

import click

from holdfast.command_line import run, said

if TYPE_CHECKING:
    from holdfast.sync.steer import SteerAct

as_json = click.option("--json", "as_json", is_flag=True, help="JSON Lines.")
what = click.argument("what", type=click.Choice(["intake", "pushes"]))


def acting(command: Callable[..., None]) -> Callable[..., Any]:
    """What every command that changes something takes."""
    for option in (
        as_json,
        click.option("--yes", is_flag=True, help="Do not ask."),
        click.option("--reason", required=True, callback=said, help="Kept in the journal."),
    ):
        command = option(command)
    return command


@click.group()
def accounts() -> None:
    """The accounts on channels: list, pause, resume, read now. The worker does the rest."""


@accounts.command("ls")
@as_json
def accounts_ls(as_json: bool) -> None:
    """How each stands, and what of it is paused."""
    from holdfast import account_commands

    run(account_commands.ls(os.environ, as_json))


@accounts.command("show")
@click.argument("account")
def accounts_show(account: str) -> None:
    """What its settings need and what there is, and how far it is with what it closes."""
    from holdfast import account_commands

    run(account_commands.show(os.environ, account))


@accounts.command("pause")
@click.argument("account")
@what
@acting
def accounts_pause(account: str, what: str, **how: Any) -> None:
    """Hold back its intake (webhooks are still kept) or its pushes (nothing is sent)."""
    _steer(account, "pause_intake" if what == "intake" else "pause_pushes", **how)


@accounts.command("resume")
@click.argument("account")
@what
@acting
def accounts_resume(account: str, what: str, **how: Any) -> None:
    """Let its intake or its pushes go on, by risk."""
    _steer(account, "resume_intake" if what == "intake" else "resume_pushes", **how)


@accounts.command("poll")
@click.argument("account")
@click.option("--offers", is_flag=True, help="What it sells, instead of its bookings.")
@acting
def accounts_poll(account: str, offers: bool, **how: Any) -> None:
    """Have the worker read its bookings now."""
    _steer(account, "read_offers" if offers else "read_bookings", **how)


@accounts.command("audit")
@click.argument("account")
@acting
def accounts_audit(account: str, **how: Any) -> None:
    """Have the worker audit it now; `holdfast audit` does it here and shows what differs."""
    _steer(account, "audit", **how)


def _steer(account: str, act: "SteerAct", reason: str, yes: bool, as_json: bool) -> None:
    from holdfast import account_commands
    from holdfast.recorded import whoever_types
    from holdfast.sync.steer import SteerWish

    ask = sys.stdin.isatty() and not yes and not as_json
    wish = SteerWish(account=account, act=act, actor=whoever_types(), reason=reason)
    run(account_commands.steered(os.environ, wish, ask, as_json))
