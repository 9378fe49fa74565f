"""Listings that are well formed and yet not what the provider sells, found by reading each once.

The kind of fault: an id of another room is as good as the right one until a guest stands before a closed door. It
stands in every key by which a channel's listing names something at its provider.
"""

from collections.abc import AsyncIterator, Mapping
from contextlib import asynccontextmanager
from dataclasses import replace
from zoneinfo import ZoneInfo

import pytest
from aiohttp import web
from tests.channels.pair import ENVIRON, START, Pair, paired

from holdfast.channel import ChannelError, Listing, NotSent, Unauthorised
from holdfast.clock import ManualClock
from holdfast.configuration import parse
from holdfast.example import both_examples, example_worlds
from holdfast.kind import Connection, Objection, SimulatorOptions, discover
from holdfast.serving import listening
from holdfast.transport import HttpTransport, open_session

NOBODYS = "00000000-0000-4000-8000-000000000000"
SECOND_PRODUCT = "a3f1d7d0-0000-4000-8000-000000000002"
SALON_SPACE = "b4e2d8e1-0000-4000-8000-000000000001"


def changed(listing: Listing, **settings: object) -> Listing:
    return replace(listing, settings=listing.settings.model_copy(update=settings))


async def inspected(pair: Pair, *listings: Listing, url: str = "") -> list[Objection]:
    """What is said of the listings, by the example's account."""
    settings = {"base_url": url or pair.url}
    if pair.name == "boseat":
        settings["token_url"] = f"{pair.url}/oauth/token"
    return await asked(pair, settings, *listings)


async def asked(pair: Pair, addresses: Mapping[str, object], *listings: Listing) -> list[Objection]:
    secrets: dict[str, object] = {"api_key": {"env": "MOZREST_API_KEY"}}
    if pair.name == "boseat":
        secrets = {
            "client_id": {"env": "BOSEAT_CLIENT_ID"},
            "client_secret": {"env": "BOSEAT_CLIENT_SECRET"},
        }
    async with open_session(connections=1) as session:
        connection = Connection(
            account=f"{pair.name}-main",
            settings=pair.kind.account_settings.model_validate({**secrets, **addresses}),
            listings=listings,
            transport=HttpTransport(session),
            clock=pair.clock,
            environ=ENVIRON,
        )
        return [one async for one in pair.kind.inspect(connection)]


async def reads(pair: Pair) -> int:
    requests = await pair.control("GET", "/requests")
    return sum("token" not in one["path"] for one in requests)


@pytest.fixture
async def boseat() -> AsyncIterator[Pair]:
    async with paired("boseat") as pair:
        yield pair


@pytest.fixture
async def mozrest() -> AsyncIterator[Pair]:
    async with paired("mozrest") as pair:
        yield pair


async def test_nothing_is_said_of_a_listing_that_is_right(boseat: Pair, mozrest: Pair) -> None:
    for pair, cost in ((boseat, 1), (mozrest, 3)):
        await pair.control("DELETE", "/requests")
        assert await inspected(pair, pair.listing) == []
        assert await reads(pair) == cost


@pytest.mark.parametrize(
    ("change", "key", "told"),
    [
        ({"product_id": NOBODYS}, "product_id", f"the workspace has no product {NOBODYS}"),
        (
            {"product_id": SECOND_PRODUCT},
            "product_id",
            "product Chef's Table by the hour sells another space: b4e2d8e1-0000-4000-8000-000000000002; "
            "this space is sold by a3f1d7d0-0000-4000-8000-000000000001",
        ),
        (
            {"space_id": NOBODYS},
            "space_id",
            f"no product sells this space; product Salon by the hour sells {SALON_SPACE}",
        ),
    ],
)
async def test_a_product_of_boseat_sells_certain_spaces(
    boseat: Pair, change: Mapping[str, str], key: str, told: str
) -> None:
    (found,) = await inspected(boseat, changed(boseat.listing, **change))
    assert (found.listing, found.key, found.told) == ("salon-boseat", key, told)


async def test_ids_of_boseat_are_asked_for_in_any_case(boseat: Pair) -> None:
    settings = type(boseat.listing.settings).model_validate(
        {"space_id": SALON_SPACE.upper(), "product_id": SECOND_PRODUCT.replace("2", "1").upper()}
    )
    changed_case = replace(boseat.listing, settings=settings)
    assert await inspected(boseat, changed_case) == []


@pytest.mark.parametrize(
    ("change", "key", "told"),
    [
        (
            {"venue_id": "v9"},
            "venue_id",
            "no venue v9 may be booked with this key at this base_url",
        ),
        ({"area_id": "nowhere"}, "area_id", "the area does not exist; there are "),
    ],
)
async def test_a_venue_and_an_area_of_mozrest_are_there(
    mozrest: Pair, change: Mapping[str, str], key: str, told: str
) -> None:
    (found,) = await inspected(mozrest, changed(mozrest.listing, **change))
    assert (found.listing, found.key) == ("salon-mozrest", key)
    assert found.told.startswith(told)
    assert "there are " in found.told


async def test_a_booking_type_is_looked_for_where_the_provider_tells_any(mozrest: Pair) -> None:
    wrong = changed(mozrest.listing, booking_type="nonsense")
    assert await inspected(mozrest, wrong) == []
    await mozrest.control("PUT", "/switches", {"availability_extras": "types"})
    (found,) = await inspected(mozrest, wrong)
    assert (found.key, "64ca5f2cab23a4112a7d2dd1 (" in found.told) == ("booking_type", True)
    assert await inspected(mozrest, mozrest.listing) == []


async def test_a_venue_in_another_zone_at_the_provider_is_told(mozrest: Pair) -> None:
    elsewhere = replace(mozrest.listing, zone=ZoneInfo("Europe/London"))
    (found,) = await inspected(mozrest, elsewhere)
    assert found.key == "timezone"
    assert found.told == "the venue is in Europe/Paris at the provider, in Europe/London here"
    assert await inspected(mozrest, replace(elsewhere, zone=ZoneInfo("Europe/Madrid"))) == []


async def test_a_provider_that_does_not_answer_is_no_objection(boseat: Pair, mozrest: Pair) -> None:
    for pair in (boseat, mozrest):
        await pair.strike("GET", status=503)
        with pytest.raises(NotSent):
            await inspected(pair, pair.listing)


async def test_a_wrong_token_url_is_not_taken_for_wrong_credentials(boseat: Pair) -> None:
    addresses = {"base_url": boseat.url, "token_url": f"{boseat.url}/nowhere"}
    with pytest.raises(ChannelError) as caught:
        await asked(boseat, addresses, boseat.listing)
    assert isinstance(caught.value, Unauthorised)
    assert str(caught.value) == "token: answer 404: is token_url right?"


@asynccontextmanager
async def world(name: str) -> AsyncIterator[Pair]:
    """Both example venues at one simulator."""
    kind, clock = discover()[name], ManualClock(START)
    app: web.Application = kind.simulate(
        SimulatorOptions(clock=clock, world=example_worlds()[name])
    )
    async with paired(name) as pair, listening(app, "127.0.0.1", 0) as port:
        yield replace(pair, url=f"http://127.0.0.1:{port}", clock=clock)


@pytest.mark.parametrize("name", sorted(discover()))
async def test_the_examples_are_what_their_worlds_sell(name: str) -> None:
    example = parse(both_examples({}), "example", discover())
    model = discover()[name].listing_settings
    listings = [
        Listing(
            name=one.name,
            zone=ZoneInfo(venue.timezone),
            party_size=one.party_size,
            settings=model.model_validate(dict(one.settings)),
        )
        for venue in example.venues
        for one in venue.listings
        if one.account == f"{name}-main"
    ]
    async with world(name) as pair:
        assert await inspected(pair, *listings) == []
