"""What the environment may say, and what is said of an environment that is wrong."""

from pathlib import Path
from urllib.parse import quote

import pytest

from holdfast.settings import Settings, SettingsError


def refused(environ: dict[str, str]) -> list[str]:
    with pytest.raises(SettingsError) as caught:
        Settings.from_environ(environ)
    assert str(caught.value) == "\n".join(caught.value.problems)
    return list(caught.value.problems)


@pytest.mark.parametrize("environ", [{}, {"HOLDFAST_PORT": "", "HOLDFAST_DATABASE_URL": " "}])
def test_an_empty_environment_means_embedded_servers_on_loopback(environ: dict[str, str]) -> None:
    settings = Settings.from_environ(environ)
    assert (settings.database_url, settings.redis_url) == (None, None)
    assert (settings.host, settings.port, settings.metrics_port) == ("127.0.0.1", 8080, None)
    assert (settings.public_url, settings.config) == (None, Path("holdfast.toml"))
    assert settings.api_tokens == ()


def test_every_variable_is_heard() -> None:
    settings = Settings.from_environ(
        {
            "HOLDFAST_DATABASE_URL": "postgresql://u:p@db/holdfast",
            "HOLDFAST_REDIS_URL": "redis://:p@cache:6379/0",
            "HOLDFAST_HOST": "192.0.2.7",
            "HOLDFAST_PORT": "80",
            "HOLDFAST_METRICS_PORT": "9090",
            "HOLDFAST_PUBLIC_URL": "https://hooks.example/holdfast/",
            "HOLDFAST_CONFIG": "/etc/holdfast.toml",
            "HOLDFAST_API_TOKENS": "first-token, second-token,",
            "HOLDFAST_BODY_BYTES": "2048",
            "HOLDFAST_BODY_SECONDS": "3",
            "HOLDFAST_HELD_BYTES": "4096",
            "HOLDFAST_IDLE_SECONDS": "61",
            "PATH": "/usr/bin",
        }
    )
    assert (settings.body_bytes, settings.body_seconds) == (2048, 3)
    assert (settings.held_bytes, settings.idle_seconds) == (4096, 61)
    assert settings.database_url == "postgresql://u:p@db/holdfast"
    assert settings.redis_url == "redis://:p@cache:6379/0"
    assert (settings.host, settings.port, settings.metrics_port) == ("192.0.2.7", 80, 9090)
    assert settings.public_url == "https://hooks.example/holdfast"
    assert settings.config == Path("/etc/holdfast.toml")
    tokens = [token.get_secret_value() for token in settings.api_tokens]
    assert tokens == ["first-token", "second-token"]


PORT = "expected a port number from 1 to 65535"


@pytest.mark.parametrize(
    ("name", "value", "expected"),
    [
        ("HOLDFAST_PORT", "abc", f"{PORT}, got 'abc'"),
        ("HOLDFAST_PORT", "0", f"{PORT}, got '0'"),
        ("HOLDFAST_METRICS_PORT", "65536", f"{PORT}, got '65536'"),
        ("HOLDFAST_BODY_BYTES", "1 MB", "expected a whole number of bytes, got '1 MB'"),
        ("HOLDFAST_BODY_SECONDS", "0", "expected a whole number of seconds, got '0'"),
        ("HOLDFAST_IDLE_SECONDS", "-1", "expected a whole number of seconds, got '-1'"),
        ("HOLDFAST_HOST", "http://x/", "expected a host name or an IP address, got 'http://x/'"),
        (
            "HOLDFAST_PUBLIC_URL",
            "hooks.example",
            "expected an address that begins with https:// or http://, without a password, got 'hooks.example'",
        ),
        (
            "HOLDFAST_PUBLIC_URL",
            "https://",
            "expected an address that begins with https:// or http://, without a password, got 'https://'",
        ),
        (
            "HOLDFAST_PUBLIC_URL",
            "https://me:can/ary@hooks.example",
            "expected an address that begins with https:// or http://, without a password, "
            "got 'https://...@hooks.example'",
        ),
        ("HOLDFAST_DATABASE_URL", "db", "expected an address that begins with postgresql://"),
        (
            "HOLDFAST_REDIS_URL",
            "http://:canary@x",
            "expected an address that begins with redis://, rediss:// or unix://",
        ),
        (
            "HOLDFAST_API_TOKENS",
            "canary\u00e9",
            "expected tokens of visible ASCII characters, separated by commas",
        ),
    ],
)
def test_a_wrong_value_names_its_variable_and_what_was_expected(
    name: str, value: str, expected: str
) -> None:
    assert refused({name: value}) == [f"{name}: {expected}"]


def test_all_problems_are_told_at_once() -> None:
    assert len(refused({"HOLDFAST_PORT": "x", "HOLDFAST_METRICS_PORT": "y"})) == 2


@pytest.mark.parametrize(
    ("name", "meant"),
    [
        ("HOLDFAST_PROT", "HOLDFAST_PORT"),
        ("HOLDFAST_DATABASE_URI", "HOLDFAST_DATABASE_URL"),
        ("HOLDFAST_API_TOKEN", "HOLDFAST_API_TOKENS"),
        ("HOLDFAST_METRIC_PORT", "HOLDFAST_METRICS_PORT"),
    ],
)
def test_a_misspelt_variable_is_refused_without_its_value(name: str, meant: str) -> None:
    assert refused({name: "canary"}) == [f"{name}: unknown variable, did you mean {meant}?"]


@pytest.mark.parametrize(
    "name", ["HOLDFAST_ROOMHUB_TOKEN", "HOLDFAST_ROOMHUB_CLIENT_SECRET", "HOLDFAST_WEBHOOK_KEY"]
)
def test_a_deployment_may_keep_its_secrets_beside_our_variables(name: str) -> None:
    assert Settings.from_environ({name: "x"}) == Settings()


def test_no_secret_is_shown_by_the_settings() -> None:
    settings = Settings.from_environ(
        {
            "HOLDFAST_DATABASE_URL": "postgresql://u:canary@db/x",
            "HOLDFAST_REDIS_URL": "redis://:canary@cache/0",
            "HOLDFAST_API_TOKENS": "canary",
        }
    )
    assert "canary" not in f"{settings!r} {settings} {settings.api_tokens!r}"


PASSWORDS = ["p@w", "p/w", "p#w", "p?w@x", "p[w", "@", "a/b@c", "p:w@"]


@pytest.mark.parametrize("password", PASSWORDS)
@pytest.mark.parametrize(
    ("name", "address"),
    [
        ("HOLDFAST_DATABASE_URL", "postgresql://holdfast:{}@db.example:5432/holdfast"),
        ("HOLDFAST_REDIS_URL", "rediss://:{}@redis.example:6379/0"),
    ],
)
def test_a_password_that_breaks_its_address_is_told_how_to_be_written(
    name: str, address: str, password: str
) -> None:
    """The kind of fault: a cause that a person can mend is told as another, `name not known`."""
    (line,) = refused({name: address.format(password)})
    assert line.startswith(f"{name}: cannot be read, probably for a character of its password")
    assert "percent-encoded (@ is %40" in line
    assert password not in line.partition("password:")[2].partition(" expected")[0]
    assert Settings.from_environ({name: address.format(quote(password, safe=""))})


@pytest.mark.parametrize(
    "address",
    [
        "postgresql://db.example/holdfast",
        "postgresql:///holdfast?host=/run/postgresql",
        "postgresql://db.example/holdfast?user=me@here&password=x",
        "postgresql://holdfast:a:b@db.example/holdfast",
        "postgresql://holdfast@[::1]:5432/holdfast?sslmode=verify-full",
        "postgres://u:%40@one.example,two.example:5433/holdfast",
    ],
)
def test_addresses_that_work_are_taken(address: str) -> None:
    assert Settings.from_environ({"HOLDFAST_DATABASE_URL": address}).database_url == address
