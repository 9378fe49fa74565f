"""Asks an account's channel for a booking that cannot be: one read, which shows whether its credentials are taken."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import UTC, datetime
from email.utils import parsedate_to_datetime
from typing import Literal

from pydantic import TypeAdapter, ValidationError

from holdfast.channel import Broken, Channel, ChannelError, Limited, Rejected, Unauthorised
from holdfast.clock import Clock
from holdfast.exchange import Reply, Request, Transport
from holdfast.kind import Connection, Kind, discover
from holdfast.secret import SecretMissing
from holdfast.store.configuration import AccountRow
from holdfast.transport import HttpTransport, open_session

NOBODYS = "00000000-0000-4000-8000-000000000000"


@dataclass(frozen=True, slots=True, kw_only=True)
class Answered:
    """What came of it. `date` is what the provider's clock showed `at` that moment of ours; None: it did not tell."""

    health: Literal["ok", "warn", "fail"]
    told: str
    todo: str = ""
    date: datetime | None = None
    at: datetime | None = None


@dataclass(slots=True)
class Dated:
    """A transport that keeps the last answer's Date, and when it came."""

    inner: HttpTransport
    clock: Clock
    date: datetime | None = None
    at: datetime | None = field(default=None)

    async def send(self, request: Request) -> Reply:
        """Raises TransportError."""
        reply = await self.inner.send(request)
        self.date, self.at = read_date(reply.headers.get("date", "")), self.clock.now()
        return reply


def read_date(text: str) -> datetime | None:
    """The instant in a Date header; None for what is none."""
    try:
        told = parsedate_to_datetime(text)
    except (ValueError, OverflowError):
        return None
    return told.astimezone(UTC) if told.tzinfo else None


def connection_of(
    kind: Kind,
    account: AccountRow,
    transport: Transport,
    environ: Mapping[str, str],
    clock: Clock,
) -> Connection:
    """Of one account, without its listings. Raises ValidationError for settings of another release."""
    return Connection(
        account=account.name,
        settings=TypeAdapter(kind.account_settings).validate_python(account.settings),
        listings=[],
        transport=transport,
        clock=clock,
        environ=environ,
    )


async def ask(account: AccountRow, environ: Mapping[str, str], clock: Clock) -> Answered:
    """One read of a booking that nobody has."""
    kind = discover().get(account.channel)
    if kind is None:
        return Answered(health="fail", told=f"this release knows no channel {account.channel}")
    async with open_session(connections=1) as session:
        dated = Dated(HttpTransport(session), clock)
        try:
            channel = kind.connect(connection_of(kind, account, dated, environ, clock))
        except SecretMissing as error:
            return Answered(
                health="fail", told=str(error), todo="This process needs it as workers do."
            )
        except ValidationError:
            return Answered(health="fail", told="its settings are of another release")
        health, told, todo = await _read(channel)
    return Answered(health=health, told=told, todo=todo, date=dated.date, at=dated.at)


async def _read(channel: Channel) -> tuple[Literal["ok", "warn", "fail"], str, str]:
    try:
        await channel.fetch(NOBODYS, None)
    except Unauthorised as error:
        return "fail", str(error), "Its credentials are refused: renew them where they are kept."
    except (Rejected, Broken) as error:
        return "ok", f"its credentials are taken, though the answer was odd: {error}", ""
    except Limited as error:
        return "warn", f"asks to wait {error.retry_after:.0f} s", "Ask again then."
    except ChannelError as error:
        return "warn", str(error), "Is its address right, and is the provider up?"
    return "ok", "answers, and takes its credentials", ""
