"""What `holdfast doctor` says of servers: the database by how it answers, and our own address as others reach it."""

from dataclasses import dataclass
from typing import Literal

import asyncpg
from redis.exceptions import ResponseError

from holdfast.address import unsafe
from holdfast.supported import TooOld

PATIENCE = 5.0
SLOW_SECONDS = 1.0

Health = Literal["ok", "warn", "fail"]


@dataclass(frozen=True, slots=True, kw_only=True)
class Line:
    """What was looked at and what was found; `todo` is empty where nothing is to be done."""

    what: str
    health: Health
    told: str
    todo: str = ""


def reached(public_url: str, url: str, status: int) -> Line:
    """How our own address answered from here."""
    told = f"{url} answers {status}"
    if status != 200:
        return Line(what="webhooks", health="fail", told=told)
    if unsafe(public_url):
        todo = "Have a proxy speak https there: secrets, passwords and sessions go through it in clear."
        return Line(what="webhooks", health="warn", told=f"{told}, without https", todo=todo)
    return Line(what="webhooks", health="ok", told=told)


def unreachable(error: Exception) -> Line:
    """The database does not let us look, for whatever reason."""
    told = str(error) or type(error).__name__
    todo = "Is it running, and is HOLDFAST_DATABASE_URL its address?"
    if isinstance(error, TimeoutError):
        told = f"no answer within {PATIENCE:.0f} s"
        todo = "Does psql answer from here? Else it is busy, or something on the way swallows what is sent."
    if isinstance(error, TooOld):
        todo = "Move to a newer server."
    if isinstance(error, asyncpg.InsufficientPrivilegeError):
        todo = (
            "Its role may not look: grant it what it needs, or use the role that owns the tables."
        )
    return Line(what="database", health="fail", told=told, todo=todo)


def without_redis(error: Exception) -> Line:
    """Redis is away, or answers and takes nothing in."""
    told = f"does not answer: {type(error).__name__}"
    todo = (
        "Nothing is lost without it, but workers wake more slowly and rate budgets are not shared."
    )
    if isinstance(error, ResponseError):
        told = f"answers, but takes nothing in: {error}"
        todo += " Is it full, or a replica?"
    return Line(what="redis", health="warn", told=told, todo=todo)


def slowly(seconds: float) -> Line | None:
    """How long the smallest question took, where that is too long."""
    if seconds <= SLOW_SECONDS:
        return None
    told = f"answers slowly: the smallest question took {seconds:.1f} s"
    todo = "Look at the load of its machine, of this one, and of the way between them."
    return Line(what="database", health="warn", told=told, todo=todo)


def migrated(missing: list[str], remark: str = "") -> Line:
    """The schema, by what is not applied yet; `remark` is about the server's version."""
    if missing:
        told = f"reached; missing: {', '.join(missing)}"
        return Line(what="database", health="fail", told=told, todo="Run `holdfast migrate`.")
    told = "reached, all migrations applied"
    if remark:
        return Line(what="database", health="warn", told=f"{told}; {remark}")
    return Line(what="database", health="ok", told=told)
