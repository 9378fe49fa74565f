"""The account whose provider signs its webhooks, and webhooks of it, ready to be sent."""

import os

import asyncpg

from holdfast.channel import Channel
from holdfast.clock import SystemClock
from holdfast.doctor_accounts import connection_of
from holdfast.kind import Connection, Kind, discover
from holdfast.store import configuration
from holdfast.transport import HttpTransport, open_session


async def signing(pool: asyncpg.Pool) -> tuple[Kind, Connection]:
    """Raises StopIteration where no account's provider signs."""
    async with pool.acquire() as connection:
        book = await configuration.load(connection)
    kinds = {name: kind for name, kind in discover().items() if kind.webhook_proof == "signature"}
    account = next(row for row in book.accounts.values() if row.channel in kinds)
    kind = kinds[account.channel]
    async with open_session(connections=1) as session:
        return kind, connection_of(kind, account, HttpTransport(session), os.environ, SystemClock())


async def verifier(pool: asyncpg.Pool) -> Channel:
    """What reads and verifies its webhooks, as the web process does."""
    kind, connection = await signing(pool)
    return kind.connect(connection)


async def letters(database_url: str, many: int) -> list[bytes]:
    """So many requests as they go over the wire, each of an event of its own."""
    async with asyncpg.create_pool(database_url, min_size=1, max_size=1) as pool:
        kind, connection = await signing(pool)
    what = kind.samples[0]
    made = (kind.sample(connection, what, f"b-{number}") for number in range(many))
    return [
        _request(f"/hooks/{connection.account}", {**one.headers, "Host": "bench"}, one.body)
        for one in made
    ]


def _request(path: str, headers: dict[str, str], body: bytes) -> bytes:
    every = {**headers, "Content-Length": str(len(body))}
    head = "".join(f"{name}: {value}\r\n" for name, value in every.items())
    return f"POST {path} HTTP/1.1\r\n{head}\r\n".encode() + body
