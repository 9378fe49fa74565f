"""Signing in and out, and the pages under /settings, without JavaScript."""

import re

import asyncpg
import pytest
from tests.web.conftest import Client
from tests.web.rows import NOW, Rows
from tests.web.signing_in import PASSWORD, browser, let_in, program, visitor

from holdfast.passwords import matches
from holdfast.store import people

OURS = {"Sec-Fetch-Site": "same-origin"}


async def enter(client: Client, name: str, password: str, **headers: str) -> tuple[int, str, str]:
    """Status, where to, and the cookie that was set."""
    form = {"name": name, "password": password, "next": "/bookings?venue=x"}
    sent = {**OURS, **headers}
    answer = await client.post("/login", data=form, headers=sent, allow_redirects=False)
    cookie = answer.headers.get("Set-Cookie", "")
    return answer.status, answer.headers.get("Location", ""), cookie


async def test_signing_in_begins_a_session_and_signing_out_ends_it(
    client: Client, pool: asyncpg.Pool
) -> None:
    await let_in(pool, "vera", "operator")
    shown = await (await client.get("/login?next=/bookings")).text()
    assert 'name="next" value="/bookings"' in shown
    status, where, cookie = await enter(client, " Vera ", PASSWORD)
    assert (status, where) == (303, "/bookings?venue=x")
    assert re.fullmatch(
        r"holdfast=[\w-]{43}; HttpOnly; Max-Age=604800; Path=/; SameSite=Lax", cookie
    )
    # the client keeps the cookie, as a browser does
    page = await (await client.get("/bookings")).text()
    assert "vera <small>operator</small>" in page
    assert 'action="/logout"' in page
    first = cookie
    _, _, cookie = await enter(client, "vera", PASSWORD)
    assert cookie != first
    assert await pool.fetchval("select count(*) from sessions") == 1
    kept = await pool.fetchval("select digest from sessions")
    assert cookie.split(";")[0].encode() not in kept
    answer = await client.post("/logout", headers=OURS, allow_redirects=False)
    assert (answer.status, answer.headers["Location"]) == (303, "/login")
    assert await pool.fetchval("select count(*) from sessions") == 0
    answer = await client.get("/bookings", allow_redirects=False)
    assert answer.headers["Location"] == "/login?next=/bookings"
    deeds = await pool.fetch("select who, what, outcome from actions")
    assert [tuple(deed) for deed in deeds] == [("vera", "sign_in", "ok")] * 2


async def test_over_https_the_cookie_is_for_this_host_only_and_passwords_go_no_other_way(
    client: Client, pool: asyncpg.Pool
) -> None:
    await let_in(pool, "vera", "viewer")
    proxied = {"Host": "holdfast.example", "X-Forwarded-Proto": "https"}
    status, _, cookie = await enter(client, "vera", PASSWORD, **proxied)
    assert status == 303
    assert re.fullmatch(
        r"__Host-holdfast=[\w-]{43}; HttpOnly; Max-Age=604800; Path=/; SameSite=Lax; Secure", cookie
    )
    secret = cookie.split(";")[0].partition("=")[2]
    for name, seen in (("__Host-holdfast", 200), ("holdfast", 303)):
        sent = {**proxied, "Cookie": f"{name}={secret}"}
        answer = await client.get("/bookings", headers=sent, allow_redirects=False)
        assert answer.status == seen, name
    assert (await enter(client, "vera", PASSWORD, Host="holdfast.example"))[0] == 403


async def test_a_wrong_password_tells_nothing_and_soon_has_to_wait(
    client: Client, pool: asyncpg.Pool
) -> None:
    await let_in(pool, "vera", "viewer")
    await let_in(pool, "ines", "viewer")
    await pool.execute("update people set disabled_at = now() where name = 'ines'")
    told = []
    for name, password in (("vera", "wrong" * 4), ("nobody", PASSWORD), ("ines", PASSWORD)):
        form = {"name": name, "password": password}
        answer = await client.post("/login", data=form, headers=OURS)
        told.append((answer.status, (await answer.text()).replace(f'value="{name}"', "")))
    assert told[0][0] == 401
    assert told[0] == told[1] == told[2]
    for _ in range(4):
        assert (await enter(client, "vera", "wrong" * 4))[0] == 401
    assert (await enter(client, "vera", PASSWORD))[0] == 429
    assert await pool.fetchval("select count(*) from sessions") == 0
    tried = await pool.fetch("select who, outcome, count(*) from actions group by 1, 2 order by 1")
    assert [tuple(row) for row in tried] == [("ines", "refused", 1), ("vera", "refused", 5)]


async def test_an_admin_lets_people_in_changes_them_and_lets_them_in_no_more(
    client: Client, rows: Rows
) -> None:
    await rows.venue()
    pool, headers = rows.pool, await visitor(rows.pool, "admin")

    async def act(status: int, **form: str) -> str:
        answer = await client.post(
            "/settings/people", data=form, headers=headers, allow_redirects=False
        )
        assert answer.status == status, form
        return await answer.text()

    new = {"act": "add", "person": "vera", "role": "venue", "venue": "glasshouse"}
    for wrong, words in (
        ({"person": "policy"}, "name: expected"),
        ({"person": "Vera"}, "name: expected"),
        ({"venue": "elsewhere"}, "elsewhere is none"),
        ({"role": "operator"}, "only viewer and venue"),
        ({"password": "short"}, "12 to 256 characters"),
        ({"role": "owner"}, "one of viewer"),
        ({"password": ""}, "password: expected one"),
    ):
        assert words in await act(422, **{**new, "password": PASSWORD, **wrong})
    assert await pool.fetchval("select count(*) from people") == 1
    await act(303, **new, password=PASSWORD)
    assert "not taken yet" in await act(422, **new, password=PASSWORD)


async def test_the_first_person_is_an_admin_and_the_next_step_is_to_sign_in(
    client: Client, pool: asyncpg.Pool
) -> None:
    """The kind of fault: an act that locks everybody out, without a word before or after."""
    before = await (await client.get("/settings/people")).text()
    assert "You will have to sign in as this person" in before
    assert '<option value="viewer">' not in before
    form = {"act": "add", "person": "ada", "role": "venue", "password": PASSWORD}
    answer = await client.post("/settings/people", data=form, headers=OURS, allow_redirects=False)
    assert answer.status == 422
    assert "role: expected admin for the first person" in await answer.text()
    assert (await client.get("/settings/people", allow_redirects=False)).status == 200
    form["role"] = "admin"
    answer = await client.post("/settings/people", data=form, headers=OURS, allow_redirects=False)
    assert answer.status == 303
    shown = await (await client.get(answer.headers["Location"])).text()
    assert "You have to sign in as ada now." in shown
    assert 'value="ada"' in shown
    hostile = await (await client.get("/login?as=<b>ada</b>")).text()
    assert "<b>ada" not in hostile


async def test_the_last_admin_who_can_sign_in_stays_one(client: Client, pool: asyncpg.Pool) -> None:
    headers = await visitor(pool, "admin")
    await let_in(pool, "vera", "admin")
    await pool.execute("update people set disabled_at = now() where name = 'vera'")
    program_of_an_admin = await program(pool, "admin")
    for act in ({"act": "role", "role": "viewer"}, {"act": "disable"}):
        form = {**act, "person": "a-admin", "reason": "x"}
        answer = await client.post("/settings/people", data=form, headers=program_of_an_admin)
        assert answer.status == 422
        assert "a-admin is the last one" in await answer.text()
    await client.post(
        "/settings/people", data={"act": "enable", "person": "vera", "reason": "x"}, headers=headers
    )
    answer = await client.post(
        "/settings/people",
        data={"act": "disable", "person": "a-admin", "reason": "x"},
        headers=program_of_an_admin,
        allow_redirects=False,
    )
    assert answer.status == 303


async def test_what_an_admin_changes_holds_at_once_and_never_for_himself(
    client: Client, pool: asyncpg.Pool
) -> None:
    headers = await visitor(pool, "admin")
    theirs = await browser(pool, await let_in(pool, "vera", "viewer"))

    async def act(status: int, **form: str) -> str:
        answer = await client.post(
            "/settings/people", data=form, headers=headers, allow_redirects=False
        )
        assert answer.status == status, form
        return await answer.text()

    assert "Say why" in await act(422, act="role", person="vera", role="operator")
    await act(303, act="role", person="vera", role="operator", reason="promoted")
    assert (await client.get("/events", headers=theirs)).status == 200
    await act(303, act="password", person="vera", password="another long one", reason="lost it")
    kept = await pool.fetchval("select password from people where name = 'vera'")
    assert matches("another long one", kept)
    assert (await client.get("/events", headers=theirs, allow_redirects=False)).status == 303
    await act(303, act="disable", person="vera", reason="has left")
    page = await (await client.get("/settings/people", headers=headers)).text()
    assert "not let in since" in page
    await act(303, act="enable", person="vera", reason="is back")
    for what in ("disable", "role"):
        again = {"act": what, "person": "a-admin", "role": "viewer", "reason": "x"}
        assert "Not yourself" in await act(422, **again)
    assert (
        await client.get("/settings/people?person=vera&act=role", headers=headers)
    ).status == 200


async def test_a_token_is_shown_once_and_revoked_with_a_reason(
    client: Client, pool: asyncpg.Pool
) -> None:
    headers = await visitor(pool, "admin")
    form = {"act": "add", "token": "till", "scope": "read"}
    told = await (await client.post("/settings/tokens", data=form, headers=headers)).text()
    (token,) = re.findall(r"hf_[\w-]{43}", told)
    shows = {"Authorization": f"Bearer {token}"}
    assert (await client.get("/api/v1/bookings", headers=shows)).status == 200
    page = await (await client.get("/settings/tokens?token=till", headers=headers)).text()
    assert token not in page
    assert "Revoke till?" in page
    for reason, status in (("", 422), ("the till is gone", 200)):
        form = {"act": "revoke", "token": "till", "reason": reason}
        assert (await client.post("/settings/tokens", data=form, headers=headers)).status == status
    assert (await client.get("/api/v1/bookings", headers=shows)).status == 401
    everything = str([await pool.fetch(f"select * from {t}") for t in ("tokens", "actions")])
    assert token not in everything


async def test_everybody_ends_their_own_sessions_and_nobody_elses(
    client: Client, pool: asyncpg.Pool
) -> None:
    vera, ines = [await let_in(pool, name, "viewer") for name in ("vera", "ines")]
    headers, theirs = await browser(pool, vera), await browser(pool, ines)
    other = await people.open_session(pool, vera, b"on a phone", NOW)
    page = await (await client.get("/settings/sessions", headers=headers)).text()
    assert page.count("this one") == 1
    assert f"of session {other}" in page

    async def end(ids: str, status: int) -> int:
        answer = await client.post("/settings/sessions", data={"ids": ids}, headers=headers)
        assert answer.status == status
        return int(await pool.fetchval("select count(*) from sessions"))

    assert await end(str(other + 1), 422) == 3
    assert (
        await end(
            str(await pool.fetchval(f"select id from sessions where person_id = {ines}")), 422
        )
        == 3
    )
    assert await end("others", 200) == 2
    assert (await client.get("/settings/sessions", headers=theirs)).status == 200


async def test_what_was_done_is_listed_page_by_page_and_never_changed(
    client: Client, rows: Rows
) -> None:
    pool, headers = rows.pool, await visitor(rows.pool, "operator")
    await pool.execute(
        "insert into actions (at, who, via, what, object, reason, outcome)"
        " select $1, 'vera', 'page', 'n' || n, '/x', '<b>why</b>', 'ok' from generate_series(1, 60) n",
        NOW,
    )
    await rows.pool.execute(
        "insert into actions (at, who, via, what, object, reason)"
        " values ($1, 'ines', 'command', 'release', 'account x', 'y')",
        NOW,
    )
    page = await (await client.get("/settings/actions", headers=headers)).text()
    assert ("n60" in page, "n12<" in page, "n11<" in page) == (True, True, False)
    assert "&lt;b&gt;why" in page
    assert "its process ended first" in page
    (older,) = re.findall(r'href="(/settings/actions\?cursor=[^"]+)"', page)
    page = await (await client.get(older, headers=headers)).text()
    assert ("n11<" in page, "n1<" in page, "n12<" in page) == (True, True, False)
    page = await (await client.get("/settings/actions?who=ines", headers=headers)).text()
    assert ("release" in page, "n60" in page) == (True, False)
    for change in (
        "update actions set reason = 'nothing' where who = 'ines'",
        "update actions set outcome = 'failed' where who = 'vera'",
        "update actions set outcome = 'ok', who = 'vera' where who = 'ines'",
        "delete from actions",
        "truncate actions",
    ):
        with pytest.raises(asyncpg.RaiseError, match="append-only"):
            await pool.execute(change)


async def test_a_guest_is_seen_in_clear_once_by_who_may_and_that_is_on_record(
    client: Client, rows: Rows
) -> None:
    booking = await rows.booking(await rows.venue())
    await rows.guest(booking, "Jane Doe", "jane@example.test", "+33612345678")
    path, pool = f"/bookings/{booking}", rows.pool
    viewer, staff = await visitor(pool, "viewer"), await visitor(pool, "venue", ["glasshouse"])
    plain = await (await client.get(path, headers=viewer)).text()
    assert ("J*** D***" in plain, "Reveal" in plain, "Jane" in plain) == (True, False, False)
    assert (await client.post(f"{path}/reveal", headers=viewer)).status == 403
    assert "Reveal" in await (await client.get(path, headers=staff)).text()
    answer = await client.post(f"{path}/reveal", headers=staff)
    shown = await answer.text()
    assert [part in shown for part in ("Jane Doe", "jane@example.test", "+33612345678")] == [
        True
    ] * 3
    assert "Jane" not in re.findall("<title>.*</title>", shown)[0]
    assert answer.headers["Cache-Control"] == "no-store"
    assert "Jane" not in await (await client.get(path, headers=staff)).text()
    (deed,) = await pool.fetch("select who, what, object, outcome from actions")
    assert tuple(deed) == ("a-venue", "reveal", f"{path}/reveal", "ok")
    assert "Jane" not in str(await pool.fetch("select * from actions"))
