"""What `holdfast doctor` says of accounts: their listings, their webhooks, and whose fault a refusal is.

The kind of fault: every check was green while an account sold the wrong room, or its webhooks never came.
"""

import json
from dataclasses import replace
from datetime import UTC, datetime
from typing import Any
from urllib.parse import urlsplit
from uuid import uuid4

import asyncpg
import pytest
from tests.conftest import connected
from tests.test_log_commands import holdfast
from tests.town import town

from holdfast.clock import SystemClock
from holdfast.doctor_accounts import LOOK, RENEW, heard
from holdfast.doctor_servers import reached, unreachable
from holdfast.example import EXAMPLE_SECRETS
from holdfast.listing_check import Asked, Sold, applied, check
from holdfast.store import configuration
from holdfast.store.configuration import AccountRow

NOW = datetime(2026, 12, 1, tzinfo=UTC)
CHANGED = "update listings set settings = settings || $2 where name = $1"
ACCOUNT = "update accounts set settings = settings || $2 where name = $1"


async def looked(database_url: str) -> list[dict[str, Any]]:
    _, told = await holdfast(database_url, "doctor", "--json")
    return [json.loads(line) for line in told.splitlines() if line.startswith("{")]


def of(rows: list[dict[str, Any]], what: str) -> list[tuple[str, str]]:
    return [(row["health"], row["told"]) for row in rows if row["what"] == what]


def _of_listings(rows: list[dict[str, Any]], account: str) -> list[str]:
    """What is wrong with an account's listings; how fresh it is, and its sums, are other lines."""
    told = (told for health, told in of(rows, account) if health == "fail")
    return [line for line in told if line.startswith("listing ")]


async def test_the_doctor_reads_each_listing_once(database_url: str) -> None:
    async with town(database_url) as t:
        rows = await looked(database_url)
        assert ("ok", "sells each of its 3 listings") in of(rows, "boseat-main")
        assert ("ok", "sells each of its 3 listings") in of(rows, "mozrest-main")
        wrong = {"product_id": "a3f1d7d0-0000-4000-8000-000000000002"}
        await t.rows(CHANGED, "salon-boseat", json.dumps(wrong))
        await t.rows(CHANGED, "salon-mozrest", json.dumps({"area_id": "nowhere"}))
        rows = await looked(database_url)
        (said,) = _of_listings(rows, "boseat-main")
        assert said.startswith("listing salon-boseat: product_id: product ")
        assert "sells another space" in said
        (said,) = _of_listings(rows, "mozrest-main")
        assert said.startswith("listing salon-mozrest: area_id: the area does not exist")
        found = await check(
            applied(await configuration.load(t.pool), "boseat-main"), EXAMPLE_SECRETS, SystemClock()
        )
        assert [(one.listing, one.key) for one in found.objections] == [
            ("salon-boseat", "product_id")
        ]


async def test_settings_of_another_release_are_unknown_and_no_exception() -> None:
    sold = Sold(name="x", timezone="localtime", party_size=2, settings={})
    for channel in ("boseat", "none"):
        asked = Asked(account="a", channel=channel, settings={}, listings=[sold])
        checked = await check(asked, {}, SystemClock())
        assert (checked.objections, checked.unknown) == ([], "its settings are of another release")


async def test_a_wrong_token_url_does_not_ask_for_new_credentials(database_url: str) -> None:
    async with town(database_url) as t:
        url = {"token_url": f"{t.sides['boseat'].url}/nowhere"}
        await t.rows(ACCOUNT, "boseat-main", json.dumps(url))
        rows = await looked(database_url)
        mine = (row for row in rows if row["what"] == "boseat-main")
        (row,) = (row for row in mine if row["told"].startswith("token"))
        assert (row["health"], row["told"]) == ("fail", "token: answer 404: is token_url right?")
        assert (row["todo"], RENEW != LOOK) == (LOOK, True)


async def test_an_account_whose_webhooks_were_never_verified_is_warned_of(
    database_url: str,
) -> None:
    async with town(database_url) as t:
        await t.rows("update accounts set last_webhook_at = null")
        account = await t.rows("select id from accounts where name = 'boseat-main'")
        await t.rows(
            "insert into refusals values ($1, date_bin('5 minutes', now(), timestamptz 'epoch'), 'forged', 7)",
            account[0]["id"],
        )
        rows = await looked(database_url)
    said = [told for health, told in of(rows, "webhooks") if health == "warn"]
    assert "boseat-main: none was ever verified, 7 of the last hour were refused as forged" in said
    assert "mozrest-main: none was ever verified" in said


ROW = AccountRow(
    id=1,
    name="a",
    channel="boseat",
    mode="live",
    reads_per_minute=1,
    writes_per_minute=1,
    poll_seconds=1,
    offers_seconds=1,
    audit_seconds=1,
    horizon_days=1,
    settings={},
    last_webhook_at=NOW,
    active=True,
    created_at=NOW,
    updated_at=NOW,
)


def test_webhooks_that_come_are_not_spoken_of_unless_some_are_forged() -> None:
    assert heard(ROW, 0, "u") is None
    lately = heard(ROW, 2, "u")
    assert lately is not None
    assert lately.told == "a: 2 of the last hour were refused as forged"
    never = heard(replace(ROW, last_webhook_at=None), 0, "https://x/hooks/a")
    assert never is not None
    assert "https://x/hooks/a" in never.todo


@pytest.mark.parametrize(
    ("error", "todo"),
    [
        (asyncpg.InsufficientPrivilegeError("permission denied for table x"), "grant it"),
        (OSError("refused"), "Is it running"),
    ],
)
def test_a_role_that_may_not_look_is_no_server_that_is_down(error: Exception, todo: str) -> None:
    assert todo in unreachable(error).todo


def test_an_address_of_ours_without_https_is_warned_of_unless_it_is_this_machine() -> None:
    for url, health in (
        ("http://holdfast.example", "warn"),
        ("https://holdfast.example", "ok"),
        ("http://127.0.0.1:8080", "ok"),
    ):
        assert reached(url, f"{url}/healthz", 200).health == health
        assert reached(url, f"{url}/healthz", 502).health == "fail"


async def test_a_role_without_rights_is_told_to_be_granted_them(database_url: str) -> None:
    async with connected(database_url) as connection:
        role = f"weak_{uuid4().hex[:12]}"
        await connection.execute(f"create role {role} login")
        try:
            parts = urlsplit(database_url)
            weak = parts._replace(netloc=f"{role}@{parts.netloc.rpartition('@')[2]}").geturl()
            rows = await looked(weak)
        finally:
            await connection.execute(f"drop role {role}")
    (row,) = (row for row in rows if row["what"] == "database")
    assert (row["health"], "grant it what it needs" in row["todo"]) == ("fail", True)
