"""The guests of `holdfast up`: what they do fits both example venues, by the providers' own books."""

from collections.abc import AsyncIterator
from contextlib import AsyncExitStack, suppress
from dataclasses import dataclass
from datetime import UTC, datetime
from random import Random
from typing import Any, TypeAlias

import aiohttp
import pytest
from aiohttp.test_utils import TestServer

from holdfast.clock import ManualClock
from holdfast.example import example_worlds
from holdfast.guests import Guests
from holdfast.kind import SimulatorOptions, discover

MORNING = datetime(2026, 11, 20, 6, 0, tzinfo=UTC)
HOUSES = {"salon": "glasshouse", "chefstable": "glasshouse", "boardroom": "glasshouse"}

Taken: TypeAlias = tuple[str, datetime, datetime, str]


@dataclass
class Crowd:
    """Both simulators with nobody but these guests."""

    sides: dict[str, str]
    guests: Guests

    async def ask(self, side: str, path: str) -> Any:
        async with self.guests.session.get(f"{self.sides[side]}/control{path}") as answer:
            return await answer.json()

    async def taken(self, side: str) -> set[Taken]:
        """Room, start, end and reference of all that is booked there."""
        truth = await self.ask(side, "/truth")
        return {
            (
                self.guests.places[place["place"]].room,
                datetime.fromisoformat(one["start"]),
                datetime.fromisoformat(one["end"]),
                one["ref"],
            )
            for place in truth["places"]
            for one in place["taken"]
        }


@pytest.fixture
async def crowd() -> AsyncIterator[Crowd]:
    async with AsyncExitStack() as stack:
        sides = {}
        for name, kind in discover().items():
            options = SimulatorOptions(clock=ManualClock(MORNING), world=example_worlds()[name])
            server = await stack.enter_async_context(TestServer(kind.simulate(options)))
            sides[name] = str(server.make_url("")).rstrip("/")
        session = await stack.enter_async_context(aiohttp.ClientSession())
        guests = Guests(session, sides, Random(3), rate=1_000_000)
        await guests.look_around()
        yield Crowd(sides=sides, guests=guests)


async def test_a_clash_is_two_bookings_of_one_house_at_the_same_time_on_two_channels(
    crowd: Crowd,
) -> None:
    seen: set[frozenset[str]] = set()
    known: dict[str, set[Taken]] = {side: set() for side in crowd.sides}
    for _ in range(30):
        await crowd.guests.clash()
        pair = []
        for side in crowd.sides:
            now = await crowd.taken(side)
            pair += list(now - known[side])
            known[side] = now
        assert len(pair) == 2, pair
        (room, start, end, _), (other, first, last, _) = pair
        assert start < last
        assert first < end
        assert HOUSES.get(room, "harbourhouse") == HOUSES.get(other, "harbourhouse")
        seen.add(frozenset((room, other)))
    assert frozenset(("diningroom", "table06")) in seen
    assert frozenset(("diningroom", "wholehouse")) in seen
    assert frozenset(("salon",)) in seen


async def test_guests_come_to_every_place(crowd: Crowd) -> None:
    for _ in range(150):
        with suppress(aiohttp.ClientResponseError):  # all tables for so many guests are taken
            await crowd.guests.visit()
    rooms = {room for side in crowd.sides for room, *_ in await crowd.taken(side)}
    assert rooms == {place.room for place in crowd.guests.places.values()}
