"""Open pages hear of what is committed, and of nothing else; a stop does not wait for them."""

import asyncio
import hashlib
import json
import re
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass
from importlib.resources import files
from typing import Any

import aiohttp
import asyncpg
import pytest
from tests.patience import HANGS
from tests.web.conftest import Client, StartClient
from tests.web.rows import Rows

from holdfast.clock import ManualClock
from holdfast.web import live
from holdfast.web.live import Listener, topics_of
from holdfast.web.parts import WebParts
from holdfast.web.people import Person
from holdfast.web.problems import Problem
from holdfast.web.screens import stream
from holdfast.web.screens.stream import topics_asked
from holdfast.web.theme import page_before


@dataclass
class Heard:
    """A stream as a browser reads it."""

    answer: aiohttp.ClientResponse
    clock: ManualClock

    async def next(self) -> str:
        """The next event's name; the clock goes on until it comes."""
        ticking = asyncio.create_task(self._tick())
        try:
            async with asyncio.timeout(HANGS):
                return await self._event()
        finally:
            ticking.cancel()

    async def until(self, *events: str) -> set[str]:
        """What is told until these were, pings left out."""
        found: set[str] = set()
        while not found.issuperset(events):
            found.add(await self.next())
        return found - {"ping"}

    async def ended(self) -> None:
        async with asyncio.timeout(HANGS):
            await self.answer.content.read()

    async def _event(self) -> str:
        told = (await self.answer.content.readuntil(b"\n\n")).decode()
        fields = dict(line.split(": ", 1) for line in told.splitlines() if line)
        assert "id" not in fields
        assert set(json.loads(fields["data"])) == {"v"}
        return fields["event"]

    async def _tick(self) -> None:
        while True:
            self.clock.advance(live.LOOK_SECONDS)
            await asyncio.sleep(0.005)


@asynccontextmanager
async def hearing(client: Client, parts: WebParts, topics: str) -> AsyncIterator[Heard]:
    clock = parts.clock
    assert isinstance(clock, ManualClock)
    async with client.get("/ui/stream", params={"topics": topics}) as answer:
        assert (answer.status, answer.content_type) == (200, "text/event-stream")
        heard = Heard(answer, clock)
        assert await heard.next() == "hello"
        yield heard


async def test_what_is_committed_is_told_to_whom_it_concerns(
    client: Client, parts: WebParts, rows: Rows
) -> None:
    pool, account = rows.pool, await rows.account()
    venue, other = await rows.venue(), await rows.venue("annex")
    listing = await rows.listing(venue, account, "salon-rooms", [await rows.unit(venue)])
    first = await rows.booking(venue, listing)
    block = await rows.block(listing, [first])
    push = await rows.push(block)
    event = await rows.event(account)
    conflict = await rows.conflict(first, [first], [])
    everything = "conflicts,bookings,events,pushes,venue:glasshouse,venue:annex"
    async with hearing(client, parts, everything) as one, hearing(client, parts, "ops") as ops:
        for topics, change, number in (
            ({"bookings"}, "update bookings set version = version + 1 where id = $1", first),
            ({"bookings", "venue:annex"}, "update venues set journal_seq = 1 where id = $1", other),
            (
                {"events"},
                "update inbox set done_at = now(), outcome = 'applied' where id = $1",
                event,
            ),
            ({"pushes"}, "update pushes set attempts = 1 where id = $1", push),
            (
                {"pushes"},
                "update pushes set state = 'done', settled_at = now() where id = $1",
                push,
            ),
            ({"conflicts"}, "update conflicts set decided_at = now() where id = $1", conflict),
            ({"venue:glasshouse", "venue:annex"}, EXPOSED, listing),
        ):
            await pool.execute(change, number)
            assert await one.until(*topics) == topics
            assert await ops.until("ops") == {"ops"}
        await rows.event(account)
        assert await one.until("events") == {"events"}


EXPOSED = (
    "insert into exposures (booking_id, listing_id, during, cause, began_at, basis)"
    " select max(id), $1, tstzrange(now(), now() + interval '1 hour'), 'taken', now(), 'receipt' from bookings"
)


@dataclass
class Failing:
    """A pool that can be cut off."""

    pool: asyncpg.Pool
    cut: bool = False

    async def fetch(self, *query: Any) -> Any:
        if self.cut:
            raise ConnectionRefusedError
        return await self.pool.fetch(*query)

    async def fetchval(self, *query: Any) -> Any:
        return await self.pool.fetchval(*query)

    async def fetchrow(self, *query: Any) -> Any:
        return await self.pool.fetchrow(*query)


async def test_while_the_database_is_away_pages_are_told_that_nothing_is_seen(
    start: StartClient, parts: WebParts
) -> None:
    failing = Failing(parts.pool)
    client = await start(pool=failing)
    async with hearing(client, parts, "ops") as heard:
        failing.cut = True
        assert await heard.until("blind") == {"blind"}
        failing.cut = False
        assert await heard.until("resync") == {"resync"}


async def test_a_stream_pings_and_ends_with_the_right_to_it(
    client: Client, parts: WebParts, monkeypatch: pytest.MonkeyPatch
) -> None:
    admitted = [True, False]

    async def asked(request: object) -> bool:
        return admitted.pop(0)

    monkeypatch.setattr(stream, "still_admitted", asked)
    async with hearing(client, parts, "ops") as heard:
        assert [await heard.next(), await heard.next()] == ["ping", "bye"]
        await heard.ended()


async def test_a_stop_does_not_wait_for_open_streams(client: Client, parts: WebParts) -> None:
    # A server that waited for its streams would wait for a minute.
    async with hearing(client, parts, "ops") as heard, asyncio.timeout(30):
        await client.server.close()
        await heard.ended()


async def test_there_is_a_limit_to_them_and_who_leaves_makes_room(
    client: Client, parts: WebParts, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(live, "MOST_STREAMS", 2)
    async with hearing(client, parts, "ops") as stays:
        async with hearing(client, parts, "ops"):
            refused = await client.get("/ui/stream", params={"topics": "ops"})
            assert (refused.status, refused.headers["Retry-After"]) == (503, "15")
        async with asyncio.timeout(HANGS):
            while (await client.get("/ui/stream", params={"topics": "ops"})).status != 200:
                stays.clock.advance(live.LOOK_SECONDS)
                await asyncio.sleep(0.005)
        assert not stays.answer.closed


@pytest.mark.parametrize(
    "topics", ["", "everything", "ops,", "venue:", ",".join(["ops"] * 3) + ",x"]
)
async def test_a_topic_that_is_none_is_refused(client: Client, topics: str) -> None:
    assert (await client.get("/ui/stream", params={"topics": topics})).status == 400


def test_a_venue_is_heard_only_by_whom_it_concerns() -> None:
    person = Person(name="anna", role="venue", venues=frozenset({"annex"}))
    assert topics_asked("venue:annex,bookings", person) == {"venue:annex", "bookings"}
    with pytest.raises(Problem):
        topics_asked("venue:annex,ops", person)
    with pytest.raises(Problem):
        topics_asked("venue:glasshouse", person)
    with pytest.raises(Problem):
        topics_asked(",".join(f"venue:v{n}" for n in range(17)), Person(name="a", role="admin"))


async def test_a_page_that_does_not_listen_is_told_each_thing_once() -> None:
    listener = Listener(frozenset({"ops"}), gone=lambda: False)
    for version in range(1000):
        listener.tell("ops", version)
    assert await listener.heard() == {"ops": 999}
    listener.tell("ops", 1000)
    listener.close()
    assert await listener.heard() == {}


def test_the_overview_is_made_of_everything_and_a_day_also_of_what_is_sold() -> None:
    beats = {"conflicts": "a", "sold": "b", "accounts": "c", "venue:annex": "7"}
    told = topics_of(beats)
    assert set(told) == {"conflicts", "ops", "venue:annex"}
    assert topics_of(beats | {"sold": "x"})["venue:annex"] != told["venue:annex"]
    assert topics_of(beats | {"accounts": "x"})["ops"] != told["ops"]
    assert topics_of(beats | {"venue:annex": "8"})["ops"] == told["ops"]


def test_what_others_wrote_is_as_they_wrote_it() -> None:
    vendor = files("holdfast.web") / "static" / "vendor"
    sums = dict(
        re.findall(r"^\| ([\w.]+) \|.*`(\w{64})` \|$", (vendor / "VENDOR.md").read_text(), re.M)
    )
    held = {file.name: hashlib.sha256(file.read_bytes()).hexdigest() for file in vendor.iterdir()}
    assert sums == {name: found for name, found in held.items() if name != "VENDOR.md"}


async def test_the_colours_that_are_chosen_are_in_the_page_before_it_is_drawn(
    client: Client,
) -> None:
    page = str(client.make_url("/conflicts?a=1"))
    chosen = await client.post(
        "/ui/theme", data={"theme": "dark"}, headers={"Referer": page}, allow_redirects=False
    )
    assert (chosen.status, chosen.headers["Location"]) == (303, "/conflicts?a=1")
    assert 'data-theme="dark"' in await (await client.get("/conflicts")).text()
    assert (await client.post("/ui/theme", data={"theme": "pink"})).status == 422


@pytest.mark.parametrize(
    ("referer", "back"),
    [
        ("", "/"),
        ("http://here/events?x=1#y", "/events?x=1"),
        ("http://here//evil.test/x", "/evil.test/x"),
        ("http://evil.test/events", "/"),
        ("http://[", "/"),
    ],
)
def test_one_comes_back_to_a_page_of_ours_only(referer: str, back: str) -> None:
    assert page_before(referer, "here") == back
