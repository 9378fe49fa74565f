"""Webhooks that prove their origin and are poison all the same: none is lost, none holds up the others."""

import asyncio
import json
from collections.abc import AsyncIterator, Callable, Mapping, Sequence

import aiohttp
import pytest
from tests.sync.post import proofs, secret_of
from tests.sync.test_main_job import NOON
from tests.town import Plan, Town, town

from holdfast.example import example_configuration
from holdfast.store.freshness import knowledge
from holdfast.sync.doubts import ASKED_AGAIN

LONG = "x" * 3_000
"""Longer than an index can hold."""


def boseat(booking_id: object, kind: object = "booking.updated", event_id: object = "") -> bytes:
    return json.dumps({"id": event_id, "type": kind, "data": {"id": booking_id}}).encode()


def mozrest(booking_id: object, entity: object = "booking", action: object = "update") -> bytes:
    return json.dumps({"entity": entity, "entity_id": booking_id, "action": action}).encode()


class Post:
    """Sends to the web process of a town."""

    def __init__(self, t: Town, session: aiohttp.ClientSession) -> None:
        self._town, self._session = t, session

    async def send(
        self,
        channel: str,
        body: bytes,
        headers: Sequence[tuple[str, str]] = (),
        proof: Mapping[str, str] | None = None,
    ) -> int:
        shown = proofs(channel, body, self._town.clock.now()) if proof is None else proof
        address = f"{self._town.web_url}/hooks/{channel}-main"
        both = [*shown.items(), *headers]
        async with self._session.post(address, data=body, headers=both) as answer:
            kind = "application/json" if answer.status == 200 else "application/problem+json"
            assert answer.content_type == kind
            return answer.status

    async def send_raw(self, channel: str, body: bytes, *headers: bytes) -> int:
        """Headers as bytes, which no honest client would let pass."""
        port = int(self._town.web_url.rpartition(":")[2])
        reader, writer = await asyncio.open_connection("127.0.0.1", port)
        head = (
            b"POST /hooks/%s-main HTTP/1.1" % channel.encode(),
            b"Host: localhost",
            b"Connection: close",
            b"Content-Length: %d" % len(body),
            *headers,
        )
        writer.write(b"\r\n".join([*head, b"", body]))
        answer = await reader.read()
        writer.close()
        await writer.wait_closed()
        return int(answer.split(b" ")[1])


@pytest.fixture
async def built(database_url: str) -> AsyncIterator[Town]:
    async with town(database_url, Plan(webhooks=False)) as t:
        yield t


@pytest.fixture
async def post(built: Town) -> AsyncIterator[Post]:
    async with aiohttp.ClientSession() as session:
        yield Post(built, session)


async def outcomes(t: Town) -> list[tuple[str | None, str, str | None]]:
    rows = await t.rows(
        "select ref, raw_type, outcome from inbox where via = 'webhook' order by id"
    )
    return [(row["ref"], row["raw_type"], row["outcome"]) for row in rows]


UNREADABLE: Mapping[str, tuple[str, bytes]] = {
    "NUL": ("boseat", boseat("a\0b")),
    "half a character": ("boseat", boseat("a\ud800b")),
    "NUL at mozrest": ("mozrest", mozrest("a\0b")),
    "half a character at mozrest": ("mozrest", mozrest("\udfff")),
    "too long for an index": ("mozrest", mozrest(LONG)),
    "another folder": ("mozrest", mozrest("..")),
    "line breaks": ("mozrest", mozrest("a\r\nX-Evil: b")),
}


async def test_what_names_no_booking_that_can_be_is_kept_as_unreadable_and_holds_nobody_up(
    built: Town, post: Post
) -> None:
    refs = {name: await side.book("salon", NOON, 60) for name, side in built.sides.items()}
    for case, (channel, body) in UNREADABLE.items():
        assert await post.send(channel, body) == 200, case
    assert await post.send("boseat", boseat(refs["boseat"])) == 200
    assert await post.send("mozrest", mozrest(refs["mozrest"])) == 200
    await built.settle()
    broken = [one for one in await outcomes(built) if one[0] is None]
    assert broken == [(None, "unreadable_event", "broken")] * len(UNREADABLE)
    rows = await built.rows("select body from inbox where outcome = 'broken' order by id")
    assert [row["body"] for row in rows] == [body for _, body in UNREADABLE.values()]
    found = await built.rows("select external_id from bookings where status = 'confirmed'")
    assert {row["external_id"] for row in found} == set(refs.values())


NAMELESS: Mapping[str, tuple[str, bytes]] = {
    "no data": ("boseat", b'{"type": "booking.updated"}'),
    "an id that is a table": ("boseat", boseat({"id": "b1"})),
    "an id that is a list": ("boseat", boseat(["b1"], "Booking.Created")),
    "no id": ("mozrest", b'{"entity": "booking", "action": "update"}'),
    "an id that is a table at mozrest": ("mozrest", mozrest({"id": "b1"})),
    "a truth value": ("mozrest", mozrest(True, "Booking")),
}


async def test_somebody_is_told_of_an_event_whose_booking_cannot_be_told(
    built: Town, post: Post
) -> None:
    """The kind of fault: news of a booking is put away as none, and all is green."""
    for case, (channel, body) in NAMELESS.items():
        assert await post.send(channel, body) == 200, case
    await built.settle()
    assert await outcomes(built) == [(None, "unreadable_event", "broken")] * len(NAMELESS)
    known = (await knowledge(built.pool, built.clock.now())).unreadable
    assert {(one.account, one.ref) for one in known} == {("boseat-main", ""), ("mozrest-main", "")}
    await built.live(120)
    assert (await knowledge(built.pool, built.clock.now())).unreadable == []  # all was read since


HINTED: Mapping[str, tuple[str, Callable[[str], bytes]]] = {
    "no type": ("boseat", lambda ref: json.dumps({"data": {"id": ref}}).encode()),
    "a type that is a table": ("boseat", lambda ref: boseat(ref, {"name": "booking.updated"})),
    "capitals": ("boseat", lambda ref: boseat(ref, "BOOKING_UPDATED")),
    "no action": ("mozrest", lambda ref: mozrest(ref, action=None)),
    "another action": ("mozrest", lambda ref: mozrest(ref, action="rescheduled")),
    "an action that is a list": ("mozrest", lambda ref: mozrest(ref, action=["update"])),
    "no entity": ("mozrest", lambda ref: mozrest(ref, entity=None)),
}


@pytest.mark.parametrize("case", HINTED)
async def test_a_hint_is_followed_whatever_stands_beside_its_id(
    built: Town, post: Post, case: str
) -> None:
    channel, body = HINTED[case]
    ref = await built.sides[channel].book("salon", NOON, 60)
    assert await post.send(channel, body(ref)) == 200
    await built.settle()
    found = await built.rows("select external_id from bookings where status = 'confirmed'")
    assert [row["external_id"] for row in found] == [ref]


@pytest.mark.parametrize("event_id", ["wh_1", "", 0, "0", None, 1, False, [], {}], ids=repr)
async def test_one_id_for_all_events_hides_no_news(
    built: Town, post: Post, event_id: object
) -> None:
    """The kind of fault: the id of an event is trusted to be its own, and what is told next is dropped.

    It stood in the web door and in the store, for every channel whose events have ids.
    """
    ref = await built.boseat.book("salon", NOON, 60)
    assert await post.send("boseat", boseat(ref, "booking.created", event_id)) == 200
    await built.settle()
    await built.boseat.act(ref, "cancel")
    assert await post.send("boseat", boseat(ref, "booking.updated", event_id)) == 200
    await built.settle()
    statuses = [row["status"] for row in await built.rows("select status from bookings")]
    assert statuses == ["cancelled"]


async def test_the_very_same_event_is_one_row_if_its_id_is_one_and_else_costs_a_read(
    built: Town, post: Post
) -> None:
    for event_id, rows in (("wh_1", 1), ("", 3), (0, 3)):
        body = boseat(f"b{event_id}", event_id=event_id)
        before = len(await outcomes(built))
        for _ in range(3):
            assert await post.send("boseat", body) == 200
        assert len(await outcomes(built)) == before + rows
    for _ in range(3):
        assert await post.send("mozrest", mozrest("m1")) == 200
    assert len([one for one in await outcomes(built) if one[0] == "m1"]) == 3


ODD: Mapping[str, tuple[str, bytes]] = {
    "type": ("boseat", boseat("b1", "booking.\0updated")),
    "long type": ("boseat", boseat("b1", "booking." + LONG)),
    "event id": ("boseat", boseat("b1", event_id="e\0")),
    "event id of half a character": ("boseat", boseat("b1", event_id="\ud800")),
    "entity": ("mozrest", mozrest("b1", entity="\0booking")),
    "action": ("mozrest", mozrest("b1", action="\ud800")),
    "BOM": ("mozrest", b"\xef\xbb\xbf" + mozrest("b1")),
    "UTF-16": ("mozrest", mozrest("b1").decode().encode("utf-16")),
    "numbers for all": ("boseat", boseat(17, 3, 4)),
    "lists for all": ("boseat", boseat([1], [2], [3])),
    "lists for all at mozrest": ("mozrest", mozrest([1], [2], [3])),
    "tables for all": ("mozrest", mozrest({"a": 1}, {"b": 2}, {"c": 3})),
    "infinity": ("mozrest", b'{"entity": "booking", "entity_id": 1e999, "action": "update"}'),
    "keys twice": ("boseat", b'{"type": 1, "type": "booking.updated", "data": 1, "data": {}}'),
    "wrong things in an array": ("mozrest", b'[1, null, "x", [], {}, [[]]]'),
}


async def test_wrong_types_and_odd_characters_elsewhere_are_taken_and_worked_off(
    built: Town, post: Post
) -> None:
    for case, (channel, body) in ODD.items():
        before = len(await outcomes(built))
        assert await post.send(channel, body) == 200, case
        assert len(await outcomes(built)) > before, case
    await built.settle()
    waiting = "select error from inbox where via = 'webhook' and outcome is null"
    doubted = ASKED_AGAIN["missing"]  # there is no such booking, which is asked about for a while
    assert {row["error"] for row in await built.rows(waiting)} <= {doubted}


NO_EVENTS = {
    "nothing": b"",
    "no JSON": b"{",
    "deep": b"[" * 200_000 + b"]" * 200_000,
    "deep in a table": b'{"data":' * 100_000 + b"1" + b"}" * 100_000,
    "bytes that are no text": b'{"type": "\xff"}',
    "a number without end": b'{"data": ' + b"9" * 10_000 + b"}",
    "text": b'"booking"',
    "NUL": b"\0",
}


async def test_what_is_no_event_is_refused_as_such(built: Town, post: Post) -> None:
    for case, body in NO_EVENTS.items():
        for channel in built.sides:
            assert await post.send(channel, body) == 400, f"{case} at {channel}"
    assert await outcomes(built) == []


async def test_a_delivery_of_endless_events_is_not_multiplied(built: Town, post: Post) -> None:
    alike = b"[" + b",".join([b"{}"] * 100_000) + b"]"
    assert await post.send("mozrest", alike) == 200
    assert len(await outcomes(built)) == 1
    different = b"[" + b",".join(mozrest(n) for n in range(5_000)) + b"]"
    assert await post.send("mozrest", different) == 400
    assert len(await outcomes(built)) == 1


async def test_a_header_that_is_no_text_does_not_cost_the_delivery(built: Town, post: Post) -> None:
    body = boseat("b1")
    for name in (b"X-Request-Id", b"User-Agent", b"Content-Type"):
        proof = proofs("boseat", body, built.clock.now())["Boseat-Signature"].encode()
        odd = (b"Boseat-Signature: " + proof, name + b": a\xff\x80")
        assert await post.send_raw("boseat", body, *odd) == 200, name
    assert await outcomes(built) == [("b1", "booking.updated", None)] * 3


FORGED = (b"t=\xff,v1=aa", b"t=1,v1=\xff", b"v1=\xc3\xa9\x80", b",,,=", b"v1=" + b"a" * 8_000)


async def test_a_signature_that_is_no_text_is_a_forgery_and_so_are_two_at_once(
    built: Town, post: Post
) -> None:
    body = boseat("b1")
    for value in FORGED:
        assert await post.send_raw("boseat", body, b"Boseat-Signature: " + value) == 401, value
    for channel in built.sides:
        twice = list(proofs(channel, body, built.clock.now()).items())
        assert await post.send(channel, body, twice) == 401, channel
    assert await outcomes(built) == []


async def test_a_replay_is_stored_once_and_refused_once_it_is_old(built: Town, post: Post) -> None:
    body = boseat("b1", event_id="e1")
    proof = proofs("boseat", body, built.clock.now())
    assert [await post.send("boseat", body, proof=proof) for _ in range(3)] == [200] * 3
    assert await outcomes(built) == [("b1", "booking.updated", None)]
    built.clock.advance(301)
    assert await post.send("boseat", body, proof=proof) == 401


def rotating(urls: Mapping[str, str]) -> str:
    """Either account takes its own secret and, as the other one, that of its neighbour."""
    text = example_configuration(urls)
    for key, own, other in (
        ("webhook_secret", "BOSEAT_WEBHOOK_SECRET", "MOZREST_WEBHOOK_TOKEN"),
        ("webhook_token", "MOZREST_WEBHOOK_TOKEN", "BOSEAT_WEBHOOK_SECRET"),
    ):
        one = f'{key} = {{ env = "{own}" }}'
        assert one in text
        text = text.replace(one, f'{key} = [{{ env = "{own}" }}, {{ env = "{other}" }}]')
    return text


async def test_while_a_secret_is_exchanged_the_old_and_the_new_are_believed_and_no_third(
    database_url: str,
) -> None:
    async with (
        town(database_url, Plan(webhooks=False, configuration=rotating)) as t,
        aiohttp.ClientSession() as session,
    ):
        post, now, body = Post(t, session), t.clock.now(), boseat("b1")
        for channel in t.sides:
            told = [
                await post.send(channel, body, proof=proofs(channel, body, now, secret))
                for secret in (secret_of("boseat"), secret_of("mozrest"), "a third")
            ]
            assert told == [200, 200, 401], channel
