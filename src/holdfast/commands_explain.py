"""`holdfast explain`: why a unit's time is or is not sellable."""

import json
from collections.abc import Mapping
from dataclasses import dataclass

import asyncpg
import click

from holdfast import explaining
from holdfast.complaints import Unusable
from holdfast.inventory import wall
from holdfast.inventory.model import Span
from holdfast.settings import Settings, SettingsError
from holdfast.store import configuration, schedule
from holdfast.sync.explain import NoSuchUnit, Where, find, why


@dataclass(frozen=True, slots=True, kw_only=True)
class Question:
    """As it was typed: `start` on the venue's own clock unless it has an offset, `length` like 1h30m."""

    unit: str
    start: str
    length: str
    venue: str | None
    as_json: bool


async def explain(environ: Mapping[str, str], question: Question) -> None:
    """Print it. Raises Unusable for a unit, time or length that cannot be meant."""
    url = Settings.from_environ(environ).database_url
    if url is None:
        raise SettingsError(["HOLDFAST_DATABASE_URL: expected the address of a Postgres database"])
    connection = await asyncpg.connect(url)
    try:
        book = await configuration.load(connection)
        where = find(book, question.unit, question.venue)
        now = await schedule.database_now(connection)
        told = await why(connection, book, where, _span(question, where), now)
    except (NoSuchUnit, ValueError, OverflowError) as error:
        raise Unusable(str(error)) from error
    finally:
        await connection.close()
    if question.as_json:
        click.echo(json.dumps(explaining.as_json(told)))
        return
    click.echo("\n".join(explaining.lines(told)))


def _span(question: Question, where: Where) -> Span:
    start = wall.instant(question.start, where.zone)
    return Span.of(start, wall.length(question.length))
