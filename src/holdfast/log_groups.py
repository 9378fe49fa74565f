"""`holdfast events` and `holdfast pushes`: what came in, what goes out, and what is to be done again."""

import os
import sys

import click

from holdfast.command_line import run, said

as_json = click.option("--json", "as_json", is_flag=True, help="JSON Lines.")
only_ids = click.option("--ids", is_flag=True, help="Only the ids, for xargs.")
reason = click.option("--reason", required=True, callback=said, help="Kept in the journal.")
yes = click.option("--yes", is_flag=True, help="Do not ask.")
account = click.option("--account", default="", help="Of this account.")
since = click.option("--since", default="", help="15m, 24h, 7d, or an instant.")


@click.group()
def events() -> None:
    """What came in: list, show, read again. The worker makes the reads."""


@events.command("ls")
@account
@click.option("--via", default="", help="webhook, poll, clock, operator or replay.")
@click.option("--state", default="", help="failed, waiting, retrying, or an outcome.")
@click.option("--type", default="", help="The provider's own word for it.")
@click.option("--ref", default="", help="The provider's id of a booking.")
@since
@click.option("--until", default="", help="An instant.")
@click.option("--tries", default="", help="At least so many.")
@only_ids
@as_json
def events_ls(ids: bool, as_json: bool, **asked: str) -> None:
    """List them, newest first, at most 200."""
    from holdfast import event_commands

    run(event_commands.ls(os.environ, asked, ids, as_json))


@events.command("show")
@click.argument("event", type=int)
@as_json
def events_show(event: int, as_json: bool) -> None:
    """What it told, with no guest and no secret, and what it changed."""
    from holdfast import event_commands

    run(event_commands.show(os.environ, event, as_json))


@events.command("replay")
@click.argument("event", type=int, nargs=-1, required=True)
@click.option("--reason", default="", help="Kept in the journal; not needed for a dry run.")
@yes
@click.option("--dry-run", is_flag=True, help="Read now, and only say what that would change.")
@as_json
def events_replay(
    event: tuple[int, ...], reason: str, yes: bool, dry_run: bool, as_json: bool
) -> None:
    """Read again what they were about. Needs the same secrets as the worker.

    Asks on a terminal; without one, or with --yes, it acts at once. The events stay as they are.
    """
    from holdfast import event_commands
    from holdfast.sync.replay import Reread

    if not (dry_run or reason.strip()):
        raise click.UsageError("--reason: say why, in a few words")
    wish = Reread(event_ids=event, actor="operator", reason=reason.strip())
    work = (
        event_commands.look(os.environ, event, as_json)
        if dry_run
        else event_commands.replay(os.environ, wish, _asks(yes, as_json), as_json)
    )
    run(work)


@click.group()
def pushes() -> None:
    """What goes out: list, show, revive, drop. The worker makes the calls."""


@pushes.command("ls")
@click.option("--state", default="", help="open, dead, dropped, waiting, unknown, done ...")
@account
@click.option("--call", default="", help="place, commit, release or cancel.")
@since
@only_ids
@as_json
def pushes_ls(ids: bool, as_json: bool, **asked: str) -> None:
    """List them, at most 200: open ones by who waits longest, others newest first."""
    from holdfast import push_commands

    run(push_commands.ls(os.environ, asked, ids, as_json))


@pushes.command("show")
@click.argument("push", type=int)
@as_json
def pushes_show(push: int, as_json: bool) -> None:
    """What it is about, every try of it, and what came of it."""
    from holdfast import push_commands

    run(push_commands.show(os.environ, push, as_json))


@pushes.command("revive")
@click.argument("push", type=int, nargs=-1, required=True)
@reason
@yes
@as_json
def pushes_revive(push: tuple[int, ...], reason: str, yes: bool, as_json: bool) -> None:
    """Make dead ones once more, as far as they are still wanted. Needs the same secrets as the worker."""
    from holdfast import push_commands
    from holdfast.sync.revive import PushWish

    wish = PushWish(act="revive", push_ids=push, actor="operator", reason=reason)
    run(push_commands.handle_all(os.environ, wish, _asks(yes, as_json), as_json))


@pushes.command("drop")
@click.argument("push", type=int, nargs=-1, required=True)
@reason
@yes
@as_json
def pushes_drop(push: tuple[int, ...], reason: str, yes: bool, as_json: bool) -> None:
    """Make dead ones no more, until something else is wanted there."""
    from holdfast import push_commands
    from holdfast.sync.revive import PushWish

    wish = PushWish(act="drop", push_ids=push, actor="operator", reason=reason)
    run(push_commands.handle_all(os.environ, wish, _asks(yes, as_json), as_json))


def _asks(yes: bool, as_json: bool) -> bool:
    return sys.stdin.isatty() and not yes and not as_json
