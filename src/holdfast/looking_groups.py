"""`holdfast doctor`, `listen` and `trigger`: is all well, what happens, and does it arrive."""

import os
from typing import Any

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


@click.command()
@click.argument("what", required=False)
@click.option("--list", "listed", is_flag=True, help="What there is.")
@click.option("--url", default="http://127.0.0.1:8080", show_default=True, help="The web process.")
@click.option("--account", help="Where the channel has several.")
@click.option("--ref", help="The provider's id of a booking; without, one that nobody has.")
@click.option("--times", default=1, show_default=True, type=click.IntRange(1, 1000))
@click.option("--duplicate", is_flag=True, help="Each twice, the very same.")
@click.option("--shuffle", is_flag=True, help="In any order.")
@click.option("--json", "as_json", is_flag=True, help="JSON Lines.")
def trigger(what: str | None, listed: bool, url: str, **how: Any) -> None:
    """Send a sample webhook, WHAT is like CHANNEL.created, with the account's own secret to a web process.

    Workers then read that booking at the provider. Never for a live account off this machine.
    """
    from holdfast import trigger as at_work

    if listed or what is None:
        click.echo("\n".join(at_work.all_samples()))
        return
    run(at_work.trigger(os.environ, at_work.Wish(what=what, url=url.rstrip("/"), **how)))
