"""Queries and bodies at the edges of what text and time can be: a page, a list or a word why not, never a fault."""

import asyncio
from urllib.parse import quote

import pytest
import requests
from hypothesis import given, settings
from hypothesis import strategies as st
from tests.web.conftest import Client
from tests.web.rows import Rows
from yarl import URL

EDGES = (
    "0001-01-01T00:00:00Z",
    "0001-01-01T00:00:00+14:00",
    "9999-12-31T23:59:59Z",
    "9999-12-31T23:59:59-14:00",
    "1e400",
    "NaN",
)
ODD = ("%00", "a%00b", "%ff", "%ed%a0%80", "..", "%2e%2e%2f", "%0d%0a", "x" * 300)
LISTS = ("bookings", "blocks", "conflicts", "explain")


async def asked(client: Client, path: str) -> tuple[int, str]:
    answer = await client.get(URL(path, encoded=True))
    await answer.read()
    return answer.status, answer.content_type


@pytest.mark.parametrize("at", EDGES)
async def test_the_ends_of_the_calendar_are_named_as_wrong(client: Client, at: str) -> None:
    other = "2026-11-23T12:00:00Z"
    for start, end in ((at, other), (other, at)):
        for path in ("bookings?", "blocks?", "explain?venue=a&unit=b&"):
            query = f"from={quote(start)}&to={quote(end)}"
            assert (await asked(client, f"/api/v1/{path}{query}"))[0] == 400, path
        wish = {"venue": "a", "unit": "b", "start": start, "end": end}
        answer = await client.post("/api/v1/bookings", json=wish)
        assert answer.status == 422
        assert {each["field"] for each in (await answer.json())["errors"]} <= {"start", "end"}


@pytest.mark.parametrize("odd", ODD)
async def test_no_text_is_too_odd_for_an_answer(client: Client, odd: str) -> None:
    paths = [f"/api/v1/{name}?venue={odd}&cursor={odd}&status={odd}" for name in LISTS]
    paths += [f"/api/v1/{name}?venue={odd}" for name in LISTS]
    paths += [f"/api/v1/{name}/{odd}" for name in ("bookings", "conflicts", "listings")]
    paths += [
        f"/api/v1/listings/{odd}/exposure",
        f"/static/{odd}",
        f"/hooks/{odd}",
        f"/?{odd}={odd}",
    ]
    paths += [f"/?date={odd}&view={odd}", f"/ui/stream?topics={odd}"]
    for path in paths:
        assert (await asked(client, path))[0] < 500, path


@pytest.mark.parametrize("field", ["venue", "unit", "listing", "name", "email", "phone"])
async def test_a_nul_is_named_as_wrong_in_every_text(client: Client, field: str) -> None:
    span = {"start": "2026-11-24T12:00:00Z", "end": "2026-11-24T13:00:00Z"}
    wish: dict[str, object] = {"venue": "a", "unit": "b", **span}
    if field in {"name", "email", "phone"}:
        wish["contact"] = {field: "a\0b@c"}
    else:
        wish[field] = "a\0b"
    answer = await client.post("/api/v1/bookings", json=wish)
    assert answer.status == 422
    assert [each["field"].rpartition(".")[2] for each in (await answer.json())["errors"]] == [field]


queries = st.dictionaries(
    st.sampled_from(["date", "view", "off", "whole", "venue", "x"]),
    st.one_of(
        st.text(max_size=20), st.dates().map(str), st.sampled_from(["list", "1", "2026-11-20"])
    ),
    max_size=4,
)


async def test_the_pages_bear_any_query(client: Client) -> None:
    def ask() -> None:
        with requests.Session() as session:

            @settings(max_examples=60, derandomize=True, database=None, deadline=None)
            @given(query=queries, page=st.sampled_from(["", "ui/stream"]))
            def one(query: dict[str, str], page: str) -> None:
                address = str(client.make_url(f"/{page}"))
                with session.get(address, params=query, headers={"Accept": "text/html"}) as answer:
                    assert answer.status_code in {200, 400}
                    assert answer.headers["Content-Type"].startswith("text/html")

            one()

    await asyncio.to_thread(ask)


@pytest.mark.parametrize("odd", ["0" * 19 + "1" + "9" * 30, "9" * 5000, "\u0663", str(2**63)])
async def test_an_id_that_can_be_none_is_refused_wherever_it_stands(
    client: Client, rows: Rows, odd: str
) -> None:
    await rows.venue()
    for page in ("bookings", "conflicts", "events", "pushes"):
        assert (await client.get(f"/{page}/{quote(odd)}", allow_redirects=False)).status == 404, (
            page
        )
    browser = {"Sec-Fetch-Site": "same-origin"}
    forms = {
        "/events": {"ids": odd, "act": "replay", "reason": "x"},
        "/venues/glasshouse/calendar": {"b": odd, "act": "cancel", "reason": "x"},
        "/settings/sessions": {"ids": odd},
    }
    for path, form in forms.items():
        answer = await client.post(path, data=form, headers=browser)
        assert answer.status == 422, path


@pytest.mark.parametrize("told", ["0", "1795000000", "-1", "1e9", "1795000000.5"])
async def test_a_bare_number_is_no_instant(client: Client, told: str) -> None:
    answer = await client.get("/api/v1/bookings", params={"from": told})
    assert answer.status == 400
    assert "from" in await answer.text()
