"""The example that `holdfast up` begins with is a configuration like any other."""

import tomllib
from datetime import UTC, datetime

import pytest
from aiohttp.test_utils import TestClient, TestServer

from holdfast.clock import ManualClock
from holdfast.configuration import Configuration, parse
from holdfast.example import both_examples, example_configuration, example_worlds
from holdfast.kind import SimulatorOptions, discover


@pytest.fixture
def example() -> Configuration:
    return parse(example_configuration({}), "holdfast.toml", discover())


def test_the_example_is_valid_for_the_channels_there_are(example: Configuration) -> None:
    assert {account.channel for account in example.accounts} == set(discover())


def test_every_unit_of_the_example_is_sold_on_every_channel(example: Configuration) -> None:
    (venue,) = example.venues
    sold = {(listing.units, listing.account) for listing in venue.listings}
    assert sold == {
        ((unit.name,), account.name) for unit in venue.units for account in example.accounts
    }
    seats = {unit.name: unit.seats for unit in venue.units}
    assert seats == {"salon": 12, "chefs-table": 8, "board-room": 10}


@pytest.mark.parametrize("channel", discover())
@pytest.mark.parametrize("both", [False, True])
async def test_every_listing_of_the_example_is_a_place_at_the_simulator(
    example: Configuration, channel: str, both: bool
) -> None:
    if both:
        example = parse(both_examples({}), "holdfast.toml", discover())
    (account,) = [account.name for account in example.accounts if account.channel == channel]
    listings = [x for venue in example.venues for x in venue.listings if x.account == account]
    clock = ManualClock(datetime(2026, 3, 28, tzinfo=UTC))
    world = example_worlds()[channel] if both else None
    simulator = discover()[channel].simulate(SimulatorOptions(clock=clock, world=world))
    async with TestClient(TestServer(simulator)) as client:
        places = await (await client.get("/control/places")).json()
    sold = [{*map(str, listing.settings.values())} for listing in listings]
    found = [[s for s in sold if {*place["place"].split("/")} <= s] for place in places]
    assert [len(matches) for matches in found] == [1] * len(listings)


def test_the_second_venue_sells_a_pool_two_of_its_tables_and_the_whole_house() -> None:
    _, harbour = parse(both_examples({}), "holdfast.toml", discover()).venues
    tables = {unit.name for unit in harbour.units}
    pool, one, other, buy_out = harbour.listings
    assert len(tables) == 10
    assert (pool.takes, set(pool.units), pool.party_size) == ("one", tables, 2)
    assert {(one.takes, one.units), (other.takes, other.units)} == {
        ("all", ("table-06",)),
        ("all", ("table-09",)),
    }
    assert (buy_out.takes, set(buy_out.units)) == ("all", tables)


def test_the_example_keeps_its_secrets_in_the_environment(example: Configuration) -> None:
    names = {
        value["env"]
        for account in example.accounts
        for value in account.settings.values()
        if isinstance(value, dict)
    }
    assert names == {
        "BOSEAT_CLIENT_ID",
        "BOSEAT_CLIENT_SECRET",
        "BOSEAT_WEBHOOK_SECRET",
        "MOZREST_API_KEY",
        "MOZREST_WEBHOOK_TOKEN",
    }


def test_each_simulator_gets_its_own_address_even_if_they_are_swapped() -> None:
    text = example_configuration(
        {"boseat": "http://127.0.0.1:9102/", "mozrest": "http://127.0.0.1:9101"}
    )
    boseat, mozrest = tomllib.loads(text)["accounts"]
    assert boseat["base_url"] == "http://127.0.0.1:9102"
    assert boseat["token_url"] == "http://127.0.0.1:9102/oauth/token"
    assert mozrest["base_url"] == "http://127.0.0.1:9101"


def test_a_channel_without_an_address_keeps_the_usual_one() -> None:
    text = example_configuration({"boseat": "http://127.0.0.1:4000"})
    boseat, mozrest = tomllib.loads(text)["accounts"]
    assert boseat["base_url"] == "http://127.0.0.1:4000"
    assert mozrest["base_url"] == "http://127.0.0.1:9102"


def test_a_channel_that_the_example_does_not_have_is_refused() -> None:
    with pytest.raises(ValueError, match="no account on roomhub"):
        example_configuration({"roomhub": "http://127.0.0.1:1"})
