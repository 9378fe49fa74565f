"""The command `trigger`: sends sample webhooks, proved with an account's own secret, to a running web process."""

import random
import time
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from urllib.parse import urlsplit
from uuid import uuid4

import aiohttp
from pydantic import ValidationError

from holdfast.clock import Clock
from holdfast.complaints import Unusable
from holdfast.doctor_accounts import connection_of
from holdfast.kind import Connection, Kind, Sample, discover
from holdfast.settings import Settings, database_of
from holdfast.store import configuration
from holdfast.store.configuration import AccountRow
from holdfast.terminal import as_line, clock_of, pool_of, tell
from holdfast.transport import HttpTransport
from holdfast.web.identity import is_loopback
from holdfast.web.words import counted

PATIENCE = aiohttp.ClientTimeout(total=15)


@dataclass(frozen=True, slots=True, kw_only=True)
class Wish:
    """`what` is like `CHANNEL.created`; without `ref` each is about a booking that nobody has."""

    what: str
    url: str
    account: str | None = None
    ref: str | None = None
    times: int = 1
    duplicate: bool = False
    shuffle: bool = False
    as_json: bool = False


def all_samples() -> list[str]:
    """What can be sent."""
    return [f"{name}.{what}" for name, kind in discover().items() for what in kind.samples]


async def trigger(environ: Mapping[str, str], wish: Wish) -> None:
    """Send them one after the other. Raises Unusable for what is not known, and where one is not accepted."""
    channel, _, what = wish.what.partition(".")
    kind = discover().get(channel)
    if kind is None or what not in kind.samples:
        raise Unusable(f"{wish.what}: expected one of {', '.join(all_samples())}")
    async with pool_of(environ) as pool:
        book = await configuration.load(pool)
    account = account_of(book.accounts.values(), channel, wish.account)
    guard(account, wish.url)
    clock = await clock_of(database_of(Settings.from_environ(environ)))
    refused = 0
    async with aiohttp.ClientSession(timeout=PATIENCE) as session:
        connection = _connection(kind, account, HttpTransport(session), environ, clock)
        samples = _samples(kind, connection, wish)
        for ref, sample in samples:
            status, seconds = await _post(session, f"{wish.url}/hooks/{account.name}", sample)
            refused += not 200 <= status < 300
            told = {"status": status, "what": wish.what, "ref": ref, "ms": round(seconds * 1000)}
            tell([as_line(told) if wish.as_json else _line(told)])
    if refused:
        raise Unusable(f"{counted(refused, 'webhook')} of {len(samples)} not accepted")


def account_of(accounts: Iterable[AccountRow], channel: str, name: str | None) -> AccountRow:
    """The one that is named, or the only one of its channel. Raises Unusable."""
    known = {one.name: one for one in accounts if one.channel == channel}
    if name is None and len(known) == 1:
        return next(iter(known.values()))
    if name not in known:
        raise Unusable(f"--account: expected one of {', '.join(sorted(known)) or 'none there are'}")
    return known[name]


def guard(account: AccountRow, url: str) -> None:
    """A made-up webhook makes workers read at the provider. Raises Unusable for a live account elsewhere."""
    if account.mode == "live" and not is_loopback(urlsplit(url).hostname):
        raise Unusable(
            f"account {account.name} is live: it is sent made-up webhooks on this machine only, not at {url}"
        )


def _connection(
    kind: Kind,
    account: AccountRow,
    transport: HttpTransport,
    environ: Mapping[str, str],
    clock: Clock,
) -> Connection:
    try:
        return connection_of(kind, account, transport, environ, clock)
    except ValidationError as error:
        raise Unusable(f"account {account.name}: its settings are of another release") from error


def _samples(kind: Kind, connection: Connection, wish: Wish) -> list[tuple[str, Sample]]:
    what = wish.what.partition(".")[2]
    refs = [wish.ref or str(uuid4()) for _ in range(wish.times)]
    made = [(ref, kind.sample(connection, what, ref)) for ref in refs]
    every = [one for one in made for _ in range(1 + wish.duplicate)]
    if wish.shuffle:
        random.SystemRandom().shuffle(every)
    return every


async def _post(session: aiohttp.ClientSession, url: str, sample: Sample) -> tuple[int, float]:
    began = time.monotonic()
    try:
        async with session.post(url, data=sample.body, headers=sample.headers) as answer:
            return answer.status, time.monotonic() - began
    except (aiohttp.ClientError, TimeoutError, ValueError) as error:
        raise Unusable(f"{url} cannot be reached ({type(error).__name__}): --url?") from error


def _line(told: Mapping[str, object]) -> str:
    return f"{told['status']}  {told['what']}  {told['ref']}  {told['ms']} ms"
