"""`holdfast doctor` and `holdfast listen`: what is wrong and what to do, and what happens while one looks."""

import asyncio
import json
import signal
import sys
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager, suppress
from dataclasses import dataclass, replace
from datetime import UTC, datetime, timedelta

import asyncpg
import pytest
from click import unstyle
from tests.conftest import Surroundings, connected
from tests.patience import HANGS
from tests.test_log_commands import holdfast
from tests.town import MORNING, town
from tests.web.rows import Rows

from holdfast import listening
from holdfast.clock import SystemClock
from holdfast.doctor import clock, of_account, sold, workers
from holdfast.doctor_accounts import Answered, read_date
from holdfast.store.configuration import Book
from holdfast.store.tail import Heard, Marks, Noted, Sent
from holdfast.trigger import all_samples

NOW = datetime(2026, 11, 21, 14, 2, 7, 113000, tzinfo=UTC)
NOON = MORNING + timedelta(days=1, hours=4)


def health(told: str) -> dict[str, str]:
    rows = [json.loads(line) for line in told.splitlines() if line.startswith("{")]
    return {row["what"]: row["health"] for row in rows}


async def test_the_doctor_looks_at_everything_and_says_what_to_do(
    database_url: str, empty_database_url: str
) -> None:
    async with town(database_url) as t:
        await t.boseat.book("salon", NOON, 60)
        await t.live(30)
        await t.rows("insert into workers values ('w', '0', $1, $1)", t.clock.now())
        code, told = await holdfast(t, "doctor", "--json")
        found = health(told)
        bad = {what for what, state in found.items() if state != "ok"}
        assert (code, bad) == (1, {"redis", "webhooks"}), told
        assert found.keys() > {"clock", "journal", "listings", "boseat-main", "mozrest-main"}
        t.by_hand = True
        await t.rows("alter table journal disable trigger journal_append_only")
        venue = await _journalled(t.pool)
        await t.rows("update journal set data = '{}' where venue_id = $1 and seq = 1", venue)
        await t.rows("delete from workers")
        await t.rows(WRONG, '{"env": "HOME"}')
        code, told = await holdfast(t, "doctor")
    assert code == 1
    for said in (
        "from entry 1",
        "none was ever heard of",
        "answer 401",
        "renew them",
        "Start `holdfast worker`",
    ):
        assert said in told, said
    code, told = await holdfast(empty_database_url, "doctor")
    assert (code, "Run `holdfast migrate`." in told) == (1, True)
    code, told = await holdfast("postgresql://127.0.0.1:1/none", "doctor")
    assert (code, "Is it running" in told) == (1, True)
    code, told = await holdfast("garbage", "doctor")
    assert (code, "HOLDFAST_DATABASE_URL: expected" in told) == (1, True)


def test_clocks_workers_and_listings_are_judged_without_a_database() -> None:
    second = timedelta(seconds=1)
    assert clock("it", 2 * second).health == "ok"
    assert clock("it", -9 * second).told == "it is 9 s behind the database"
    assert workers(None, NOW).health == workers(NOW - 31 * second, NOW).health == "fail"
    assert workers(NOW - 30 * second, NOW).health == "ok"
    empty = Book(accounts={}, venues={}, units={}, listings={}, former={})
    assert [line.health for line in sold(empty)] == ["ok"]
    right = Answered(health="ok", told="", date=NOW, at=NOW + 3 * second)
    assert len(list(of_account("a", right, NOW))) == 1
    wrong = replace(right, at=NOW + 4 * second)
    assert "a's provider is 4 s behind" in list(of_account("a", wrong, NOW))[1].told


@pytest.mark.parametrize(
    ("text", "told"),
    [
        ("Sat, 21 Nov 2026 14:02:07 GMT", NOW.replace(microsecond=0)),
        ("", None),
        ("soon", None),
        ("Sat, 21 Nov 2026 14:02:07 -0000", None),
        ("Sat, 21 Nov 999999999 14:02:07 GMT", None),
    ],
)
def test_a_date_that_is_none_is_no_clock(text: str, told: datetime | None) -> None:
    assert read_date(text) == told


def test_ids_that_commit_late_are_still_told_and_each_once() -> None:
    marks = Marks(seconds=10)
    marks.see([5, 7], now=0)
    assert (marks.low, set(marks.above)) == (0, {5, 7})
    marks.see([6, 9], now=8)
    assert (marks.low, set(marks.above)) == (0, {5, 6, 7, 9})
    marks.see([], now=10.5)
    assert (marks.low, set(marks.above)) == (7, {9})


HEARD = Heard(
    id=12,
    at=NOW,
    account="rooms-main",
    venue=None,
    via="webhook",
    raw_type="booking.created",
    ref="r-1",
    booking_id=3,
)
SENT = Sent(
    id=4,
    at=NOW,
    account="tables-main",
    venue="annex",
    listing="salon",
    call="place",
    starts_at=NOW,
    timezone="Europe/Paris",
    push_id=9,
    number=2,
    outcome="not_done",
    failure="taken",
    status=409,
    seconds=0.0412,
)
NOTED = Noted(
    venue_id=1,
    seq=1,
    at=NOW,
    account=None,
    venue="annex",
    block_id=None,
    kind="conflict.opened",
    actor="worker",
    booking_id=3,
    push_id=None,
    data='{"why": "taken"}',
)


def test_a_line_tells_who_what_and_where_to_look() -> None:
    clock = NOW.astimezone().strftime("%H:%M:%S.113")
    assert unstyle(listening.line(HEARD)).split() == (
        f"{clock} <- rooms-main webhook booking.created event 12 r-1 booking 3".split()
    )
    assert "-> tables-main" in unstyle(listening.line(SENT))
    assert listening.line(SENT).endswith("push 9 try 2  not_done 409 taken  41 ms")
    assert "!! annex" in unstyle(listening.line(NOTED))
    assert listening.Wish(venue="annex").hears(NOTED)
    assert not listening.Wish(account="rooms-main").hears(NOTED)


@dataclass
class Listening:
    """A listener in the background; `said` is what it printed so far."""

    capsys: pytest.CaptureFixture[str]
    said: str = ""

    async def until(self, *words: str) -> None:
        async with asyncio.timeout(HANGS):
            while True:
                self.said += "".join(self.capsys.readouterr())
                if all(word in self.said for word in words):
                    return
                await asyncio.sleep(0.02)


@asynccontextmanager
async def listener(
    database_url: str, capsys: pytest.CaptureFixture[str]
) -> AsyncIterator[Listening]:
    wish = listening.Wish(since="15m", account="rooms-main")
    task = asyncio.create_task(listening.listen({"HOLDFAST_DATABASE_URL": database_url}, wish))
    yield Listening(capsys)
    task.cancel()
    with suppress(asyncio.CancelledError):
        await task


@asynccontextmanager
async def closed_to_others(surroundings: Surroundings, pool: asyncpg.Pool) -> AsyncIterator[None]:
    """All but the pool's one connection are ended, and none is taken, until the block ends."""
    name = await pool.fetchval("select current_database()")
    async with connected(surroundings.database_url) as admin:
        await admin.execute(f"alter database {name} allow_connections false")
        await pool.execute(SHUT)
        yield
        await admin.execute(f"alter database {name} allow_connections true")


async def test_a_listener_hears_what_was_and_what_comes_through_a_database_that_goes_away(
    database_url: str, surroundings: Surroundings, capsys: pytest.CaptureFixture[str]
) -> None:
    async with asyncpg.create_pool(database_url, min_size=1, max_size=1) as pool:
        rows = Rows(pool, now=SystemClock().now())
        account, venue = await rows.account(), await rows.venue()
        await rows.event(account, ref="long ago", received_at=rows.now - timedelta(hours=2))
        await rows.event(account, ref="lately", received_at=rows.now - timedelta(minutes=5))
        listing = await rows.listing(venue, account, "salon-rooms", [await rows.unit(venue)])
        push = await rows.push(await rows.block(listing, []))
        await rows.make("attempts", push_id=push, number=1, key="k", sent_at=rows.now)
        async with listener(database_url, capsys) as heard:
            await heard.until("Listening", "lately")
            await rows.event(await rows.account("tables-main", "tables"), ref="of another")
            async with closed_to_others(surroundings, pool):
                await heard.until("The database is away")
                await rows.event(account, ref="meanwhile")
                await pool.execute("update attempts set outcome = 'done', settled_at = now()")
            await heard.until("The database is back", "meanwhile", f"push {push}  done")
    assert "long ago" not in heard.said
    assert "of another" not in heard.said
    assert heard.said.count("lately") == 1


def _heeds_interrupts() -> None:
    """Whom a shell starts in the background ignores them, and so do all whom he starts."""
    signal.signal(signal.SIGINT, signal.SIG_DFL)


async def test_an_interrupted_listener_ends_with_130(database_url: str) -> None:
    environ = {"HOLDFAST_DATABASE_URL": database_url}
    process = await asyncio.create_subprocess_exec(
        *(sys.executable, "-m", "holdfast", "listen"),
        env=environ,
        stderr=asyncio.subprocess.PIPE,
        preexec_fn=_heeds_interrupts,
    )
    assert process.stderr is not None
    assert b"Listening: live" in await asyncio.wait_for(process.stderr.readline(), 30)
    process.send_signal(signal.SIGINT)
    assert await asyncio.wait_for(process.wait(), 10) == 130


SHUT = "select pg_terminate_backend(pid) from pg_stat_activity where datname = current_database() and pid <> pg_backend_pid()"
WRONG = "update accounts set settings = jsonb_set(settings, '{client_secret}', $1) where channel = 'boseat'"


async def _journalled(pool: asyncpg.Pool) -> int:
    return int(await pool.fetchval("select min(venue_id) from journal"))


async def test_a_sample_webhook_is_believed_and_a_live_account_elsewhere_is_left_alone(
    database_url: str,
) -> None:
    async with town(database_url) as t:
        for what in all_samples():
            many = ("--times", "2", "--duplicate", "--shuffle", "--json", "--url", t.web_url)
            code, told = await holdfast(t, "trigger", what, *many)
            assert code == 0, told
            assert [json.loads(line)["status"] for line in told.splitlines()] == [200] * 4
        (boseat, mozrest) = await t.rows(
            "select count(*) as many, count(distinct ref) as refs from inbox"
            " where via = 'webhook' group by account_id order by account_id"
        )
        assert (boseat["many"], mozrest["refs"]) == (2 * 5, 2 * 2)
        for words, why in (
            (("boseat.created", "--url", "http://holdfast.test"), "on this machine only"),
            (("boseat.created", "--url", "http://127.0.0.1:1"), "cannot be reached"),
            (("boseat.created", "--account", "other"), "expected one of boseat-main"),
            (("boseat.eaten",), "expected one of boseat.created"),
        ):
            code, told = await holdfast(t, "trigger", *words)
            assert (code, why in told) == (1, True), told
        await t.rows("update accounts set settings = settings - 'webhook_secret'")
        code, told = await holdfast(t, "trigger", "boseat.created", "--url", t.web_url)
        assert (code, "has no webhook_secret" in told) == (2, True)
    assert await holdfast("", "trigger") == (0, "\n".join(all_samples()) + "\n")
