"""`holdfast doctor`, `listen` and `trigger`: is all well, what happens, and does it arrive."""

import os

import click

from holdfast.command_line import run


@click.command()
@click.option("--json", "as_json", is_flag=True, help="JSON Lines.")
def doctor(as_json: bool) -> None:
    """Check that all is as it must be, and say what to do where it is not. Changes nothing.

    Makes one read with each account's credentials. Exit code 1 if anything fails.
    """
    from holdfast import doctor as at_work

    run(at_work.doctor(os.environ, as_json))


@click.command()
@click.option("--account", help="Only of this account.")
@click.option("--venue", help="Only of this venue.")
@click.option("--since", default="", help="Begin so long ago: 15m, 24h, 7d, or an instant.")
@click.option("--json", "as_json", is_flag=True, help="JSON Lines.")
def listen(account: str | None, venue: str | None, since: str, as_json: bool) -> None:
    """Tell what comes in (<-), what is decided and what goes out (->), as it happens.

    Waits for a database that goes away, and then tells what happened meanwhile. Ctrl-C ends it with 130.
    """
    from holdfast import listening

    wish = listening.Wish(account=account, venue=venue, since=since, as_json=as_json)
    run(listening.listen(os.environ, wish))
