"""`holdfast user` and `holdfast token`, and that a web process off this machine wants somebody first."""

import asyncio
import json
from pathlib import Path
from typing import Any

import asyncpg
import click
import pytest
from click.testing import CliRunner
from tests.conftest import connected
from tests.web.rows import NOW, Rows

from holdfast import enrolment, passwords
from holdfast.__main__ import main
from holdfast.complaints import Unusable
from holdfast.people_commands import password_from
from holdfast.recorded import whoever_types
from holdfast.settings import Settings, SettingsError
from holdfast.store import people
from holdfast.web_process import ensure_somebody, oidc_of

PASSWORD = "correct horse battery"


async def holdfast(url: str, *words: str, typed: str = "") -> tuple[int, str]:
    """Run the command in a thread, as it has a loop of its own; its exit code and all that it said."""
    runner = CliRunner(env={"HOLDFAST_DATABASE_URL": url})
    done = await asyncio.to_thread(runner.invoke, main, words, typed)
    assert done.exception is None or isinstance(done.exception, SystemExit), done.exception
    return done.exit_code, done.output


async def lines(url: str, *words: str) -> list[Any]:
    code, told = await holdfast(url, *words, "--json")
    assert code == 0, told
    return [json.loads(line) for line in told.splitlines()]


async def actions(url: str) -> list[tuple[object, ...]]:
    async with connected(url) as connection:
        rows = await connection.fetch(
            "select who, via, what, object, reason, outcome from actions order by id"
        )
    return [tuple(row) for row in rows]


async def test_somebody_is_let_in_changed_listed_and_let_in_no_more(
    database_url: str, tmp_path: Path
) -> None:
    url, file = database_url, tmp_path / "password"
    file.write_text(f"{PASSWORD}\n")
    assert await holdfast(url, "user", "ls") == (0, "Nobody yet.\n")
    add = ("user", "add", "vera", "--role", "admin")
    for given, typed in (((), ""), (("--password-file", "-"), "\n")):
        code, told = await holdfast(url, *add, *given, typed=typed)
        assert (code, "there is no password in it" in told) == (2, True)
    code, told = await holdfast(url, *add, typed="too short\n")
    assert (code, told) == (1, "holdfast: password: expected 12 to 256 characters\n")
    assert await holdfast(url, *add, "--password-file", str(file)) == (
        *(0, "vera may sign in, as admin.\n"),
    )
    (row,) = await lines(url, "user", "ls")
    assert (row["name"], row["role"], row["venues"], row["has_password"]) == (
        *("vera", "admin", None, True),
    )
    assert "password" not in row
    code, told = await holdfast(url, *add, typed=f"{PASSWORD}\n")
    assert (code, "not taken yet" in told) == (1, True)
    ines = ("user", "add", "ines", "--role", "admin", "--password-file", str(file))
    assert (await holdfast(url, *ines))[0] == 0
    assert await holdfast(url, "user", "disable", "vera", "--reason", "has left") == (
        *(0, "vera is signed out, and let in no more.\n"),
    )
    code, told = await holdfast(url, "user", "disable", "nobody", "--reason", "x")
    assert (code, "nobody is not" in told) == (1, True)
    code, told = await holdfast(url, "user", "ls")
    assert told.splitlines()[2].split() == ["vera", "admin", "all", "password", "-", "disabled"]
    me = whoever_types()
    assert await actions(url) == [
        (me, "command", "add", "user vera", "", "refused"),
        (me, "command", "add", "user vera", "", "ok"),
        (me, "command", "add", "user vera", "", "refused"),
        (me, "command", "add", "user ines", "", "ok"),
        (me, "command", "disable", "user vera", "has left", "ok"),
        (me, "command", "disable", "user nobody", "x", "refused"),
    ]


async def test_the_first_person_is_an_admin_and_the_last_admin_stays(database_url: str) -> None:
    """The kind of fault: one act that locks everybody out. Adding, a role, disabling, as commands."""
    url, passphrase = database_url, f"{PASSWORD}\n"
    for role in ("viewer", "venue", "operator"):
        code, told = await holdfast(url, "user", "add", "vera", "--role", role, typed=passphrase)
        assert (code, "role: expected admin for the first person" in told) == (1, True)
    assert await holdfast(url, "user", "ls") == (0, "Nobody yet.\n")
    assert (await holdfast(url, "user", "add", "vera", "--role", "admin", typed=passphrase))[0] == 0
    assert (await holdfast(url, "user", "add", "ines", "--role", "venue", typed=passphrase))[0] == 0
    last = "name: expected another admin who can sign in first: vera is the last one"
    for act in (("role", "vera", "--role", "operator"), ("disable", "vera")):
        code, told = await holdfast(url, "user", *act, "--reason", "has left")
        assert (code, last in told) == (1, True), told
    assert (await holdfast(url, "user", "role", "ines", "--role", "admin", "--reason", "x"))[0] == 0
    assert (await holdfast(url, "user", "disable", "vera", "--reason", "has left"))[0] == 0
    code, told = await holdfast(url, "user", "disable", "ines", "--reason", "has left")
    assert (code, "ines is the last one" in told) == (1, True)


async def test_two_admins_who_disable_each_other_at_once_leave_one(database_url: str) -> None:
    async with asyncpg.create_pool(database_url, min_size=2, max_size=4) as pool:
        for name in ("ada", "vera"):
            new = people.New(name=name, role="admin", password=passwords.NOBODY)
            assert await people.add(pool, new, NOW)
        done = await asyncio.gather(
            *(enrolment.set_disabled(pool, name, NOW) for name in ("ada", "vera")),
            return_exceptions=True,
        )
        assert sorted(type(one).__name__ for one in done) == ["NoneType", "NotSo"]
        assert await pool.fetchval("select count(*) from people where disabled_at is null") == 1


async def test_a_password_is_kept_as_a_hash(database_url: str) -> None:
    add = ("user", "add", "vera", "--role", "admin")
    assert (await holdfast(database_url, *add, typed=f"{PASSWORD}\n"))[0] == 0
    async with connected(database_url) as connection:
        kept = await connection.fetchval("select password from people")
    assert passwords.matches(PASSWORD, kept)
    assert kept.startswith("scrypt$32768$")


async def an_admin_of_a_venue(url: str) -> None:
    async with asyncpg.create_pool(url, min_size=1, max_size=1) as pool:
        await Rows(pool).venue("glasshouse")
        await people.add(pool, people.New(name="ada", role="admin", password=passwords.NOBODY), NOW)


async def test_roles_venues_and_tokens_come_from_closed_sets_and_a_token_is_told_once(
    database_url: str,
) -> None:
    url = database_url
    await an_admin_of_a_venue(url)
    elsewhere = ("--email", "Ines@example.test", "--venue", "glasshouse")
    assert (await holdfast(url, "user", "add", "ines", "--role", "venue", *elsewhere))[0] == 0
    _, row = await lines(url, "user", "ls")
    assert (row["email"], row["venues"], row["has_password"]) == (
        *("ines@example.test", ["glasshouse"], False),
    )
    role = ("user", "role", "ines", "--reason", "promoted", "--role")
    assert (await holdfast(url, *role, "owner"))[0] == 2
    assert (await holdfast(url, *role, "operator", "--venue", "glasshouse"))[0] == 1
    assert await holdfast(url, *role, "operator") == (0, "ines is operator now.\n")
    assert (await holdfast(url, "user", "passwd", "ines", typed=f"{PASSWORD}\n"))[0] == 0
    assert (await holdfast(url, "token", "add", "till", "--scope", "everything"))[0] == 2
    code, told = await holdfast(
        url, "token", "add", "till", "--scope", "book", "--venue", "glasshouse"
    )
    notice, token = told.splitlines()
    assert (code, "only now" in notice) == (0, True)
    (row,) = await lines(url, "token", "ls")
    assert (row["name"], row["scope"], row["made_by"]) == ("till", "book", whoever_types())
    async with connected(url) as connection:
        assert await connection.fetchval("select digest from tokens") == passwords.digest_of(token)
        everything = str(await connection.fetch("select * from actions"))
    assert (token in everything, PASSWORD in everything) == (False, False)
    revoke = ("token", "revoke", "till", "--reason", "the till is gone")
    assert await holdfast(url, *revoke) == (0, "till is revoked.\n")
    assert (await holdfast(url, *revoke))[0] == 1


async def test_off_this_machine_a_web_process_wants_somebody_first(database_url: str) -> None:
    there = Settings(host="0.0.0.0")  # noqa: S104 - never listened on
    with pytest.raises(Unusable, match=r"holdfast user add NAME .* or set HOLDFAST_API_TOKENS"):
        await ensure_somebody(there, database_url)
    for usable in ({}, {"HOLDFAST_HOST": "::1"}):
        await ensure_somebody(Settings.from_environ(usable), database_url)
    tokens = {"HOLDFAST_HOST": "192.0.2.7", "HOLDFAST_API_TOKENS": "one"}
    await ensure_somebody(Settings.from_environ(tokens), database_url)
    async with asyncpg.create_pool(database_url, min_size=1, max_size=1) as pool:
        now = await pool.fetchval("select now()")
        new = people.New(name="vera", role="admin", password=passwords.NOBODY)
        assert await people.add(pool, new, now)
    await ensure_somebody(there, database_url)


def test_a_provider_is_set_as_a_whole_or_the_start_says_what_is_missing(tmp_path: Path) -> None:
    file = tmp_path / "secret"
    file.write_text("a-secret\n")
    whole = {
        "HOLDFAST_OIDC_ISSUER": "https://id.example/realm",
        "HOLDFAST_OIDC_CLIENT_ID": "holdfast",
        "HOLDFAST_OIDC_CLIENT_SECRET_FILE": str(file),
        "HOLDFAST_PUBLIC_URL": "https://holdfast.example/",
    }
    found = oidc_of(Settings.from_environ(whole))
    assert found is not None
    assert found.redirect == "https://holdfast.example/login/oidc/callback"
    assert found.client_secret.get_secret_value() == "a-secret"
    assert "a-secret" not in repr(found)
    assert oidc_of(Settings.from_environ({"HOLDFAST_PUBLIC_URL": "https://x.example"})) is None
    for name in whole:
        with pytest.raises(SettingsError, match=f"^{name}: expected"):
            Settings.from_environ({other: v for other, v in whole.items() if other != name})
    for name, wrong in (
        ("HOLDFAST_OIDC_ISSUER", "http://id.example"),
        ("HOLDFAST_OIDC_ISSUER", "https://me:secret@id.example"),
        ("HOLDFAST_OIDC_ISSUER", "https://id.example/?x"),
        ("HOLDFAST_OIDC_CLIENT_ID", "two words"),
        ("HOLDFAST_OIDC_CLIENT_SECRET_FILE", str(tmp_path / "none")),
    ):
        with pytest.raises(SettingsError, match=f"^{name}: expected"):
            Settings.from_environ({**whole, name: wrong})


def test_a_password_file_that_is_no_text_is_told_without_what_is_in_it(tmp_path: Path) -> None:
    (tmp_path / "password").write_bytes(b"canary\xff\xfe")
    with pytest.raises(
        click.UsageError, match=r"^--password-file: cannot be read: expected UTF-8$"
    ):
        password_from(str(tmp_path / "password"))
