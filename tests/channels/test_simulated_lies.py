"""What the simulators can be told to do that no documentation admits, the same for every provider."""

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from typing import Any

import aiohttp
import pytest
from aiohttp.test_utils import TestServer

from holdfast.clock import SystemClock
from holdfast.example import EXAMPLE_SECRETS, example_worlds
from holdfast.kind import SimulatorOptions, discover
from holdfast.soak.side import Refused, Side, met
from holdfast.soak.traits import traits

CHANNELS = sorted(discover())
LISTS = {"boseat": "/v1/bookings?limit=100", "mozrest": "/v1/bc/booking?limit=50&venueId={venue}"}


@asynccontextmanager
async def simulated(channel: str) -> AsyncIterator[Side]:
    world = traits()[channel].world(example_worlds()[channel])
    options = SimulatorOptions(clock=SystemClock(), world=world)
    async with (
        TestServer(discover()[channel].simulate(options)) as server,
        met(channel, str(server.make_url("")).rstrip("/")) as side,
    ):
        yield side


async def listed(side: Side) -> Any:
    path = LISTS[side.name].format(venue="619decd55bf9cb36aaa00dd6")
    async with aiohttp.ClientSession() as session:
        key = EXAMPLE_SECRETS["MOZREST_API_KEY"]
        if side.name == "boseat":
            key = await token(session, side, EXAMPLE_SECRETS["BOSEAT_CLIENT_SECRET"])
        async with session.get(side.url + path, headers={"Authorization": f"Bearer {key}"}) as told:
            assert told.status == 200, await told.text()
            return (await told.json())["data"]


async def token(session: aiohttp.ClientSession, side: Side, secret: str) -> str:
    form = {"grant_type": "client_credentials", "client_id": "boseat-example"}
    async with session.post(
        f"{side.url}/oauth/token", data={**form, "client_secret": secret}
    ) as told:
        return str((await told.json()).get("access_token"))


async def three(side: Side) -> list[str]:
    """Bookings in the first room, one after the other."""
    return [await side.book((await side.offers("salon"))[0]) for _ in range(3)]


@pytest.mark.parametrize("channel", CHANNELS)
async def test_a_list_may_lack_rows_and_not_say_so(channel: str) -> None:
    async with simulated(channel) as side:
        refs = await three(side)
        assert {row["id"] for row in await listed(side)} == set(refs)
        for missing, left in (("second_half", 2), ("one_row", 2), ("nothing", 3)):
            await side.ask("PUT", "/lists", {"missing": missing})
            assert len(await listed(side)) == left


@pytest.mark.parametrize("channel", CHANNELS)
async def test_the_id_of_what_is_over_is_given_again_and_no_other(channel: str) -> None:
    async with simulated(channel) as side:
        first, second, _ = await three(side)
        offer = (await side.offers("board-room"))[0]
        wish = {**offer, "party": 2, "ref": first}
        with pytest.raises(Refused):
            await side.ask("POST", "/guest/book", wish)
        await side.act(first, "cancel")
        assert (await side.ask("POST", "/guest/book", wish))["ref"] == first
        taken = (await side.books()).taken
        assert [entry.ref for entry in taken["board-room"]] == [first]
        over = [one["over"] for one in await side.ask("GET", "/records") if one["ref"] == first]
        assert sorted(at is None for at in over) == [False, True]
        fresh = await side.book((await side.offers("chefs-table"))[0])
        assert fresh not in (first, second)


@pytest.mark.parametrize("channel", CHANNELS)
async def test_a_booking_goes_to_a_place_that_is_none_of_ours_and_comes_back(channel: str) -> None:
    async with simulated(channel) as side:
        ref = (await three(side))[0]
        home = next(place for place, unit in side.units.items() if unit == "salon")
        for place, there in ((side.strange[0], False), (home, True)):
            to = (await side.ask("GET", f"/offers?days=2&place={place}"))[-1]
            await side.act(ref, "move", to)
            books = await side.books()
            assert (ref in {one.ref for one in books.everybody()}) == there
            assert (ref in books.elsewhere) == (not there)


@pytest.mark.parametrize("channel", CHANNELS)
async def test_credentials_are_exchanged_while_both_are_accepted(channel: str) -> None:
    async with simulated(channel) as side, aiohttp.ClientSession() as session:
        old, new = EXAMPLE_SECRETS[traits()[channel].secret], "a-new-one"

        async def accepted(secret: str) -> bool:
            shown = await token(session, side, secret) if channel == "boseat" else secret
            url = side.url + LISTS[channel].format(venue="619decd55bf9cb36aaa00dd6")
            async with session.get(url, headers={"Authorization": f"Bearer {shown}"}) as told:
                return told.status == 200

        for secrets in ([old], [old, new], [new]):
            await side.ask("PUT", "/secrets", {"secrets": secrets})
            assert [await accepted(old), await accepted(new)] == [old in secrets, new in secrets]
