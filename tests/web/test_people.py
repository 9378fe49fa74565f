"""Every route asks who it is and what he may; sessions, tokens and venues set the limits."""

from collections import defaultdict
from collections.abc import AsyncIterator, Mapping, Sequence
from contextlib import asynccontextmanager

import asyncpg
from aiohttp import web
from aiohttp.test_utils import TestClient, TestServer
from tests.web.conftest import Client, RecordingOperator, StartClient
from tests.web.rows import Rows
from tests.web.signing_in import browser, let_in, person_reading, program, visitor

from holdfast.clock import ManualClock
from holdfast.roles import ROLES, Role
from holdfast.web.app import build_web
from holdfast.web.parts import WebParts
from holdfast.web.people import PERSON
from holdfast.web.rules import OPEN, Ruled
from holdfast.web.screens.screen import Screen
from holdfast.web.screens.table import SCREENS
from holdfast.web.table import ENDPOINTS

HOUR = 3600
FORGOTTEN = "/forgotten/by/every/table"
RULED: Sequence[Ruled] = (*SCREENS, *ENDPOINTS)
BELOW: Mapping[Role, Role] = dict(zip(ROLES[1:], ROLES, strict=False))


async def _hello(request: web.Request) -> web.Response:
    return web.Response(text=request[PERSON].name)


@asynccontextmanager
async def with_more_routes(parts: WebParts) -> AsyncIterator[Client]:
    """With routes that stand in no table, as somebody may add them tomorrow."""
    app = build_web(parts)
    app.router.add_get(FORGOTTEN, _hello)
    app.router.add_post(FORGOTTEN, _hello)
    app.router.add_get("/venues/{name}/something", _hello)
    async with TestClient(TestServer(app)) as client:
        yield client


def every_route(client: Client) -> list[tuple[str, str, str]]:
    """Method, template and an address of each."""
    assert client.app is not None
    found = [
        (route.method, route.resource.canonical if route.resource else "")
        for route in client.app.router.routes()
    ]
    filled = defaultdict(lambda: "1", name="salon", slug="brake", account="rooms-main")
    return [(method, path, path.format_map(filled)) for method, path in found]


async def test_every_route_is_open_on_purpose_or_leads_whoever_is_not_known_to_sign_in(
    parts: WebParts, pool: asyncpg.Pool
) -> None:
    await let_in(pool, "vera", "admin")
    async with with_more_routes(parts) as client:
        routes = every_route(client)
        for method, template, path in routes:
            if template in OPEN:
                continue
            answer = await client.request(method, path, allow_redirects=False)
            if template.startswith(("/api/", "/ui/", "/metrics", "/openapi")):
                told = (answer.status, answer.headers["WWW-Authenticate"])
                assert told == (401, "Bearer"), path
            else:
                assert answer.status == 303, path
                assert answer.headers["Location"].startswith("/login?next=/"), path
    templates = {template for _, template, _ in routes}
    assert FORGOTTEN in templates
    assert len(routes) > 40
    assert templates >= OPEN
    assert {
        *("/hooks/{account}", "/healthz", "/readyz", "/static", "/logout"),
        *("/login", "/login/oidc", "/login/oidc/callback"),
    } == OPEN


async def test_every_route_that_needs_more_than_a_viewer_refuses_the_role_below_it(
    parts: WebParts, pool: asyncpg.Pool
) -> None:
    """A route in no table may be read by any role; what it changes is an admin's."""
    who = {role: person_reading(await visitor(pool, role)) for role in ROLES}
    needs = {(one.method, one.path): one.needs for one in RULED}
    needs[("POST", FORGOTTEN)] = "admin"
    async with with_more_routes(parts) as client:
        refused = 0
        for method, template, path in every_route(client):
            needed = needs.get((method, template), "viewer")
            if template in OPEN or needed == "viewer":
                continue
            answer = await client.request(method, path, headers=who[BELOW[needed]])
            told = await answer.text()
            assert (answer.status, f"needs the role {needed}" in told) == (403, True), path
            assert f"a-{BELOW[needed]} has the role {BELOW[needed]}" in told
            refused += 1
        assert refused == sum(needed != "viewer" for needed in needs.values())
        assert (await client.get(FORGOTTEN, headers=who["viewer"])).status == 200
        assert (await client.post(FORGOTTEN, headers=who["admin"])).status == 200
    assert await pool.fetchval("select count(*) from actions") == 0


async def test_who_is_limited_to_some_venues_is_refused_whatever_is_about_all_of_them(
    parts: WebParts, pool: asyncpg.Pool
) -> None:
    limited = await visitor(pool, "venue", ["glasshouse"])
    own = {(one.method, one.path) for one in RULED if one.venues == "own"}
    async with with_more_routes(parts) as client:
        for method, template, path in every_route(client):
            if template in OPEN or (method, template) in own or template == "/":
                continue
            answer = await client.request(method, path, headers=limited)
            expected = 404 if template.startswith("/venues/") else 403
            assert answer.status == expected, path
        there = await client.get("/venues/glasshouse/something", headers=limited)
        assert (there.status, await there.text()) == (200, "a-venue")
        first = await client.get("/", headers=limited, allow_redirects=False)
        assert (first.status, first.headers["Location"]) == (303, "/venues")


async def two_venues(rows: Rows) -> dict[str, int]:
    """The same at two venues: a booking, a block because of it, a conflict."""
    made = {}
    account = await rows.account()
    for name in ("glasshouse", "harbour"):
        venue = await rows.venue(name)
        unit = await rows.unit(venue, f"room-{name}")
        listing = await rows.listing(venue, account, f"listing-{name}", [unit])
        first = await rows.granted(await rows.booking(venue, listing), unit)
        second = await rows.booking(venue, external_id=f"second-{name}")
        await rows.guest(first, f"Guest of {name}", "jane@example.test", "+33612345678")
        await rows.block(listing, [first])
        made[name] = first
        made[f"conflict-{name}"] = await rows.conflict(second, [first], [unit])
    contact = '{"name": "House", "email": "house@example.test", "phone": "+3312345678"}'
    await rows.pool.execute("update venues set house_contact = $1", contact)
    return made


async def test_who_is_limited_to_some_venues_finds_nothing_of_the_others(
    client: Client, rows: Rows, operator: RecordingOperator
) -> None:
    made = await two_venues(rows)
    sees = await visitor(rows.pool, "venue", ["glasshouse"])
    shows = await program(rows.pool, "book", ["glasshouse"])
    for path in ("/bookings", "/conflicts"):
        told = await (await client.get(path, headers=sees)).text()
        assert "glasshouse" in told
        assert "harbour" not in told
    for path in ("bookings", "blocks", "conflicts"):
        found = (await (await client.get(f"/api/v1/{path}", headers=shows)).json())["data"]
        assert {one["venue"] for one in found} == {"glasshouse"}
    asked = {"venue": "harbour"}
    found = await (await client.get("/api/v1/bookings", headers=shows, params=asked)).json()
    assert found["data"] == []
    span = "from=2026-11-21T10:00Z&to=2026-11-21T11:00Z"
    for name, status in (("harbour", 404), ("glasshouse", 200)):
        for path in (
            f"bookings/{made[name]}",
            f"conflicts/{made[f'conflict-{name}']}",
            f"listings/listing-{name}/exposure",
            f"explain?venue={name}&unit=room-{name}&{span}",
        ):
            assert (await client.get(f"/api/v1/{path}", headers=shows)).status == status, path
        for path in (f"/bookings/{made[name]}", f"/conflicts/{made[f'conflict-{name}']}"):
            assert (await client.get(path, headers=sees)).status == status, path


async def test_who_is_limited_to_some_venues_changes_nothing_at_the_others(
    client: Client, rows: Rows, operator: RecordingOperator
) -> None:
    made = await two_venues(rows)
    booking, conflict = made["harbour"], made["conflict-harbour"]
    sees = await visitor(rows.pool, "venue", ["glasshouse"])
    shows = await program(rows.pool, "book", ["glasshouse"])
    forms = {
        f"/bookings/{booking}/reveal": {},
        f"/conflicts/{conflict}": {"act": "keep_both", "reason": "why not"},
    }
    for path, form in forms.items():
        assert (await client.post(path, data=form, headers=sees)).status == 404
    wish = {"venue": "harbour", "unit": "room-harbour"}
    when = {"start": "2026-11-21T10:00:00Z", "end": "2026-11-21T11:00:00Z"}
    for path, body, status in (
        (f"bookings/{booking}/cancel", {"reason": "why not"}, 404),
        (f"conflicts/{conflict}/actions", {"reason": "why not", "action": "keep_both"}, 404),
        ("bookings", wish | when, 422),
    ):
        answer = await client.post(f"/api/v1/{path}", json=body, headers=shows)
        assert answer.status == status, path
    assert (operator.wishes, operator.cancelled) == ([], [])
    outcomes = await rows.pool.fetch("select outcome from actions")
    assert [row["outcome"] for row in outcomes] == ["refused"] * 5


async def test_a_session_ends_when_it_is_not_used_or_too_old_or_its_person_is_let_in_no_more(
    client: Client, pool: asyncpg.Pool, parts: WebParts
) -> None:
    clock = parts.clock
    assert isinstance(clock, ManualClock)
    person = await let_in(pool, "vera", "viewer")
    headers = await browser(pool, person)

    async def status() -> int:
        return (await client.get("/bookings", headers=headers, allow_redirects=False)).status

    for _ in range(20):
        assert await status() == 200
        clock.advance(8 * HOUR)
    assert await status() == 200
    clock.advance(8 * HOUR)
    assert await status() == 303  # seven days after it began
    headers = await browser(pool, person, clock.now())
    assert await pool.fetchval("select count(*) from sessions") == 1
    clock.advance(12 * HOUR - 1)
    assert await status() == 200
    clock.advance(12 * HOUR)
    assert await status() == 303
    headers = await browser(pool, person, clock.now())
    await pool.execute("update people set role = 'admin'")
    assert (await client.get("/settings/people", headers=headers)).status == 200
    await let_in(pool, "ines", "viewer")
    await pool.execute("update people set disabled_at = now() where name = 'vera'")
    assert await status() == 303
    assert "session of" not in str(await pool.fetch("select * from sessions"))


async def test_a_token_opens_what_its_scope_says_until_it_is_revoked(
    client: Client, pool: asyncpg.Pool, operator: RecordingOperator
) -> None:
    reads, books = await program(pool, "read"), await program(pool, "book")
    path, body = "/api/v1/bookings/7/cancel", {"reason": "the guest rang"}
    assert (await client.get("/api/v1/bookings", headers=reads)).status == 200
    refused = await client.post(path, headers=reads, json=body)
    assert refused.status == 403
    assert "needs the role venue" in (await refused.json())["detail"]
    assert (await client.post(path, headers=books, json=body)).status == 200
    assert operator.actors == ["token:a-book"]
    (done,) = await pool.fetch("select who, via, what, object, reason, outcome from actions")
    assert tuple(done) == (*("token:a-book", "api", "cancel", path, "the guest rang", "ok"),)
    assert (await client.get("/api/v1/accounts", headers=books)).status == 200
    assert await pool.fetchval("select used_at from tokens where name = 'a-read'") is not None
    await pool.execute("update tokens set revoked_at = now()")
    assert (await client.get("/api/v1/bookings", headers=reads)).status == 401
    # it was somebody's: this machine alone opens nothing any more
    assert (await client.get("/api/v1/bookings")).status == 401


async def test_what_only_looks_different_for_oneself_is_not_put_on_record(
    parts: WebParts, pool: asyncpg.Pool
) -> None:
    app = build_web(parts)
    for name, on_record in (("colours", False), ("deed", True)):
        one = Screen(
            method="POST", path=f"/ui/{name}", needs="viewer", handle=_hello, on_record=on_record
        )
        app.router.add_post(one.path, one.on_request())
    async with TestClient(TestServer(app)) as client:
        for name in ("colours", "deed"):
            answer = await client.post(f"/ui/{name}", data={"act": "dark"})
            assert await answer.text() == "operator"
    deeds = await pool.fetch("select who, what, object, outcome from actions")
    assert [tuple(deed) for deed in deeds] == [("operator", "dark", "/ui/deed", "ok")]


async def test_a_token_of_the_environment_is_still_good_for_everything(
    start: StartClient, pool: asyncpg.Pool
) -> None:
    client = await start("first-token")
    await let_in(pool, "vera", "viewer")
    headers = {"Authorization": "Bearer first-token"}
    for path in ("/settings/people", "/events", "/api/v1/accounts"):
        assert (await client.get(path, headers=headers)).status == 200
    assert (
        await client.get("/api/v1/accounts", headers={"Authorization": "Bearer x"})
    ).status == 401


async def test_a_cookie_counts_only_from_a_browser_that_says_from_where_it_acts(
    client: Client, pool: asyncpg.Pool
) -> None:
    headers = await visitor(pool, "admin")
    form = {"act": "revoke", "token": "none", "reason": "x"}
    cookie = {"Cookie": headers["Cookie"]}
    origin = {**cookie, "Origin": f"http://{client.host}:{client.port}"}
    foreign = {**cookie, "Sec-Fetch-Site": "cross-site"}
    for sent, status in ((headers, 422), (origin, 422), (cookie, 303), (foreign, 403)):
        answer = await client.post(
            "/settings/tokens", data=form, headers=sent, allow_redirects=False
        )
        assert answer.status == status
    assert await pool.fetchval("select count(*) from actions") == 2
