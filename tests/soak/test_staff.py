"""What people at the venue do in a soak really happens, through the API that people and programs use."""

from random import Random

import aiohttp
from tests.town import town

from holdfast.soak.side import met
from holdfast.soak.staff import Staff

ACTS = 40


async def test_they_book_cancel_and_decide_and_note_what_they_did(database_url: str) -> None:
    async with (
        town(database_url) as t,
        aiohttp.ClientSession() as session,
        met("boseat", t.boseat.url) as side,
    ):
        staff = Staff(urls=[t.web_url], sides=[side], session=session, random=Random(1))
        for _ in range(ACTS):
            await staff.act()
        done = [act for act in staff.acts if not act.outcome.startswith("no: ")]
        assert {act.what for act in done} == {"book", "close", "cancel", "decide"}
        booked = {act.ref for act in done if act.what == "book"}
        rows = await t.rows(
            "select id, external_id, raw_status from bookings where channel = 'direct'"
        )
        closed = {str(row["id"]) for row in rows if row["raw_status"] == "closure"}
        assert closed == {act.ref for act in done if act.what == "close"}
        assert {row["external_id"] for row in rows if str(row["id"]) not in closed} == booked
        decided = await t.rows("select id from conflicts where decision is not null")
        acts = [act.outcome.split(" ")[0] for act in done if act.what == "decide"]
        assert len(decided) == sum(act != "snooze" for act in acts)
        assert {"keep_both", "snooze"} <= set(acts)


async def test_who_is_not_answered_goes_on(database_url: str) -> None:
    async with (
        town(database_url) as t,
        aiohttp.ClientSession() as session,
        met("boseat", t.boseat.url) as side,
    ):
        nowhere = "http://127.0.0.1:1"
        staff = Staff(urls=[nowhere], sides=[side], session=session, random=Random(1))
        for _ in range(3):
            await staff.act()
        assert [act.outcome.split(" ")[1] for act in staff.acts] == ["ClientConnectorError"] * 3
