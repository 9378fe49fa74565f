"""Guests and secrets that nobody could overlook, everywhere, through fair and foul; then everything is searched.

A guest's data may be in the table of guests and in the raw bodies of the inbox, a secret nowhere but in the
environment: in no log, page, answer, metric, journal, error or command's output, and nowhere in Redis.
"""

import base64
import json
from collections.abc import AsyncIterator, Mapping, Sequence
from contextlib import AsyncExitStack
from dataclasses import dataclass, field
from datetime import datetime
from pathlib import Path

import aiohttp
import asyncpg
import pytest
from redis.asyncio import Redis
from tests.acceptance.stage import Stage, simulators, stage
from tests.conftest import Surroundings, new_database

from holdfast.clock import SystemClock
from holdfast.soak.house import SECRETS, address
from holdfast.soak.program import HERE, finished, free_port, until
from holdfast.soak.side import Side
from holdfast.store.bookings import erase_guest

NAMES = ("Zyxandra Kanarienvogel", "José Ñandú-Kanarie", "O'Kanary & <b>Søns</b>", "金丝雀 Kanaria")
EMAIL, PHONE = "kanarienvogel{}@volière.example", "+3361234567{}"
NOTE = "Kanarienvogel-Allergie: Gluten"
GUESTS = (*NAMES, "kanarienvogel", "3361234567", NOTE)
TOKEN, PASSWORD, FORGED = "tok-canary-7f3a9c", "pw-canary-51d2e8", "forged-canary-90b1"
HIDDEN = (TOKEN, PASSWORD, FORGED, *SECRETS.values())
MAY_HOLD_GUESTS = {"guests": {"name", "email", "phone"}, "inbox": {"body"}}
TRAPS = (
    "alter table guests add constraint no_birds check (name not like 'Zyxandra%') not valid",
    "alter table guests drop constraint no_birds",
)


def spellings(canary: str) -> set[str]:
    """As it stands, and as JSON, an address or base64 would have it."""
    as_json = json.dumps(canary)[1:-1]
    return {canary, canary.lower(), as_json, base64.b64encode(canary.encode()).decode()}


def found(text: str, canaries: tuple[str, ...]) -> list[str]:
    low = text.lower()
    return [one for one in canaries if any(each.lower() in low for each in spellings(one))]


@dataclass(kw_only=True)
class Aviary:
    """The stage with its guests, and all that was said to anybody."""

    set: Stage
    http: aiohttp.ClientSession
    said: dict[str, str] = field(default_factory=dict)

    async def book(self, side: str, offer: Mapping[str, str], number: int, *, confirm: bool) -> str:
        who = {"name": NAMES[number], "email": EMAIL.format(number), "phone": PHONE.format(number)}
        wish = {**offer, "party": 2, "confirm": confirm, **who}
        return str((await self.set.sides[side].ask("POST", "/guest/book", wish))["ref"])

    async def asks(self, method: str, path: str, body: object = None, token: str = TOKEN) -> str:
        """A page or an answer, kept; what was sent is not expected to come back either."""
        headers = {"Authorization": f"Bearer {token}"}
        url = f"{self.set.web_url}{path}"
        data = body if isinstance(body, bytes) else json.dumps(body).encode() if body else None
        async with self.http.request(method, url, data=data, headers=headers) as answer:
            text = await answer.text()
            self.said[f"{method} {path} {answer.status}"] = f"{text} {answer.headers}"
            return text

    async def runs(self, *command: str) -> None:
        told = await finished(self.set.folder, *command, **self.set.settings)
        self.said[" ".join(command)] = f"{told.out}{told.err}"

    async def spoil(self, side: str, **rule: object) -> None:
        await self.set.sides[side].ask("POST", "/faults", rule)


@pytest.fixture
async def aviary(surroundings: Surroundings, tmp_path: Path) -> AsyncIterator[Aviary]:
    port = free_port()
    async with AsyncExitStack() as stack:
        url = await stack.enter_async_context(new_database(surroundings, template="template1"))
        url = url.replace("postgres@", f"postgres:{PASSWORD}@", 1)
        programs = await stack.enter_async_context(simulators(tmp_path, f"http://{HERE}:{port}"))
        urls = {name: await address(program) for name, program in programs.items()}
        ours = stage(tmp_path, url, port, urls, HOLDFAST_API_TOKENS=TOKEN)
        set_up = await stack.enter_async_context(ours)
        http = await stack.enter_async_context(aiohttp.ClientSession())
        yield Aviary(set=set_up, http=http)


async def it_storms(a: Aviary) -> None:
    """Providers that quote guests and keys in whatever they answer, and a database that quotes a row."""
    quoted = json.dumps({"code": NAMES[0], "message": f"{NOTE} {SECRETS['MOZREST_API_KEY']}"})
    secret = json.dumps({"error": SECRETS["BOSEAT_CLIENT_SECRET"], "guest": EMAIL.format(0)})
    hold, commit = "/v1/bc/pending-booking", "/v1/bc/pending-booking/.+"
    await a.spoil("mozrest", path=hold, method="POST", status=500, body=quoted, count=2)
    await a.spoil("mozrest", path=commit, method="PUT", status=400, body=quoted, count=1)
    await a.spoil("mozrest", path="/v1/bc/booking", method="GET", status=200, body=quoted, count=2)
    await a.spoil("mozrest", path="/v1/bc/booking", kind="truncated", when="after", count=2)
    await a.spoil("boseat", path="/v1/bookings/.+", method="GET", status=200, body=secret, count=2)
    await a.spoil("boseat", path="/v1/bookings", method="POST", status=422, body=secret, count=1)
    row = json.dumps({"data": [{"id": {}, "customer": {"name": NAMES[2]}}]})
    await a.spoil("boseat", path="/v1/bookings", method="GET", status=200, body=row, count=3)
    await a.set.pool.execute(TRAPS[0])


async def strangers_knock(a: Aviary) -> None:
    """Webhooks that prove nothing, or prove themselves and are no JSON; tokens that are none."""
    guest = json.dumps({"id": "x", "type": "booking.created", "data": {"note": NOTE}}).encode()
    proof = SECRETS["MOZREST_WEBHOOK_TOKEN"]
    for name in ("boseat-main", "mozrest-main", "nobody"):
        for body in (guest, b'{"guest": "' + NAMES[0].encode(), b"\xff" + EMAIL.encode()):
            await a.asks("POST", f"/hooks/{name}", body, FORGED)
            await a.asks("POST", f"/hooks/{name}", body, proof)
    await a.asks("GET", "/api/v1/bookings", token=FORGED)
    await a.asks("POST", "/api/v1/bookings", b'{"venue": "' + NAMES[1].encode())


async def salon_of(side: Side) -> list[Mapping[str, str]]:
    """What a guest could book of the salon, soonest last."""
    every = await side.ask("GET", "/offers?days=2")
    mine = [offer for offer in every if side.units.get(offer["place"]) == "salon"]
    return sorted(mine, key=lambda offer: offer["start"], reverse=True)


def rivals(
    some: Sequence[Mapping[str, str]], others: Sequence[Mapping[str, str]]
) -> tuple[Mapping[str, str], Mapping[str, str]]:
    """The first two that want the same time."""
    pairs = ((one, other) for one in some for other in others)
    at = datetime.fromisoformat
    return next(
        (a, b) for a, b in pairs if at(a["start"]) < at(b["end"]) and at(b["start"]) < at(a["end"])
    )


async def the_day(a: Aviary) -> None:
    """Holds, bookings, a clash, a direct booking, and everything that an operator does about them."""
    offers = {name: await salon_of(side) for name, side in a.set.sides.items()}
    held = await a.book("boseat", offers["boseat"][0], 0, confirm=False)
    await it_storms(a)
    await a.book("mozrest", offers["mozrest"][-1], 1, confirm=True)
    clash, rival = rivals(offers["boseat"][2:], offers["mozrest"])
    await a.book("boseat", clash, 2, confirm=True)
    await a.book("mozrest", rival, 3, confirm=True)
    await strangers_knock(a)
    contact = {"name": NAMES[0], "email": EMAIL.format(9), "phone": PHONE.format(9)}
    wish = {"venue": "glasshouse", "unit": "board-room", "contact": contact}
    await a.asks("POST", "/api/v1/bookings", {**wish, "start": clash["start"], "end": clash["end"]})
    await until(lambda: seen(a, "select 1 from conflicts where kind = 'double_booking'"), "a clash")
    await until(lambda: seen(a, "select 1 from attempts where outcome <> 'done'"), "a failed call")
    await until(lambda: seen(a, "select 1 from inbox where raw_type ~ '^unreadable'"), "garbage")
    await until(lambda: words(a, "booking_unusable"), "a row that Postgres refuses")
    await a.set.pool.execute(TRAPS[1])
    await a.set.boseat.act(held, "confirm")
    for side in a.set.sides.values():
        await side.ask("DELETE", "/faults")
    known = "select 1 from guests where name = $1"
    await until(lambda: seen(a, known, NAMES[0]), "the guest whom Postgres refused", 60)


async def seen(a: Aviary, query: str, *values: object) -> bool:
    return bool(await a.set.pool.fetch(query, *values))


async def words(a: Aviary, event: str) -> bool:
    return any(event in program.words.read_text() for program in a.set.programs.values())


async def everybody_looks(a: Aviary) -> None:
    rows = await a.set.pool.fetch("select id from bookings order by id")
    conflicts = await a.set.pool.fetch("select id from conflicts order by id")
    paths = ["/", "/bookings", "/metrics", "/healthz", "/readyz", "/openapi.json"]
    described = json.loads(await a.asks("GET", "/openapi.json"))["paths"]
    paths += [path for path, how in described.items() if "get" in how and "{" not in path]
    paths += [f"/api/v1/bookings/{row['id']}" for row in rows]
    paths += [f"/api/v1/conflicts/{row['id']}" for row in conflicts]
    for path in paths:
        await a.asks("GET", path)
    await a.runs("conflicts", "show", str(conflicts[0]["id"]))
    await a.runs("conflicts", "ls")
    await a.runs("audit", "--dry-run")
    await a.runs("explain", "salon", "2030-01-01T12:00", "90m")


async def stored(pool: asyncpg.Pool) -> dict[str, str]:
    """Every column of every table as text, bytes as what they spell."""
    columns = await pool.fetch(
        "select table_name t, column_name c, data_type d from information_schema.columns"
        " where table_schema = 'public'"
    )
    texts = {}
    for t, c, kind in columns:
        text = f"encode({c}, 'escape')" if kind == "bytea" else f"{c}::text"
        values = await pool.fetch(f"select {text} as v from {t} where {c} is not null")
        texts[f"{t}.{c}"] = "\n".join(row["v"] for row in values)
    return texts


async def remembered(url: str) -> str:
    """Every key of Redis with its value."""
    async with Redis.from_url(url) as redis:
        keys = [key async for key in redis.scan_iter()]
        return " ".join([str(keys), *[repr(await redis.dump(key)) for key in keys]])


async def tell_tales(a: Aviary) -> dict[str, list[str]]:
    """Where something was found that must not be there."""
    places = {name: p.words.read_text(errors="replace") for name, p in a.set.programs.items()}
    places |= a.said | {"redis": await remembered(a.set.settings["HOLDFAST_REDIS_URL"])}
    tales = {where: found(text, HIDDEN + GUESTS) for where, text in places.items()}
    for column, text in (await stored(a.set.pool)).items():
        table, _, name = column.partition(".")
        allowed = name in MAY_HOLD_GUESTS.get(table, ())
        raw = (table, name) == ("inbox", "body")  # as the provider sent it, its quotes included
        tales[column] = [
            *found(text, () if raw else HIDDEN),
            *found(text, () if allowed else GUESTS),
        ]
    return {where: what for where, what in tales.items() if what}


async def test_no_guest_and_no_secret_is_anywhere_but_where_it_belongs(aviary: Aviary) -> None:
    await the_day(aviary)
    await everybody_looks(aviary)
    kept = await stored(aviary.set.pool)
    assert found(kept["guests.name"], NAMES) == [*NAMES]  # or the search would show nothing
    assert await tell_tales(aviary) == {}
    first, *others = await aviary.set.pool.fetch("select id from bookings")
    await aviary.runs("forget", str(first["id"]))
    for row in others:  # as the command does
        await erase_guest(aviary.set.pool, row["id"], SystemClock().now())
    await until(lambda: nobody_is_left(aviary), "everybody is forgotten")
    assert await tell_tales(aviary) == {}


async def nobody_is_left(a: Aviary) -> bool:
    kept = await stored(a.set.pool)
    left = [found(kept[f"guests.{name}"], GUESTS) for name in ("name", "email", "phone")]
    return not any(left)
