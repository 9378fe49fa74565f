"""Which versions of the two servers this program is tested with: older ones are refused, newer ones only remarked."""

from dataclasses import dataclass

import asyncpg
from redis.asyncio import Redis
from redis.exceptions import RedisError

from holdfast.complaints import Unusable

Version = tuple[int, ...]


class TooOld(Unusable):
    """A server's version is none that this program can work with; the text names both."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Server:
    """`oldest` and `newest` name as many parts of a version as matter."""

    name: str
    oldest: Version
    newest: Version

    @property
    def range(self) -> str:
        """For people."""
        return f"{self.name} {_text(self.oldest)} to {_text(self.newest)}"

    def judge(self, found: Version) -> str:
        """A remark where it is newer than known, else nothing. Raises TooOld."""
        if found[: len(self.oldest)] < self.oldest:
            raise TooOld(f"{self.name} {_text(found)} is too old: expected {self.range}")
        if found[: len(self.newest)] > self.newest:
            return f"{self.name} {_text(found)} is newer than what this release was tested with: {self.range}"
        return ""


POSTGRES = Server(name="Postgres", oldest=(15,), newest=(18,))
REDIS = Server(name="Redis", oldest=(6, 2), newest=(8,))


async def of_postgres(database_url: str) -> str:
    """What `judge` says about it. Raises TooOld, and what asyncpg raises when it is not there."""
    connection = await asyncpg.connect(database_url)
    try:
        version = connection.get_server_version()
        return POSTGRES.judge((version.major, version.micro))
    finally:
        await connection.close()


async def of_redis(redis: Redis) -> str:
    """What `judge` says about it; nothing where it is away, or does not tell. Raises TooOld."""
    try:
        told = await redis.info("server")
    except (RedisError, OSError, TimeoutError):
        return ""
    parts = str(told.get("redis_version", "")).split(".")
    return REDIS.judge(tuple(map(int, parts))) if all(map(str.isdecimal, parts)) else ""


def _text(version: Version) -> str:
    return ".".join(map(str, version))
