"""A channel tells from settings alone about how many reads it takes to read everything once."""

from datetime import timedelta

import pytest
from tests.channels.pair import START, paired

from holdfast.inventory.model import Span
from holdfast.inventory.timetable import Load
from holdfast.kind import discover

DAYS = 8
BACK = timedelta(hours=12)


@pytest.mark.parametrize("name", sorted(discover()))
async def test_what_is_told_is_what_a_complete_reading_takes(name: str) -> None:
    horizon = timedelta(days=DAYS)
    async with paired(name) as pair:
        told = pair.kind.reads_of([pair.listing], horizon)
        await pair.channel.offers(pair.listing, Span.of(START, timedelta(days=1)))
        await pair.control("DELETE", "/requests")
        window = Span(start=START - BACK, end=START + horizon)
        async for _ in pair.channel.scan([pair.listing], window):
            pass
        lists = len(await pair.control("GET", "/requests"))
        await pair.channel.offers(pair.listing, Span.of(START, horizon))
        offers = len(await pair.control("GET", "/requests")) - lists
    assert 0.5 <= (told.near + told.soon + told.far) / lists <= 1.5
    assert 0.5 <= (told.near_offers + told.far_offers) / offers <= 2


@pytest.mark.parametrize("name", sorted(discover()))
async def test_a_longer_horizon_costs_no_more_near_reads(name: str) -> None:
    async with paired(name) as pair:
        few, many = (pair.kind.reads_of([pair.listing], timedelta(days=days)) for days in (30, 90))
    assert (few.near, few.soon, few.near_offers) == (many.near, many.soon, many.near_offers)
    assert many.far_offers > few.far_offers


@pytest.mark.parametrize("name", sorted(discover()))
def test_an_account_without_listings_has_nothing_to_read(name: str) -> None:
    assert discover()[name].reads_of([], timedelta(days=30)) == Load()


@pytest.mark.parametrize("name", sorted(discover()))
async def test_a_day_is_the_shortest_horizon(name: str) -> None:
    async with paired(name) as pair:
        told = pair.kind.reads_of([pair.listing], timedelta(days=1))
    assert (told.far, told.far_offers) == (0, 0)
    assert told.near + told.soon > 0
    assert told.near_offers > 0
