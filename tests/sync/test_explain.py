"""Explain, asked of a living town: by the command line and by the API."""

import json
from datetime import timedelta
from typing import Any

import aiohttp
import pytest
from tests.sync.test_main_job import NOON, SLOT
from tests.town import BRISK, CALM, Plan, Town, town
from tests.typed import environ_of

from holdfast import commands_explain
from holdfast.commands_explain import Question
from holdfast.complaints import Unusable

PARIS_NOON = "2026-11-23T13:00"
"""NOON on the clock of the example's venue."""


class Asker:
    def __init__(self, t: Town, capsys: pytest.CaptureFixture[str]) -> None:
        self._town = t
        self._capsys = capsys

    async def ask(
        self, unit: str = "salon", start: str = PARIS_NOON, *, venue: str | None = None
    ) -> str:
        self._capsys.readouterr()
        question = Question(unit=unit, start=start, length="1h", venue=venue, as_json=False)
        await commands_explain.explain(await environ_of(self._town), question)
        return self._capsys.readouterr().out

    async def ask_json(self) -> dict[str, Any]:
        self._capsys.readouterr()
        question = Question(
            unit="salon", start=PARIS_NOON, length="1h", venue="glasshouse", as_json=True
        )
        await commands_explain.explain(await environ_of(self._town), question)
        told: dict[str, Any] = json.loads(self._capsys.readouterr().out)
        return told


async def test_from_free_to_taken_and_closed_everywhere(
    database_url: str, capsys: pytest.CaptureFixture[str]
) -> None:
    async with town(database_url, Plan(pace=CALM)) as t:
        asker = Asker(t, capsys)
        free = await asker.ask()
        assert free.startswith(
            "salon (glasshouse, Europe/Paris) Mon 23 Nov 13:00-14:00 is sellable"
        )
        assert "offered, as it should be" in free
        await t.boseat.book("salon", NOON, SLOT)
        await t.live(60)
        taken = await asker.ask()
        assert "is NOT sellable" in taken
        assert "from boseat-main, confirmed since" in taken
        assert "is booked, should be booked, for 1" in taken
        assert "EXPOSED" not in taken
        assert "Next free: 14:00:00." in taken


async def test_an_exposure_and_a_silent_account_are_named(
    database_url: str, capsys: pytest.CaptureFixture[str]
) -> None:
    async with town(database_url, Plan(pace=CALM)) as t:
        asker = Asker(t, capsys)
        fault = {
            "kind": "status",
            "status": 422,
            "method": "POST",
            "path": "/v1/bc/pending-booking",
        }
        await t.mozrest.ask("POST", "/faults", fault)
        await t.boseat.book("salon", NOON, SLOT)
        await t.live(60)
        told = await asker.ask()
        assert "! salon-mozrest" in told
        assert "EXPOSED: still offered" in told
        assert "place given up after" in told
        (channel,) = [
            c for c in (await asker.ask_json())["channels"] if c["listing"] == "salon-mozrest"
        ]
        assert channel["belief"] == "exposed"
        assert channel["should_offer"] is False
        async with t.pool.acquire() as connection:
            await connection.execute(
                "update accounts set mode = 'paused' where channel = 'mozrest'"
            )
        assert "mozrest-main is paused: nothing is sent" in await asker.ask()


async def test_the_api_and_the_command_line_tell_the_same(
    database_url: str, capsys: pytest.CaptureFixture[str]
) -> None:
    async with town(database_url, Plan(pace=CALM)) as t, aiohttp.ClientSession() as session:
        await t.boseat.book("salon", NOON, SLOT)
        await t.live(60)
        asked = {
            "venue": "glasshouse",
            "unit": "salon",
            "from": NOON.isoformat(),
            "to": (NOON + timedelta(hours=1)).isoformat(),
        }
        url = f"{t.web_url}/api/v1/explain"
        async with session.get(url, params=asked) as answer:
            assert answer.status == 200
            told = await answer.json()
        typed = await Asker(t, capsys).ask_json()
        del told["now"], typed["now"]  # a command takes its milliseconds
        assert told == typed
        for wrong, status in (
            ({"unit": "cellar"}, 404),
            ({"venue": "nowhere"}, 404),
            ({"to": asked["from"]}, 400),
            ({"from": "0001-01-01T00:00:00Z", "to": "0001-01-02T00:00:00Z"}, 400),
            ({"from": "2026-11-23T12:00:00"}, 400),
        ):
            async with session.get(url, params=asked | wrong) as answer:
                assert answer.status == status, wrong


@pytest.mark.parametrize(
    ("question", "complaint"),
    [
        ({"unit": "cellar"}, "there is no unit cellar; there is board-room, chefs-table, salon"),
        ({"venue": "nowhere"}, "there is no venue nowhere; there is glasshouse"),
        ({"start": "noon"}, "noon"),
        ({"start": "2026-03-29T02:30"}, "does not exist"),
        ({"start": "2026-10-25T02:30"}, "comes twice"),
        ({"length": "0m"}, "expected a length"),
    ],
)
async def test_what_cannot_be_meant_is_refused_with_what_would_do(
    database_url: str, question: dict[str, Any], complaint: str
) -> None:
    async with town(database_url, Plan(pace=CALM)) as t:
        usual: dict[str, Any] = {"unit": "salon", "start": PARIS_NOON, "length": "1h"}
        asked = usual | {"venue": None} | question
        with pytest.raises(Unusable, match=complaint):
            await commands_explain.explain(await environ_of(t), Question(**asked, as_json=False))


async def test_a_name_that_several_venues_use_needs_the_venue(
    database_url: str, capsys: pytest.CaptureFixture[str]
) -> None:
    async with town(database_url, Plan(pace=CALM)) as t:
        async with t.pool.acquire() as connection:
            await connection.execute(
                "insert into venues (name, timezone, house_contact, holds, conflicts)"
                " select 'annex', timezone, house_contact, holds, conflicts from venues"
            )
            await connection.execute(
                "insert into units (venue_id, name, seats)"
                " select id, 'salon', 4 from venues where name = 'annex'"
            )
        asker = Asker(t, capsys)
        with pytest.raises(Unusable, match="annex, glasshouse"):
            await asker.ask()
        told = await asker.ask(venue="annex")
        assert told.startswith("salon (annex")
        assert "no listing sells this unit" in told


@pytest.mark.parametrize("trusted", [True, False])
async def test_a_hold_that_its_channel_shows_to_nobody_is_a_reason(
    database_url: str, capsys: pytest.CaptureFixture[str], *, trusted: bool
) -> None:
    async with town(database_url, Plan(trust_offers=trusted, pace=BRISK)) as t:
        await t.mozrest.book("salon", NOON, 120, confirm=False)
        await t.live(90)
        told = await Asker(t, capsys).ask()
        assert ("is NOT sellable" in told) is trusted
        assert "sold no more by salon-mozrest, booking unknown, since" in told
        assert ("trust_offers = false" in told) is not trusted
