"""`holdfast migrate`, alone: every deployment begins with it."""

from collections.abc import Mapping

import click

from holdfast.complaints import Unusable
from holdfast.settings import Settings, database_of
from holdfast.store import migrate as migrations
from holdfast.supported import of_postgres


async def migrate(environ: Mapping[str, str], check: bool) -> None:
    """Apply what is missing, or only say it. Raises Unusable when `check` finds something."""
    url = database_of(Settings.from_environ(environ))
    if remark := await of_postgres(url):
        click.echo(f"! {remark}", err=True)
    if check:
        missing = await migrations.pending(url)
        if missing:
            raise Unusable(f"missing: {', '.join(missing)}. Run `holdfast migrate`")
        click.echo("The database is up to date.")
        return
    try:
        done = await migrations.migrate(url)
    except migrations.Busy as busy:
        raise Unusable(str(busy)) from busy
    click.echo("\n".join(f"applied {name}" for name in done) or "The database is up to date.")
