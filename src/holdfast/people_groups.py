"""`holdfast user` and `holdfast token`: who is let in, and as what."""

import os

import click

from holdfast.command_line import run, said
from holdfast.roles import ROLES, SCOPES

as_json = click.option("--json", "as_json", is_flag=True, help="JSON Lines.")
reason = click.option("--reason", required=True, callback=said, help="Put on record.")
role = click.option("--role", required=True, type=click.Choice(ROLES))
venues = click.option("--venue", "venues", multiple=True, help="Only this one; may be repeated.")
password_file = click.option(
    "--password-file",
    type=click.Path(exists=True, dir_okay=False, allow_dash=True),
    help="Has the password; - is standard input. Without it a terminal is asked.",
)


@click.group()
def user() -> None:
    """Who may sign in: add, list, change, let in no more."""


@user.command("add")
@click.argument("name")
@role
@venues
@password_file
@click.option(
    "--email", default="", help="Signs in at the provider that has verified this address."
)
@click.option("--subject", default="", help="Signs in at the provider, as this `sub`.")
def user_add(
    name: str, role: str, venues: tuple[str, ...], password_file: str | None, **elsewhere: str
) -> None:
    """Let NAME in. With --email or --subject, and no --password-file, at the OpenID provider only."""
    from holdfast import people_commands
    from holdfast.enrolment import Applicant

    asks = password_file is not None or not any(elsewhere.values())
    password = people_commands.password_from(password_file) if asks else ""
    who = Applicant(name=name, role=role, venues=venues, password=password, **elsewhere)
    run(people_commands.add(os.environ, who))


@user.command("ls")
@as_json
def user_ls(as_json: bool) -> None:
    """List them, by name."""
    from holdfast import people_commands

    run(people_commands.ls(os.environ, as_json))


@user.command("role")
@click.argument("name")
@role
@venues
@reason
def user_role(name: str, role: str, venues: tuple[str, ...], reason: str) -> None:
    """Give NAME another role, and other venues; it holds from the next request on."""
    from holdfast import people_commands

    run(people_commands.set_role(os.environ, (name, reason), role, venues))


@user.command("passwd")
@click.argument("name")
@password_file
def user_passwd(name: str, password_file: str | None) -> None:
    """Give NAME another password; he is signed out everywhere."""
    from holdfast import people_commands

    password = people_commands.password_from(password_file)
    run(people_commands.set_password(os.environ, name, password))


@user.command("disable")
@click.argument("name")
@reason
def user_disable(name: str, reason: str) -> None:
    """Sign NAME out everywhere and let him in no more."""
    from holdfast import people_commands

    run(people_commands.set_disabled(os.environ, (name, reason), disabled=True))


@user.command("enable")
@click.argument("name")
@reason
def user_enable(name: str, reason: str) -> None:
    """Let NAME in again."""
    from holdfast import people_commands

    run(people_commands.set_disabled(os.environ, (name, reason), disabled=False))


@click.group()
def token() -> None:
    """What programs show instead of a name and a password."""


@token.command("add")
@click.argument("name")
@click.option("--scope", required=True, type=click.Choice(list(SCOPES)))
@venues
def token_add(name: str, scope: str, venues: tuple[str, ...]) -> None:
    """Make a token for NAME and print it, once: only its digest is kept.

    read: what a viewer may. book: also direct bookings and conflicts. operate: also retries and replays.
    admin: also people and tokens.
    """
    from holdfast import people_commands

    run(people_commands.add_token(os.environ, name, scope, venues))


@token.command("ls")
@as_json
def token_ls(as_json: bool) -> None:
    """List them, newest first."""
    from holdfast import people_commands

    run(people_commands.ls_tokens(os.environ, as_json))


@token.command("revoke")
@click.argument("name")
@reason
def token_revoke(name: str, reason: str) -> None:
    """From now on it opens nothing."""
    from holdfast import people_commands

    run(people_commands.revoke(os.environ, (name, reason)))
