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
