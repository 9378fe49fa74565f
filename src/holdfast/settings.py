"""What the process is told by its environment: where its servers are, where it listens, who may call it."""

import re
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass, field
from datetime import timedelta
from difflib import get_close_matches
from pathlib import Path
from typing import Any, Self
from urllib.parse import urlsplit

from pydantic import SecretStr

from holdfast.clock import TEST_AHEAD, ahead_of_machine

PREFIX = "HOLDFAST_"
LOOPBACK = ("127.0.0.1", "::1", "localhost")
_TOKEN = re.compile(r"[!-+\--~]+")  # visible ASCII without the comma: what a header can carry
_NEAR = 0.75  # near enough to be a slip, far enough to let HOLDFAST_<CHANNEL>_TOKEN pass


class SettingsError(Exception):
    """The environment is not as expected. Each line of the text names a variable; no secret is in it."""

    def __init__(self, problems: Iterable[str]) -> None:
        self.problems = tuple(problems)
        super().__init__("\n".join(self.problems))


@dataclass(frozen=True, slots=True, kw_only=True)
class Settings:
    """The settings of one process. Without an address the embedded server is meant."""

    database_url: str | None = field(default=None, repr=False)
    redis_url: str | None = field(default=None, repr=False)
    host: str = "127.0.0.1"
    port: int = 8080
    metrics_port: int | None = None
    public_url: str | None = None
    """How the outside reaches us, without a slash at its end."""
    config: Path = Path("holdfast.toml")
    api_tokens: tuple[SecretStr, ...] = field(default=(), repr=False)
    oidc_issuer: str | None = None
    """The OpenID provider at which people sign in, as it calls itself."""
    oidc_client_id: str | None = None
    oidc_client_secret: SecretStr | None = field(default=None, repr=False)
    body_bytes: int = 1024 * 1024
    """The most that one request may carry."""
    body_seconds: int = 10
    """How long that may take to arrive."""
    held_bytes: int = 64 * 1024 * 1024
    """The most that all requests together may have in memory."""
    idle_seconds: int = 75
    """How long a connection may say nothing, or not come to the end of a request's head."""
    test_ahead: timedelta = timedelta(0)
    """For tests: how far this process's clock is ahead of its machine's."""

    @classmethod
    def from_environ(cls, environ: Mapping[str, str]) -> Self:
        """The settings in `environ`; a variable that is empty counts as unset. Raises SettingsError."""
        problems = list(_misspelt(environ))
        values: dict[str, Any] = {}
        for name, variable in _VARIABLES.items():
            text = environ.get(name, "").strip()
            try:
                values |= {variable.field: variable.read(text)} if text else {}
            except ValueError:
                got = "" if variable.secret else f", got {text!r}"
                problems.append(f"{name}: expected {variable.expected}{got}")
        problems = problems or [*_halves(values), *_moved_far_away(values)]
        if problems:
            raise SettingsError(problems)
        return cls(**values)


def _misspelt(environ: Mapping[str, str]) -> Iterable[str]:
    """Our unknown variables that look like a slip; others may well hold a channel's secrets."""
    known = [name.removeprefix(PREFIX) for name in _VARIABLES]
    for name in sorted(environ):
        if name.startswith(PREFIX) and name not in _VARIABLES:
            for near in get_close_matches(name.removeprefix(PREFIX), known, n=1, cutoff=_NEAR):
                yield f"{name}: unknown variable, did you mean {PREFIX}{near}?"


def _halves(values: Mapping[str, object]) -> Iterable[str]:
    """What signing in at a provider still lacks, once any of it is set."""
    if not any(name.startswith("oidc_") for name in values):
        return
    needed = {
        "oidc_issuer": "HOLDFAST_OIDC_ISSUER: expected the provider's address",
        "oidc_client_id": "HOLDFAST_OIDC_CLIENT_ID: expected our name at the provider",
        "oidc_client_secret": "HOLDFAST_OIDC_CLIENT_SECRET_FILE: expected a file with our secret at the provider",
        "public_url": "HOLDFAST_PUBLIC_URL: expected how browsers reach us, for the way back from the provider",
    }
    yield from (line for name, line in needed.items() if name not in values)


def _moved_far_away(values: Mapping[str, object]) -> Iterable[str]:
    """Another moment is for tests, and a test's database is on its own machine."""
    host = urlsplit(str(values.get("database_url", ""))).hostname
    if values.get("test_ahead") and host not in (None, *LOOPBACK):
        yield f"{TEST_AHEAD}: is for tests only, expected a database on this machine"


def _ahead(text: str) -> timedelta:
    try:
        return ahead_of_machine({TEST_AHEAD: text})
    except OverflowError as error:
        raise ValueError from error


def _port(text: str) -> int:
    port = int(text)
    if not 1 <= port <= 65535:
        raise ValueError
    return port


def _count(text: str) -> int:
    if not (text.isascii() and text.isdecimal() and 0 < len(text) <= 12 and int(text)):
        raise ValueError
    return int(text)


def _host(text: str) -> str:
    if "/" in text or any(character.isspace() for character in text):
        raise ValueError
    return text


def _tokens(text: str) -> tuple[SecretStr, ...]:
    tokens = [token.strip() for token in text.split(",") if token.strip()]
    if not all(_TOKEN.fullmatch(token) for token in tokens):
        raise ValueError
    return tuple(SecretStr(token) for token in tokens)


def _word(text: str) -> str:
    if not text.isprintable() or " " in text:
        raise ValueError
    return text


def _secret_in(path: str) -> SecretStr:
    try:
        text = Path(path).read_text(encoding="utf-8").strip()
    except (OSError, UnicodeDecodeError) as error:
        raise ValueError from error
    if not text or not text.isprintable():
        raise ValueError
    return SecretStr(text)


def _issuer(text: str) -> str:
    found = urlsplit(_url("https", "http")(text))
    if not found.hostname or found.query or found.fragment:
        raise ValueError
    if found.scheme == "http" and found.hostname not in LOOPBACK:
        raise ValueError
    return text


def _url(*schemes: str) -> Callable[[str], str]:
    def read(text: str) -> str:
        if urlsplit(text).scheme not in schemes or "://" not in text:
            raise ValueError
        return text

    return read


def _public_url(text: str) -> str:
    if not urlsplit(_url("http", "https")(text)).hostname:
        raise ValueError
    return text.rstrip("/")


@dataclass(frozen=True, slots=True, kw_only=True)
class _Variable:
    field: str
    read: Callable[[str], object]
    expected: str
    secret: bool = False


_VARIABLES = {
    "HOLDFAST_DATABASE_URL": _Variable(
        field="database_url",
        read=_url("postgresql", "postgres"),
        expected="an address that begins with postgresql://",
        secret=True,
    ),
    "HOLDFAST_REDIS_URL": _Variable(
        field="redis_url",
        read=_url("redis", "rediss", "unix"),
        expected="an address that begins with redis://, rediss:// or unix://",
        secret=True,
    ),
    "HOLDFAST_HOST": _Variable(field="host", read=_host, expected="a host name or an IP address"),
    "HOLDFAST_PORT": _Variable(field="port", read=_port, expected="a port number from 1 to 65535"),
    "HOLDFAST_METRICS_PORT": _Variable(
        field="metrics_port", read=_port, expected="a port number from 1 to 65535"
    ),
    "HOLDFAST_PUBLIC_URL": _Variable(
        field="public_url",
        read=_public_url,
        expected="an address that begins with https:// or http://",
    ),
    "HOLDFAST_CONFIG": _Variable(field="config", read=Path, expected="the path of a file"),
    "HOLDFAST_API_TOKENS": _Variable(
        field="api_tokens",
        read=_tokens,
        expected="tokens of visible ASCII characters, separated by commas",
        secret=True,
    ),
    "HOLDFAST_OIDC_ISSUER": _Variable(
        field="oidc_issuer",
        read=_issuer,
        expected="the provider's address as it calls itself, which begins with https://",
    ),
    "HOLDFAST_OIDC_CLIENT_ID": _Variable(
        field="oidc_client_id", read=_word, expected="our name at the provider"
    ),
    "HOLDFAST_OIDC_CLIENT_SECRET_FILE": _Variable(
        field="oidc_client_secret",
        read=_secret_in,
        expected="a file with our secret at the provider",
    ),
    **{
        f"{PREFIX}{name.upper()}": _Variable(
            field=name, read=_count, expected=f"a whole number of {name.rpartition('_')[2]}"
        )
        for name in ("body_bytes", "body_seconds", "held_bytes", "idle_seconds")
    },
    TEST_AHEAD: _Variable(field="test_ahead", read=_ahead, expected="a number of seconds"),
}


def database_of(settings: Settings) -> str:
    """The database's address, for commands that cannot do without. Raises SettingsError."""
    if settings.database_url is None:
        raise SettingsError(["HOLDFAST_DATABASE_URL: expected the address of a Postgres database"])
    return settings.database_url
